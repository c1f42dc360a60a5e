"""Weights from query features to items, in the form that fits the size of the catalogue."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

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

    def __post_init__(self) -> None:
        """Make arrays C-contiguous; otherwise every product would copy the whole matrix."""
        for name in ("dense", "left", "right"):
            matrix = getattr(self, name)
            if isinstance(matrix, np.ndarray) and not matrix.flags.c_contiguous:
                object.__setattr__(self, name, np.ascontiguousarray(matrix))

    def apply(self, features: Sparse | Floats) -> Floats | None:
        """Return (n_queries, n_items) products, or None when the matrix has no part."""
        parts = []
        if self.dense is not None:
            parts.append(_multiply(features, self.dense))
        if self.sparse is not None:
            parts.append(_as_dense(features @ self.sparse))
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
        chosen = self.take(items).apply(features)
        shape = (features.shape[0], len(items))
        return np.zeros(shape, dtype=np.float32) if chosen is None else chosen

    def take(self, items: Rows) -> "WeightMatrix":
        """Return the columns of some items."""
        return WeightMatrix(
            None if self.dense is None else np.take(self.dense, items, axis=1),
            None if self.sparse is None else self.sparse[:, items],
            self.left,
            None if self.right is None else np.take(self.right, items, axis=1),
        )

    def scale_columns(self, factors: Floats) -> "WeightMatrix":
        """Return the matrix with each column multiplied by its factor."""
        return WeightMatrix(
            None if self.dense is None else self.dense * factors,
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
            _hstack_part(self.dense, other.dense, self, other),
            _hstack_part(self.sparse, other.sparse, self, other),
            left,
            right,
        )

    def to_dense(self) -> Floats:
        """Return the sum of all parts as a dense array; for few items."""
        total = np.zeros(self.shape, dtype=np.float32)
        if self.dense is not None:
            total += self.dense
        if self.sparse is not None:
            total += self.sparse.toarray()
        if self.left is not None and self.right is not None:
            total += self.left @ self.right
        return total

    @property
    def shape(self) -> tuple[int, int]:
        """(n_features, n_items); (0, 0) for a matrix without parts."""
        for part in (self.dense, self.sparse):
            if part is not None:
                return part.shape[0], part.shape[1]
        if self.left is not None and self.right is not None:
            return self.left.shape[0], self.right.shape[1]
        return 0, 0


def _multiply(features: Sparse | Floats, matrix: Floats | Sparse) -> Floats:
    """Multiply; few rows gather what they need, many use BLAS.

    BLAS reads the whole matrix first, which costs as much as some fifty rows of queries.
    """
    if sp.issparse(matrix):
        return _as_dense(features @ matrix)
    if isinstance(features, np.ndarray):
        return np.asarray(features @ matrix, dtype=np.float32)
    rows, width = features.shape
    if rows == 1 or features.nnz * 45 < (rows + 50) * width:
        return np.asarray(features @ matrix, dtype=np.float32)
    return np.asarray(features.toarray() @ matrix, dtype=np.float32)


def _hstack_part(
    part_a: Floats | Sparse | None,
    part_b: Floats | Sparse | None,
    a: WeightMatrix,
    b: WeightMatrix,
) -> Floats | Sparse | None:
    if part_a is None and part_b is None:
        return None
    n_evidence = max(a.shape[0], b.shape[0])
    left = (
        sp.csr_array((n_evidence, a.shape[1]), dtype=np.float32) if part_a is None else part_a
    )
    right = (
        sp.csr_array((n_evidence, b.shape[1]), dtype=np.float32) if part_b is None else part_b
    )
    if sp.issparse(left) and sp.issparse(right):
        return sp.csr_array(sp.hstack([left, right]))
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
