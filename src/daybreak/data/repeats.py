"""Repeat consumption: baskets, the share of repeats, and decayed personal frequency.

Source:
    Hu, He, Gao and Zhang 2020, "Modeling personalized item frequency information for
    next-basket recommendation" (TIFU-KNN), section 4.1: the time-decayed personal frequency.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Events
from daybreak.data.event_limits import event_cap
from daybreak.data.sparse_rows import sum_sorted
from daybreak.types import Doubles, Mask, Rows, Sparse

BASKET_GAP_S = 6 * 3_600.0
"""Shortest time between two events of a user that are in different baskets [s]."""
MIN_REPEAT_SHARE = 0.5
"""Share of repeats from which people usually take the same items again."""
MIN_REPEATS = 20
"""Smallest number of events after the first basket of users among which a share is measured."""
DECAYS = (1.0, 0.98, 0.95, 0.9, 0.8, 0.65, 0.5)
"""Factors of the weight of a basket per later basket that are tried."""
MAX_KEY = np.iinfo(np.int64).max
"""Largest integer that can stand for a row of a table."""
DEFAULT_DECAY = 0.9
"""Factor without enough repeats to choose one."""


def basket_numbers(events: Events) -> tuple[Rows, Rows]:
    """Return for each event how many baskets of its user are earlier, and how many are later.

    Args:
        events: Events sorted by user and then by time, with repeated pairs.

    Example:
        >>> events = Events(np.zeros(3, int), np.arange(3), np.array([0.0, 9.0, 9e4]))
        >>> [part.tolist() for part in basket_numbers(events)]
        [[0, 0, 1], [1, 1, 0]]
    """
    if not len(events):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    number, starts = np.empty(len(events), dtype=bool), np.empty(len(events), dtype=bool)
    starts[0], starts[1:] = True, events.user[1:] != events.user[:-1]
    at = np.minimum(events.at, np.finfo(np.float64).max)
    number[0], number[1:] = True, at[1:] - at[:-1] > BASKET_GAP_S
    counts = np.cumsum(starts | number)
    first = np.flatnonzero(starts)
    last = np.append(first[1:], len(events)) - 1
    sizes = last - first + 1
    return counts - np.repeat(counts[first], sizes), np.repeat(counts[last], sizes) - counts


def repeat_frequencies(events: Events, decay: float, n_users: int, n_items: int) -> Sparse:
    """Return the (n_users, n_items) CSR of decayed personal frequencies, from 0 to 1.

    The frequency of an item is the share of the baskets of its user that contain it, where a
    basket counts with ``decay`` to the power of the number of later ones. Without any known
    time there are no baskets: it is the number of events, divided by that of the user's most
    frequent item.

    Args:
        events: Positive events sorted by user and then by time, with repeated pairs.
        decay: Factor of the weight of a basket per later basket.
        n_users: Number of users.
        n_items: Number of items.

    Example:
        >>> user, item = np.zeros(3, dtype=int), np.array([0, 1, 0])
        >>> weeks = Events(user, item, np.array([0.0, 0.0, 604_800.0]))
        >>> repeat_frequencies(weeks, 0.5, 1, 2).toarray().round(3).tolist()
        [[1.0, 0.3330000042915344]]
    """
    if not events.at.any():
        return _undated_frequencies(events, n_users, n_items)
    return BasketItems.from_events(events).frequencies(decay, n_users, n_items)


class BasketItems(NamedTuple):
    """The different baskets of users, and the different items in each of them."""

    baskets: tuple[Rows, ...]
    """(n_baskets,) user, and (n_baskets,) number of later baskets of the user; sorted"""
    entries: tuple[Rows, ...]
    """(n_entries,) user, item, and number of later baskets of the user; sorted"""

    @classmethod
    def from_events(cls, events: Events) -> "BasketItems":
        """Return the baskets of positive events, sorted by user and then by time."""
        _, later = basket_numbers(events)
        user, item = events.user.astype(np.int64), events.item.astype(np.int64)
        return cls(_unique_rows(user, later), _unique_rows(user, item, later))

    def frequencies(self, decay: float, n_users: int, n_items: int) -> Sparse:
        """Return the decayed personal frequencies; see :func:`repeat_frequencies`."""
        user, later = self.baskets
        totals = np.bincount(user, decay**later, minlength=n_users)
        user, item, later = self.entries
        values = (decay**later / totals[user]).astype(np.float32)
        return sum_sorted(user, item, values, (n_users, n_items))


def _unique_rows(*columns: Rows) -> tuple[Rows, ...]:
    """Return the different rows of a table of integers from 0, sorted by column.

    Example:
        >>> [one.tolist() for one in _unique_rows(np.array([1, 0, 1]), np.array([2, 3, 2]))]
        [[0, 1], [3, 2]]
    """
    sizes = [int(column.max(initial=0)) + 1 for column in columns]
    if math.prod(sizes) > MAX_KEY:
        order = np.lexsort(columns[::-1])
        table = np.stack([column[order] for column in columns])
        return tuple(table[:, _starts_of_runs(*table)])
    keys = columns[0]
    for column, size in zip(columns[1:], sizes[1:], strict=True):
        keys = keys * size + column
    keys = np.sort(keys)
    keys = keys[_starts_of_runs(keys)]
    found = []
    for size in sizes[:0:-1]:
        keys, column = np.divmod(keys, size)
        found.append(column)
    return (keys, *found[::-1])


def _starts_of_runs(*columns: Rows) -> Mask:
    """Return (n,) whether a row differs from the row before it."""
    starts = np.zeros(len(columns[0]), dtype=bool)
    starts[:1] = True
    for column in columns:
        starts[1:] |= column[1:] != column[:-1]
    return starts


def _undated_frequencies(events: Events, n_users: int, n_items: int) -> Sparse:
    counts = events.to_matrix(n_users, n_items)
    counts.sum_duplicates()
    highest = np.maximum(counts.max(axis=1).toarray().ravel(), 1)
    counts.data = counts.data / np.repeat(highest, np.diff(counts.indptr)).astype(np.float32)
    return counts


def mark_repeats(events: Events) -> tuple[Mask, Mask]:
    """Return which events are after the first basket of their user, and which repeat an item.

    An event repeats an item that an earlier basket of its user contains; without any known
    time, one that an earlier event has.

    Args:
        events: Positive events sorted by user and then by time, with repeated pairs.
    """
    earlier, _ = basket_numbers(events)
    if len(events) and not events.at.any():
        earlier = events.count_earlier()
    n_items = int(events.item.max(initial=-1)) + 1
    _, pair = np.unique(events.user * n_items + events.item, return_inverse=True)
    first = np.full(len(events), np.iinfo(np.int64).max)
    np.minimum.at(first, pair.ravel(), earlier)
    return earlier > 0, earlier > first[pair.ravel()]


def repeat_share(events: Events) -> float:
    """Return the share of repeats among the events after the first basket of each user.

    Accounts with very many events count as many as :func:`event_cap` says.

    Args:
        events: Positive events sorted by user and then by time, with repeated pairs.

    Returns:
        0 where fewer than ``MIN_REPEATS`` events are repeats.
    """
    later, repeated = mark_repeats(events)
    if not repeated.any():
        return 0.0
    counts = np.bincount(events.user)
    weights = np.minimum(1.0, event_cap(counts) / np.maximum(counts, 1))[events.user]
    n_repeated = float(weights[repeated].sum())
    return n_repeated / float(weights[later].sum()) if n_repeated >= MIN_REPEATS else 0.0


def repeats_are_usual(events: Events) -> bool:
    """Return whether people usually take the same items again."""
    return repeat_share(events) >= MIN_REPEAT_SHARE


def split_last_basket(events: Events) -> tuple[Mask, Mask]:
    """Return masks of the events before the last basket of each user, and of the last baskets.

    Users with one basket are in neither.
    """
    earlier, later = basket_numbers(events)
    return later > 0, (later == 0) & (earlier > 0)


def choose_decay(events: Events) -> float:
    """Return the decay whose frequencies rank the repeats of the last baskets best.

    Args:
        events: Positive events sorted by user and then by time, with repeated pairs.
    """
    past, last = split_last_basket(events)
    _, repeated = mark_repeats(events)
    targets = last & repeated
    if targets.sum() < MIN_REPEATS:
        return DEFAULT_DECAY
    n_users, n_items = int(events.user.max()) + 1, int(events.item.max()) + 1
    wanted: Any = sp.csr_array(
        (np.ones(targets.sum(), np.float32), (events.user[targets], events.item[targets])),
        shape=(n_users, n_items),
    )
    bought = BasketItems.from_events(events.filter(past))
    gains = [
        _discounted_gain(bought.frequencies(decay, n_users, n_items), wanted)
        for decay in DECAYS
    ]
    return DECAYS[int(np.argmax(gains))]


def _discounted_gain(frequencies: Sparse, wanted: Sparse) -> float:
    """Return the sum of ``1 / log2(rank + 1)`` of wanted items among the items of each row."""
    owner = np.repeat(np.arange(frequencies.shape[0]), np.diff(frequencies.indptr))
    order = np.lexsort((frequencies.indices, -frequencies.data, owner))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order)) - frequencies.indptr[owner[order]]
    gains: Doubles = 1 / np.log2(rank + 2.0)
    found = sp.csr_array((gains, frequencies.indices, frequencies.indptr), frequencies.shape)
    return float(found.multiply(wanted > 0).sum())
