"""Sums of matrices whose columns are multiplied by factors, some rows at a time.

What is the same for all rows is found once: a sum of 10,000 features has hundreds of blocks.
"""

from dataclasses import dataclass

import numpy as np

from daybreak.data.sparse_products import add_scaled_rows
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True, eq=False)
class ScaledColumns:
    """A matrix without low-rank factors, each column multiplied by a factor."""

    dense: Floats | None
    columns: Rows | None
    """Column of ``dense`` of each item; None: the columns are the items."""
    few: tuple[Rows | slice, Rows | slice] | None
    """Items with a column and a factor, and their columns, where these are few; else None."""
    factors: Floats
    """Factors of these items, or of all; 0 for columns of zeros."""
    sparse: Sparse | None
    sparse_factors: Floats
    """(n_items,) factors of the columns of ``sparse``."""

    @classmethod
    def of(cls, matrix: WeightMatrix, factors: Floats) -> "ScaledColumns":
        """Return a matrix with factors.

        Args:
            matrix: A matrix without low-rank factors.
            factors: (n_items,) often 0 for most items.
        """
        scale, columns = effective_factors(matrix, factors), matrix.columns
        used = np.flatnonzero(scale)
        if 2 * len(used) >= len(scale):
            return cls(matrix.dense, columns, None, scale, matrix.sparse, factors)
        few = as_span(used), as_span(used if columns is None else columns[used])
        return cls(matrix.dense, columns, few, scale[used], matrix.sparse, factors)

    def add_dense_rows(self, total: Floats, rows: slice, buffer: Floats) -> None:
        """Add some rows of the dense part.

        Args:
            total: (n_rows, n_items) to which is added.
            rows: Rows of the matrix.
            buffer: (n_rows, n_items) overwritten.
        """
        if self.dense is None:
            return
        block = self.dense[rows]
        if self.few is not None:
            items, columns = self.few
            total[:, items] += block[:, columns] * self.factors
            return
        if self.columns is not None:
            block = np.take(block, self.columns, axis=1, out=buffer, mode="clip")
        total += np.multiply(block, self.factors, out=buffer)

    def add_sparse_rows(self, total: Floats, rows: slice) -> None:
        """Add some rows of the sparse part to a (n_rows, n_items) array."""
        if self.sparse is not None:
            add_scaled_rows(total, self.sparse, rows, self.sparse_factors)


def effective_factors(matrix: WeightMatrix, factors: Floats) -> Floats:
    """Return factors of 0 for the items whose column of the dense part is one of zeros."""
    return factors if matrix.columns is None else np.where(matrix.columns < 0, 0, factors)


def as_span(places: Rows) -> Rows | slice:
    """Return places as a slice if they follow one another; reading one copies nothing.

    Example:
        >>> as_span(np.array([2, 3, 4])), as_span(np.array([2, 4]))
        (slice(2, 5, None), array([2, 4]))
    """
    if len(places) and (np.diff(places) == 1).all():
        return slice(int(places[0]), int(places[-1]) + 1)
    return places
