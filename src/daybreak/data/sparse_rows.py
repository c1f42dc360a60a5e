"""Fast construction and slicing of CSR matrices, without the checks of scipy."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.types import Floats, Rows, Sparse


def build_csr(row: Rows, column: Rows, values: Floats, shape: tuple[int, int]) -> Sparse:
    """Return the CSR matrix of the entries; duplicate entries are summed.

    Args:
        row: (n_entries,) row of each entry, in any order.
        column: (n_entries,) column of each entry.
        values: (n_entries,) value of each entry.
        shape: Shape of the matrix.

    Example:
        >>> ones = np.ones(2, dtype=np.float32)
        >>> build_csr(np.array([2, 0]), np.array([1, 0]), ones, (3, 2)).toarray()
        array([[1., 0.],
               [0., 0.],
               [0., 1.]], dtype=float32)
    """
    if (row[1:] < row[:-1]).any():
        order = np.argsort(row, kind="stable")
        row, column, values = row[order], column[order], values[order]
    ends = np.cumsum(np.bincount(row, minlength=shape[0]))
    return sp.csr_array((values, column, np.concatenate([[0], ends])), shape=shape)


def take_rows(matrix: Sparse, rows: Rows) -> Sparse:
    """Return the given rows of a CSR matrix; row -1 is empty.

    Example:
        >>> take_rows(sp.csr_array([[1.0, 0.0], [0.0, 2.0]]), np.array([1, -1, 0])).toarray()
        array([[0., 2.],
               [0., 0.],
               [1., 0.]])
    """
    starts = matrix.indptr[rows]
    sizes = np.where(rows >= 0, matrix.indptr[rows + 1] - starts, 0)
    ends = np.cumsum(sizes)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    parts = (matrix.data[at], matrix.indices[at], np.concatenate([[0], ends]))
    return sp.csr_array(parts, shape=(len(rows), matrix.shape[1]))


def slice_rows(matrix: Sparse, span: slice) -> Sparse:
    """Return a slice of the rows of a CSR matrix.

    Example:
        >>> slice_rows(sp.csr_array([[1.0], [2.0], [3.0]]), slice(1, 3)).toarray()
        array([[2.],
               [3.]])
    """
    starts = matrix.indptr[span.start : span.stop + 1]
    mine = slice(starts[0], starts[-1])
    parts = (matrix.data[mine], matrix.indices[mine], starts - starts[0])
    return sp.csr_array(parts, shape=(span.stop - span.start, matrix.shape[1]))


def entry_indices(matrix: Sparse) -> tuple[Rows, Any]:
    """Return the rows and columns of the entries of a CSR matrix, as an index.

    Example:
        >>> rows, columns = entry_indices(sp.csr_array([[0.0, 1.0], [2.0, 0.0]]))
        >>> rows.tolist(), columns.tolist()
        ([0, 1], [1, 0])
    """
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices
