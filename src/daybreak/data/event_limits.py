"""How much the events of one account, and of accounts with one event each, count at most."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Events
from daybreak.data.times import MAX_EPOCH_S
from daybreak.types import Doubles, Mask, Rows

MIN_EVENT_CAP = 100
"""Events that an account may always have with their full weight [events]."""
EVENT_CAP_QUANTILE = 0.95
"""Quantile of the numbers of events of accounts that the cap is a multiple of."""
EVENT_CAP_FACTOR = 10.0
"""Multiple of that quantile up to which the events of an account have their full weight; on
validation data of gift_shop 5 cost half a percent of the NDCG of ``item_knn``, 10 nothing."""
BURST_WINDOW_S = 60.0
"""Length of a moment [s]."""
MIN_BURST_ACCOUNTS = 10
"""Accounts with a single event that always count, on one item at one moment [accounts]."""
BURST_FACTOR = 3.0
"""Multiple of the expected number of such accounts up to which all count."""
MIN_FINE_TIMES_SHARE = 0.5
"""Share of times that are no whole hours from which a moment can be told from a day."""


@dataclass(frozen=True)
class Burst:
    """Many accounts whose single event is on the same item at the same moment."""

    item: int
    """Row of the item."""
    at: float
    """Start of the moment [epoch s]."""
    n_accounts: int
    n_counted: float
    """Number of accounts that they count as."""


@dataclass(frozen=True, eq=False)
class EventLimits:
    """Weights of events in counts of people, with what has been limited."""

    user_cap: float
    """Events of one account that count at most."""
    user_weights: Doubles
    """(n_users,) ``min(1, user_cap / number of events)``"""
    event_weights: Doubles
    """(n_events,) weights, from the account and from bursts"""
    bursts: tuple[Burst, ...]

    @property
    def capped_users(self) -> Rows:
        """Rows of the accounts with more events than count."""
        return np.flatnonzero(self.user_weights < 1)

    def thin(self, events: Events) -> Events:
        """Return the events, of capped accounts only as many as count, evenly spaced in time.

        Args:
            events: The events that were limited.
        """
        if not len(self.capped_users):
            return events
        weight = self.user_weights[events.user]
        place = events.count_earlier()
        is_kept = np.floor((place + 1) * weight) > np.floor(place * weight)
        return events.filter(is_kept | (weight == 1))


def limit_events(events: Events) -> EventLimits:
    """Return what events weigh in counts of people, such as popularity.

    All events of an account together count at most ``EVENT_CAP_FACTOR`` times the 95th
    percentile of the accounts. Accounts with a single event, on one item at one moment, count
    at most ``BURST_FACTOR`` times as many as the accounts with further events that chose the
    item at this moment let expect, from the ratio of both among the other items.

    Args:
        events: Positive events, at most one of each pair.

    Example:
        >>> user, item = np.r_[np.zeros(1000), 1, 1], np.r_[np.arange(1000), 5, 6]
        >>> limits = limit_events(Events.of(user, item, np.zeros(1002)))
        >>> limits.user_cap, limits.user_weights.tolist()
        (100.0, [0.1, 1.0])
    """
    counts = np.bincount(events.user, minlength=1)
    cap = event_cap(counts)
    user_weights = np.minimum(1.0, cap / np.maximum(counts, 1))
    event_weights = user_weights[events.user]
    bursts = tuple(_limit_bursts(events, counts[events.user] == 1, event_weights))
    return EventLimits(cap, user_weights, event_weights, bursts)


def event_cap(counts: Rows) -> float:
    """Return how many events of one account count at most.

    Args:
        counts: (n_users,) numbers of events of the accounts.
    """
    active = counts[counts > 0]
    # With few accounts the quantile is the second largest number, not the largest.
    usual = np.quantile(active, EVENT_CAP_QUANTILE, method="lower") if len(active) else 0
    return max(float(MIN_EVENT_CAP), EVENT_CAP_FACTOR * float(usual))


def _limit_bursts(events: Events, is_single: Mask, weights: Doubles) -> Iterator[Burst]:
    """Yield the bursts, and lower the weights of their events in place."""
    is_timed = (events.at > 0) & (events.at < MAX_EPOCH_S)  # events without a time come last
    fine = events.at[is_timed] % 3_600 != 0
    if not is_single.any() or not len(fine) or fine.mean() < MIN_FINE_TIMES_SHARE:
        return
    moment = (np.where(is_timed, events.at, 0) // BURST_WINDOW_S).astype(np.int64)
    n_moments = int(moment.max()) + 1
    single = np.flatnonzero(is_single & is_timed)
    keys = events.item * n_moments + moment
    frequent = _frequent(keys[single], MIN_BURST_ACCOUNTS + 1)
    if not frequent:
        return
    of_others = np.sort(keys[~is_single & is_timed])
    n_items = int(events.item.max()) + 1
    singles = np.bincount(events.item[is_single], minlength=n_items)
    others = np.bincount(events.item[~is_single], minlength=n_items)
    for key, count in frequent:
        item, at = divmod(key, n_moments)
        ratio = (singles.sum() - singles[item]) / max(others.sum() - others[item], 1)
        together = int(np.subtract(*np.searchsorted(of_others, [key + 1, key])))
        bound = max(MIN_BURST_ACCOUNTS, BURST_FACTOR * ratio * together)
        if count > bound:
            weights[single[keys[single] == key]] = bound / count
            yield Burst(item, at * BURST_WINDOW_S, count, float(bound))


def _frequent(keys: Rows, least: int) -> list[tuple[int, int]]:
    """Return the keys that occur at least so often, with their counts."""
    ordered = np.sort(keys)
    if len(ordered) < least:
        return []
    found = np.unique(ordered[least - 1 :][ordered[least - 1 :] == ordered[: 1 - least]])
    counts = np.searchsorted(ordered, found, "right") - np.searchsorted(ordered, found)
    return list(zip(found.tolist(), counts.tolist(), strict=True))
