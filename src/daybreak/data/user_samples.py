"""Events of a random part of the users, from which what holds for all of them is learned."""

from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset, Events
from daybreak.rng import create_generator

MAX_SAMPLED_EVENTS = 3_000_000
"""Events from which a training learns what more of them hardly change: the weights of columns
and strategies, and which accounts show no pattern [events]."""


def sample_users(events: Events, seed: int, max_events: int = MAX_SAMPLED_EVENTS) -> Events:
    """Return the events of users drawn at random, whole histories, at most so many.

    Args:
        events: Events of all users; if they are few enough, they are returned as they are.
        seed: Seed of the draw.
        max_events: Largest number of events; a user with more is left out.

    Example:
        >>> events = Events.of([0, 0, 1, 1, 2, 2], [5, 6, 5, 7, 6, 7], np.arange(6.0))
        >>> len(sample_users(events, 0)), len(sample_users(events, 0, max_events=5))
        (6, 4)
    """
    if len(events) <= max_events:
        return events
    sizes = np.bincount(events.user)
    order = create_generator(seed, "sampled users").permutation(len(sizes))
    order = order[sizes[order] <= max_events]
    chosen = order[np.cumsum(sizes[order]) <= max_events]
    is_chosen = np.zeros(len(sizes), dtype=bool)
    is_chosen[chosen] = True
    return events.filter(is_chosen[events.user])


def sample_data(data: Dataset, seed: int, max_events: int = MAX_SAMPLED_EVENTS) -> Dataset:
    """Return the data set with the events of :func:`sample_users`, repeated ones too.

    Args:
        data: The whole data set; with few enough events it is returned as it is.
        seed: Seed of the draw.
        max_events: Largest number of events.
    """
    sampled = sample_users(data.events, seed, max_events)
    if sampled is data.events:
        return data
    kept = data.with_events(sampled)
    if data.repeated is None:
        return kept
    is_chosen = np.zeros(data.n_users, dtype=bool)
    is_chosen[sampled.user] = True
    return replace(kept, repeated=data.repeated.filter(is_chosen[data.repeated.user]))
