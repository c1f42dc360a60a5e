"""Uncertainty of the score of a new item, given its content."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Items
from daybreak.models.shared_content import KERNEL_RIDGE
from daybreak.models.shared_statistics import add_ridge, invert_spd_matrix
from daybreak.types import Floats, Rows

MAX_LANDMARKS = 1_500
"""Maximum number of items with events in the regression; its cost is cubic in this number."""
MIN_LANDMARKS = 20
"""Minimum number of items with events; with fewer, the uncertainty cannot be measured."""


@dataclass(frozen=True, eq=False)
class ContentUncertainty:
    """Posterior variance of scores, given the content of an item and the items with events.

    The score that an item gets once it has events is modelled as a Gaussian process over
    content, with the kernel of the content strategies and a nugget for the part that content
    does not explain. The variance at a new item ``x`` is ``s² (k(x, x) + λ - k_x' (K + λI)^-1
    k_x)``, the kernel form of ``s² x'(X'X + λI)^-1 x`` plus the nugget ``s² λ``. The scale
    ``s²`` is measured for each level of user events: scores of items with events are predicted
    from the content of the others, leaving each item out, and ``s²`` makes the mean squared
    standardised residual 1.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 2.26
        (variance), 5.12 (residuals and variances with one left out).
    """

    landmarks: Items
    inverse_kernel: Floats
    """(n_landmarks, n_landmarks) ``(K + λI)^-1``"""
    scale: Floats
    """(n_levels,) s"""

    @classmethod
    def from_scores(
        cls, landmarks: Items, scores: Mapping[int, Floats], n_levels: int
    ) -> "ContentUncertainty":
        """Measure the scale of every level.

        Args:
            landmarks: Items with events.
            scores: (n_queries, n_landmarks) scores of these items, by level.
            n_levels: Number of levels; one without scores gets the scale of the nearest.
        """
        kernel = add_ridge(landmarks.similarity(landmarks), KERNEL_RIDGE)
        inverse = invert_spd_matrix(kernel).astype(np.float32)
        measured = {level: residual_scale(values, inverse) for level, values in scores.items()}
        levels = np.array(sorted(measured))
        nearest = [int(levels[np.argmin(abs(levels - level))]) for level in range(n_levels)]
        scale = np.array([measured[level] for level in nearest], dtype=np.float32)
        return cls(landmarks, inverse, scale)

    def std(self, items: Items) -> Floats:
        """Return the (n_items,) standard deviations of the scores in units of ``scale``."""
        similarity = self.landmarks.similarity(items)
        explained = np.einsum("ln,ln->n", similarity, self.inverse_kernel @ similarity)
        variance = np.maximum(self_similarity(items) - explained, 0.0) + KERNEL_RIDGE
        return np.asarray(np.sqrt(variance), dtype=np.float32)


def residual_scale(scores: Floats, inverse_kernel: Floats) -> float:
    """Return the scale ``s`` of leave-one-out residuals.

    Args:
        scores: (n_queries, n_items) scores; each item is predicted from the others.
        inverse_kernel: (n_items, n_items) ``(K + λI)^-1``.

    Example:
        Two dissimilar items: K + λI = 2 I. The centred scores -1 and 1 are both predicted as 0
        with variance 2 s², so s² = mean(1 / 2, 1 / 2).

        >>> round(residual_scale(np.array([[1.0, 3.0]]), np.eye(2) / 2) ** 2, 6)
        0.5
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    precision = np.diag(inverse_kernel)
    residual = (centred @ inverse_kernel) / precision
    return float(np.sqrt((residual**2 * precision).mean()))


def self_similarity(items: Items) -> Floats:
    """Return the (n_items,) similarities of items with themselves."""
    total = np.zeros(len(items), dtype=np.float32)
    for block in items.blocks:
        squares = np.asarray((block.matrix * block.matrix).sum(axis=1)).ravel()
        total += block.weight * squares
    return total


def select_landmarks(rows: Rows) -> Rows:
    """Return at most ``MAX_LANDMARKS`` of the rows, evenly spaced."""
    if len(rows) <= MAX_LANDMARKS:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, MAX_LANDMARKS).astype(np.int64)])
