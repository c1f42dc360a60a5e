"""Rows of low-rank weights, written out with 8 bits while a server runs.

A product with factors reads all vectors of all items for every list: 160 MB for 10,000 items
with 4,000 dimensions. Written out, the weights of an event are one row of 10 kB, and events
repeat. Start with :class:`FactorProducts`.
"""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np

from daybreak.data.derived_arrays import DerivedArrays
from daybreak.data.mapped_arrays import drop_pages, take_rows
from daybreak.data.sparse_products import multiply_sparse_to_dense
from daybreak.data.sparse_rows import make_csr, with_short_indices
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix, restrict_features
from daybreak.ranking.scoring.quantized_weights import (
    QuantizedWeights,
    add_coded_rows,
    quantize_weights,
)
from daybreak.ranking.scoring.shared_sums import find_rows, keep_rows
from daybreak.types import Floats, Rows, Sparse

MIN_FACTOR_BYTES = 32_000_000
"""Smallest factor of the items whose products are written out [bytes]."""
MAX_CODE_BYTES = 80_000_000
"""Default size of the rows of one strategy."""
PRODUCTS_PER_FILL = 1_300_000_000
"""Products of two numbers that :meth:`FactorRows.fill` computes at a time: about 50 ms, which
other jobs of a server wait for."""


class FactorRows:
    """Rows of ``left @ right`` of one strategy; thread-safe.

    Rows have weights of 8 bits, as sums of dense weights have. A batch of queries some of whose
    rows are missing is multiplied by the factors, as long as that is the shorter product.

    Args:
        weights: Weights with factors.
        max_bytes: Size of all rows.

    Example:
        >>> import scipy.sparse as sp
        >>> left, right = np.float32([[1], [2]]), np.float32([[0.5, 0.25, 1]])
        >>> rows = FactorRows(WeightMatrix(left=left, right=right))
        >>> rows.apply(sp.csr_array(np.float32([[0, 1]]))).round(1)
        array([[1. , 0.5, 2. ]], dtype=float32)
        >>> len(rows)
        1
    """

    def __init__(self, weights: WeightMatrix, max_bytes: int = MAX_CODE_BYTES) -> None:
        self._weights = WeightMatrix(left=weights.left, right=weights.right)
        n_features, n_items = self._weights.shape
        size = min(n_features, max_bytes // max(n_items, 1))
        self._codes = np.empty((size, n_items), dtype=np.int8)  # memory comes with the rows
        self._units = np.zeros(size, dtype=np.float32)
        self._rest: list[tuple[Rows, Floats]] = []
        self._places = np.full(n_features, -1, dtype=np.int64)
        """(n_features,) place of the row of each feature; -1: not written out"""
        self._n_missed = np.zeros(n_features, dtype=np.int64)
        """(n_features,) number of batches that missed the row"""
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._rest)

    @property
    def is_complete(self) -> bool:
        """Whether all rows are written out."""
        return len(self) == len(self._places)

    def to_weights(self) -> QuantizedWeights:
        """Return all rows, in the order of the features; see :attr:`is_complete`."""
        rests = [self._rest[place] for place in self._places.tolist()]
        entries = (
            np.concatenate([values for _, values in rests]),
            np.concatenate([columns for columns, _ in rests]),
            np.cumsum([0, *(len(values) for _, values in rests)]),
        )
        rest = with_short_indices(make_csr(*entries, self._weights.shape))
        return QuantizedWeights(self._codes[self._places], self._units[self._places], rest)

    def apply(self, features: Sparse) -> Floats | None:
        """Return the (n_queries, n_items) products of CSR features, as `WeightMatrix.apply`."""
        restricted, used = restrict_features(features)
        missing = used[self._places[used] < 0]
        if len(missing) <= min(features.shape[0], self._n_free()):
            self._write_out(missing)
        if (self._places[used] >= 0).all():
            return self._multiply(restricted, self._places[used])
        self._n_missed[missing] += 1
        return self._weights.apply(features)

    def fill(self, n_rows: int | None = None) -> int:
        """Write out rows, first those that most batches have missed; return how many.

        Args:
            n_rows: Largest number of rows; default: by :data:`PRODUCTS_PER_FILL`.
        """
        right = self._weights.right
        if n_rows is None:
            n_rows = max(PRODUCTS_PER_FILL // max(0 if right is None else right.size, 1), 1)
        missing = np.flatnonzero(self._places < 0)
        order = np.argsort(-self._n_missed[missing], kind="stable")
        n_filled = self._write_out(missing[order[: min(n_rows, self._n_free())]])
        if n_filled and n_filled == len(missing):  # no list needs the factors any more
            drop_pages(right)
        return n_filled

    def _n_free(self) -> int:
        return len(self._units) - len(self._rest)

    def _write_out(self, features: Rows) -> int:
        """Write out rows as long as there is room; return how many."""
        if not len(features):
            return 0
        left: Any = self._weights.left
        chosen = take_rows(left, features) if isinstance(left, np.ndarray) else left[features]
        product = np.asarray(chosen @ self._weights.right, dtype=np.float32)
        coded = quantize_weights([product], product.shape)
        starts, columns, values = coded.rest.indptr, coded.rest.indices, coded.rest.data
        with self._lock:
            before = len(self._rest)
            for number, feature in enumerate(features.tolist()):
                if self._places[feature] >= 0 or not self._n_free():
                    continue  # another thread was faster
                place, span = len(self._rest), slice(starts[number], starts[number + 1])
                self._codes[place] = coded.codes[number]
                self._units[place] = coded.units[number]
                self._rest.append((columns[span], values[span]))
                self._places[feature] = place  # last, as other threads read it
            return len(self._rest) - before

    def _multiply(self, features: Sparse, places: Rows) -> Floats:
        """Return the products of features with the rows at as many places."""
        rests = [self._rest[place] for place in places.tolist()]
        columns = [one for one, _ in rests] or [np.empty(0, dtype=np.int32)]
        values = [one for _, one in rests] or [np.empty(0, dtype=np.float32)]
        starts: Any = np.cumsum([0, *(len(one) for one, _ in rests)]).astype(np.int32)
        shape = (len(places), self._codes.shape[1])
        parts = (np.concatenate(values), np.concatenate(columns), starts)
        totals = multiply_sparse_to_dense(features, make_csr(*parts, shape))
        add_coded_rows(totals, features, self._units[places], self._codes, places)
        return totals


class FactorProducts:
    """Products of the strategies of a scorer; those with large factors by their rows.

    There are rows only where :meth:`fill` is called, as by the jobs of a server: products are
    exact in other processes. Scorers of the same items share one.
    """

    def __init__(self) -> None:
        self._weights: dict[int, WeightMatrix] = {}
        self._rows: dict[int, tuple[WeightMatrix, FactorRows | QuantizedWeights]] = {}

    def apply(self, strategy: int, weights: WeightMatrix, features: Sparse) -> Floats | None:
        """Return the (n_queries, n_items) products of CSR features with weights.

        Args:
            strategy: Number of the strategy.
            weights: Its weights.
            features: Features of its kind.
        """
        if not _is_large(weights) or not features.nnz:
            return weights.apply(features)
        self._weights[strategy] = weights
        rows = self._rows_of(strategy, weights)
        if rows is None:
            return weights.apply(features)
        product = rows.apply(features)
        rest = replace(weights, left=None, right=None).apply(features)
        if product is None or rest is None:
            return rest if product is None else product
        product += rest
        return product

    def restore(
        self, linear_models: Sequence[LinearScorer], shared: DerivedArrays | None
    ) -> None:
        """Use the rows that an earlier process has written out, all of them.

        Args:
            linear_models: The strategies.
            shared: Arrays of the release of these strategies; None: there are none.
        """
        for strategy, linear in enumerate(linear_models):
            rows = find_rows(shared, strategy) if _is_large(linear.weights) else None
            if rows is not None:
                self._rows[strategy] = (linear.weights, rows)

    def fill(self, shared: DerivedArrays | None = None) -> int:
        """Write out some rows of one strategy that lists have used; return how many.

        Args:
            shared: Where all rows of a strategy are kept for other processes; None: nowhere.
        """
        strategies = []
        for strategy, weights in list(self._weights.items()):
            rows = self._rows_of(strategy, weights)
            if rows is None:
                rows = find_rows(shared, strategy) or FactorRows(weights)
                self._rows[strategy] = (weights, rows)
            if isinstance(rows, FactorRows):
                strategies.append((strategy, rows))
        strategies.sort(key=lambda one: len(one[1]))
        for strategy, rows in strategies:
            n_filled = rows.fill()
            if rows.is_complete and shared is not None:
                kept = keep_rows(shared, strategy, rows.to_weights)
                self._rows[strategy] = (self._weights[strategy], kept)
            if n_filled:
                return n_filled
        return 0

    def _rows_of(
        self, strategy: int, weights: WeightMatrix
    ) -> FactorRows | QuantizedWeights | None:
        """Return the rows of these weights; None: there are none, or of earlier ones."""
        known, rows = self._rows.get(strategy, (None, None))
        return rows if known is weights else None


def _is_large(weights: WeightMatrix) -> bool:
    return weights.right is not None and weights.right.nbytes >= MIN_FACTOR_BYTES
