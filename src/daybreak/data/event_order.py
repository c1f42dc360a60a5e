"""The order of events: by user, then by time, and equal times in an order of their own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from daybreak.types import Doubles, Mask, Rows


def order_events(user: Rows, at: Doubles, ties: Callable[[Rows], tuple[Any, ...]]) -> Rows:
    """Return (n_events,) the order of events by user and then by time.

    Columns that are in order are not sorted again, and only equal times are ordered by more
    keys, so that a hundred million events need 16 bytes each.

    Args:
        user: (n_events,) rows of the users.
        at: (n_events,) times, none of which is NaN.
        ties: Returns for some rows the keys that order events of equal user and time, the last
            one first, as :func:`numpy.lexsort` takes them.

    Example:
        >>> user, at = np.array([1, 0, 0]), np.array([5.0, 7.0, 7.0])
        >>> item = np.array([3, 2, 1])
        >>> order_events(user, at, lambda rows: (item[rows],)).tolist()
        [2, 1, 0]
    """
    order = np.arange(len(user))
    if not _are_ordered(user, at):
        order = np.lexsort((at, user))
    is_tied = _mark_ties(user, at, order)
    if is_tied.any():
        rows = order[is_tied]
        order[is_tied] = rows[np.lexsort((*ties(rows), at[rows], user[rows]))]
    return order


def _are_ordered(user: Rows, at: Doubles) -> bool:
    is_later = at[1:] >= at[:-1]
    is_later &= user[1:] == user[:-1]
    return bool((is_later | (user[1:] > user[:-1])).all())


def _mark_ties(user: Rows, at: Doubles, order: Rows) -> Mask:
    """Return for each place of an order whether a neighbour has the same user and time."""
    is_equal = np.diff(user[order]) == 0
    ordered = at[order]
    is_equal &= ordered[1:] == ordered[:-1]
    is_tied = np.zeros(len(user), dtype=bool)
    is_tied[:-1] = is_equal
    is_tied[1:] |= is_equal
    return is_tied


def has_repeated_pairs(user: Rows, item: Rows) -> bool:
    """Return whether a user has an item twice.

    Example:
        >>> has_repeated_pairs(np.array([0, 0, 1]), np.array([5, 6, 5]))
        False
    """
    pairs = np.asarray(user, dtype=np.int64) * (int(item.max(initial=-1)) + 1) + item
    pairs.sort()
    return bool((pairs[1:] == pairs[:-1]).any())
