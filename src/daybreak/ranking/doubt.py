"""How far the score of a new item may be from what its content says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daybreak.data.items import WEIGHTS, Items
from daybreak.models.bridge import RIDGE
from daybreak.models.statistics import inverse, ridged
from daybreak.types import Floats, Rows

LANDMARKS = 1_500
"""Items with events that the regression rests on; the cost grows with their third power."""
LEAST = 20
"""Items with events below which nothing is known of how well content tells scores."""


@dataclass(frozen=True, eq=False)
class Doubt:
    """The posterior variance of scores, given the content of an item and the items with events.

    The score that an item gets once it has events is a function of its content and of what is
    its own. That function is a Gaussian process over content, with the kernel of the content
    strategies and a nugget for what is an item's own. At a new item ``x`` its variance is
    ``s² (k(x, x) + λ - k_x' (K + λI)^-1 k_x)``, the kernel form of ``s² x'(X'X + λI)^-1 x``
    plus the nugget ``s² λ``. The scale ``s²`` is measured: scores of items with events are
    predicted from the content of the others, leaving each out, and ``s²`` makes the mean
    squared standardised residual 1. It is measured for each level of warmth of the user.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.26
        (variance), 5.12 (residuals and variances with one left out).
    """

    landmarks: Items
    solve: Floats
    """(n_landmarks, n_landmarks) ``(K + λI)^-1``"""
    scale: Floats
    """(n_levels,) s"""

    @classmethod
    def of(cls, landmarks: Items, scores: Mapping[int, Floats], n_levels: int) -> "Doubt":
        """Measure it.

        Args:
            landmarks: Items with events.
            scores: By level, (n_queries, n_landmarks) scores of those items.
            n_levels: A level without scores has the scale of the nearest one that has some.
        """
        solve = inverse(ridged(landmarks.similarity(landmarks), RIDGE)).astype(np.float32)
        found = {level: spread_of(values, solve) for level, values in scores.items()}
        at = np.array(sorted(found))
        scale = [found[int(at[np.argmin(abs(at - n))])] for n in range(n_levels)]
        return cls(landmarks, solve, np.array(scale, dtype=np.float32))

    def spread(self, items: Items) -> Floats:
        """Return (n_items,) standard deviations in units of ``scale``."""
        near = self.landmarks.similarity(items)
        told = np.einsum("ln,ln->n", near, self.solve @ near)
        left = np.maximum(own_similarity(items) - told, 0.0) + RIDGE
        return np.asarray(np.sqrt(left), dtype=np.float32)


def spread_of(scores: Floats, solve: Floats) -> float:
    """Return ``s`` from (n_queries, n_items) scores; items are predicted from each other.

    Example:
        Two items unlike each other: K + λI = 2 I. Centred scores -1 and 1 are both predicted as
        0, with variance 2 s²; so s² = mean(1 / 2, 1 / 2).

        >>> round(spread_of(np.array([[1.0, 3.0]]), np.eye(2) / 2) ** 2, 6)
        0.5
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    own = np.diag(solve)
    residual = (centred @ solve) / own
    return float(np.sqrt((residual**2 * own).mean()))


def own_similarity(items: Items) -> Floats:
    """Return (n_items,) similarities of items with themselves."""
    total = np.zeros(len(items), dtype=np.float32)
    for block in items.blocks:
        squares = block.matrix * block.matrix
        total += WEIGHTS.get(block.name, 1.0) * np.asarray(squares.sum(axis=1)).ravel()
    return total


def landmarks_among(rows: Rows) -> Rows:
    """Return at most ``LANDMARKS`` of some rows, evenly spaced."""
    if len(rows) <= LANDMARKS:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, LANDMARKS).astype(np.int64)])
