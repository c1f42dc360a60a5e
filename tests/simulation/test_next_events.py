"""Queries for next events: what they know, what they ask for, and the pause before it."""

import numpy as np

from daybreak.data.dataset import Dataset, Events
from daybreak.simulation.next_events import label_events, next_event_queries
from tests.models.tiny import dataset, random_dataset


def test_a_query_knows_what_came_before_its_target():
    data = dataset([[0, 1, 2], [2, 0]], 3, at=[10, 20, 90, 10, 15])
    labelled = label_events(data, data, data.events, np.array([2, 4, 0]))
    assert labelled.seen.toarray().tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 0]]
    assert labelled.targets.toarray().tolist() == [[0, 0, 1], [1, 0, 0], [1, 0, 0]]
    np.testing.assert_allclose(labelled.queries.pause_s, [70, 5, np.nan])
    np.testing.assert_allclose(labelled.queries.n_events, [2, 1, 0])
    assert labelled.users.tolist() == [0, 1, 0]
    memory = labelled.queries.memory.toarray()
    np.testing.assert_allclose(memory[0], [0.6, 1, 0, 0.9, 1, 0], rtol=1e-6)


def test_targets_come_after_the_visible_events():
    data = random_dataset(n_users=40, n_events=400)
    visible, query_sets = next_event_queries(data, np.random.default_rng(0))
    labelled = max(query_sets, key=len)
    moment = np.quantile(data.events.at, 0.9)
    assert visible.events.at.max() < moment
    query, item = labelled.targets.nonzero()
    assert len(query) == len(labelled) > 0
    keys = data.events.user * len(data.items) + data.events.item
    asked = labelled.users[query] * len(data.items) + item
    at = data.events.at[[np.flatnonzero(keys == key)[0] for key in asked]]
    assert (at >= moment).all()
    assert not labelled.seen.multiply(labelled.targets).nnz
    assert (labelled.queries.n_events > 0).all()


def test_first_last_and_other_events_are_asked_for():
    """One person with ten events, the last three after the moment: each is asked for once."""
    at = np.r_[np.arange(7.0) + 1, 70.0, 71.0, 72.0]
    events = Events(np.zeros(10, np.int64), np.arange(10), at)
    others = Events(
        np.repeat([1, 2], 10), np.tile(np.arange(10), 2), np.tile(np.arange(10) / 2 + 0.5, 2)
    )
    joined = Events.of(
        np.r_[events.user, others.user], np.r_[events.item, others.item], np.r_[at, others.at]
    )
    data = Dataset(dataset([[0]], 10).items, joined, 3)
    _, query_sets = next_event_queries(data, np.random.default_rng(0))
    asked = {one.kind: one.targets.nonzero()[1].tolist() for one in query_sets}
    assert asked == {"next_first": [7], "next_last": [9], "next_other": [8]}
    pauses = {one.kind: one.queries.pause_s.tolist() for one in query_sets}
    assert pauses == {"next_first": [63], "next_last": [1], "next_other": [1]}
