"""How far the data have moved since a training."""

from dataclasses import dataclass

import numpy as np

from daybreak.data.items import Items
from daybreak.types import Doubles, Rows

GROUPS = 10
"""Groups of items by popularity, or of content, that are compared."""
LEAST = 1e-4
"""Share that stands for an empty group: a logarithm needs one."""
SURE = 2.33
"""Standard deviations that chance reaches in one of a hundred comparisons."""


@dataclass(frozen=True)
class Drift:
    """One comparison of then and now."""

    psi: float
    """Population stability index; from 0.1 on noticeable, from 0.25 on large."""
    chance: float
    """What chance alone reaches in one of a hundred comparisons of so few."""

    @property
    def score(self) -> float:
        """The index, 0 where chance explains it."""
        return self.psi if self.psi > self.chance else 0.0


def stability(then: Doubles, now: Doubles) -> Drift:
    """Compare two counts over the same groups.

    The index is ``Σ (q - p) ln(q / p)`` over shares. Without any drift it is distributed like
    ``χ² (1/n + 1/m)`` with one degree of freedom less than there are groups, so few data are
    told from drift.

    Args:
        then: (n_groups,) counts at the training.
        now: (n_groups,) counts since.

    Source:
        Siddiqi 2006, "Credit risk scorecards", ch. 10 (the index and its marks); Yurdakul 2018,
        "Statistical properties of the population stability index", section 3 (its chances).

    Example:
        >>> moved = stability(np.array([500.0, 500.0]), np.array([200.0, 800.0]))
        >>> round(moved.psi, 3), moved.score > 0.25
        (0.416, True)
        >>> stability(np.array([500.0, 500.0]), np.array([2.0, 4.0])).score
        0.0
    """
    n, m = then.sum(), now.sum()
    if not n or not m:
        return Drift(0.0, 0.0)
    p, q = np.maximum(then / n, LEAST), np.maximum(now / m, LEAST)
    freedom = len(then) - 1
    # Wilson and Hilferty's approximation of the quantile of χ².
    part = 2 / (9 * freedom)
    quantile = freedom * (1 - part + SURE * np.sqrt(part)) ** 3
    return Drift(float(((q - p) * np.log(q / p)).sum()), float(quantile * (1 / n + 1 / m)))


def popularity_drift(then: Doubles, now: Doubles) -> Drift:
    """Compare how events spread over items: popular ones, rare ones, new ones.

    Args:
        then: (n_items,) events at the training.
        now: (n_items,) events since; items that were new then count as one group.
    """
    order = np.argsort(-then, kind="stable")
    order = order[then[order] > 0]
    group = np.full(len(then), GROUPS)
    share = np.cumsum(then[order]) / max(then.sum(), 1.0)
    group[order] = np.minimum((share * GROUPS - 1e-9).astype(np.int64), GROUPS - 1)
    counts: list[Doubles] = [
        np.bincount(group, side, minlength=GROUPS + 1).astype(np.float64)
        for side in (then, now)
    ]
    return stability(counts[0], counts[1])


def content_drift(items: Items, old: Rows, new: Rows) -> Drift:
    """Compare what items are about: each belongs to the most similar of a few old ones.

    Args:
        items: The catalogue.
        old: Rows of the items of the training.
        new: Rows of those that came since.
    """
    if len(old) < GROUPS or not len(new) or not items.blocks:
        return Drift(0.0, 0.0)
    marks = items.take(old[np.linspace(0, len(old) - 1, GROUPS + 2).astype(np.int64)[1:-1]])
    counts: list[Doubles] = []
    for rows in (old, new):
        nearest = np.argmax(marks.similarity(items.take(rows)), axis=0)
        counts.append(np.bincount(nearest, minlength=GROUPS).astype(np.float64))
    return stability(counts[0], counts[1])
