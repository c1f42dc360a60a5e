"""How far the score of a new item may be from what its content says."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, Items
from daybreak.models.shared_content import KERNEL_RIDGE
from daybreak.models.shared_statistics import add_ridge, invert_spd_matrix
from daybreak.types import Floats, Rows

MAX_LANDMARKS = 1_500
"""Items with events that the regression rests on; the cost grows with their third power."""
MIN_LANDMARKS = 20
"""Items with events below which nothing is known of how well content tells scores."""


@dataclass(frozen=True, eq=False)
class ContentUncertainty:
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
    inverse_kernel: Floats
    """(n_landmarks, n_landmarks) ``(K + λI)^-1``"""
    scale: Floats
    """(n_levels,) s"""

    @classmethod
    def from_scores(
        cls, landmarks: Items, scores: Mapping[int, Floats], n_levels: int
    ) -> "ContentUncertainty":
        """Measure it.

        Args:
            landmarks: Items with events.
            scores: By level, (n_queries, n_landmarks) scores of those items.
            n_levels: A level without scores has the scale of the nearest one that has some.
        """
        solve = invert_spd_matrix(
            add_ridge(landmarks.similarity(landmarks), KERNEL_RIDGE)
        ).astype(np.float32)
        found = {level: residual_scale(values, solve) for level, values in scores.items()}
        at = np.array(sorted(found))
        scale = [found[int(at[np.argmin(abs(at - n))])] for n in range(n_levels)]
        return cls(landmarks, solve, np.array(scale, dtype=np.float32))

    def std(self, items: Items) -> Floats:
        """Return (n_items,) standard deviations in units of ``scale``."""
        near = self.landmarks.similarity(items)
        told = np.einsum("ln,ln->n", near, self.inverse_kernel @ near)
        left = np.maximum(self_similarity(items) - told, 0.0) + KERNEL_RIDGE
        return np.asarray(np.sqrt(left), dtype=np.float32)


def residual_scale(scores: Floats, inverse_kernel: Floats) -> float:
    """Return ``s`` from (n_queries, n_items) scores; items are predicted from each other.

    Example:
        Two items unlike each other: K + λI = 2 I. Centred scores -1 and 1 are both predicted as
        0, with variance 2 s²; so s² = mean(1 / 2, 1 / 2).

        >>> round(residual_scale(np.array([[1.0, 3.0]]), np.eye(2) / 2) ** 2, 6)
        0.5
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    own = np.diag(inverse_kernel)
    residual = (centred @ inverse_kernel) / own
    return float(np.sqrt((residual**2 * own).mean()))


def self_similarity(items: Items) -> Floats:
    """Return (n_items,) similarities of items with themselves."""
    total = np.zeros(len(items), dtype=np.float32)
    for block in items.blocks:
        squares = block.matrix * block.matrix
        total += (
            BLOCK_SIMILARITY_WEIGHTS.get(block.name, 1.0)
            * np.asarray(squares.sum(axis=1)).ravel()
        )
    return total


def select_landmarks(rows: Rows) -> Rows:
    """Return at most ``MAX_LANDMARKS`` of some rows, evenly spaced."""
    if len(rows) <= MAX_LANDMARKS:
        return rows
    return np.asarray(rows[np.linspace(0, len(rows) - 1, MAX_LANDMARKS).astype(np.int64)])
