import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.dataset import Events

ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 9)), max_size=40)


def made(rows, seed=0):
    user, item, at = zip(*rows, strict=True) if rows else ((), (), ())
    return Events.of(user, item, at, seed=seed)


@given(ROWS)
def test_events_are_sorted_and_the_earliest_of_a_pair_is_kept(rows):
    events = made(rows)
    pairs = list(zip(events.user.tolist(), events.item.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert set(pairs) == {(user, item) for user, item, _ in rows}
    for (user, item), at in zip(pairs, events.at, strict=True):
        assert at == min(t for u, i, t in rows if (u, i) == (user, item))
    order = list(zip(events.user, events.at, strict=True))
    assert order == sorted(order)


@given(ROWS)
def test_positions_count_from_both_ends(rows):
    events = made(rows)
    for row, user in enumerate(events.user):
        assert events.count_earlier()[row] == (events.user[:row] == user).sum()
        assert events.count_later()[row] == (events.user[row + 1 :] == user).sum()


def test_events_of_one_time_do_not_keep_the_order_of_the_file():
    rows = [(0, item, 5) for item in range(50)]
    assert made(rows).item.tolist() != sorted(range(50))
    assert made(rows).item.tolist() == made(rows).item.tolist()


def test_unknown_times_count_as_the_oldest():
    events = Events.of([0, 0], [1, 2], [7.0, np.nan])
    assert events.item.tolist() == [2, 1]
    assert events.at.tolist() == [0.0, 7.0]


def test_recent_events_count_more_and_those_of_one_time_alike():
    """Times 1, 2, 2, 3: three later ones, then one later than the pair, then none."""
    events = Events.of([0] * 4, [1, 2, 3, 4], [1, 2, 2, 3])
    np.testing.assert_allclose(events.recency_weights(0.5), [0.125, 0.5, 0.5, 1])


def test_what_an_event_weighs_does_not_depend_on_other_people():
    rng = np.random.default_rng(0)
    events = Events.of(rng.integers(0, 9, 200), np.arange(200), rng.integers(0, 99, 200))
    together = events.recency_weights(0.8)
    for user in range(9):
        mine = events.user == user
        np.testing.assert_array_equal(events.filter(mine).recency_weights(0.8), together[mine])


def test_without_times_every_event_weighs_one():
    assert Events.of([0, 0, 0], [1, 2, 3], [0, 0, 0]).recency_weights(0.5).tolist() == [1, 1, 1]
    assert Events.of([], [], []).recency_weights(0.5).tolist() == []


def test_a_handful_of_times_is_no_order():
    assert not Events.of([0] * 20, range(20), [1, 2] * 10).has_time_order
    assert Events.of([0] * 20, range(20), range(20)).has_time_order
    assert not Events.of([], [], []).has_time_order


def test_the_matrix_holds_ones_or_weights():
    events = Events.of([1, 0], [2, 0], [0, 0])
    assert events.to_matrix(2, 3).toarray().tolist() == [[1, 0, 0], [0, 0, 1]]
    weights = np.array([0.5, 2.0], dtype=np.float32)
    assert events.to_matrix(2, 3, weights).toarray().tolist() == [[0.5, 0, 0], [0, 0, 2]]
