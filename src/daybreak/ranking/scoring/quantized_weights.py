"""Weights of 8 bits: a quarter of the memory of sums, with nearly the same scores.

A list reads one row of weights for every event of a user. A row has few large weights, which
order the best items, and many small ones. The small ones are whole multiples of a unit of the
row; the large ones are kept as they are. Start with :func:`quantize_weights`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import local
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.sparse_products import add_multiples, multiply_sparse_to_dense
from daybreak.data.sparse_rows import make_csr, row_sizes, with_short_indices
from daybreak.models.shared_weights import WeightMatrix, restrict_features
from daybreak.types import Floats, Rows, Sparse

MAX_CODE = 127
EXACT_SHARE = 0.01
"""Share of the weights of a row that are larger than all its codes, and kept as they are."""
SAMPLE_STEP = 8
"""Every so many weights of a row are read to find its unit."""
MIN_SAMPLED = 2_000
"""Number of weights of a row up to which all are read to find its unit."""
ROWS_PER_PRODUCT = 64
"""Number of rows whose weights are written out at a time."""
_buffers = local()
"""Memory of each thread for weights that are written out: new memory for every list would take
as long as the product."""


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """A (n_features, n_items) matrix ``units[:, None] * codes + rest``.

    Items without a weight have no column.
    """

    codes: Any
    """(n_features, n_columns) int8, 0 where ``rest`` has an entry"""
    units: Floats
    """(n_features,) weight of a code of one"""
    rest: Sparse
    """(n_features, n_columns) CSR of the weights that no code stands for"""
    columns: Rows | None = None
    """(n_items,) column of each item, -1 for one without weights; None: the columns are the
    items in their order"""

    @property
    def shape(self) -> tuple[int, int]:
        """(n_features, n_items)."""
        n_columns = self.codes.shape[1]
        return len(self.units), n_columns if self.columns is None else len(self.columns)

    @property
    def nbytes(self) -> int:
        """Memory of the matrix."""
        parts = (self.codes, self.units, self.rest.data, self.rest.indices, self.rest.indptr)
        return sum(int(part.nbytes) for part in parts)

    def apply(self, features: Sparse) -> Floats:
        """Return the (n_queries, n_items) products of CSR features."""
        products = self._multiply(features)
        return products if self.columns is None else _spread(products, self.columns)

    def apply_to_columns(self, features: Sparse, items: Rows) -> Floats:
        """Return the (n_queries, len(items)) products of some columns."""
        columns = items if self.columns is None else self.columns[items]
        restricted, used = restrict_features(features)
        chosen = self.codes[used[:, None], np.maximum(columns, 0)] * self.units[used][:, None]
        chosen += self.rest[used][:, np.maximum(columns, 0)].toarray()
        chosen[:, columns < 0] = 0
        return np.asarray(restricted @ chosen, dtype=np.float32)

    def to_dense(self) -> Floats:
        """Return the weights of all items; for few items."""
        dense = self.codes * self.units[:, None] + self.rest.toarray()
        return dense if self.columns is None else _spread(dense, self.columns)

    def with_columns(self, items: Rows, weights: Floats) -> "QuantizedWeights":
        """Return a matrix with other weights of some items; the units stay as they are.

        Args:
            items: Rows of the items, each once.
            weights: (n_features, len(items)) new weights of these items.
        """
        grown = self._with_columns_for(items[weights.any(axis=0)])
        columns = items if grown.columns is None else grown.columns[items]
        has_column = columns >= 0
        columns, weights = columns[has_column], weights[:, has_column]
        codes, is_exact = _codes_of(weights, grown.units)
        updated = grown.codes.copy()
        updated[:, columns] = codes
        is_kept = np.ones(grown.codes.shape[1], dtype=bool)
        is_kept[columns] = False
        old = grown.rest.tocoo()
        old_rows, old_columns = old.coords
        kept = is_kept[old_columns]
        new_rows, positions = np.nonzero(is_exact)
        values = np.concatenate([old.data[kept], weights[new_rows, positions]])
        places = (
            np.concatenate([old_rows[kept], new_rows]),
            np.concatenate([old_columns[kept], columns[positions]]),
        )
        rest = with_short_indices(sp.csr_array((values, places), shape=updated.shape))
        return QuantizedWeights(updated, grown.units, rest, grown.columns)

    def _with_columns_for(self, items: Rows) -> "QuantizedWeights":
        """Return a matrix with an empty column for each of some items that has none."""
        if self.columns is None or (self.columns[items] >= 0).all():
            return self
        missing = items[self.columns[items] < 0]
        (n_features, n_columns), n_new = self.codes.shape, len(missing)
        codes = np.hstack([self.codes, np.zeros((n_features, n_new), dtype=np.int8)])
        columns = self.columns.copy()
        columns[missing] = np.arange(n_columns, n_columns + n_new)
        parts = (self.rest.data, self.rest.indices, self.rest.indptr)
        return QuantizedWeights(
            codes, self.units, sp.csr_array(parts, shape=codes.shape), columns
        )

    def _multiply(self, features: Sparse) -> Floats:
        """Return the (n_queries, n_columns) products."""
        totals = multiply_sparse_to_dense(features, self.rest)
        restricted, used = restrict_features(features)
        add_coded_rows(totals, restricted, self.units[used], self.codes, used)
        return totals


def add_coded_rows(
    totals: Floats, features: Sparse, units: Floats, codes: Any, rows: Rows
) -> None:
    """Add products with some rows of codes, a few of which are written out at a time.

    A row that is written out is added to the queries that have its feature, and to no other:
    most queries of a batch share few of their features.

    Args:
        totals: (n_queries, n_columns) to which is added.
        features: (n_queries, n_rows) CSR of the features of the rows.
        units: (n_rows,) units of the rows.
        codes: (n_features, n_columns) int8
        rows: (n_rows,) rows of codes.
    """
    order = np.argsort(features.indices, kind="stable")
    queries = np.repeat(np.arange(len(totals)), row_sizes(features))[order]
    factors = (features.data * units[features.indices])[order]
    ends = np.cumsum(np.bincount(features.indices, minlength=len(rows)))
    starts = np.concatenate([[0], ends])
    n_columns = codes.shape[1]
    is_alone = len(totals) == 1 and len(factors) == len(rows)  # BLAS adds several rows at once
    for start in range(0, len(rows), ROWS_PER_PRODUCT):
        chosen = rows[start : start + ROWS_PER_PRODUCT]
        shape = (len(chosen), n_columns)
        written = np.take(codes, chosen, axis=0, out=_buffer_of(shape, "codes"), mode="clip")
        weights = _buffer_of(shape, "weights")
        np.copyto(weights, written)
        if is_alone:
            totals += factors[start : start + len(chosen)] @ weights
            continue
        add_multiples(
            totals, weights, starts[start : start + len(chosen) + 1], queries, factors
        )


def _buffer_of(shape: tuple[int, int], kind: str) -> Any:
    """Return (n_rows, n_columns) memory of this thread, which a later call gives away again.

    Args:
        shape: Number of rows and of columns.
        kind: ``codes`` or ``weights``.
    """
    n_cells = shape[0] * shape[1]
    cells = getattr(_buffers, kind, None)
    if cells is None or cells.size < n_cells:
        cells = np.empty(n_cells, dtype=np.int8 if kind == "codes" else np.float32)
        setattr(_buffers, kind, cells)
    return cells[:n_cells].reshape(shape)


def quantize_weights(
    blocks: Iterable[Floats], shape: tuple[int, int], columns: Rows | None = None
) -> QuantizedWeights:
    """Return weights that are computed some rows at a time as 8-bit integers.

    Args:
        blocks: (n_rows, n_columns) float32 rows of the matrix, in their order. A block may be
            overwritten once the next one is asked for.
        shape: (n_features, n_columns)
        columns: Column of each item; see :class:`QuantizedWeights`.

    Example:
        >>> row = np.array([[0.5, -0.25, 0.1, 9.0] + [0.0] * 96], dtype=np.float32)
        >>> weights = quantize_weights([row], row.shape)
        >>> weights.codes[0, :4].tolist(), weights.rest.data.tolist()
        ([127, -64, 25, 0], [9.0])
        >>> doubled = weights.apply(sp.csr_array(np.array([[2]], dtype=np.float32)))
        >>> doubled[0, [0, 1, 3]].round(2).tolist()
        [1.0, -0.5, 18.0]
    """
    codes = np.empty(shape, dtype=np.int8)
    units = np.empty(shape[0], dtype=np.float32)
    sizes = np.zeros(shape[0] + 1, dtype=np.int64)
    places: list[Rows] = [np.empty(0, dtype=np.int64)]
    values: list[Floats] = [np.empty(0, dtype=np.float32)]
    start = 0
    for block in blocks:
        span = slice(start, start + len(block))
        units[span] = _units_of(block)
        codes[span], is_exact = _codes_of(block, units[span])
        found = np.flatnonzero(is_exact)  # several times as fast as places in two dimensions
        sizes[start + 1 : span.stop + 1] = is_exact.sum(axis=1)
        places.append(found % shape[1])
        values.append(block.ravel()[found])
        start = span.stop
    entries = (np.concatenate(values), np.concatenate(places), np.cumsum(sizes))
    rest = with_short_indices(make_csr(*entries, shape))
    return QuantizedWeights(codes, units, rest, columns)


def quantized_size_bytes(shape: tuple[int, int]) -> float:
    """Return about the size of (n_features, n_columns) weights of 8 bits."""
    return shape[0] * shape[1] * (1 + 8 * EXACT_SHARE)


def _units_of(block: Floats) -> Floats:
    """Return the unit of each row: :data:`EXACT_SHARE` of its weights are larger than codes."""
    width = block.shape[1]
    step = 1 if width <= MIN_SAMPLED else SAMPLE_STEP
    sample = np.abs(block[:, ::step])
    last = sample.shape[1] - 1 - int(EXACT_SHARE * sample.shape[1])
    if last < 0:
        return np.zeros(len(block), dtype=np.float32)
    largest = np.partition(sample, last, axis=1)[:, last]
    return np.asarray(largest / MAX_CODE, dtype=np.float32)


def _codes_of(block: Floats, units: Floats) -> tuple[Any, Any]:
    """Return the codes of weights, and a mask of those that no code stands for."""
    factors = np.divide(1, units, out=np.zeros_like(units), where=units > 0)
    scaled = np.rint(block * factors[:, None])
    is_exact = np.abs(scaled) > MAX_CODE
    is_exact |= (units == 0)[:, None] & (block != 0)
    scaled[is_exact] = 0
    return scaled.astype(np.int8), is_exact


def _spread(values: Floats, columns: Rows) -> Floats:
    """Return the (n, n_items) values of items, from those of columns."""
    dense = WeightMatrix(values, columns=columns).full_dense()
    return np.zeros((len(values), len(columns)), np.float32) if dense is None else dense
