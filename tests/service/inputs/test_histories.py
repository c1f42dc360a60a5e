from itertools import chain

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.service.inputs import histories as module
from daybreak.service.inputs.histories import EventRows, Histories

USERS = ("ann", "bob", "eve")
EVENT = st.tuples(st.sampled_from(USERS), st.integers(0, 4), st.floats(0, 9), st.booleans())


def rows(events):
    user, item, at, liked = zip(*events, strict=True) if events else ((), (), (), ())
    return EventRows(
        list(user),
        np.array(item, dtype=np.int64),
        np.array(at, dtype=np.float64),
        [("buy", 1) if is_liked else ("view", 0) for is_liked in liked],
    )


def slow(events, users):
    """The same with a dictionary: liked items by their first time, and all that was seen."""
    first, seen = {}, set()
    for user, item, at, liked in events:
        if user in users:
            seen.add((users.index(user), item))
            if liked:
                key = (users.index(user), item)
                first[key] = min(at, first.get(key, at))
    return first, seen


@given(
    st.lists(st.lists(EVENT, max_size=8), max_size=4),
    st.lists(EVENT, max_size=5),
    st.booleans(),
)
def test_histories_equal_a_dictionary(batches, told, sort_in):
    module_bulk, module.MAX_UNSORTED_EVENTS = module.MAX_UNSORTED_EVENTS, 0 if sort_in else 100
    try:
        known = Histories.empty()
        for batch in batches:
            known = known.with_events(rows(batch))
        extra = Histories.empty().with_events(rows(told))
    finally:
        module.MAX_UNSORTED_EVENTS = module_bulk
    users = ["eve", "nobody", "ann"]
    first, seen = slow([*chain(*batches), *told], users)
    mine = known.events_of(users, extra)
    at = dict(
        zip(zip(mine.user.tolist(), mine.item.tolist(), strict=True), mine.at, strict=True)
    )
    assert at == first
    assert (np.diff(mine.user) >= 0).all()
    pairs = [
        (mine.user, mine.item),
        *(one.seen_without_liking(users) for one in (known, extra)),
    ]
    found = {pair for part in pairs for pair in zip(*(c.tolist() for c in part), strict=True)}
    assert found == seen
    liked = {item for batch in batches for _, item, _, good in batch if good}
    assert known.have_events(np.arange(5)).tolist() == [item in liked for item in range(5)]


def test_every_named_user_is_known():
    known = Histories.empty().with_events(rows([("ann", 0, 0.0, False), ("bob", 1, 0.0, True)]))
    assert known.user_ids() == ["ann", "bob"]
