"""Activity over time: events, users and items by period, and how many of them were new."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from daybreak.errors import ConfigError
from daybreak.service.inputs.histories import Histories
from daybreak.types import Doubles, Rows

MAX_ACTIVITY_PERIODS = 1_000
"""Largest number of periods."""
HOUR_S = 3600.0
PERIOD_LENGTHS_S = (HOUR_S, 6 * HOUR_S, 24 * HOUR_S, 168 * HOUR_S, 672 * HOUR_S, 8736 * HOUR_S)
"""Possible lengths of a period: 1 and 6 hours, 1 day, 1, 4 and 52 weeks [s]."""


@dataclass(frozen=True)
class ActivityPeriod:
    """Events of one period."""

    since: float
    """Start, epoch [s]."""
    until: float
    """End, epoch [s]; not part of the period."""
    events: int
    users: int
    """Users with an event."""
    new_users: int
    """Users whose first event is in the period."""
    items: int
    """Items with an event."""
    new_items: int
    """Items whose first event is in the period."""


@dataclass(frozen=True)
class ActivityReport:
    """Events from the first to the latest one."""

    period_s: float
    """Length of a period [s]."""
    undated: int
    """Events without a time, which no period has."""
    periods: tuple[ActivityPeriod, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)


def report_activity(histories: Histories, max_periods: int = 60) -> ActivityReport:
    """Return events, users and items by period, from the first event to the latest one.

    The periods have the smallest length of :data:`PERIOD_LENGTHS_S` with which there are at
    most ``max_periods``, or a multiple of the largest; they start at multiples of it.

    Args:
        histories: Events of the users.
        max_periods: Largest number of periods.

    Raises:
        ConfigError: ``max_periods`` is out of range.
    """
    if not 1 <= max_periods <= MAX_ACTIVITY_PERIODS:
        raise ConfigError(
            f"periods must be from 1 to {MAX_ACTIVITY_PERIODS:,}, got {max_periods:,}"
        )
    user, item, at = _dated_events(histories)
    n_undated = len(at) - int(np.isfinite(at).sum())
    dated = np.isfinite(at)
    user, item, at = user[dated], item[dated], at[dated]
    if not len(at):
        return ActivityReport(PERIOD_LENGTHS_S[2], n_undated, ())
    length_s = _period_length(float(at.min()), float(at.max()), max_periods)
    first = int(at.min() // length_s)
    period = (at // length_s).astype(np.int64) - first
    n_periods = int(period.max()) + 1
    counts = (
        np.bincount(period, minlength=n_periods),
        *_count_distinct(user, period, n_periods),
        *_count_distinct(item, period, n_periods),
    )
    periods = tuple(
        ActivityPeriod((first + n) * length_s, (first + n + 1) * length_s, *map(int, column))
        for n, column in enumerate(zip(*counts, strict=True))
    )
    return ActivityReport(length_s, n_undated, periods)


def _dated_events(histories: Histories) -> tuple[Rows, Rows, Doubles]:
    """Return users, items and times of all events; the numbers of users are arbitrary."""
    log = histories.log
    entries = [
        (len(histories.users) + number, item, at)
        for number, events in enumerate(list(histories.unsorted.values()))
        for item, at, _ in list(events)
    ]
    known = histories.users.rows(list(histories.unsorted))
    added = np.array(entries, dtype=np.float64).reshape(-1, 3)
    user = added[:, 0].astype(np.int64)
    if len(user):
        row = known[user - len(histories.users)]
        user = np.where(row >= 0, row, user)
    return (
        np.r_[log.user.astype(np.int64), user],
        np.r_[log.item.astype(np.int64), added[:, 1].astype(np.int64)],
        np.r_[log.at, added[:, 2]],
    )


def _period_length(start: float, end: float, max_periods: int) -> float:
    """Return the length of a period [s].

    Example:
        >>> _period_length(0, 86_400 * 29, 30) / 86_400, _period_length(0, 86_400 * 30, 30)
        (1.0, 604800.0)
    """
    for length_s in PERIOD_LENGTHS_S:
        if end // length_s - start // length_s < max_periods:
            return length_s
    longest = PERIOD_LENGTHS_S[-1]
    factor = 1
    while end // (longest * factor) - start // (longest * factor) >= max_periods:
        factor *= 2
    return longest * factor


def _count_distinct(row: Rows, period: Rows, n_periods: int) -> tuple[Rows, Rows]:
    """Return the numbers of different rows, and of those that occur first, in each period."""
    n_rows = int(row.max()) + 1
    distinct = np.unique(period * n_rows + row) // n_rows
    first = np.full(n_rows, n_periods, dtype=np.int64)
    np.minimum.at(first, row, period)
    return (
        np.bincount(distinct, minlength=n_periods),
        np.bincount(first[first < n_periods], minlength=n_periods),
    )
