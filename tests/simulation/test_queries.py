"""Labelled queries whose candidates are a part of the catalogue."""

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Items, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.simulation.queries import LabelledQueries


def test_a_part_of_the_items_keeps_its_targets_and_what_was_seen():
    items = Items(Vocabulary("abcde"))
    data = Dataset(items, Events.of([0, 0, 1], [0, 1, 2], [1, 2, 3]), n_users=2)
    queries = Queries.for_users(data, data.events, np.arange(2))
    targets = sp.csr_array(np.array([[0, 0, 0, 1, 1], [1, 0, 0, 0, 1]]))
    seen = sp.csr_array(np.array([[1, 1, 0, 0, 0], [0, 0, 1, 0, 0]]))
    candidates = np.array([True, True, True, False, True])
    labelled = LabelledQueries("user", queries, targets, seen, candidates, np.arange(2))
    allowed, relevant = labelled.take_items(np.array([0, 2, 4])).candidate_masks()
    assert allowed.tolist() == [[False, True, True], [True, False, True]]
    assert relevant.tolist() == [[False, False, True], [True, False, True]]
