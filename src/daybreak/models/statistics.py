"""Sums over users that several models share; each is computed once for a data set."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.types import Floats, Rows, Sparse

T = TypeVar("T")

DENSE_LIMIT = 6_000
"""Anchors up to which item-item matrices are dense: 144 MB each at the limit."""
NEIGHBOURS = 200
"""Weights kept for an item in the sparse matrices of larger catalogues."""
MOST_EVENTS = 1_000
"""Events of one user that count in sparse co-occurrences; more say little of any one pair."""
BLOCK_CELLS = 32_000_000
"""Numbers in a dense block of a matrix that is made in parts: 128 MB."""


def once(data: Dataset, key: str, compute: Callable[[], T]) -> T:
    """Return a statistic from the memo of the data set, computing it the first time."""
    if key not in data.memo:
        data.memo[key] = compute()
    value: Any = data.memo[key]
    return value  # type: ignore[no-any-return]


def is_dense(data: Dataset) -> bool:
    """Whether item-item matrices of this catalogue fit in memory as they are."""
    return len(data.anchor_rows) <= DENSE_LIMIT


def gram(data: Dataset) -> Floats:
    """Return the dense (n_anchors, n_anchors) co-occurrence counts ``X'X``."""
    return once(data, "gram", lambda: dense_product(data.interactions, data.interactions))


def normalised(data: Dataset) -> Sparse:
    """Return ``Du^-1/2 X Di^-1/2``, the interactions divided by the roots of both degrees."""

    def compute() -> Sparse:
        x = data.interactions
        users = np.asarray(x.sum(axis=1)).ravel()
        left = sp.diags_array(1 / np.sqrt(np.maximum(users, 1)))
        right = sp.diags_array(1 / np.sqrt(np.maximum(data.counts, 1)))
        return sp.csr_array(left @ x @ right, dtype=np.float32)

    return once(data, "normalised", compute)


def dense_product(a: Sparse, b: Sparse, rows: int = 4_096) -> Floats:
    """Return the dense ``a'b``, in parts of ``rows`` users so that memory stays bounded."""
    total = np.zeros((a.shape[1], b.shape[1]), dtype=np.float32)
    for start in range(0, a.shape[0], rows):
        part = a[start : start + rows].toarray().astype(np.float32, copy=False)
        other = part if a is b else b[start : start + rows].toarray().astype(np.float32)
        total += part.T @ other
    return total


def spans(total: int, height: int, most: int = 1_024) -> Iterator[slice]:
    """Cut ``range(total)`` so that blocks of ``height`` rows keep to ``BLOCK_CELLS`` numbers.

    Example:
        >>> list(spans(5, 3, most=2))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    width = min(most, max(1, BLOCK_CELLS // max(height, 1)))
    for start in range(0, total, width):
        yield slice(start, min(start + width, total))


def sparse_cooccurrence(
    x: Sparse, rescale: Callable[[Floats, Rows, Rows], Floats], keep: int = NEIGHBOURS
) -> Sparse:
    """Return ``X'X`` without its diagonal, only the largest weights of each column kept.

    Args:
        x: (n_users, n_anchors) interactions.
        rescale: Turns counts, their rows and their columns to weights, element by element.
        keep: Weights kept for a column.

    Memory: 8 bytes a weight kept, and twelve times ``BLOCK_CELLS`` while at work.
    """
    capped = cap_rows(x, MOST_EVENTS)
    transposed = sp.csr_array(capped.T)
    parts = []
    for span in _even_spans(transposed @ np.diff(capped.indptr)):
        counts = sp.coo_array(transposed[span] @ capped)
        column, row = counts.row + span.start, counts.col
        off = column != row
        values = rescale(counts.data[off], row[off], column[off])
        at = (counts.row[off], row[off])
        parts.append(largest_of_rows(sp.csr_array((values, at), shape=counts.shape), keep))
    if not parts:
        return sp.csr_array((x.shape[1], x.shape[1]), dtype=np.float32)
    return sp.csr_array(sp.vstack(parts).T, dtype=np.float32)


def largest_of_rows(matrix: Sparse, keep: int) -> Sparse:
    """Return a CSR matrix with only the ``keep`` weights of largest size in each row."""
    starts, kept = matrix.indptr, np.ones(matrix.nnz, dtype=bool)
    for row in np.flatnonzero(np.diff(starts) > keep):
        span = slice(starts[row], starts[row + 1])
        least = np.argpartition(-np.abs(matrix.data[span]), keep)[keep:]
        kept[starts[row] + least] = False
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(starts))[kept]
    return sp.csr_array((matrix.data[kept], (rows, matrix.indices[kept])), shape=matrix.shape)


def largest(columns: Floats, keep: int) -> Sparse:
    """Return the ``keep`` weights of largest size in each column of a dense matrix, as CSC."""
    n_rows, n_columns = columns.shape
    if n_rows <= keep:
        return sp.csc_array(columns, dtype=np.float32)
    rows = np.argpartition(-np.abs(columns), keep, axis=0)[:keep]
    values = np.take_along_axis(columns, rows, axis=0)
    at = (rows.ravel(), np.tile(np.arange(n_columns), keep))
    kept = sp.csc_array((values.ravel(), at), shape=columns.shape, dtype=np.float32)
    kept.eliminate_zeros()
    return kept


def cap_rows(x: Sparse, most: int) -> Sparse:
    """Return the matrix with at most ``most`` entries a row, evenly spaced over the row."""
    sizes = np.diff(x.indptr)
    if not len(sizes) or sizes.max() <= most:
        return x
    position = np.arange(x.nnz) - np.repeat(x.indptr[:-1], sizes)
    size = np.repeat(sizes, sizes)
    keep = (size <= most) | ((position * most) // size != ((position - 1) * most) // size)
    rows = np.repeat(np.arange(x.shape[0]), sizes)
    return sp.csr_array((x.data[keep], (rows[keep], x.indices[keep])), shape=x.shape)


def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a symmetric positive definite matrix; destroys its argument."""
    if not matrix.size:
        return matrix
    from scipy.linalg import cholesky, get_lapack_funcs  # noqa: PLC0415 - slow, only to learn

    factor = cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
    potri = get_lapack_funcs("potri", (factor,))
    half, info = potri(factor, lower=1, overwrite_c=1)
    if info:
        raise np.linalg.LinAlgError(f"potri failed with {info}")
    lower = np.tril(half, -1)
    full: Floats = lower + lower.T
    full[np.diag_indices_from(full)] = half.diagonal()
    return full


def ridged(matrix: Floats, ridge: float) -> Floats:
    """Return a copy of a square matrix with a number added to its diagonal."""
    copy = matrix.copy()
    copy[np.diag_indices_from(copy)] += ridge
    return copy


def _even_spans(work: Floats) -> Iterator[slice]:
    """Cut rows into runs whose work sums to at most ``BLOCK_CELLS``, or of one row."""
    total = np.concatenate([[0], np.cumsum(work)])
    start = 0
    while start < len(work):
        stop = int(np.searchsorted(total, total[start] + BLOCK_CELLS, side="right")) - 1
        yield slice(start, max(stop, start + 1))
        start = max(stop, start + 1)
