"""Rating scales: which values of events speak for an item, which against it, which are typos.

Start with :func:`find_rating_scale`.
"""

from dataclasses import dataclass

import numpy as np

from daybreak.types import Doubles, Mask, Rows

SCALE_TOPS = (1.0, 5.0, 10.0, 20.0, 100.0)
"""Tops of usual scales, from 0/1 to per cent."""
MAX_SCALE_TOP = 100.0
"""Largest top of a scale; larger values are points or counts."""
POSITIVE_SHARE = 0.7
"""Share of a scale from which on a value is positive: 4 of 5, 7 of 10."""
NEGATIVE_SHARE = 0.5
"""Share of a scale below which a value is negative."""
MAX_TYPO_SHARE = 0.002
"""Largest share of the values outside of a scale that are taken for typing errors."""
MAX_FAR_SHARE = 0.02
"""The same for values that are more than twice the top."""
MIN_TYPO_VALUES = 100
"""Number of values from which on a value just above the scale can be a typing error."""
MIN_FAR_VALUES = 10
"""Number of values from which on a value far above the scale can be a typing error."""
MISSING_CODES = frozenset({99.0, 999.0, 9_999.0, -99.0, -999.0, -9_999.0})
"""Numbers that stand for "no answer" in many files."""
MAX_UNNAMED_RATING = 10.0
"""Largest top of a scale that is recognised without its name."""
MAX_SCALE_STEPS = 21
"""Maximum number of different values of a scale that is recognised without its name."""


@dataclass(frozen=True)
class RatingScale:
    """A rating scale and its bounds."""

    low: float
    """Lowest value; 0 for scales that begin at 0, a half or 1."""
    top: float
    """Highest value."""
    lowest_positive: float
    negative_bound: float
    """Values below it are negative."""
    has_high_outliers: bool = False
    """Whether values above the top occur, which are taken for typing errors."""
    has_low_outliers: bool = False
    """Whether values below the scale and below -top occur."""


def find_rating_scale(steps: Doubles, counts: Rows, *, is_rating: bool) -> RatingScale | None:
    """Return the scale of values; None if they are counts, points, or all equal.

    A scale is read from where most values are, so that 99 among ratings from 1 to 5 is not a
    new scale. Values that are not called ratings are a scale if they have few half steps, the
    last of which is 5 or 10, a median in the upper half, and the lowest value is not the most
    frequent one: counts begin at 1 and have most of their mass there.

    Args:
        steps: (n_steps,) different values, ascending.
        counts: (n_steps,) number of events with each value.
        is_rating: Whether the values are called ratings.

    Example:
        >>> stars, counts = np.array([1.0, 2, 3, 4, 5, 99]), np.array([20, 40, 90, 150, 113, 1])
        >>> scale = find_rating_scale(stars, counts, is_rating=True)
        >>> scale.top, scale.lowest_positive, scale.negative_bound, scale.has_high_outliers
        (5.0, 4.0, 2.5, True)
    """
    inside = _inside_scale(steps, counts)
    core, core_counts = steps[inside], counts[inside]
    if len(core) < 2 or core[-1] <= 0 or core[-1] > MAX_SCALE_TOP:
        return None
    top = _scale_top(float(core[-1]))
    low = float(core[0]) if core[0] <= -top / 2 else 0.0
    if is_rating:
        if _is_heavy_tailed(core, core_counts, top):
            return None
    elif not _looks_like_scale(core, core_counts, top):
        return None
    lowest_positive = low + POSITIVE_SHARE * (top - low)
    if (core % 1 == 0).all() and top > 1:
        lowest_positive = float(np.ceil(round(lowest_positive, 6)))
    return RatingScale(
        low,
        top,
        round(lowest_positive, 6),
        round(low + NEGATIVE_SHARE * (top - low), 6),
        has_high_outliers=bool(steps[-1] > core[-1]),
        has_low_outliers=bool(steps[0] < min(core[0], -top)),
    )


def _inside_scale(steps: Doubles, counts: Rows) -> Mask:
    """Return (n_steps,) which values are no typing errors and no codes for missing values."""
    everything = np.ones(len(steps), dtype=bool)
    for top in SCALE_TOPS:
        outside = np.abs(steps) > top
        inside = ~outside
        if not outside.any():
            return everything
        is_possible = inside.any() and (top > 1 or steps[inside][0] <= 0)
        if is_possible and _are_typos(steps[outside], counts[outside], top, int(counts.sum())):
            return inside
    return everything


def _are_typos(outside: Doubles, counts: Rows, top: float, n_values: int) -> bool:
    """Return whether the values outside of a scale are typing errors or missing values."""
    n_outside = int(counts.sum())
    if n_values >= MIN_TYPO_VALUES and n_outside <= max(1, MAX_TYPO_SHARE * n_values):
        return True
    if n_values < MIN_FAR_VALUES or np.abs(outside).min() <= 2 * top:
        return False
    is_code = set(outside.tolist()) <= MISSING_CODES and n_outside < n_values / 2
    return is_code or n_outside <= max(1, MAX_FAR_SHARE * n_values)


def _scale_top(highest: float) -> float:
    """Return the top of the rating scale whose highest observed value is ``highest``."""
    for above, top in ((0.5, 1.0), (3.5, 5.0), (7, 10.0), (50, 100.0)):
        if above < highest <= top:
            return top
    return highest


def _is_heavy_tailed(steps: Doubles, counts: Rows, top: float) -> bool:
    """Return whether the values are counts or points in spite of their name."""
    return top > 10 and _median(steps, counts) < top / 4


def _looks_like_scale(steps: Doubles, counts: Rows, top: float) -> bool:
    has_half_steps_only = bool((steps * 2 % 1 == 0).all())
    return (
        3 <= len(steps) <= MAX_SCALE_STEPS
        and has_half_steps_only
        and top in {5, MAX_UNNAMED_RATING}
        and steps[-1] == top
        and _median(steps, counts) >= top / 2
        and bool(counts[0] <= counts[1:].max())
    )


def _median(steps: Doubles, counts: Rows) -> float:
    """Return the upper median of values that are given by their counts."""
    position = int(np.searchsorted(np.cumsum(counts), counts.sum() // 2, side="right"))
    return float(steps[min(position, len(steps) - 1)])
