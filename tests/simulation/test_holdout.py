"""What is held out, on hand-worked and random histories."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.simulation.holdout import (
    cut_few_shot,
    mark_last,
    newest_rows,
    sample_rows,
    time_cut,
)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12))
def test_every_event_of_a_new_user_has_one_role(n_events, n_known, more):
    cut = cut_few_shot(np.arange(n_events), n_known, n_known + more)
    assert (np.sum(cut, axis=0) == 1).all()
    assert cut.history.sum() == min(n_known, n_events)
    assert cut.targets.sum() == max(0, n_events - n_known - more)


def test_targets_are_the_same_for_every_number_of_known_events():
    position = np.arange(20)
    targets = [cut_few_shot(position, n, 10).targets for n in (0, 1, 3, 5, 10)]
    assert all((found == targets[0]).all() for found in targets)
    assert np.flatnonzero(targets[0]).tolist() == list(range(10, 20))


@given(st.integers(2, 200), st.floats(0, 1), st.integers(0, 1000))
def test_a_smaller_share_of_a_draw_is_part_of_a_larger_one(n, fraction, seed):
    small, large = (
        sample_rows(np.arange(n), share, np.random.default_rng(seed), nonempty_parts=True)
        for share in (fraction / 2, fraction)
    )
    assert set(small) <= set(large)
    assert 1 <= len(small) <= len(large) < n


def test_the_newest_items_are_those_whose_first_event_came_last():
    rows, first = np.array([4, 5, 6, 7]), np.array([3.0, 1.0, 3.0, 2.0])
    assert newest_rows(rows, first, np.array([1, 0, 0, 0]), 0.5).tolist() == [6, 4]
    assert newest_rows(rows, first, np.array([0, 0, 1, 0]), 0.25).tolist() == [6]
    assert newest_rows(rows, first, np.arange(4), 0.0, nonempty_parts=True).tolist() == [6]


def test_the_last_events_of_short_histories_are_not_marked():
    position, size = np.array([0, 1, 0, 1, 2]), np.array([2, 2, 3, 3, 3])
    assert mark_last(position, size, 1, 3).tolist() == [False, False, False, False, True]
    n_last = np.array([0, 0, 2, 2, 2])
    assert mark_last(position, size, n_last, 1).tolist() == [False, False, False, True, True]


@pytest.mark.parametrize("shift", [0.0, 1e9])
def test_four_fifths_of_the_events_are_before_the_cut(shift):
    times = shift + np.random.default_rng(0).random(1000)
    assert (times < time_cut(times)).sum() == 800
