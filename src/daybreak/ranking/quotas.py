"""Quotas while a list is put together: what may come next, and what must."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.types import Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Limit:
    """A quota over a catalogue."""

    kinds: Sparse
    """(n_items, n_kinds) CSR float32, 1 where an item counts for a kind; each has the quota"""
    at_most: int | None = None
    at_least: int | None = None
    """Only with one kind."""
    of: int | None = None
    """First places; None: all."""


@dataclass(eq=False)
class _Count:
    """One limit within a shortlist."""

    limit: Limit
    kinds: Sparse
    """(m, n_kinds) of the shortlist"""
    end: int
    """Places in which it counts."""
    wanted: int
    """How many there should be: no more than there are."""
    counts: Floats = field(init=False)
    member: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.kinds.shape[1], dtype=np.float32)
        self.member = np.diff(self.kinds.indptr) > 0
        self.wanted = min(self.wanted, int(self.member.sum()))

    @property
    def missing(self) -> int:
        """How many of those wanted are not there yet."""
        return max(0, self.wanted - int(self.counts.sum())) if self.wanted else 0

    def full(self) -> Mask:
        """Return (m,) items of which no more may come."""
        over = (self.counts >= (self.limit.at_most or 0)).astype(np.float32)
        return np.asarray(self.kinds @ over > 0)


class Quotas:
    """All quotas of one list.

    Args:
        limits: The quotas.
        rows: (m,) items of the shortlist.
        k: Length of the list.
    """

    def __init__(self, limits: Sequence[Limit], rows: Rows, k: int) -> None:
        self._counts = [
            _Count(limit, limit.kinds[rows], min(limit.of or k, k), limit.at_least or 0)
            for limit in limits
        ]

    def free(self, left: Mask, place: int) -> Mask:
        """Return which of the items that are left may take a place.

        When as many places are left as items are missing of some kinds, only these may.

        Args:
            left: (m,) items that are not in the list.
            place: From 0.
        """
        free = left
        for count in self._counts:
            if count.limit.at_most is not None and place < count.end:
                free = free & ~count.full()
        needed = self._needed(place)
        return free & needed if needed is not None and (free & needed).any() else free

    def count(self, pick: int, place: int) -> None:
        """Note that an item has taken a place."""
        for count in self._counts:
            if place < count.end:
                inside = slice(count.kinds.indptr[pick], count.kinds.indptr[pick + 1])
                count.counts[count.kinds.indices[inside]] += 1

    def are_met(self) -> bool:
        """Say whether there are as many of each kind as were asked for."""
        return all(
            count.counts.sum() >= min(count.limit.at_least or 0, count.end)
            for count in self._counts
        )

    def _needed(self, place: int) -> Mask | None:
        """Return (m,) items of the kinds that cannot wait; None: all can.

        Kinds whose places end first are looked at first; one item may count for several.
        """
        waiting = [c for c in self._counts if c.missing and place < c.end]
        for end in sorted({c.end for c in waiting}):
            due = [c for c in waiting if c.end <= end]
            if sum(c.missing for c in due) >= end - place:
                return np.asarray(sum(c.member for c in due) > 0, dtype=bool)
        return None
