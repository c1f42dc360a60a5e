"""Mean scores of strategies, by which the scores of a blend are centred."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.query_features import SEPARATE_KINDS
from daybreak.types import Floats, Mask


@dataclass(frozen=True, eq=False)
class ScoreCentre:
    """Mean score of a strategy over items with events: ``constant + features @ weights``."""

    weights: Floats
    """(n_features,), empty if the mean does not depend on the features"""
    constant: float


def score_centre(linear: LinearScorer, is_warm: Mask, kind: str) -> ScoreCentre:
    """Return the mean score of a strategy over warm items.

    Args:
        linear: The strategy as a linear function.
        is_warm: (n_items,)
        kind: Kind of its features; the scores of some kinds are not centred.
    """
    if not is_warm.any() or kind in SEPARATE_KINDS:
        return ScoreCentre(np.zeros(0, dtype=np.float32), 0.0)
    mean = (is_warm / is_warm.sum()).astype(np.float32)
    return ScoreCentre(_multiply(linear.weights, mean), float(linear.bias @ mean))


def _multiply(matrix: WeightMatrix, vector: Floats) -> Floats:
    """Return ``matrix @ vector``; empty for a matrix without parts."""
    total: Any = None
    for part in (matrix.full_dense(), matrix.sparse):
        if part is not None:
            product = part @ vector
            total = product if total is None else total + product
    if matrix.left is not None and matrix.right is not None:
        product = matrix.left @ (matrix.right @ vector)
        total = product if total is None else total + product
    return np.zeros(0, dtype=np.float32) if total is None else np.asarray(total, np.float32)
