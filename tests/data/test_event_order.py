import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.event_order import has_repeated_pairs, order_events

EVENTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), max_size=30
)


@given(EVENTS)
def test_the_order_is_that_of_a_sort_by_all_keys(events):
    user, at, item = (np.array([e[n] for e in events], dtype=np.int64) for n in range(3))
    found = order_events(user, at.astype(float), lambda rows: (item[rows],))
    assert found.tolist() == np.lexsort((item, at, user)).tolist()


def test_columns_in_order_are_only_sorted_among_equal_times():
    user, at = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 2.0, 0.0])
    item = np.array([9, 5, 4, 7])
    asked = []

    def ties(rows):
        asked.append(rows.tolist())
        return (item[rows],)

    assert order_events(user, at, ties).tolist() == [0, 2, 1, 3]
    assert asked == [[1, 2]]


@given(EVENTS)
def test_repeated_pairs_are_found(events):
    user, item = (np.array([e[n] for e in events], dtype=np.int32) for n in (0, 2))
    pairs = list(zip(user.tolist(), item.tolist(), strict=True))
    assert has_repeated_pairs(user, item) == (len(set(pairs)) < len(pairs))
