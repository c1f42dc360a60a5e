"""Pools of the best candidates of simulated queries, and their parts until they are joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from daybreak.memory import trim_heaps
from daybreak.types import Doubles, Floats, Mask, Rows


@dataclass(frozen=True, eq=False)
class CandidatePool:
    """Scores of the most promising candidates of some queries; unused columns are masked.

    Pools make the cost of fitting a blend independent of the size of the catalogue. An item
    that is among the best of no strategy cannot get a high position in any blend of them.
    """

    features: Floats
    """(n_strategies, n_queries, width) scores of the strategies"""
    relevant: Mask
    """(n_queries, width)"""
    present: Mask
    """(n_queries, width)"""
    is_new: Mask
    """(n_queries, width) whether a candidate has no events"""
    n_relevant: Rows
    """(n_queries,) number of targets in the whole catalogue"""
    n_events: Floats
    """(n_queries,)"""
    item_rows: Rows
    """(n_queries, width) rows of the catalogue"""
    users: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """(n_queries,) row of the user of each query; empty: every query is of another user"""
    pause_s: Doubles = field(default_factory=lambda: np.zeros(0))
    """(n_queries,) time since the last event [s], NaN: unknown; empty: all are unknown"""

    def take(self, rows: Rows) -> "CandidatePool":
        """Return the pool of some of the queries, without columns that none of them uses."""
        present = self.present[rows]
        used = np.flatnonzero(present.any(axis=0))
        width = int(used[-1]) + 1 if len(used) else min(1, present.shape[1])
        return CandidatePool(
            take_queries(self.features, rows, width),
            self.relevant[rows, :width],
            np.ascontiguousarray(present[:, :width]),
            self.is_new[rows, :width],
            self.n_relevant[rows],
            self.n_events[rows],
            self.item_rows[rows, :width],
            self.users[rows] if len(self.users) else self.users,
            self.pause_s[rows] if len(self.pause_s) else self.pause_s,
        )

    def move_candidates_first(self) -> "CandidatePool":
        """Return the pool with the columns of each query that are not masked at its start."""
        columns = np.argsort(~self.present, axis=1, kind="stable")
        width = max(int(self.present.sum(axis=1).max(initial=0)), 1)
        columns = columns[:, :width]
        rows = np.arange(len(columns))[:, None]
        features = np.zeros((len(self.features), *columns.shape), dtype=np.float32)
        for target, scores in zip(features, self.features, strict=True):
            if scores.any():  # memory that is not written is not used
                target[:] = scores[rows, columns]
        return replace(
            self,
            features=features,
            relevant=self.relevant[rows, columns],
            present=self.present[rows, columns],
            is_new=self.is_new[rows, columns],
            item_rows=self.item_rows[rows, columns],
        )

    def drop_unanswerable(self) -> "CandidatePool":
        """Return the queries with at least one target, without columns that none uses."""
        return self.take(np.flatnonzero(self.n_relevant > 0))


@dataclass(frozen=True, eq=False)
class PoolPart:
    """A pool of one block of queries, with the scores of some of the strategies."""

    pool: CandidatePool
    rows: Rows
    """Positions of its strategies; all others score 0."""


class PoolParts:
    """The parts of the pools of each kind of queries, in the order in which they were added.

    A part holds only the strategies that were fitted for it.
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[PoolPart]] = {}

    def add(self, kind: str, pool: CandidatePool, rows: Sequence[int]) -> None:
        """Add a part.

        Args:
            kind: Kind of its queries.
            pool: Scores of some strategies.
            rows: Positions of these strategies.
        """
        used = np.flatnonzero([scores.any() for scores in pool.features])
        kept = pool if len(used) == len(rows) else replace(pool, features=pool.features[used])
        part = PoolPart(kept, np.asarray(rows, dtype=np.int64)[used])
        self._parts.setdefault(kind, []).append(part)

    def extend(self, other: "PoolParts") -> None:
        """Add the parts of another collection after those of this one."""
        for kind, parts in other._parts.items():
            self._parts.setdefault(kind, []).extend(parts)

    def count(self, kind: str) -> int:
        """Return the number of parts of a kind of queries."""
        return len(self._parts.get(kind, ()))

    def truncate(self, kind: str, n_parts: int) -> None:
        """Remove the parts of a kind of queries that were added after the first ones."""
        del self._parts.get(kind, [])[n_parts:]

    def join(
        self, rows: Sequence[int], kinds: Sequence[str] = (), *, is_last: bool = False
    ) -> dict[str, CandidatePool]:
        """Return one pool for each kind of queries, padded to the widest part.

        Args:
            rows: Positions of the strategies that are kept.
            kinds: Kinds of queries; default: all.
            is_last: Whether the parts are removed while they are joined, so that parts and
                pools are never in memory together.
        """
        chosen = [kind for kind in self._parts if not kinds or kind in kinds]
        pools = {}
        for kind in chosen:
            parts = self._parts.pop(kind) if is_last else list(self._parts[kind])
            if parts:
                pools[kind] = join_parts(parts, rows)
            if is_last:
                trim_heaps()
        return pools


def join_parts(parts: list[PoolPart], rows: Sequence[int]) -> CandidatePool:
    """Return the queries of several parts as one pool, padded to the widest.

    Args:
        parts: Parts of one kind of queries, at least one; the list is empty afterwards.
        rows: Positions of the strategies that are kept.
    """
    width = max(part.pool.present.shape[1] for part in parts)
    n_queries = sum(len(part.pool.n_events) for part in parts)
    others = {
        one.name: np.concatenate(
            [_pad_width(getattr(part.pool, one.name), width) for part in parts]
        )
        for one in fields(CandidatePool)
        if one.name != "features"
    }
    features = np.zeros((len(rows), n_queries, width), dtype=np.float32)
    place = {row: number for number, row in enumerate(rows)}
    start = 0
    parts.reverse()
    while parts:
        part = parts.pop()
        stop = start + len(part.pool.n_events)
        part_width = part.pool.present.shape[1]
        for scores, row in zip(part.pool.features, part.rows.tolist(), strict=True):
            if row in place:  # memory that is not written is not used
                features[place[row], start:stop, :part_width] = scores
        start = stop
    return CandidatePool(features, **others)


def take_queries(features: Floats, rows: Rows, width: int) -> Floats:
    """Return the (n_strategies, n_rows, width) contiguous scores of some queries.

    Args:
        features: (n_strategies, n_queries, at least width) scores.
        rows: Positions of the queries.
        width: Number of columns that are kept.
    """
    out = np.zeros((len(features), len(rows), width), dtype=np.float32)
    for target, scores in zip(out, features, strict=True):
        if scores.any():  # memory that is not written is not used
            target[:] = scores[rows, :width]
    return out


def _pad_width(values: Any, width: int) -> Any:
    if values.ndim == 1:
        return values
    return np.pad(values, [(0, 0)] * (values.ndim - 1) + [(0, width - values.shape[-1])])
