"""Drift: how much popularity and content have changed since a training.

Start with :func:`popularity_drift` and :func:`content_drift`.
"""

from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Items
from daybreak.types import Doubles, Rows

N_GROUPS = 10
"""Groups of items, by popularity or by content, that are compared."""
MIN_SHARE = 1e-4
"""Share that replaces that of an empty group, so that its logarithm is finite."""
Z_99_PERCENT = 2.33
"""99 % quantile of the standard normal distribution."""


@dataclass(frozen=True)
class DriftScore:
    """Drift between a reference and the current data."""

    psi: float
    """Population stability index: moderate from 0.1, large from 0.25."""
    chance_level: float
    """Index that sampling alone reaches in 1 % of comparisons of this size."""

    @property
    def score(self) -> float:
        """The index; 0 if sampling explains it."""
        return self.psi if self.psi > self.chance_level else 0.0


def stability_index(reference: Doubles, current: Doubles) -> DriftScore:
    """Compare two counts over the same groups.

    The index is ``Σ (q - p) ln(q / p)`` over shares. Without drift it is distributed like
    ``χ² (1/n + 1/m)`` with ``n_groups - 1`` degrees of freedom.

    Args:
        reference: (n_groups,) counts at the training.
        current: (n_groups,) counts since then.

    Source:
        Siddiqi 2006, "Credit risk scorecards", ch. 10 (the index and its thresholds);
        Yurdakul 2018, "Statistical properties of the population stability index", section 3
        (its distribution).

    Example:
        >>> drift = stability_index(np.array([500.0, 500.0]), np.array([200.0, 800.0]))
        >>> round(drift.psi, 3), drift.score > 0.25
        (0.416, True)
        >>> stability_index(np.array([500.0, 500.0]), np.array([2.0, 4.0])).score
        0.0
    """
    n, m = reference.sum(), current.sum()
    if not n or not m:
        return DriftScore(0.0, 0.0)
    p, q = np.maximum(reference / n, MIN_SHARE), np.maximum(current / m, MIN_SHARE)
    freedom = len(reference) - 1
    # Wilson and Hilferty's approximation of the quantile of χ².
    correction = 2 / (9 * freedom)
    quantile = freedom * (1 - correction + Z_99_PERCENT * np.sqrt(correction)) ** 3
    return DriftScore(float(((q - p) * np.log(q / p)).sum()), float(quantile * (1 / n + 1 / m)))


def popularity_drift(reference: Doubles, current: Doubles) -> DriftScore:
    """Compare how events are distributed over popular, rare and new items.

    Args:
        reference: (n_items,) events at the training.
        current: (n_items,) events since then; items without events at the training are one
            group.
    """
    order = np.argsort(-reference, kind="stable")
    order = order[reference[order] > 0]
    group = np.full(len(reference), N_GROUPS)
    share = np.cumsum(reference[order]) / max(reference.sum(), 1.0)
    group[order] = np.minimum((share * N_GROUPS - 1e-9).astype(np.int64), N_GROUPS - 1)
    counts: list[Doubles] = [
        np.bincount(group, events, minlength=N_GROUPS + 1).astype(np.float64)
        for events in (reference, current)
    ]
    return stability_index(counts[0], counts[1])


def content_drift(items: Items, old: Rows, new: Rows) -> DriftScore:
    """Compare the content of new items with that of old ones.

    Each item belongs to the group of the most similar of ``N_GROUPS`` old items.

    Args:
        items: The catalogue.
        old: Rows of the items of the training.
        new: Rows of the items added since.
    """
    if len(old) < N_GROUPS or not len(new) or not items.blocks:
        return DriftScore(0.0, 0.0)
    centres = items.take(old[np.linspace(0, len(old) - 1, N_GROUPS + 2).astype(np.int64)[1:-1]])
    counts: list[Doubles] = []
    for rows in (old, new):
        nearest = np.argmax(centres.similarity(items.take(rows)), axis=0)
        counts.append(np.bincount(nearest, minlength=N_GROUPS).astype(np.float64))
    return stability_index(counts[0], counts[1])
