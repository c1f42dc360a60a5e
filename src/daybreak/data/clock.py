"""Times that can be believed: wrong clocks are told, and do not move anybody's "now".

Logs contain events of 1970, of 2099, or of a year in which nothing else happened. Start reading
at :func:`believable_times`; every maximum, minimum or quantile of times is taken of its result.
"""

import time
from dataclasses import dataclass

import numpy as np
import polars as pl

from daybreak.types import Doubles, Mask, Rows

DAY_S = 86_400.0
"""Length of a day [s]."""
MAX_DATE_S = 1e13
"""Largest time that is shown as a date [s]; it is in the year 318,857."""
CLOCK_TOLERANCE_S = DAY_S
"""Largest time after the present that is still believed: time zones differ by up to a day."""
FIRST_YEAR_END_S = 366 * DAY_S
"""Times before it, in 1970, are zeros and small numbers in the place of a time."""
MODERN_S = 10 * 365.25 * DAY_S
"""Median time above which the data cannot have begun in 1970."""
MAX_OUTLIER_SHARE = 0.01
"""Largest share of events at one end that a gap can separate from the others."""
MIN_GAP_EVENTS = 20
"""Smallest number of known times among which a gap says anything."""
LATE_GAP_SHARE = 0.5
"""Smallest gap before late times that are not believed, as a share of the usual time span."""
EARLY_GAP_SHARE = 2.0
"""The same for early times; the first events of a shop are often rare."""
MIN_GAP_S = 2 * DAY_S
"""Smallest gap that separates times from the others."""


@dataclass(frozen=True)
class TimeBounds:
    """First and last believable time [epoch s]; infinite without known times."""

    first: float
    last: float

    def contain(self, at: Doubles) -> Mask:
        """Return (n,) which times are believable; unknown ones (NaN) are not."""
        return np.asarray((at >= self.first) & (at <= self.last), dtype=bool)


def believable_times(at: Doubles, present: float | None = None) -> TimeBounds:
    """Return the bounds of the times that can be believed.

    Not believed are times after the present, times of 1970 among later ones, and at most 1 % of
    the times at either end that a large gap separates from all others. Where most times are
    after the present, the clock of this machine is wrong, and the present says nothing.

    Args:
        at: (n,) epoch seconds; NaN and infinite times are unknown.
        present: The present time [epoch s]; default: that of this machine.

    Example:
        >>> week = np.arange(7 * 24) * 3600.0 + 1.7e9
        >>> bounds = believable_times(np.r_[week, 0.0, 4.07e9], present=1.8e9)
        >>> bounds == TimeBounds(week[0], week[-1])
        True
    """
    known = np.sort(at[np.isfinite(at)])
    if not len(known):
        return TimeBounds(-np.inf, np.inf)
    latest = (time.time() if present is None else present) + CLOCK_TOLERANCE_S
    median = known[len(known) // 2]
    if median <= latest:
        known = known[known <= latest]
    if median > MODERN_S:
        known = known[known >= FIRST_YEAR_END_S]
    return TimeBounds(*_without_outliers(known))


def _without_outliers(times: Doubles) -> tuple[float, float]:
    """Return the first and the last time that no large gap separates from the others."""
    n = len(times)
    if n < MIN_GAP_EVENTS:
        return float(times[0]), float(times[-1])
    n_outliers = max(1, int(MAX_OUTLIER_SHARE * n))
    span = float(times[n - 1 - n_outliers] - times[n_outliers])
    late, early = np.diff(times[-n_outliers - 1 :]), np.diff(times[: n_outliers + 1])
    wide_late = np.flatnonzero(late > max(LATE_GAP_SHARE * span, MIN_GAP_S))
    wide_early = np.flatnonzero(early > max(EARLY_GAP_SHARE * span, MIN_GAP_S))
    last = n - 1 - n_outliers + wide_late[0] if len(wide_late) else n - 1
    first = wide_early[-1] + 1 if len(wide_early) else 0
    return float(times[first]), float(times[last])


def latest_time(at: Doubles) -> float:
    """Return the latest believable time: the "now" of a shop. Zero times are unknown.

    Example:
        >>> latest_time(np.array([0.0, 1.6e9, 1.7e9, 4.07e9]))
        1700000000.0
    """
    known = at[np.isfinite(at) & (at != 0)]
    return believable_times(known).last if len(known) else 0.0


def current_times(user: Rows, item: Rows, at: Doubles) -> Doubles:
    """Return the times of current events for counting: all finite, and none of a wrong clock.

    Args:
        user: (n,) rows of the users.
        item: (n,) rows of the items.
        at: (n,) epoch seconds; infinite: just now, 0: unknown.

    Example:
        >>> zeros = np.zeros(2, dtype=np.int64)
        >>> current_times(zeros, zeros, np.array([5.0, np.inf])).tolist()
        [5.0, 5.0]
    """
    unknown = at == 0
    times = repair_times(user, item, np.where(np.isfinite(at) & ~unknown, at, np.nan))
    times = np.where(np.isinf(at), latest_time(times), times)
    return np.where(unknown, 0.0, times)


def repair_times(user: Rows, item: Rows, at: Doubles, present: float | None = None) -> Doubles:
    """Return times in which those that cannot be believed are replaced by likely ones.

    A likely time is the median of the other events with the same item, else of the same user,
    else of all; so a wrong clock says nothing new about anybody. Unknown times stay unknown.

    Args:
        user: (n,) rows of the users.
        item: (n,) rows of the items.
        at: (n,) epoch seconds; NaN: unknown.
        present: The present time [epoch s]; default: that of this machine.

    Example:
        >>> at = np.array([1.6e9, 1.7e9, 4.07e9])
        >>> repair_times(np.array([0, 1, 2]), np.array([5, 6, 5]), at, 1.8e9).tolist()
        [1600000000.0, 1700000000.0, 1600000000.0]
    """
    known = np.isfinite(at)
    wrong = known & ~believable_times(at, present).contain(at)
    if not wrong.any():
        return at
    good = known & ~wrong
    repaired = at.copy()
    repaired[wrong] = np.median(at[good])
    for owner in (user, item):  # the item is the better witness, and has the last word
        repaired[wrong] = _medians_of(owner[good], at[good], owner[wrong], repaired[wrong])
    return repaired


def _medians_of(owner: Rows, at: Doubles, wanted: Rows, default: Doubles) -> Doubles:
    """Return the median time of each wanted owner, or a default for owners without times."""
    relevant = np.isin(owner, wanted)
    owner, at = owner[relevant], at[relevant]
    order = np.lexsort((at, owner))
    owner, at = owner[order], at[order]
    start, stop = np.searchsorted(owner, wanted), np.searchsorted(owner, wanted, side="right")
    values = default.copy()
    found = stop > start
    values[found] = at[(start + (stop - start - 1) // 2)[found]]
    return values


NULL_DATES_S = (-62_135_596_800.0, -2_209_161_600.0, -2_208_988_800.0, 0.0)
"""Days that programs write for no date: 0001-01-01, 1899-12-30, 1900-01-01, 1970-01-01."""
MAX_CREATION_LEAD_S = 366 * DAY_S
"""Largest time by which an item can be announced before it is created."""


def note_odd_dates(times: pl.Series, column: str, present: float | None = None) -> str:
    """Return a sentence about dates of items or users that cannot be right; empty: none.

    Days that programs write for no date are odd in every column but the beginning of a period,
    and dates far in the future are odd where something was created.

    Args:
        times: Epoch seconds; null: unknown.
        column: ``created_at``, ``available_from`` or ``available_until``.
        present: The present time [epoch s]; default: that of this machine.

    Example:
        >>> note_odd_dates(pl.Series([1.6e9, 0.0]), "created_at", 1.8e9)
        'created_at: 1 of 2 dates cannot be right, such as 1970-01-01'
    """
    now = time.time() if present is None else present
    known = times.drop_nulls()
    is_null_date = (known / DAY_S).floor().is_in([day / DAY_S for day in NULL_DATES_S])
    odd = is_null_date & (column != "available_from")
    if column == "created_at":
        odd |= known > now + MAX_CREATION_LEAD_S
    if not odd.any():
        return ""
    example = _as_date(float(known.filter(odd)[0]))
    verb = "date cannot" if odd.sum() == 1 and len(known) == 1 else "dates cannot"
    return f"{column}: {odd.sum():,} of {len(known):,} {verb} be right, such as {example}"


def note_wrong_clocks(times: pl.Series, present: float | None = None) -> str:
    """Return a sentence about times that cannot be believed, with an example; empty: none.

    Args:
        times: Epoch seconds; null: unknown.
        present: The present time [epoch s]; default: that of this machine.

    Example:
        >>> note_wrong_clocks(pl.Series([1.6e9, 1.7e9, 4.07e9]), 1.8e9)
        '1 event has a time that cannot be right, such as 2098-12-21 (in the future); the \
latest believable time is 2023-11-14; such times move nothing'
    """
    at = times.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    now = time.time() if present is None else present
    if most := _note_wrong_median(at[np.isfinite(at)], now):
        return most
    bounds = believable_times(at, present)
    wrong = np.flatnonzero(np.isfinite(at) & ~bounds.contain(at))
    if not len(wrong):
        return ""
    first = float(at[wrong].max())
    if first <= bounds.last:
        first = float(at[wrong].min())
    what = (
        "in the future"
        if first > now
        else "in 1970, where zeros become times"
        if 0 <= first < FIRST_YEAR_END_S
        else "far from all others"
    )
    count = "1 event has" if len(wrong) == 1 else f"{len(wrong):,} events have"
    return (
        f"{count} a time that cannot be right, such as {_as_date(first)} ({what}); the latest "
        f"believable time is {_as_date(bounds.last)}; such times move nothing"
    )


def _note_wrong_median(known: Doubles, now: float) -> str:
    """Return a sentence if most times cannot be right: a unit or a form was mistaken."""
    if not len(known):
        return ""
    median = float(np.median(known))
    if 0 <= median < FIRST_YEAR_END_S:
        what = "of 1970, where zeros and small numbers become times"
    elif median > now + CLOCK_TOLERANCE_S:
        what = "in the future"
    else:
        return ""
    return (
        f"most of {len(known):,} times are {what}, such as {_as_date(median)}; they may have "
        "another unit or another form"
    )


def _as_date(seconds: float) -> str:
    if abs(seconds) > MAX_DATE_S:
        return f"{seconds:.3g} seconds after 1970"
    day = np.datetime64(0, "s") + np.timedelta64(int(seconds), "s")
    return str(day.astype("datetime64[D]"))
