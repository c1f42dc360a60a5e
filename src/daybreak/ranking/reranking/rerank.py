"""Quotas while a list is put together: what may come next, and what must.

A list put together place by place: unlike items, no duplicates, quotas.

Source:
    Maximal marginal relevance: Carbonell and Goldstein 1998, "The use of MMR", with the score
    of the blend as relevance. A greedy determinantal point process (Chen et al. 2018) on the
    same shortlists was neither better nor worse on two data sets.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.data.dataset import ContentBlock
from daybreak.ranking.reranking.similarity import ItemSimilarity
from daybreak.types import Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class QuotaConstraint:
    """A quota over a catalogue."""

    membership: Sparse
    """(n_items, n_kinds) CSR float32, 1 where an item counts for a kind; each has the quota"""
    at_most: int | None = None
    at_least: int | None = None
    """Only with one kind."""
    n_slots: int | None = None
    """First places; None: all."""


@dataclass(eq=False)
class _QuotaCounter:
    """One limit within a shortlist."""

    constraint: QuotaConstraint
    membership: Sparse
    """(m, n_kinds) of the shortlist"""
    n_slots: int
    """Places in which it counts."""
    n_required: int
    """How many there should be: no more than there are."""
    counts: Floats = field(init=False)
    is_member: Mask = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.membership.shape[1], dtype=np.float32)
        self.is_member = np.diff(self.membership.indptr) > 0
        self.n_required = min(self.n_required, int(self.is_member.sum()))

    @property
    def n_missing(self) -> int:
        """How many of those wanted are not there yet."""
        return max(0, self.n_required - int(self.counts.sum())) if self.n_required else 0

    def exhausted(self) -> Mask:
        """Return (m,) items of which no more may come."""
        over = (self.counts >= (self.constraint.at_most or 0)).astype(np.float32)
        return np.asarray(self.membership @ over > 0)


class QuotaState:
    """All quotas of one list.

    Args:
        limits: The quotas.
        rows: (m,) items of the shortlist.
        k: Length of the list.
    """

    def __init__(self, constraints: Sequence[QuotaConstraint], rows: Rows, k: int) -> None:
        self._counters = [
            _QuotaCounter(
                limit, limit.membership[rows], min(limit.n_slots or k, k), limit.at_least or 0
            )
            for limit in constraints
        ]

    def eligible(self, remaining: Mask, slot: int) -> Mask:
        """Return which of the items that are left may take a place.

        When as many places are left as items are missing of some kinds, only these may.

        Args:
            left: (m,) items that are not in the list.
            place: From 0.
        """
        free = remaining
        for count in self._counters:
            if count.constraint.at_most is not None and slot < count.n_slots:
                free = free & ~count.exhausted()
        needed = self._urgent(slot)
        return free & needed if needed is not None and (free & needed).any() else free

    def record(self, position: int, slot: int) -> None:
        """Note that an item has taken a place."""
        for count in self._counters:
            if slot < count.n_slots:
                inside = slice(
                    count.membership.indptr[position], count.membership.indptr[position + 1]
                )
                count.counts[count.membership.indices[inside]] += 1

    def is_satisfied(self) -> bool:
        """Say whether there are as many of each kind as were asked for."""
        return all(
            count.counts.sum() >= min(count.constraint.at_least or 0, count.n_slots)
            for count in self._counters
        )

    def _urgent(self, slot: int) -> Mask | None:
        """Return (m,) items of the kinds that cannot wait; None: all can.

        Kinds whose places end first are looked at first; one item may count for several.
        """
        waiting = [c for c in self._counters if c.n_missing and slot < c.n_slots]
        for end in sorted({c.n_slots for c in waiting}):
            due = [c for c in waiting if c.n_slots <= end]
            if sum(c.n_missing for c in due) >= end - slot:
                return np.asarray(sum(c.is_member for c in due) > 0, dtype=bool)
        return None


MIN_SHORTLIST_ITEMS = 200
"""Best items among which a list is put together; more only where these do not do."""
SHORTLIST_GROWTH_FACTOR = 8
"""Times as many are taken then."""
COSINE_TOLERANCE = 1e-5
"""Cosines that are so little below a bound have reached it."""
BY_SCORE, BY_QUOTA, BY_DIVERSITY = 0, 1, 2
"""Why an item was chosen for a place: it was the best left, or else what came before that."""


@dataclass(frozen=True, eq=False)
class Reranker:
    """How lists from one catalogue are put together."""

    blocks: Sequence[ContentBlock]
    """Content of the items."""
    diversity: float = 0.0
    """From 0, by score alone, to 1, by unlikeness alone."""
    constraints: tuple[QuotaConstraint, ...] = ()
    duplicate_groups: Rows | None = None
    """(n_items,) items with the same number, from 0, are the same; -1: like no other"""
    min_duplicate_cosine: float | None = None
    """Cosine of content from which two items are the same."""

    def rerank(self, scores: Floats, k: int) -> tuple[Rows, Rows]:
        """Return one list.

        Args:
            scores: (n_items,) higher is better; ``-inf`` must not be in the list.
            k: Its length, if there are so many.

        Returns:
            Rows of items in their places, and for each why it was chosen: ``BY_SCORE``,
            ``BY_QUOTA`` or ``BY_DIVERSITY``.

        Example:
            >>> words = ContentBlock("words", np.array([[1, 0], [1, 0], [0, 1]], np.float32))
            >>> unlike = Reranker([words], diversity=0.5)
            >>> unlike.rerank(np.array([3, 2.9, 2], dtype=np.float32), 2)
            (array([0, 2]), array([0, 2]))
        """
        n, size = len(scores), max(MIN_SHORTLIST_ITEMS, 4 * k)
        while True:
            rows = self._shortlist(scores, min(size, n), k)
            quotas = QuotaState(self.constraints, rows, k)
            places, causes = self._fill_slots(scores[rows], rows, k, quotas)
            if size >= n or (len(places) >= k and quotas.is_satisfied()):
                return rows[places], causes
            size *= SHORTLIST_GROWTH_FACTOR

    def _shortlist(self, scores: Floats, size: int, k: int) -> Rows:
        """Return the best items, and the best of each kind of which some are needed."""
        found = [top_rows(scores, size)]
        for limit in self.constraints:
            if limit.at_least:
                inside = np.diff(limit.membership.indptr) > 0
                found.append(top_rows(np.where(inside, scores, -np.inf), min(size, 4 * k)))
        if len(found) == 1:
            return found[0]
        rows = np.unique(np.concatenate(found))
        return rows[np.argsort(-scores[rows], kind="stable")]

    def _fill_slots(
        self, scores: Floats, rows: Rows, k: int, quotas: QuotaState
    ) -> tuple[Rows, Rows]:
        """Choose places of the shortlist, the best for each place of the list in turn."""
        likeness = self._item_similarity(rows)
        worth = self._relevance(scores)
        same = None if self.duplicate_groups is None else self.duplicate_groups[rows]
        left = np.ones(len(rows), dtype=bool)
        nearest = np.zeros(len(rows), dtype=np.float32)
        chosen, causes = [], []
        for place in range(min(k, len(rows))):
            free = quotas.eligible(left, place)
            if not free.any():
                break
            pick = int(np.argmax(np.where(free, worth - self.diversity * nearest, -np.inf)))
            causes.append(_selection_cause(left, free, pick))
            chosen.append(pick)
            left[pick] = False
            quotas.record(pick, place)
            if same is not None and same[pick] >= 0:
                left &= same != same[pick]
            if likeness is not None:
                near = likeness.similarities_to(pick)
                nearest = np.maximum(nearest, near)
                if self.min_duplicate_cosine is not None:
                    left &= near < self.min_duplicate_cosine - COSINE_TOLERANCE
        return np.array(chosen, dtype=np.int64), np.array(causes, dtype=np.int64)

    def _item_similarity(self, rows: Rows) -> ItemSimilarity | None:
        if self.diversity == 0 and self.min_duplicate_cosine is None:
            return None
        return ItemSimilarity(self.blocks, rows)

    def _relevance(self, scores: Floats) -> Floats:
        """Return how good each item is, by its share of the knob; the best of all has 0.

        Scores are logarithms of how much items weigh in a choice, so they need no scaling.
        """
        return np.asarray((1 - self.diversity) * (scores - scores[:1]), dtype=np.float32)


def top_rows(scores: Floats, size: int) -> Rows:
    """Return the rows of the best scores, equal ones by row; ``-inf`` and NaN never.

    Example:
        >>> top_rows(np.array([1, 3, -np.inf, 3, np.nan]), 2)
        array([1, 3])
    """
    rows = np.flatnonzero(scores > -np.inf)
    if len(rows) > size:
        border = np.partition(scores[rows], len(rows) - size)[len(rows) - size]
        rows = rows[scores[rows] >= border]
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")][:size], dtype=np.int64)


def _selection_cause(left: Mask, free: Mask, pick: int) -> int:
    """Say why an item was chosen before better ones; the shortlist is in their order."""
    best = int(np.argmax(left))
    if pick == best:
        return BY_SCORE
    return BY_DIVERSITY if free[best] else BY_QUOTA
