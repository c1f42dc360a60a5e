"""Networks, where users are items, against shops that number both."""

import numpy as np
import pytest

from daybreak.data.dataset import Events
from daybreak.data.networks import are_users_items
from daybreak.data.vocabulary import Vocabulary


def follow_ring(n, steps=(1, 2, 3, 5, 8, 13, 21)):
    """Everybody follows some others; nobody follows himself."""
    pairs = [(user, (user + step) % n) for user in range(n) for step in steps]
    return Events.of(*zip(*pairs, strict=True), [0.0] * len(pairs))


@pytest.mark.parametrize("name", ["{}", "{:05d}", "member-{}", "会员{}", "a{}@example.org"])
def test_people_who_follow_people_are_items(name):
    people = Vocabulary(name.format(number) for number in range(60))
    assert are_users_items(people, people, follow_ring(60))


def test_users_and_items_that_are_numbered_independently_are_no_network():
    rng = np.random.default_rng(0)
    numbers = Vocabulary(map(str, range(60)))
    events = Events.of(rng.integers(0, 60, 600), rng.integers(0, 60, 600), np.zeros(600))
    assert not are_users_items(numbers, numbers, events)


def test_a_few_numbered_events_do_not_say_that_users_are_items():
    numbers = Vocabulary(map(str, range(60)))
    assert not are_users_items(numbers, numbers, follow_ring(60, steps=(1,)))


def test_members_who_look_at_their_own_pages_are_still_items():
    people = Vocabulary(f"member-{number}" for number in range(60))
    assert are_users_items(people, people, follow_ring(60, steps=(0, 1, 2)))


def test_nothing_is_no_network():
    nothing = Vocabulary(())
    assert not are_users_items(nothing, nothing, Events.of([], [], []))
