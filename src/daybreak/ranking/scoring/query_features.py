"""Features of a batch of queries, computed once for all scorers of the same models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.data.dataset import Queries
from daybreak.data.sparse_products import multiply_dense
from daybreak.data.sparse_rows import make_csr, row_sizes, slice_rows, take_any_rows
from daybreak.models import LinearModel
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    Blend,
    nearest_level,
    pause_factors,
)
from daybreak.ranking.scoring.remembered import QueryMemory, query_keys
from daybreak.types import Floats, Rows, Sparse

WISH_KIND = "wish"
"""Kind of the features of wishes."""
SEPARATE_KINDS = frozenset({WISH_KIND, "repeats"})
"""Kinds of features that are never fused with others, and whose scores are not centred.

Most queries have none of them. The mean over warm items would only add the same value to all
items of a query."""

MAX_FUSED_FEATURES = 6_000
"""Features up to which the weights of a few items are summed for all levels in advance. Of more
features, as many as items with events, most have no weight for an item: sums of all of them
take longer than the lists of many requests, and every changed item would wait for them."""


def is_summed_kind(kind: str) -> bool:
    """Return whether strategies with a kind of features are summed at each level.

    Example:
        >>> is_summed_kind("history"), is_summed_kind("vectors/text"), is_summed_kind("wish")
        (True, False, False)
    """
    return not kind.startswith("vectors") and kind not in SEPARATE_KINDS


@dataclass(frozen=True, eq=False)
class FeatureLayout:
    """Kinds of features of a blend, and the strategies that share each kind.

    The kinds are those of :attr:`~daybreak.models.base.LinearModel.feature_kind`; every
    strategy with query vectors has a kind of its own, as in ``"vectors 4"``.
    """

    strategy_rows: Mapping[str, Sequence[int]]
    """Positions of the strategies, by kind."""
    widths: Mapping[str, int]
    """Number of features, by kind; 0 if no strategy has weights for them."""
    centres: Mapping[str, Floats]
    """(n_features, n_strategies) weights of the mean score over warm items, by kind"""
    offsets: Mapping[str, int]
    """Position of the first feature of each kind if all kinds but wishes are concatenated."""
    n_features: int
    """Total number of features, without those of wishes."""

    @property
    def can_be_fused(self) -> bool:
        """Whether there are few enough features to sum the weights of items in advance."""
        return self.n_features <= MAX_FUSED_FEATURES

    @classmethod
    def from_models(
        cls,
        models: Sequence[LinearModel[Any, Any]],
        widths: Sequence[int],
        centres: Sequence[Floats],
    ) -> "FeatureLayout":
        """Group the models by the kind of their features.

        Args:
            models: Fitted models of the strategies.
            widths: Number of features of each model.
            centres: (n_features,) weights of the mean score of each model, or empty.
        """
        rows: dict[str, list[int]] = {}
        for row, model in enumerate(models):
            if model.feature_kind != "none":
                suffix = f" {row}" if model.feature_kind == "vectors" else ""
                rows.setdefault(model.feature_kind + suffix, []).append(row)
        widest = {kind: max(widths[row] for row in shared) for kind, shared in rows.items()}
        means = {
            kind: np.stack([_or_zeros(centres[row], widest[kind]) for row in shared], axis=1)
            for kind, shared in rows.items()
        }
        fused = {kind: width for kind, width in widest.items() if kind not in SEPARATE_KINDS}
        ends = np.cumsum([0, *fused.values()]).tolist()
        offsets = dict(zip(fused, ends[:-1], strict=True))
        return cls(rows, widest, means, offsets, ends[-1])


@dataclass(eq=False)
class QueryFeatures:
    """Features of a batch of queries, sorted by level."""

    queries: Queries
    """Sorted by level."""
    order: Rows | None
    """(n_queries,) original positions; None if the queries were already sorted"""
    levels: Rows
    """(n_queries,)"""
    level_slices: dict[int, slice]
    """Rows of the queries of each level."""
    matrices: dict[str, Sparse | Floats]
    """(n_queries, n_features) by kind, without unused and empty kinds; (n_wishes, n_features)
    of wishes"""
    layout: FeatureLayout
    wish_factors: Floats | None = None
    """(n_wishes,) factors that give the wishes of a query the first places; None: all are 1"""
    keys: Sequence[bytes] = ()
    """Keys of the queries where something is remembered; see :func:`.query_keys`."""
    _level_matrices: dict[tuple[str, int], Any] = field(default_factory=dict)
    _baseline: Floats | None = None
    _concatenated: Sparse | None = None

    @classmethod
    def from_queries(
        cls,
        queries: Queries,
        models: Sequence[LinearModel[Any, Any]],
        layout: FeatureLayout,
        blend: Blend,
        memory: QueryMemory | None = None,
    ) -> "QueryFeatures":
        """Compute the features of all kinds that have a weight above zero for these queries.

        Args:
            queries: Queries in any order.
            models: Fitted models of the strategies.
            layout: Kinds of their features.
            blend: Weights of the strategies.
            memory: Has vectors of earlier queries; None: all are computed.
        """
        levels = nearest_level(queries.n_events)
        order = None
        if (levels[1:] < levels[:-1]).any():
            order = np.argsort(levels, kind="stable")
            queries, levels = queries.take(order), levels[order]
        slices = _slice_levels(levels)
        present_levels = np.array(list(slices), dtype=np.int64)
        weights = np.concatenate(
            [blend.weights[present_levels], blend.new_weights[present_levels]]
        )
        is_used: list[bool] = np.any(weights, axis=0).tolist()
        matrices = {}
        vectors = None if memory is None else _RecalledVectors(queries, memory)
        for kind, rows in layout.strategy_rows.items():
            if any(is_used[row] for row in rows):
                model = models[rows[0]]
                if vectors is None or not kind.startswith("vectors"):
                    features = model.query_features(queries)
                else:
                    features = vectors.of_model(kind, model)
                if isinstance(features, np.ndarray) or features.nnz:
                    matrices[kind] = features
        if "recent" in matrices and blend.reads_pauses and queries.pause_s is not None:
            factors = pause_factors(levels, queries.pause_s, blend.pause_steps)
            recent: Any = matrices["recent"]
            scaled = recent.data * np.repeat(factors, row_sizes(recent))
            matrices["recent"] = make_csr(scaled, recent.indices, recent.indptr, recent.shape)
        keys = () if vectors is None else vectors.keys
        return cls(queries, order, levels, slices, matrices, layout, keys=keys)

    def take(self, rows: Rows) -> "QueryFeatures":
        """Return the features of some queries, none of which has a wish.

        Args:
            rows: (n,) positions of the queries, ascending.
        """
        if len(rows) == len(self.queries):
            return self
        levels = self.levels[rows]
        matrices = {kind: take_any_rows(matrix, rows) for kind, matrix in self.matrices.items()}
        return QueryFeatures(
            self.queries.take(rows), None, levels, _slice_levels(levels), matrices, self.layout
        )

    def at_level(self, kind: str, level: int) -> Any:
        """Return the features of one kind for the queries of one level."""
        matrix = self.matrices[kind]
        if len(self.level_slices) == 1:
            return matrix
        if (kind, level) not in self._level_matrices:
            self._level_matrices[kind, level] = _take_slice(matrix, self.level_slices[level])
        return self._level_matrices[kind, level]

    def baseline(self, n_strategies: int) -> Floats:
        """Return the (n_queries, n_strategies) mean scores over warm items, less a constant."""
        if self._baseline is None:
            baseline = np.zeros((len(self.queries), n_strategies), dtype=np.float32)
            for kind, features in self.matrices.items():
                if self.layout.widths[kind] and kind not in SEPARATE_KINDS:
                    rows = self.layout.strategy_rows[kind]
                    baseline[:, rows] = _multiply(features, self.layout.centres[kind])
            self._baseline = baseline
        return self._baseline

    def concatenated(self) -> Sparse:
        """Return the (n_queries, n_levels * n_features) CSR matrix of all features.

        Each level has columns of its own, so that one product applies the weights of all
        levels.
        """
        if self._concatenated is None:
            self._concatenated = self._concatenate()
        return self._concatenated

    def restore_order(self, rows: Floats) -> Floats:
        """Return rows in the original order of the queries."""
        if self.order is None:
            return rows
        restored = np.empty_like(rows)
        restored[self.order] = rows
        return restored

    def _concatenate(self) -> Sparse:
        n, n_features = len(self.queries), self.layout.n_features
        fused = {kind for kind in self.layout.offsets if self.layout.widths[kind]}
        parts = [(kind, *_row_entries(m)) for kind, m in self.matrices.items() if kind in fused]
        sizes = np.array([size for _, size, _, _ in parts], dtype=np.int64).reshape(-1, n)
        starts = np.concatenate([[0], np.cumsum(sizes.T.ravel())])
        values = np.empty(starts[-1], dtype=np.float32)
        columns = np.empty(starts[-1], dtype=np.int64)
        firsts = starts[:-1].reshape(n, len(parts))
        for number, (kind, size, column, value) in enumerate(parts):
            first_entry = np.cumsum(size) - size
            target = np.arange(len(value)) + np.repeat(firsts[:, number] - first_entry, size)
            offset = self.levels * n_features + self.layout.offsets[kind]
            values[target] = value
            columns[target] = column + np.repeat(offset, size)
        ends = starts[:: len(parts)] if parts else np.zeros(n + 1, dtype=np.int64)
        return make_csr(values, columns, ends, (n, len(EVENT_LEVELS) * n_features))


class _RecalledVectors:
    """Vectors of queries, computed for those that are not remembered."""

    def __init__(self, queries: Queries, memory: QueryMemory) -> None:
        self._queries = queries
        self._memory = memory
        self._taken: dict[bytes, Queries] = {}
        self.keys = query_keys(queries)

    def of_model(self, kind: str, model: LinearModel[Any, Any]) -> Any:
        """Return the (n_queries, n_features) features of a model with vectors of queries."""
        return self._memory.vectors_of(kind).recall(
            self.keys, lambda rows: model.query_features(self._take(rows))
        )

    def _take(self, rows: Rows) -> Queries:
        """Return some queries; several models need the same ones."""
        if len(rows) == len(self._queries):
            return self._queries
        name = rows.tobytes()
        if name not in self._taken:
            self._taken[name] = self._queries.take(rows)
        return self._taken[name]


def _slice_levels(levels: Rows) -> dict[int, slice]:
    """Return the rows of each level of (n,) ascending levels."""
    starts = np.flatnonzero(np.concatenate([[True], levels[1:] != levels[:-1]]))
    starts = starts[: len(levels)]
    stops = [*starts[1:].tolist(), len(levels)]
    return {
        level: slice(start, stop)
        for level, start, stop in zip(
            levels[starts].tolist(), starts.tolist(), stops, strict=True
        )
    }


def _or_zeros(centre: Floats, width: int) -> Floats:
    return centre if len(centre) else np.zeros(width, dtype=np.float32)


def _take_slice(features: Sparse | Floats, rows: slice) -> Any:
    return features[rows] if isinstance(features, np.ndarray) else slice_rows(features, rows)


def _multiply(features: Sparse | Floats, centres: Floats) -> Floats:
    if isinstance(features, np.ndarray):
        return np.asarray(features @ centres)
    return multiply_dense(features, centres)


def _row_entries(features: Sparse | Floats) -> tuple[Rows, Rows, Floats]:
    """Return the number of entries of each row, their columns and their values."""
    if isinstance(features, np.ndarray):
        n, width = features.shape
        return np.full(n, width), np.tile(np.arange(width), n), features.ravel()
    return row_sizes(features), features.indices, features.data
