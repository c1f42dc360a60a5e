"""A log keeps every event, its type and its time."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.event_log import EventLog

KIND = st.sampled_from([("buy", 1), ("view", 0), (None, 1), ("hide", -1)])
ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5), st.integers(0, 9), KIND))


def made(rows):
    user, item, at, kinds = zip(*rows, strict=True) if rows else ((), (), (), ())
    return EventLog.of(user, item, at, kinds)


def listed(log):
    kinds = [log.kinds[code] for code in log.kind.tolist()]
    return sorted(
        zip(
            log.user.tolist(), log.item.tolist(), log.at.tolist(), map(repr, kinds), strict=True
        )
    )


@given(ROWS, ROWS)
def test_a_log_of_two_parts_has_all_events(first, second):
    assert listed(EventLog.concatenate([made(first), made(second)])) == listed(
        made(first + second)
    )


@given(ROWS, st.lists(st.integers(-1, 6), max_size=6))
def test_events_of_users_are_found_by_position(rows, users):
    found = made(rows).of_users(np.array(users, dtype=np.int64))
    wanted = [
        (position, item, at, kind)
        for position, user in enumerate(users)
        for one, item, at, kind in rows
        if one == user
    ]
    assert listed(found) == listed(made(wanted))


@given(ROWS)
def test_events_are_sorted_by_user_and_time(rows):
    log = made(rows)
    order = list(zip(log.user.tolist(), log.at.tolist(), strict=True))
    assert order == sorted(order)


@given(ROWS)
def test_the_first_positive_event_of_each_pair(rows):
    first = made(rows).first_positive()
    wanted = {}
    for user, item, at, (_, sign) in rows:
        if sign > 0:
            wanted[user, item] = min(at, wanted.get((user, item), at))
    pairs = zip(first.user.tolist(), first.item.tolist(), strict=True)
    assert dict(zip(pairs, first.at.tolist(), strict=True)) == wanted


@given(ROWS)
def test_who_likes_nothing_likes_what_was_viewed(rows):
    log = made(rows)
    liked, disliked = log.interests()
    stated, _ = log.opinions()
    against = set(zip(disliked.user.tolist(), disliked.item.tolist(), strict=True))
    happy = set(stated.user.tolist())
    views = {
        (user, item)
        for user, item, _, kind in rows
        if kind == ("view", 0) and user not in happy and (user, item) not in against
    }
    wanted = views | set(zip(stated.user.tolist(), stated.item.tolist(), strict=True))
    assert set(zip(liked.user.tolist(), liked.item.tolist(), strict=True)) == wanted
