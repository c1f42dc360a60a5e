"""What a batch of askers tells, gathered once for all scorers of the same models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Queries
from daybreak.data.sparse_rows import slice_rows
from daybreak.models import LinearModel
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, nearest_level
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True, eq=False)
class FeatureLayout:
    """Which strategies of a blend share their evidence; vectors are shared by nobody."""

    strategy_rows: Mapping[str, Sequence[int]]
    """Of each kind of evidence: the strategies that look at it."""
    widths: Mapping[str, int]
    """Of each kind: how many pieces there are; 0 where no strategy says what it makes of it."""
    centres: Mapping[str, Floats]
    """(n_evidence, n_strategies) what a strategy says of the mean item; those that have any"""
    offsets: Mapping[str, int]
    """Where each kind begins when all of them stand side by side."""
    n_features: int
    """How many pieces of evidence there are in all."""

    @classmethod
    def from_models(
        cls,
        models: Sequence[LinearModel[Any, Any]],
        widths: Sequence[int],
        centres: Sequence[Floats],
    ) -> "FeatureLayout":
        """Sort strategies by their evidence.

        Args:
            models: The strategies.
            widths: Of the evidence of each.
            centres: (n_evidence,) of each, or empty.
        """
        rows: dict[str, list[int]] = {}
        for row, model in enumerate(models):
            if model.feature_kind != "none":
                own = f" {row}" if model.feature_kind == "vectors" else ""
                rows.setdefault(model.feature_kind + own, []).append(row)
        wide = {kind: max(widths[row] for row in mine) for kind, mine in rows.items()}
        means = {
            kind: np.stack([_or_zeros(centres[row], wide[kind]) for row in mine], axis=1)
            for kind, mine in rows.items()
        }
        ends = np.cumsum([0, *wide.values()]).tolist()
        starts = dict(zip(rows, ends[:-1], strict=True))
        return cls(rows, wide, means, starts, ends[-1])


@dataclass(eq=False)
class QueryFeatures:
    """Evidence in a batch of queries, those of one level of warmth together."""

    queries: Queries
    """Sorted by level."""
    order: Rows | None
    """(n_queries,) the place of each before; None: they were sorted."""
    levels: Rows
    """(n_queries,)"""
    level_slices: dict[int, slice]
    """Where the queries of each level lie."""
    matrices: dict[str, Sparse | Floats]
    """By kind; without those that are not asked for, and those that are empty."""
    layout: FeatureLayout
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
    ) -> "QueryFeatures":
        """Gather the evidence of all strategies that count for such askers."""
        levels = nearest_level(queries.n_events)
        order = None
        if (levels[1:] < levels[:-1]).any():
            order = np.argsort(levels, kind="stable")
            queries, levels = queries.take(order), levels[order]
        found, starts = np.unique(levels, return_index=True)
        stops = [*starts[1:].tolist(), len(levels)]
        spans = {
            level: slice(start, stop)
            for level, start, stop in zip(found.tolist(), starts.tolist(), stops, strict=True)
        }
        both = np.concatenate([blend.weights[found], blend.new_weights[found]])
        evidence = {}
        for kind, rows in layout.strategy_rows.items():
            if both[:, rows].any():
                told = models[rows[0]].query_features(queries)
                if isinstance(told, np.ndarray) or told.nnz:
                    evidence[kind] = told
        return cls(queries, order, levels, spans, evidence, layout)

    def at_level(self, kind: str, level: int) -> Any:
        """Return the evidence of one kind for the askers of one level."""
        whole = self.matrices[kind]
        if len(self.level_slices) == 1:
            return whole
        if (kind, level) not in self._level_matrices:
            self._level_matrices[kind, level] = _take_slice(whole, self.level_slices[level])
        return self._level_matrices[kind, level]

    def baseline(self, n_strategies: int) -> Floats:
        """Return (n_queries, n_strategies) what each strategy says of the mean item."""
        if self._baseline is None:
            shift = np.zeros((len(self.queries), n_strategies), dtype=np.float32)
            for kind, told in self.matrices.items():
                if self.layout.widths[kind]:
                    shift[:, self.layout.strategy_rows[kind]] = told @ self.layout.centres[kind]
            self._baseline = shift
        return self._baseline

    def concatenated(self) -> Sparse:
        """Return all evidence as one CSR; each level of warmth has columns of its own."""
        if self._concatenated is None:
            self._concatenated = self._concatenate()
        return self._concatenated

    def restore_order(self, total: Floats) -> Floats:
        """Return rows in the order in which the queries came."""
        if self.order is None:
            return total
        back = np.empty_like(total)
        back[self.order] = total
        return back

    def _concatenate(self) -> Sparse:
        n, height = len(self.queries), self.layout.n_features
        wide = self.layout.widths
        parts = [(kind, *_row_entries(e)) for kind, e in self.matrices.items() if wide[kind]]
        sizes = np.array([size for _, size, _, _ in parts], dtype=np.int64).reshape(-1, n)
        starts = np.concatenate([[0], np.cumsum(sizes.T.ravel())])
        values = np.empty(starts[-1], dtype=np.float32)
        columns = np.empty(starts[-1], dtype=np.int64)
        first = starts[:-1].reshape(n, len(parts))
        for place, (kind, size, column, value) in enumerate(parts):
            before = np.cumsum(size) - size
            at = np.arange(len(value)) + np.repeat(first[:, place] - before, size)
            values[at] = value
            columns[at] = column + np.repeat(
                self.levels * height + self.layout.offsets[kind], size
            )
        ends = starts[:: len(parts)] if parts else np.zeros(n + 1, dtype=np.int64)
        return sp.csr_array((values, columns, ends), shape=(n, len(EVENT_LEVELS) * height))


def _or_zeros(centre: Floats, width: int) -> Floats:
    return centre if len(centre) else np.zeros(width, dtype=np.float32)


def _take_slice(evidence: Sparse | Floats, span: slice) -> Any:
    return evidence[span] if isinstance(evidence, np.ndarray) else slice_rows(evidence, span)


def _row_entries(evidence: Sparse | Floats) -> tuple[Rows, Rows, Floats]:
    """Return the number of entries of each row, their columns and their values."""
    if isinstance(evidence, np.ndarray):
        n, width = evidence.shape
        return np.full(n, width), np.tile(np.arange(width), n), evidence.ravel()
    return np.diff(evidence.indptr), evidence.indices, evidence.data
