from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Events, Queries
from daybreak.data.recency import RecencyCurve
from daybreak.models.sequence import (
    MASKED_LOG_WEIGHT,
    AttentionBlock,
    EventWindow,
    recent_window,
)
from tests.models.tiny import dataset, items


def asked(plain, recent):
    """A query of what the plain and the recent history say of some columns."""
    parts = (sp.csr_array(np.asarray([part], dtype=np.float32)) for part in (plain, recent))
    return Queries.from_history(items(len(plain)), *parts, sp.csr_array((1, 0)))


def seen_of(seen):
    """(column, later events, count) of what a window shows of its first asker."""
    shown = seen.log_weight[0] > MASKED_LOG_WEIGHT
    rows = zip(seen.column[0], seen.n_later[0], np.exp(seen.log_weight[0]), strict=True)
    return [(c, d, round(float(w), 4)) for (c, d, w), s in zip(rows, shown, strict=True) if s]


def test_a_hop_by_hand():
    """With a blind question the pulls are 1 (last event), 1/2 (the one before), 1 (nothing).

    So events weigh 2/5 and 1/5; their vectors, scaled to a mean square of 1, are (√2, 0) and
    (0, √2).
    """
    blind, same = np.zeros((2, 2)), np.eye(2)
    hop = AttentionBlock(
        gains=np.ones((3, 2), np.float32),
        looks=np.float32([blind, same, same, same]),
        fading=np.log(np.float32([[1], [0.5]])),
        nothing=np.zeros(1, np.float32),
        wide=np.zeros((2, 4), np.float32),
        wide_bias=np.zeros(4, np.float32),
        narrow=np.zeros((4, 2), np.float32),
        narrow_bias=np.zeros(2, np.float32),
    )
    seen = EventWindow(
        np.array([[0, 1, 0]]), np.array([[0, 1, 0]]), np.float32([[0, 0, MASKED_LOG_WEIGHT]])
    )
    found = hop(np.float32([[1, 1]]), np.float32([[3, 0], [0, 5]]), seen)
    wanted = [[1 + 0.4 * 2**0.5, 1 + 0.2 * 2**0.5]]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_a_window_counts_later_events_and_ties_share_a_number():
    data = dataset([[3, 1, 2, 0]], 4, at=[1, 2, 2, 9])
    seen = recent_window(Queries.for_users(data, data.events, np.array([0])), 21)
    assert sorted(seen_of(seen)) == [(0, 0, 1.0), (1, 1, 1.0), (2, 1, 1.0), (3, 3, 1.0)]


def test_the_order_of_a_tie_changes_nothing():
    first, second = (
        Events.of([0] * 4, [2, 0, 3, 1], [5.0, 5.0, 5.0, 6.0], seed=seed) for seed in (0, 3)
    )
    assert first.item.tolist() != second.item.tolist()
    data = dataset([[0, 1, 2, 3]], 4)
    one, other = (
        recent_window(Queries.for_users(data, e, np.array([0])), 21) for e in (first, second)
    )
    np.testing.assert_array_equal(one.column, other.column)
    np.testing.assert_array_equal(one.n_later, other.n_later)


def test_a_spread_event_counts_by_its_pieces():
    """One event before the last, spread: a quarter of it on column 0, the rest on column 2."""
    seen = recent_window(asked([0.25, 1, 0.75], [0.25 * 2**-0.5, 1, 0.75 * 2**-0.5]), 4)
    assert seen_of(seen) == [(1, 0, 1.0), (2, 1, 0.75), (0, 1, 0.25)]


def test_without_times_all_events_are_the_last():
    seen = recent_window(asked([1, 1, 1], [1, 1, 1]), 21)
    assert [distance for _, distance, _ in seen_of(seen)] == [0, 0, 0]


def test_old_events_and_those_beyond_the_length_are_left_out():
    seen = recent_window(asked([1, 1, 1, 1], [4**-0.5, 3**-0.5, 2**-0.5, 1]), 3)
    assert seen_of(seen) == [(3, 0, 1.0), (2, 1, 1.0), (1, 2, 1.0)]
    crowd = recent_window(asked(np.ones(50), np.ones(50)), 21)
    assert len(seen_of(crowd)) == 21
    assert sorted(crowd.column[0]) != list(range(21))


def test_an_early_release_is_read_by_its_own_weights():
    early = replace(asked([1, 1, 1], [0.8**2, 0.8, 1]), recency=RecencyCurve(None))
    assert seen_of(recent_window(early, 3)) == [(2, 0, 1.0), (1, 1, 1.0), (0, 2, 1.0)]
    assert recent_window(early.take(np.array([0])), 3).n_later.tolist() == [[0, 1, 2]]


def test_nobody_has_an_empty_window():
    seen = recent_window(asked([0, 0], [0, 0]), 5)
    assert seen_of(seen) == []
    assert seen.column.shape == (1, 5)
