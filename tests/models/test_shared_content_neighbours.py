"""Neighbours of changed items, which several models and the histories need."""

import numpy as np
import pytest

from daybreak.data.dataset import ContentBlock, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.models import shared_content
from daybreak.models.shared_content import content_kernel, nearest_neighbour_weights

RNG = np.random.default_rng(0)


def some_items(n, name):
    vectors = RNG.random((n, 4), dtype=np.float32)
    return Items(Vocabulary(f"{name}{i}" for i in range(n)), (ContentBlock("words", vectors),))


TRAIN = some_items(30, "t")


@pytest.fixture
def searches(monkeypatch):
    """Numbers of neighbours that are searched for."""
    found, search = [], shared_content.top_per_column
    monkeypatch.setattr(
        shared_content,
        "top_per_column",
        lambda matrix, n: found.append((matrix.shape[1], n)) or search(matrix, n),
    )
    return found


def test_neighbours_of_few_items_are_found_once_for_all_who_ask(searches):
    new = some_items(3, "n")
    content_kernel(TRAIN, new)
    whole = nearest_neighbour_weights(TRAIN, new, 5)
    assert nearest_neighbour_weights(TRAIN, new, 5, np.arange(3)) is whole
    assert searches == [(3, 5)]
    one = nearest_neighbour_weights(TRAIN, new, 5, np.array([1]))
    np.testing.assert_array_equal(one.toarray(), whole[:, [1]].toarray())
    nearest_neighbour_weights(TRAIN, new, 4)
    assert searches == [(3, 5), (1, 5), (3, 4)]
    others = some_items(3, "n")  # the same ids, other content
    content_kernel(TRAIN, others)
    assert (nearest_neighbour_weights(TRAIN, others, 5) != whole).nnz


def test_neighbours_of_many_items_are_not_kept(searches, monkeypatch):
    monkeypatch.setattr(shared_content, "MAX_REMEMBERED_ITEMS", 2)
    new = some_items(3, "n")
    content_kernel(TRAIN, new)
    for _ in range(2):
        nearest_neighbour_weights(TRAIN, new, 5)
    assert searches == [(3, 5), (3, 5)]
