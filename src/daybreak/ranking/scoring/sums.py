"""Weighted sums of the weight matrices of strategies: the weights of a blend.

Start with :func:`sum_weighted`.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows

ROWS_PER_BLOCK = 16
"""Number of matrix rows that are summed at a time."""

Weighted = tuple[WeightMatrix, Floats]
"""A matrix, and the (n_items,) factors of its columns."""


def summed_size_bytes(weighted: Sequence[Weighted]) -> float:
    """Return the size of the sum of matrices; infinite with low-rank factors."""
    if any(matrix.left is not None for matrix, _ in weighted):
        return math.inf
    if any(matrix.dense is not None for matrix, _ in weighted):
        return 4.0 * max(math.prod(matrix.shape) for matrix, _ in weighted)
    return 8.0 * sum(int(m.sparse.nnz) for m, _ in weighted if m.sparse is not None)


def sum_weighted(weighted: Sequence[Weighted], features: Rows | None = None) -> WeightMatrix:
    """Return the sum of matrices without low-rank factors, with weighted columns.

    The dense part is contiguous by rows: a product with few features reads only their rows.

    Args:
        weighted: The matrices and the factors of their columns.
        features: Rows of the matrices that are summed, and nothing else is read; default: all.
            Their numbers are those of the sum of all rows.
    """
    if features is not None:
        weighted = [(matrix.take_features(features), factors) for matrix, factors in weighted]
    dense = _sum_dense([(m, factors) for m, factors in weighted if m.dense is not None])
    sparse: Any = None
    for matrix, factors in weighted:
        if matrix.sparse is not None:
            scaled = WeightMatrix(sparse=matrix.sparse).scale_columns(factors).sparse
            sparse = scaled if sparse is None else sparse + scaled
    if dense is not None and sparse is not None:
        dense += sparse.toarray()
        sparse = None
    return WeightMatrix(dense, sparse)


def _sum_dense(weighted: Sequence[Weighted]) -> Floats | None:
    """Return the sum of the dense parts with weighted columns; None without matrices.

    A few rows of all matrices are summed at a time, so that they stay in the processor cache.
    """
    if not weighted:
        return None
    height, width = weighted[0][0].shape
    total = np.zeros((height, width), dtype=np.float32)
    buffer = np.empty((min(ROWS_PER_BLOCK, height), width), dtype=np.float32)
    factors = [_without_empty_columns(matrix, given) for matrix, given in weighted]
    for start in range(0, height, ROWS_PER_BLOCK):
        rows = slice(start, min(start + ROWS_PER_BLOCK, height))
        block, product = total[rows], buffer[: rows.stop - start]
        for (matrix, _), scale in zip(weighted, factors, strict=True):
            matrix.add_scaled_rows(block, rows, scale, product)
    return total


def _without_empty_columns(matrix: WeightMatrix, factors: Floats) -> Floats:
    """Return factors of 0 for the items whose column is one of zeros."""
    return factors if matrix.columns is None else np.where(matrix.columns < 0, 0, factors)


def scores_differ(linear: LinearScorer) -> bool:
    """Return whether scores can differ between any two items."""
    bias = linear.bias[linear.scored]
    if not len(bias):
        return False
    matrix = linear.weights
    if np.ptp(bias) or (matrix.sparse is not None and matrix.sparse.nnz):
        return True
    return any(part is not None and part.any() for part in (matrix.dense, matrix.right))
