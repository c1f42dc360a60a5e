"""Weighted sums of the weight matrices of strategies: the weights of a blend.

Start with :func:`sum_weighted`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from daybreak.data.sparse_rows import make_csr, with_short_indices
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.quantized_weights import (
    QuantizedWeights,
    quantize_weights,
    quantized_size_bytes,
)
from daybreak.ranking.scoring.scaled_columns import ScaledColumns, effective_factors
from daybreak.types import Floats, Rows, Sparse

MIN_QUANTIZED_BYTES = 64_000_000
"""Smallest dense sum whose weights are stored as 8-bit integers [bytes of float32]."""
ROWS_PER_BLOCK = 16
"""Number of matrix rows that are summed at a time."""

Weighted = tuple[WeightMatrix, Floats]
"""A matrix, and the (n_items,) factors of its columns."""
StoredSum = WeightMatrix | QuantizedWeights
"""A sum of matrices: as it is, or with weights of 8 bits."""


def is_quantized(weighted: Sequence[Weighted], min_bytes: float = MIN_QUANTIZED_BYTES) -> bool:
    """Return whether the sum of matrices is so large that its weights have 8 bits.

    Args:
        weighted: The matrices and the factors of their columns.
        min_bytes: Smallest dense sum for which it is so [bytes of float32].
    """
    size = summed_size_bytes(weighted)
    return math.isfinite(size) and _has_dense(weighted) and size >= min_bytes


def stored_size_bytes(
    weighted: Sequence[Weighted], min_bytes: float = MIN_QUANTIZED_BYTES
) -> float:
    """Return the size of the sum of matrices as it is stored; see :func:`is_quantized`."""
    if not is_quantized(weighted, min_bytes):
        return summed_size_bytes(weighted)
    n_features = max(matrix.shape[0] for matrix, _ in weighted)
    return quantized_size_bytes((n_features, len(_used_columns(weighted))))


def summed_size_bytes(weighted: Sequence[Weighted]) -> float:
    """Return the size of the sum of matrices; infinite with low-rank factors."""
    if any(matrix.left is not None for matrix, _ in weighted):
        return math.inf
    if _has_dense(weighted):
        return 4.0 * max(math.prod(matrix.shape) for matrix, _ in weighted)
    return 8.0 * sum(int(m.sparse.nnz) for m, _ in weighted if m.sparse is not None)


def store_sum(
    weighted: Sequence[Weighted],
    min_bytes: float = MIN_QUANTIZED_BYTES,
    features: Rows | None = None,
) -> StoredSum:
    """Return the sum of matrices as it is stored.

    Args:
        weighted: The matrices and the factors of their columns.
        min_bytes: See :func:`is_quantized`.
        features: Rows of the matrices that are summed; their numbers are those of the sum of
            all rows. Default: all.
    """
    if not is_quantized(weighted, min_bytes):
        return sum_weighted(weighted, features)
    if features is not None:
        weighted = [(matrix.take_features(features), factors) for matrix, factors in weighted]
    return sum_quantized(weighted)


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
    if sparse is not None:
        sparse = with_short_indices(sparse)
    if dense is not None and sparse is not None:
        dense += sparse.toarray()
        sparse = None
    return WeightMatrix(dense, sparse)


def share_indices(matrix: StoredSum, others: Iterable[StoredSum | None]) -> StoredSum:
    """Return a sum that uses the indices of another one with entries at the same places.

    Args:
        matrix: A sum; one without a sparse part is returned as it is.
        others: Matrices whose indices may be used, which nobody changes.

    Example:
        >>> import scipy.sparse as sp
        >>> one, other = (WeightMatrix(sparse=sp.csr_array([[0.0, n]])) for n in (1, 2))
        >>> shared = share_indices(other, [one])
        >>> shared.sparse.indices is one.sparse.indices, shared.to_dense()
        (True, array([[0., 2.]], dtype=float32))
    """
    sparse = None if isinstance(matrix, QuantizedWeights) else matrix.sparse
    if isinstance(matrix, QuantizedWeights) or sparse is None:
        return matrix
    for other in others:
        like = None if isinstance(other, QuantizedWeights | None) else other.sparse
        if like is not None and _has_same_entries(sparse, like):
            shared = make_csr(sparse.data, like.indices, like.indptr, sparse.shape)
            return WeightMatrix(matrix.dense, shared, matrix.left, matrix.right, matrix.columns)
    return matrix


def _has_same_entries(matrix: Sparse, other: Sparse) -> bool:
    """Return whether two CSR matrices have entries at the same places, in the same order."""
    return (
        matrix.shape == other.shape
        and matrix.indices.dtype == other.indices.dtype
        and matrix.indptr.dtype == other.indptr.dtype
        and np.array_equal(matrix.indptr, other.indptr)
        and np.array_equal(matrix.indices, other.indices)
    )


def sum_quantized(weighted: Sequence[Weighted]) -> QuantizedWeights:
    """Return the sum of matrices without low-rank factors with weights of 8 bits.

    Items that no strategy scores have no column. The sum is never written out.

    Args:
        weighted: The matrices, of which one has a dense part, and the factors of their columns.
    """
    n_items, used = len(weighted[0][1]), _used_columns(weighted)
    n_features = max(matrix.shape[0] for matrix, _ in weighted)
    columns: Rows | None = None
    if len(used) < n_items:
        columns = np.full(n_items, -1, dtype=np.int64)
        columns[used] = np.arange(len(used))
        weighted = [
            (_take_columns(matrix, used), factors[used]) for matrix, factors in weighted
        ]
    return quantize_weights(_iter_sums(weighted), (n_features, len(used)), columns)


def _iter_sums(weighted: Sequence[Weighted]) -> Iterator[Floats]:
    """Yield the rows of the sum of all parts, a few at a time in one array."""
    scaled = [ScaledColumns.of(matrix, factors) for matrix, factors in weighted]
    height, width = _dense_shape(weighted)
    total, buffer = np.empty((2, min(ROWS_PER_BLOCK, height), width), dtype=np.float32)
    for start in range(0, height, ROWS_PER_BLOCK):
        rows = slice(start, min(start + ROWS_PER_BLOCK, height))
        block = total[: rows.stop - start]
        block.fill(0)
        for one in scaled:
            one.add_dense_rows(block, rows, buffer[: len(block)])
        for one in scaled:
            one.add_sparse_rows(block, rows)
        yield block


def _dense_shape(weighted: Sequence[Weighted]) -> tuple[int, int]:
    """Return the number of features and items of matrices of which one has a dense part."""
    dense = next(matrix.dense for matrix, _ in weighted if matrix.dense is not None)
    return dense.shape[0], len(weighted[0][1])


def _take_columns(matrix: WeightMatrix, items: Rows) -> WeightMatrix:
    """Return a matrix of some items; its dense part is not copied."""
    sparse = None if matrix.sparse is None else matrix.sparse[:, items]
    if matrix.dense is None:
        return WeightMatrix(sparse=sparse)
    columns = items if matrix.columns is None else matrix.columns[items]
    return WeightMatrix(matrix.dense, sparse, columns=columns)


def _has_dense(weighted: Sequence[Weighted]) -> bool:
    return any(matrix.dense is not None for matrix, _ in weighted)


def _used_columns(weighted: Sequence[Weighted]) -> Rows:
    """Return the items that have a factor other than zero in any matrix."""
    is_used = np.zeros(len(weighted[0][1]), dtype=bool)
    for matrix, factors in weighted:
        is_dense = matrix.sparse is None
        is_used |= (effective_factors(matrix, factors) if is_dense else factors) != 0
    return np.flatnonzero(is_used)


def _sum_dense(weighted: Sequence[Weighted]) -> Floats | None:
    """Return the sum of the dense parts with weighted columns; None without matrices.

    A few rows of all matrices are summed at a time, so that they stay in the processor cache.
    """
    if not weighted:
        return None
    height, width = weighted[0][0].shape
    scaled = [ScaledColumns.of(matrix, factors) for matrix, factors in weighted]
    total = np.zeros((height, width), dtype=np.float32)
    buffer = np.empty((min(ROWS_PER_BLOCK, height), width), dtype=np.float32)
    for start in range(0, height, ROWS_PER_BLOCK):
        rows = slice(start, min(start + ROWS_PER_BLOCK, height))
        for one in scaled:
            one.add_dense_rows(total[rows], rows, buffer[: rows.stop - start])
    return total


def scores_differ(linear: LinearScorer) -> bool:
    """Return whether scores can differ between any two items."""
    bias = linear.bias[linear.scored]
    if not len(bias):
        return False
    matrix = linear.weights
    if np.ptp(bias) or (matrix.sparse is not None and matrix.sparse.nnz):
        return True
    return any(part is not None and part.any() for part in (matrix.dense, matrix.right))
