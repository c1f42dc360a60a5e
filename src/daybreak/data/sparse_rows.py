"""Fast construction and slicing of CSR matrices, without the checks of scipy.

A request for one list builds about ten small matrices, and the training of a small shop a
thousand. The checks of scipy take thirty times as long as the matrix, and these matrices are
valid by construction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.types import Floats, Rows, Sparse

MAX_SHORT_INDEX = np.iinfo(np.int32).max
"""Largest side of a matrix whose indices have 32 bits."""
MIN_SHORT_ENTRIES = 10_000_000
"""Number of entries from which indices have 32 bits where they may, to save memory; with fewer,
they have those of scipy."""
MAX_SORTED_ENTRIES = 200_000
"""Number of entries up to which sorting them here is faster than scipy and its checks."""
BLOCK_ROWS = 50_000
"""Number of rows that are computed at a time where steps need several times their memory."""
_EMPTY = sp.csr_array((1, 1), dtype=np.float32)
_HAS_KNOWN_PARTS = vars(_EMPTY).keys() == {"_shape", "maxprint", "indptr", "indices", "data"}
"""Whether matrices of the installed scipy consist of the parts that :func:`make_csr` sets."""


def make_csr(values: Any, columns: Rows, starts: Rows, shape: tuple[int, int]) -> Sparse:
    """Return a CSR matrix of valid parts, which are not checked.

    The indices have the type that scipy chooses.

    Args:
        values: (n_entries,) value of each entry.
        columns: (n_entries,) column of each entry.
        starts: (n_rows + 1,) position of the first entry of each row, and ``n_entries``.
        shape: Shape of the matrix.

    Example:
        >>> ones = np.ones(2, dtype=np.float32)
        >>> make_csr(ones, np.array([1, 0]), np.array([0, 1, 2]), (2, 2)).toarray()
        array([[0., 1.],
               [1., 0.]], dtype=float32)
    """
    if not _HAS_KNOWN_PARTS:
        return sp.csr_array((values, columns, starts), shape=shape)
    is_short = columns.dtype == starts.dtype == np.int32 and max(shape) <= MAX_SHORT_INDEX
    kind = np.int32 if is_short else np.int64
    matrix = sp.csr_array.__new__(sp.csr_array)
    vars(matrix).update(
        _shape=(int(shape[0]), int(shape[1])),
        maxprint=_EMPTY.maxprint,
        data=np.asarray(values),
        indices=np.asarray(columns, dtype=kind),
        indptr=np.asarray(starts, dtype=kind),
    )
    return matrix


def empty_csr(shape: tuple[int, int]) -> Sparse:
    """Return a float32 CSR matrix without entries.

    Example:
        >>> empty_csr((2, 3)).nnz
        0
    """
    none = np.zeros(0, dtype=np.int64)
    starts = np.zeros(shape[0] + 1, dtype=np.int64)
    return make_csr(np.zeros(0, dtype=np.float32), none, starts, shape)


def as_csr(matrix: Any) -> Sparse:
    """Return a sparse matrix as CSR: itself if it is one.

    Example:
        >>> matrix = sp.csr_array([[1.0]])
        >>> as_csr(matrix) is matrix, as_csr(matrix.tocsc()).format
        (True, 'csr')
    """
    return matrix if type(matrix) is sp.csr_array else sp.csr_array(matrix)


def with_short_indices(matrix: Sparse) -> Sparse:
    """Return a CSR matrix whose indices have 32 bits, where these suffice; data are shared.

    Example:
        >>> matrix = make_csr(np.ones(1), np.array([1]), np.array([0, 1]), (1, 2))
        >>> matrix.indices.dtype, with_short_indices(matrix).indices.dtype
        (dtype('int64'), dtype('int32'))
    """
    if max(*matrix.shape, matrix.nnz) > MAX_SHORT_INDEX:
        return matrix
    columns, starts = (part.astype(np.int32) for part in (matrix.indices, matrix.indptr))
    return make_csr(matrix.data, columns, starts, matrix.shape)


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
    starts = np.zeros(shape[0] + 1, dtype=np.int64)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=starts[1:])
    return make_csr(values, column, starts, shape)


def sum_sorted(row: Rows, column: Rows, values: Floats, shape: tuple[int, int]) -> Sparse:
    """Return the CSR matrix of sorted entries; equal pairs are summed in their order.

    Args:
        row: (n_entries,) row of each entry, ascending.
        column: (n_entries,) column of each entry, ascending within a row.
        values: (n_entries,) value of each entry.
        shape: Shape of the matrix.

    Example:
        >>> ones = np.ones(3, dtype=np.float32)
        >>> sum_sorted(np.array([0, 0, 1]), np.array([1, 1, 0]), ones, (2, 2)).toarray()
        array([[0., 2.],
               [1., 0.]], dtype=float32)
    """
    is_new = np.ones(len(row), dtype=bool)
    is_new[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    if not is_new.all():
        sums = np.zeros(int(is_new.sum()), dtype=values.dtype)
        np.add.at(sums, np.cumsum(is_new) - 1, values)
        row, column, values = row[is_new], column[is_new], sums
    return build_csr(row, column, values, shape)


@dataclass(frozen=True, eq=False)
class EntryPlaces:
    """Where entries are in a CSR matrix with sorted columns, for several values of them.

    Example:
        >>> places = EntryPlaces.of(np.array([1, 0, 1]), np.array([1, 2, 0]), (2, 3))
        >>> places.fill(np.array([3.0, 4.0, 5.0], dtype=np.float32)).toarray()
        array([[0., 0., 4.],
               [5., 3., 0.]], dtype=float32)
    """

    row: Rows
    column: Rows
    shape: tuple[int, int]
    order: Rows | None
    """(n_entries,) the entries by row and column; None: scipy sorts them, as there are very
    many or some pair occurs twice."""
    columns: Rows
    starts: Rows

    @classmethod
    def of(cls, row: Rows, column: Rows, shape: tuple[int, int]) -> "EntryPlaces":
        """Sort the entries.

        Args:
            row: (n_entries,) row of each entry, in any order.
            column: (n_entries,) column of each entry.
            shape: Shape of the matrix.
        """
        none = np.zeros(0, dtype=np.int64)
        if len(row) > MAX_SORTED_ENTRIES:
            return cls(row, column, shape, None, none, none)
        pair = row.astype(np.int64) * shape[1] + column
        order = np.argsort(pair, kind="stable")
        pair = pair[order]
        if (pair[1:] == pair[:-1]).any():
            return cls(row, column, shape, None, none, none)
        starts = np.zeros(shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(row, minlength=shape[0]), out=starts[1:])
        return cls(row, column, shape, order, column[order], starts)

    def fill(self, values: Floats) -> Sparse:
        """Return the matrix of (n_entries,) values; those of equal pairs are summed."""
        if self.order is None:
            return self._fill_unsorted(values)
        return make_csr(values[self.order], self.columns, self.starts, self.shape)

    def _fill_unsorted(self, values: Floats) -> Sparse:
        if (self.row[1:] < self.row[:-1]).any():
            return sp.csr_array((values, (self.row, self.column)), shape=self.shape)
        # By row already, as events are: only the columns of each row are sorted, in place.
        starts = np.zeros(self.shape[0] + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.row, minlength=self.shape[0]), out=starts[1:])
        is_short = MIN_SHORT_ENTRIES <= len(self.row) <= MAX_SHORT_INDEX >= max(self.shape)
        kind = np.int32 if is_short else self.column.dtype
        parts = values.copy(), self.column.astype(kind), starts.astype(kind)
        matrix = sp.csr_array(parts, shape=self.shape)
        matrix.sum_duplicates()
        return matrix


def drop_zeros(matrix: Sparse) -> Sparse:
    """Return a CSR matrix without entries that are 0.

    Example:
        >>> stored = make_csr(np.array([0.0, 2.0]), np.array([0, 1]), np.array([0, 2]), (1, 2))
        >>> drop_zeros(stored).nnz, drop_zeros(stored).toarray()
        (1, array([[0., 2.]]))
    """
    kept = matrix.data != 0
    if kept.all():
        return matrix
    before = np.zeros(len(kept) + 1, dtype=matrix.indptr.dtype)
    np.cumsum(kept, out=before[1:])
    return make_csr(
        matrix.data[kept], matrix.indices[kept], before[matrix.indptr], matrix.shape
    )


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
    is_short = len(at) <= MAX_SHORT_INDEX
    starts = np.zeros(len(rows) + 1, dtype=matrix.indptr.dtype if is_short else np.int64)
    starts[1:] = ends
    return make_csr(matrix.data[at], matrix.indices[at], starts, (len(rows), matrix.shape[1]))


def take_any_rows(matrix: Any, rows: Rows) -> Any:
    """Return the given rows of a dense or a sparse matrix; sparse ones as CSR.

    Example:
        >>> take_any_rows(np.array([[1.0], [2.0]]), np.array([1])).tolist()
        [[2.0]]
    """
    return take_rows(as_csr(matrix), rows) if sp.issparse(matrix) else matrix[rows]


def slice_rows(matrix: Sparse, span: slice) -> Sparse:
    """Return a slice of the rows of a CSR matrix.

    Example:
        >>> slice_rows(sp.csr_array([[1.0], [2.0], [3.0]]), slice(1, 3)).toarray()
        array([[2.],
               [3.]])
    """
    starts = matrix.indptr[span.start : span.stop + 1]
    mine = slice(starts[0], starts[-1])
    shape = (span.stop - span.start, matrix.shape[1])
    return make_csr(matrix.data[mine], matrix.indices[mine], starts - starts[0], shape)


def row_blocks(n_rows: int) -> list[slice]:
    """Return slices of :data:`BLOCK_ROWS` rows at most; of no rows, one empty slice.

    Example:
        >>> row_blocks(3), len(row_blocks(BLOCK_ROWS + 1))
        ([slice(0, 3, None)], 2)
    """
    starts = range(0, n_rows, BLOCK_ROWS) or range(1)
    return [slice(start, min(start + BLOCK_ROWS, n_rows)) for start in starts]


def stack_row_blocks(n_rows: int, compute: Callable[[slice], Sparse]) -> Sparse:
    """Return a CSR matrix that is computed in blocks of rows, which bounds what steps need.

    Args:
        n_rows: Number of rows.
        compute: Function of a slice of rows that returns these rows.

    Example:
        >>> stack_row_blocks(2, lambda rows: sp.csr_array(np.eye(2)[rows])).toarray()
        array([[1., 0.],
               [0., 1.]])
    """
    blocks = [compute(rows) for rows in row_blocks(n_rows)]
    return blocks[0] if len(blocks) == 1 else sp.csr_array(sp.vstack(blocks, format="csr"))


def row_sizes(matrix: Sparse) -> Rows:
    """Return the (n_rows,) numbers of entries of the rows of a CSR matrix.

    Example:
        >>> row_sizes(sp.csr_array([[0.0, 1.0], [0.0, 0.0]])).tolist()
        [1, 0]
    """
    sizes: Rows = matrix.indptr[1:] - matrix.indptr[:-1]
    return sizes


def entry_indices(matrix: Sparse) -> tuple[Rows, Any]:
    """Return the rows and columns of the entries of a CSR matrix, as an index.

    Example:
        >>> rows, columns = entry_indices(sp.csr_array([[0.0, 1.0], [2.0, 0.0]]))
        >>> rows.tolist(), columns.tolist()
        ([0, 1], [1, 0])
    """
    return np.arange(matrix.shape[0]).repeat(row_sizes(matrix)), matrix.indices


def join_columns(left: Sparse, right: Sparse) -> Sparse:
    """Return the CSR matrix with the columns of one matrix followed by those of another.

    Example:
        >>> one = sp.csr_array([[1.0, 0.0], [0.0, 2.0]])
        >>> join_columns(one, sp.csr_array([[0.0], [3.0]])).toarray()
        array([[1., 0., 0.],
               [0., 2., 3.]])
    """
    width = left.shape[1] + right.shape[1]
    starts = left.indptr + right.indptr
    of_left = np.arange(left.nnz) + np.repeat(right.indptr[:-1], row_sizes(left))
    of_right = np.arange(right.nnz) + np.repeat(left.indptr[1:], row_sizes(right))
    kind = np.result_type(left.indices, right.indices)
    columns = np.empty(len(of_left) + len(of_right), dtype=kind)
    values = np.empty(len(columns), dtype=np.result_type(left.data, right.data))
    columns[of_left], values[of_left] = left.indices, left.data
    columns[of_right], values[of_right] = right.indices + left.shape[1], right.data
    return make_csr(values, columns, starts, (left.shape[0], width))


def stack_rows(top: Sparse, bottom: Sparse) -> Sparse:
    """Return the CSR matrix with the rows of one matrix followed by those of another.

    Example:
        >>> stack_rows(sp.csr_array([[1.0, 0.0]]), sp.csr_array([[0.0, 2.0]])).toarray()
        array([[1., 0.],
               [0., 2.]])
    """
    return make_csr(
        np.concatenate([top.data, bottom.data]),
        np.concatenate([top.indices, bottom.indices]),
        np.concatenate([top.indptr, bottom.indptr[1:] + top.indptr[-1]]),
        (top.shape[0] + bottom.shape[0], top.shape[1]),
    )


def has_equal_values(one: Any, other: Any) -> bool:
    """Return whether two matrices, dense or CSR, have the same entries in the same order.

    Example:
        >>> has_equal_values(sp.csr_array([[1.0, 0.0]]), sp.csr_array([[1.0, 0.0]]))
        True
        >>> has_equal_values(np.zeros((1, 2)), np.ones((1, 2)))
        False
    """
    if one.shape != other.shape:
        return False
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and np.array_equal(one, other)
    return all(
        np.array_equal(getattr(one, part), getattr(other, part))
        for part in ("indptr", "indices", "data")
    )
