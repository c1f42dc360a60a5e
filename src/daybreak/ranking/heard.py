"""What a batch of askers tells, gathered once for all scorers of the same models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.queries import Queries
from daybreak.data.sparse_rows import span_of
from daybreak.models import LinearModel
from daybreak.ranking.blend import LEVELS, Blend, level_of
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Kinds:
    """Which strategies of a blend share their evidence; vectors are shared by nobody."""

    rows: Mapping[str, Sequence[int]]
    """Of each kind of evidence: the strategies that look at it."""
    widths: Mapping[str, int]
    """Of each kind: how many pieces there are; 0 where no strategy says what it makes of it."""
    centres: Mapping[str, Floats]
    """(n_evidence, n_strategies) what a strategy says of the mean item; those that have any"""
    starts: Mapping[str, int]
    """Where each kind begins when all of them stand side by side."""
    height: int
    """How many pieces of evidence there are in all."""

    @classmethod
    def of(
        cls,
        models: Sequence[LinearModel[Any, Any]],
        widths: Sequence[int],
        centres: Sequence[Floats],
    ) -> "Kinds":
        """Sort strategies by their evidence.

        Args:
            models: The strategies.
            widths: Of the evidence of each.
            centres: (n_evidence,) of each, or empty.
        """
        rows: dict[str, list[int]] = {}
        for row, model in enumerate(models):
            if model.evidence != "none":
                own = f" {row}" if model.evidence == "vectors" else ""
                rows.setdefault(model.evidence + own, []).append(row)
        wide = {kind: max(widths[row] for row in mine) for kind, mine in rows.items()}
        means = {
            kind: np.stack([_filled(centres[row], wide[kind]) for row in mine], axis=1)
            for kind, mine in rows.items()
        }
        ends = np.cumsum([0, *wide.values()]).tolist()
        starts = dict(zip(rows, ends[:-1], strict=True))
        return cls(rows, wide, means, starts, ends[-1])


@dataclass(eq=False)
class Heard:
    """Evidence in a batch of queries, those of one level of warmth together."""

    queries: Queries
    """Sorted by level."""
    order: Rows | None
    """(n_queries,) the place of each before; None: they were sorted."""
    levels: Rows
    """(n_queries,)"""
    spans: dict[int, slice]
    """Where the queries of each level lie."""
    evidence: dict[str, Sparse | Floats]
    """By kind; without those that are not asked for, and those that are empty."""
    kinds: Kinds
    _parts: dict[tuple[str, int], Any] = field(default_factory=dict)
    _shift: Floats | None = None
    _joined: Sparse | None = None

    @classmethod
    def of(
        cls,
        queries: Queries,
        models: Sequence[LinearModel[Any, Any]],
        kinds: Kinds,
        blend: Blend,
    ) -> "Heard":
        """Gather the evidence of all strategies that count for such askers."""
        levels = level_of(queries.n_events)
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
        for kind, rows in kinds.rows.items():
            if both[:, rows].any():
                told = models[rows[0]].evidence_in(queries)
                if isinstance(told, np.ndarray) or told.nnz:
                    evidence[kind] = told
        return cls(queries, order, levels, spans, evidence, kinds)

    def at(self, kind: str, level: int) -> Any:
        """Return the evidence of one kind for the askers of one level."""
        whole = self.evidence[kind]
        if len(self.spans) == 1:
            return whole
        if (kind, level) not in self._parts:
            self._parts[kind, level] = _span(whole, self.spans[level])
        return self._parts[kind, level]

    def shift(self, n_strategies: int) -> Floats:
        """Return (n_queries, n_strategies) what each strategy says of the mean item."""
        if self._shift is None:
            shift = np.zeros((len(self.queries), n_strategies), dtype=np.float32)
            for kind, told in self.evidence.items():
                if self.kinds.widths[kind]:
                    shift[:, self.kinds.rows[kind]] = told @ self.kinds.centres[kind]
            self._shift = shift
        return self._shift

    def joined(self) -> Sparse:
        """Return all evidence as one CSR; each level of warmth has columns of its own."""
        if self._joined is None:
            self._joined = self._side_by_side()
        return self._joined

    def sorted_back(self, total: Floats) -> Floats:
        """Return rows in the order in which the queries came."""
        if self.order is None:
            return total
        back = np.empty_like(total)
        back[self.order] = total
        return back

    def _side_by_side(self) -> Sparse:
        n, height = len(self.queries), self.kinds.height
        wide = self.kinds.widths
        parts = [(kind, *_entries(e)) for kind, e in self.evidence.items() if wide[kind]]
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
                self.levels * height + self.kinds.starts[kind], size
            )
        ends = starts[:: len(parts)] if parts else np.zeros(n + 1, dtype=np.int64)
        return sp.csr_array((values, columns, ends), shape=(n, len(LEVELS) * height))


def _filled(centre: Floats, width: int) -> Floats:
    return centre if len(centre) else np.zeros(width, dtype=np.float32)


def _span(evidence: Sparse | Floats, span: slice) -> Any:
    return evidence[span] if isinstance(evidence, np.ndarray) else span_of(evidence, span)


def _entries(evidence: Sparse | Floats) -> tuple[Rows, Rows, Floats]:
    """Return the number of entries of each row, their columns and their values."""
    if isinstance(evidence, np.ndarray):
        n, width = evidence.shape
        return np.full(n, width), np.tile(np.arange(width), n), evidence.ravel()
    return np.diff(evidence.indptr), evidence.indices, evidence.data
