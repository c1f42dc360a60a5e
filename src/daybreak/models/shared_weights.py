"""Weights from query features to items, in the form that fits the size of the catalogue."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.mapped_arrays import take_rows
from daybreak.data.sparse_products import multiply_dense, multiply_sparse_to_dense
from daybreak.data.sparse_rows import as_csr, empty_csr, join_columns, make_csr
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True, eq=False)
class WeightMatrix:
    """A (n_features, n_items) matrix ``dense + sparse + left @ right``; any part may be absent.

    A sum of such matrices has the same form, so a blend of linear models is one linear model.
    """

    dense: Floats | None = None
    sparse: Sparse | None = None
    left: Floats | Sparse | None = None
    """(n_features, rank), dense or CSR"""
    right: Floats | None = None
    """(rank, n_items)"""
    columns: Rows | None = None
    """(n_items,) column of ``dense`` of each item, -1 for a column of zeros; None: the columns
    are the items in their order"""

    def __post_init__(self) -> None:
        """Make arrays C-contiguous; otherwise every product would copy the whole matrix."""
        for name in ("dense", "left", "right"):
            matrix = getattr(self, name)
            if isinstance(matrix, np.ndarray) and not matrix.flags.c_contiguous:
                object.__setattr__(self, name, np.ascontiguousarray(matrix))

    def apply(self, features: Sparse | Floats) -> Floats | None:
        """Return (n_queries, n_items) products, or None without a part or without features."""
        if not features.shape[1]:
            return None
        parts = []
        if self.dense is not None:
            parts.append(self._by_item(_multiply(features, self.dense)))
        if self.sparse is not None:
            parts.append(_multiply_by_sparse(features, self.sparse))
        if self.left is not None and self.right is not None:
            parts.append(_multiply(features, self.left) @ self.right)
        if not parts:
            return None
        total = parts[0]
        for part in parts[1:]:
            total += part
        return np.asarray(total, dtype=np.float32)

    def apply_to_columns(self, features: Sparse | Floats, items: Rows) -> Floats:
        """Return the (n_queries, len(items)) products of some columns."""
        matrix = self
        if self.dense is not None and sp.issparse(features):
            features, used = restrict_features(features)
            matrix = self.take_features(used)
        chosen = matrix.take(items).apply(features)
        shape = (features.shape[0], len(items))
        return np.zeros(shape, dtype=np.float32) if chosen is None else chosen

    def take(self, items: Rows) -> "WeightMatrix":
        """Return the columns of some items."""
        dense = self.dense
        if dense is not None:
            dense = (
                np.take(dense, items, axis=1)
                if self.columns is None
                else _spread_columns(dense, self.columns[items])
            )
        return WeightMatrix(
            dense,
            None if self.sparse is None else _take_sparse_columns(self.sparse, items),
            self.left,
            None if self.right is None else np.take(self.right, items, axis=1),
        )

    def take_features(self, rows: Rows) -> "WeightMatrix":
        """Return the rows of some features; only these are read."""
        return WeightMatrix(
            None if self.dense is None else take_rows(self.dense, rows),
            None if self.sparse is None else self.sparse[rows],
            None if self.left is None else _take_rows_of_any(self.left, rows),
            self.right,
            self.columns,
        )

    def align_columns(self, rows: Rows) -> "WeightMatrix":
        """Return the matrix with other columns; a dense matrix is not copied.

        Args:
            rows: (n_items,) column of each item, -1 for a column of zeros.
        """
        if self.dense is None or self.sparse is not None or self.left is not None:
            if (rows >= 0).all():
                return self.take(rows)
            if self.left is None and (rows < 0).all():
                return WeightMatrix(sparse=empty_csr((self.shape[0], len(rows))))
            return self.take(rows).scale_columns((rows >= 0).astype(np.float32))
        columns = rows if self.columns is None else np.where(rows < 0, -1, self.columns[rows])
        return WeightMatrix(dense=self.dense, columns=columns)

    def full_dense(self) -> Floats | None:
        """Return the dense part with one column for each item; None without one."""
        return None if self.dense is None else self._by_item(self.dense)

    def scale_columns(self, factors: Floats) -> "WeightMatrix":
        """Return the matrix with each column multiplied by its factor."""
        dense = self.full_dense()
        return WeightMatrix(
            None if dense is None else dense * factors,
            None
            if self.sparse is None
            else sp.csr_array(self.sparse @ sp.diags_array(factors)),
            self.left,
            None if self.right is None else self.right * factors,
        )

    def hstack(self, other: "WeightMatrix") -> "WeightMatrix":
        """Return the matrix with the columns of this one followed by those of another."""
        left, right = _hstack_factors(self, other)
        return WeightMatrix(
            _hstack_part(self.full_dense(), other.full_dense(), self, other),
            _hstack_part(self.sparse, other.sparse, self, other),
            left,
            right,
        )

    def to_dense(self) -> Floats:
        """Return the sum of all parts as a dense array; for few items."""
        total = np.zeros(self.shape, dtype=np.float32)
        dense = self.full_dense()
        if dense is not None:
            total += dense
        if self.sparse is not None:
            total += self.sparse.toarray()
        if self.left is not None and self.right is not None:
            total += self.left @ self.right
        return total

    @property
    def shape(self) -> tuple[int, int]:
        """(n_features, n_items); (0, 0) for a matrix without parts."""
        if self.dense is not None and self.columns is not None:
            return self.dense.shape[0], len(self.columns)
        for part in (self.dense, self.sparse):
            if part is not None:
                return part.shape[0], part.shape[1]
        if self.left is not None and self.right is not None:
            return self.left.shape[0], self.right.shape[1]
        return 0, 0

    def _by_item(self, values: Floats) -> Floats:
        """Return (n, n_items) values of items, from those of the columns of ``dense``."""
        return values if self.columns is None else _spread_columns(values, self.columns)


def restrict_features(features: Sparse) -> tuple[Sparse, Rows]:
    """Return sparse features without unused columns, and the columns that are used.

    The entries keep their order, so that products with the rows in use are the same numbers.

    Example:
        >>> features = sp.csr_array(np.array([[0, 5, 0, 7]], dtype=np.float32))
        >>> restricted, used = restrict_features(features)
        >>> restricted.toarray(), used
        (array([[5., 7.]], dtype=float32), array([1, 3], dtype=int32))
    """
    used, positions = np.unique(features.indices, return_inverse=True)
    shape = (features.shape[0], len(used))
    return make_csr(features.data, positions.ravel(), features.indptr, shape), used


def _take_sparse_columns(matrix: Sparse, items: Any) -> Sparse:
    """Return columns of a CSR matrix; one column is found by a scan of the entries."""
    if not isinstance(items, np.ndarray) or items.dtype == bool or len(items) != 1:
        return matrix[:, items]
    item = int(items[0]) + (matrix.shape[1] if items[0] < 0 else 0)
    at = np.flatnonzero(matrix.indices == item)
    starts = np.searchsorted(at, matrix.indptr).astype(matrix.indptr.dtype)
    columns = np.zeros(len(at), dtype=matrix.indices.dtype)
    return make_csr(matrix.data[at], columns, starts, (matrix.shape[0], 1))


def _take_rows_of_any(matrix: Floats | Sparse, rows: Rows) -> Floats | Sparse:
    return matrix[rows] if sp.issparse(matrix) else take_rows(matrix, rows)


def _spread_columns(values: Floats, columns: Rows) -> Floats:
    """Return (n, len(columns)) chosen columns; -1 is a column of zeros."""
    if not values.shape[1]:
        return np.zeros((len(values), len(columns)), dtype=np.float32)
    spread = np.take(values, columns, axis=1, mode="clip")
    spread[:, columns < 0] = 0
    return np.asarray(spread, dtype=np.float32)


def _multiply(features: Sparse | Floats, matrix: Floats | Sparse) -> Floats:
    """Multiply; few rows gather what they need, many use BLAS.

    BLAS reads the whole matrix first, which costs as much as some fifty rows of queries.
    """
    if sp.issparse(matrix):
        return _multiply_by_sparse(features, matrix)
    if isinstance(features, np.ndarray):
        return np.asarray(features @ matrix, dtype=np.float32)
    rows, width = features.shape
    if rows == 1 or features.nnz * 45 < (rows + 50) * width:
        return np.asarray(multiply_dense(features, matrix), dtype=np.float32)
    return np.asarray(features.toarray() @ matrix, dtype=np.float32)


def _multiply_by_sparse(features: Sparse | Floats, matrix: Sparse) -> Floats:
    if isinstance(features, np.ndarray):
        return _as_dense(features @ matrix)
    return np.asarray(multiply_sparse_to_dense(features, matrix), dtype=np.float32)


def _hstack_part(
    part_a: Floats | Sparse | None,
    part_b: Floats | Sparse | None,
    a: WeightMatrix,
    b: WeightMatrix,
) -> Floats | Sparse | None:
    if part_a is None and part_b is None:
        return None
    n_evidence = max(a.shape[0], b.shape[0])
    left = empty_csr((n_evidence, a.shape[1])) if part_a is None else part_a
    right = empty_csr((n_evidence, b.shape[1])) if part_b is None else part_b
    if sp.issparse(left) and sp.issparse(right):
        return join_columns(as_csr(left), as_csr(right))
    return np.hstack([_as_dense(left), _as_dense(right)])


def _as_dense(matrix: Any) -> Floats:
    return np.asarray(matrix.toarray() if sp.issparse(matrix) else matrix, dtype=np.float32)


def _hstack_factors(a: WeightMatrix, b: WeightMatrix) -> tuple[Floats | None, Floats | None]:
    if a.left is None or a.right is None:
        if b.left is None or b.right is None:
            return None, None
        return b.left, np.hstack([np.zeros((len(b.right), a.shape[1]), np.float32), b.right])
    if b.left is None or b.right is None:
        return a.left, np.hstack([a.right, np.zeros((len(a.right), b.shape[1]), np.float32)])
    if a.left is b.left:
        return a.left, np.hstack([a.right, b.right])
    top = np.hstack([a.right, np.zeros((len(a.right), b.shape[1]), np.float32)])
    bottom = np.hstack([np.zeros((len(b.right), a.shape[1]), np.float32), b.right])
    return np.hstack([a.left, b.left]), np.vstack([top, bottom])
