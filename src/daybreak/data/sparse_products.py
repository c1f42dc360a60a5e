"""Products of small CSR matrices, without the checks of scipy; the numbers are those of ``@``.

A request for one list multiplies about ten small matrices with large ones. The checks of scipy
take several times as long as these products, and where the types of two matrices differ, scipy
converts the whole large one. Start with :func:`multiply_dense` and :func:`multiply_sparse`.
"""

from typing import Any

import numpy as np

from daybreak.data.sparse_rows import empty_csr, make_csr, take_rows
from daybreak.types import Floats, Rows, Sparse

try:
    from scipy.sparse import _sparsetools

    KERNELS: Any = _sparsetools
    """Compiled loops of scipy over parts of CSR matrices; None: scipy does not have them."""
except ImportError:  # pragma: no cover - a scipy without this module
    KERNELS = None

MAX_SPARE_ENTRIES = 1_000_000
"""Largest number of entries for which memory is taken before equal ones are summed."""
MAX_ENTRIES = np.iinfo(np.int32).max
"""Largest number of entries of a product that 32-bit indices can count."""


def multiply_dense(matrix: Sparse, dense: Floats) -> Floats:
    """Return ``matrix @ dense`` of a (n, k) CSR matrix and a (k, m) array.

    Example:
        >>> import scipy.sparse as sp
        >>> multiply_dense(sp.csr_array([[0.0, 2.0]]), np.array([[1.0], [3.0]]))
        array([[6.]])
    """
    if not _is_plain(matrix, dense):
        product: Floats = matrix @ dense
        return product
    (n, k), m = matrix.shape, dense.shape[1]
    total = np.zeros((n, m), dtype=dense.dtype)
    KERNELS.csr_matvecs(
        n, k, m, matrix.indptr, matrix.indices, matrix.data, dense.ravel(), total.ravel()
    )
    return total


def multiply_sparse(left: Sparse, right: Sparse) -> Sparse:
    """Return ``left @ right`` of two CSR matrices as CSR.

    The entries of a row have the order that scipy gives them, which decides the last bits of
    later sums. Only rows of ``right`` that a product needs are converted to another type.

    Example:
        >>> import scipy.sparse as sp
        >>> multiply_sparse(sp.csr_array([[0.0, 2.0]]), sp.csr_array([[1.0], [3.0]])).toarray()
        array([[6.]])
    """
    if not _are_csr(left, right):
        return left @ right
    dtype = np.result_type(left.data, right.data)
    if right.data.dtype != dtype:
        right = take_rows(right, left.indices)
        right = make_csr(right.data.astype(dtype), right.indices, right.indptr, right.shape)
        left = make_csr(left.data, np.arange(left.nnz), left.indptr, (left.shape[0], left.nnz))
    kind, shape = right.indices.dtype, (left.shape[0], right.shape[1])
    left_parts = (left.indptr.astype(kind, copy=False), left.indices.astype(kind, copy=False))
    n_entries = int((right.indptr[left.indices + 1] - right.indptr[left.indices]).sum())
    if n_entries > MAX_SPARE_ENTRIES:  # some of them may be sums
        parts = (*left_parts, right.indptr, right.indices)
        n_entries = KERNELS.csr_matmat_maxnnz(*shape, *parts)
    if not n_entries:
        return empty_csr(shape).astype(dtype, copy=False)
    if n_entries > MAX_ENTRIES and kind == np.int32:
        return left @ right
    starts = np.empty(shape[0] + 1, dtype=kind)
    columns, values = np.empty(n_entries, dtype=kind), np.empty(n_entries, dtype=dtype)
    left_values = left.data.astype(dtype, copy=False)
    factors = (*left_parts, left_values, right.indptr, right.indices, right.data)
    KERNELS.csr_matmat(*shape, *factors, starts, columns, values)
    return make_csr(values[: starts[-1]], columns[: starts[-1]], starts, shape)


def multiply_sparse_to_dense(left: Sparse, right: Sparse) -> Floats:
    """Return ``(left @ right).toarray()`` of two CSR matrices.

    Example:
        >>> import scipy.sparse as sp
        >>> both = sp.csr_array([[0.0, 2.0]]), sp.csr_array([[1.0], [3.0]])
        >>> multiply_sparse_to_dense(*both)
        array([[6.]])
    """
    if not _are_csr(left, right) or left.data.dtype != right.data.dtype:
        return _to_dense(multiply_sparse(left, right))
    # The rows of each product one after the other: their sums are made in the dense array.
    kind = right.indices.dtype
    rows = left.indices.astype(kind, copy=False)
    sizes = right.indptr[rows + 1] - right.indptr[rows]
    n_entries = int(sizes.sum())
    if n_entries > MAX_SPARE_ENTRIES:
        return _to_dense(multiply_sparse(left, right))
    columns, values = np.empty(n_entries, dtype=kind), np.empty(n_entries, right.data.dtype)
    KERNELS.csr_row_index(
        len(rows), rows, right.indptr, right.indices, right.data, columns, values
    )
    values *= np.repeat(left.data, sizes)
    ends = np.zeros(len(rows) + 1, dtype=kind)
    np.cumsum(sizes, out=ends[1:])
    total = np.zeros((left.shape[0], right.shape[1]), dtype=values.dtype)
    KERNELS.csr_todense(*total.shape, ends[left.indptr], columns, values, total)
    return total


def _to_dense(matrix: Sparse) -> Floats:
    if KERNELS is None:
        whole: Floats = matrix.toarray()
        return whole
    n, m = matrix.shape
    total = np.zeros((n, m), dtype=matrix.data.dtype)
    KERNELS.csr_todense(n, m, matrix.indptr, matrix.indices, matrix.data, total)
    return total


def add_multiples(
    total: Floats, dense: Floats, starts: Rows, targets: Rows, factors: Floats
) -> None:
    """Add multiples of the rows of one array to rows of another, one row after the other.

    Args:
        total: (n, m) contiguous, to which is added.
        dense: (k, m) contiguous, of the same type.
        starts: (k + 1,) position of the first target of each row of ``dense``, and the end.
        targets: Rows of ``total``.
        factors: As many factors.

    Example:
        >>> total = np.ones((2, 1))
        >>> starts, targets = np.array([0, 1, 3]), np.array([1, 0, 1])
        >>> dense, factors = np.array([[1.0], [10.0]]), np.array([1.0, 2.0, 3.0])
        >>> add_multiples(total, dense, starts, targets, factors)
        >>> total
        array([[21.],
               [32.]])
    """
    n, m = total.shape
    if KERNELS is None:
        sizes = np.diff(starts)
        span = slice(int(starts[0]), int(starts[-1]))
        rows = np.repeat(np.arange(len(dense)), sizes)
        np.add.at(total, targets[span], factors[span, None] * dense[rows])
        return
    KERNELS.csc_matvecs(
        n, len(dense), m, starts, targets, factors, dense.ravel(), total.ravel()
    )


def add_scaled_rows(total: Floats, matrix: Sparse, rows: slice, factors: Floats) -> None:
    """Add some rows of a CSR matrix, each column multiplied by its factor, to an array.

    Args:
        total: (n_rows, n_columns) contiguous, to which is added.
        matrix: The matrix.
        rows: Rows of the matrix, from a start to a stop.
        factors: (n_columns,)

    Example:
        >>> import scipy.sparse as sp
        >>> total, matrix = np.ones((1, 2)), sp.csr_array([[0.0, 2.0]])
        >>> add_scaled_rows(total, matrix, slice(0, 1), np.array([9.0, 3.0]))
        >>> total
        array([[1., 7.]])
    """
    starts = matrix.indptr[rows.start : rows.stop + 1]
    columns = matrix.indices[starts[0] : starts[-1]]
    values = matrix.data[starts[0] : starts[-1]] * factors[columns]
    starts = starts - starts[0]
    if KERNELS is None or starts.dtype != columns.dtype or values.dtype != total.dtype:
        total += make_csr(values, columns, starts, total.shape).toarray()
    else:
        KERNELS.csr_todense(*total.shape, starts, columns, values, total)


def _is_plain(matrix: Sparse, dense: Floats) -> bool:
    """Return whether a product needs no conversion of an array."""
    return (
        KERNELS is not None
        and isinstance(dense, np.ndarray)
        and dense.ndim == 2
        and matrix.data.dtype == dense.dtype
        and matrix.shape[1] == dense.shape[0]
        and matrix.indices.dtype == matrix.indptr.dtype
        and dense.flags.c_contiguous
    )


def _are_csr(left: Sparse, right: Sparse) -> bool:
    """Return whether the product of two matrices is one of CSR matrices with usual parts."""
    return (
        KERNELS is not None
        and left.format == right.format == "csr"
        and left.shape[1] == right.shape[0]
        and right.indices.dtype == right.indptr.dtype
    )
