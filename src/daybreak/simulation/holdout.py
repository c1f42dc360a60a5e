"""Choice of what is held out: users and items, last events, few-shot cuts, cuts in time.

The functions work on arrays with one entry per event or item. ``splits`` uses them on the rows
of a data set, for ``fit``, tuning, the leaderboard and the gate; ``plans`` uses them on tables,
for ``evaluate``.
"""

from typing import NamedTuple

import numpy as np

from daybreak.types import Doubles, Mask, Rows

USER_FRACTION = 0.2
"""Share of users that are held out."""
ITEM_FRACTION = 0.2
"""Share of items that are held out when they are drawn at random."""
NEWEST_ITEM_FRACTION = 0.15
"""Share of items that are held out when the newest are chosen."""
TIME_CUT_QUANTILE = 0.8
"""Share of events before the cut of a split by time."""
N_SET_ASIDE_EVENTS = 10
"""Number of first events of a new user that are never targets, so that the targets are the same
for every number of known events."""
MIN_FEW_SHOT_EVENTS = 15
"""Minimum length of a history of which ``N_SET_ASIDE_EVENTS`` are set aside; the others are
targets."""


class FewShotCut(NamedTuple):
    """Three masks over the events of new users; an event is in at most one of them."""

    history: Mask
    """(n_events,) known at request time."""
    set_aside: Mask
    """(n_events,) neither known nor targets."""
    targets: Mask
    """(n_events,) events that a list should contain."""


def cut_few_shot(position: Rows, n_known: int, n_set_aside: int | Rows) -> FewShotCut:
    """Divide histories into known events, events that are set aside, and targets.

    Args:
        position: (n_events,) number of earlier events of the same user.
        n_known: Number of first events of each user that are known at request time.
        n_set_aside: Number of first events that are never targets, at least ``n_known``; one
            for all users, or (n_events,) that of the user of each event.

    Example:
        >>> cut = cut_few_shot(np.arange(5), n_known=1, n_set_aside=3)
        >>> cut.history.tolist(), cut.targets.tolist()
        ([True, False, False, False, False], [False, False, False, True, True])
    """
    known, target = position < n_known, position >= n_set_aside
    return FewShotCut(known, ~known & ~target, target)


def sample_rows(
    rows: Rows, fraction: float, rng: np.random.Generator, *, nonempty_parts: bool = False
) -> Rows:
    """Draw a share of rows at random; a smaller share is a subset of a larger one.

    Args:
        rows: (n,) rows to draw from.
        fraction: Share of them that is drawn.
        rng: Random generator.
        nonempty_parts: Whether at least one row is drawn and at least one is left.

    Example:
        >>> len(sample_rows(np.arange(3), 0.1, np.random.default_rng(0), nonempty_parts=True))
        1
    """
    n = round(fraction * len(rows))
    drawn: Rows = rng.permutation(rows)[: _clip(n, len(rows)) if nonempty_parts else n]
    return drawn


def newest_rows(
    rows: Rows,
    first_time: Doubles,
    tie: Doubles | Rows,
    fraction: float,
    *,
    nonempty_parts: bool = False,
) -> Rows:
    """Return the items whose first event came last, as many as a share of all.

    Args:
        rows: (n,) rows of the items.
        first_time: (n,) time of the first event of each item.
        tie: (n,) order of items with the same time.
        fraction: Share of them that is returned.
        nonempty_parts: Whether at least one row is returned and at least one is left.

    Example:
        >>> newest_rows(np.array([7, 8]), np.array([2.0, 1.0]), np.arange(2), 0.5)
        array([7])
    """
    n = round(fraction * len(rows))
    n = _clip(n, len(rows)) if nonempty_parts else n
    newest: Rows = rows[np.lexsort((tie, first_time))[len(rows) - n :]]
    return newest


def mark_last(position: Rows, size: Rows, n_last: Rows | int, min_events: int) -> Mask:
    """Mark the last events of each history that is long enough.

    Args:
        position: (n_events,) number of earlier events of the same user.
        size: (n_events,) length of the history of that user.
        n_last: Number of events to mark at the end of each history.
        min_events: Minimum length of a history in which events are marked.

    Example:
        >>> mark_last(np.arange(3), np.full(3, 3), n_last=1, min_events=3)
        array([False, False,  True])
    """
    marked: Mask = (position >= size - n_last) & (size >= min_events)
    return marked


def time_cut(times: Doubles) -> float:
    """Return the time before which 80 % of the events took place.

    Args:
        times: (n_events,) epoch seconds without NaN.

    Example:
        >>> time_cut(np.array([0.0, 10.0]))
        8.0
    """
    return float(np.quantile(times, TIME_CUT_QUANTILE))


def _clip(n: int, n_rows: int) -> int:
    """Return a number that leaves at least one row drawn and one not drawn."""
    return min(n_rows - 1, max(1, n))
