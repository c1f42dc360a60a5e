"""Baskets, shares of repeats and personal frequencies."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import repeats
from daybreak.data.dataset import Events
from daybreak.data.repeats import (
    DECAYS,
    DEFAULT_DECAY,
    basket_numbers,
    choose_decay,
    mark_repeats,
    repeat_frequencies,
    repeat_share,
    repeats_are_usual,
)

WEEK = 604_800.0
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(0, 6)), max_size=40)


def made(rows):
    """Return events of (user, item, week), sorted, with repeated pairs."""
    columns = np.array(sorted(rows, key=lambda row: (row[0], row[2])), dtype=np.int64).reshape(
        -1, 3
    )
    return Events(columns[:, 0], columns[:, 1], columns[:, 2] * WEEK + 1.7e9)


def test_a_frequency_is_a_share_of_baskets_with_the_latest_counted_most():
    # Milk in weeks 0, 1 and 2; bread in week 0: (1 + .5 + .25) and .25 of 1.75.
    events = made([(0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 2)])
    found = repeat_frequencies(events, 0.5, 1, 2).toarray()
    np.testing.assert_allclose(found, [[1, 0.25 / 1.75]], rtol=1e-6)


def test_an_item_twice_in_a_basket_counts_once():
    twice = Events(np.zeros(3, int), np.array([0, 0, 1]), np.array([0.0, 60.0, 120.0]))
    np.testing.assert_allclose(repeat_frequencies(twice, 0.9, 1, 2).toarray(), [[1, 1]])


@given(ROWS)
def test_frequencies_are_shares(rows):
    events = made(rows)
    for decay in (1.0, 0.5):
        values = repeat_frequencies(events, decay, 4, 5).toarray()
        assert ((values > 0) == (events.to_matrix(4, 5).toarray() > 0)).all()
        assert values.max(initial=0) <= 1 + 1e-6


@given(ROWS)
def test_numbers_of_baskets_count_from_both_ends(rows):
    events = made(rows)
    earlier, later = basket_numbers(events)
    for row, user in enumerate(events.user):
        weeks = np.unique(events.at[events.user == user])
        assert earlier[row] == (weeks < events.at[row]).sum()
        assert later[row] == (weeks > events.at[row]).sum()


def test_a_repeat_is_in_a_later_basket():
    later, repeated = mark_repeats(
        made([(0, 7, 0), (0, 7, 0), (0, 7, 1), (0, 8, 1), (1, 8, 1)])
    )
    assert later.tolist() == [False, False, True, True, False]
    assert repeated.tolist() == [False, False, True, False, False]


@pytest.mark.parametrize(("n_same", "usual"), [(4, True), (1, False)])
def test_repeats_are_usual_where_half_of_the_events_are_repeats(n_same, usual):
    rows = [
        (user, 10 * user + n if n < n_same else 100 + 50 * user + 5 * week + n, week)
        for user in range(9)
        for week in range(6)
        for n in range(5)
    ]
    assert repeat_share(made(rows)) == n_same / 5
    assert repeats_are_usual(made(rows)) == usual


def test_nothing_is_usual_without_repeats():
    assert repeat_share(made([])) == repeat_share(made([(0, 1, 1)])) == 0
    assert choose_decay(made([(0, 1, 1)])) == DEFAULT_DECAY


def test_changing_tastes_make_a_small_decay():
    """Everybody takes one item for nine weeks and then another one for three."""
    rows = [(user, 0 if week < 9 else 1, week) for user in range(30) for week in range(12)]
    assert choose_decay(made(rows)) < DECAYS[2]


def test_without_times_a_frequency_is_a_share_of_the_most_frequent():
    events = Events(np.zeros(4, int), np.array([0, 0, 1, 0]), np.zeros(4))
    found = repeat_frequencies(events, 0.5, 1, 2).toarray()
    np.testing.assert_allclose(found, [[1, 1 / 3]], rtol=1e-6)
    assert mark_repeats(events)[1].tolist() == [False, True, False, True]


def frequencies_by_tables(events, decay, n_users, n_items):
    """Sort whole rows of tables and let scipy add: slow, and the numbers that are wanted."""
    _, later = basket_numbers(events)
    user, after = np.unique(np.stack([events.user, later]), axis=1)
    totals = np.bincount(user, decay**after, minlength=n_users)
    user, item, after = np.unique(np.stack([events.user, events.item, later]), axis=1)
    values = (decay**after / totals[user]).astype(np.float32)
    found = sp.csr_array((values, (user, item)), shape=(n_users, n_items))
    found.sum_duplicates()
    return found


@pytest.mark.parametrize("max_key", [repeats.MAX_KEY, 3])
@given(ROWS)
def test_frequencies_are_those_of_tables_to_the_last_bit(max_key, rows):
    events = made(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repeats, "MAX_KEY", max_key)
        for decay in (1.0, 0.98, 0.65):
            found = repeat_frequencies(events, decay, 4, 5)
            wanted = frequencies_by_tables(events, decay, 4, 5)
            for part in ("data", "indices", "indptr"):
                assert getattr(found, part).tolist() == getattr(wanted, part).tolist()
            assert found.dtype == np.float32
