"""Reranking: greedy selection of a list with diversity, novelty, duplicates and quotas.

Start reading at :meth:`Reranker.rerank`.

Source:
    Maximal marginal relevance: Carbonell and Goldstein 1998, "The use of MMR", with the score
    of the blend as relevance. A greedy determinantal point process (Chen et al. 2018) on the
    same shortlists was neither better nor worse on two data sets.
    Novelty as self-information: Zhou et al. 2010, "Solving the apparent diversity-accuracy
    dilemma of recommender systems", eq. 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.data.dataset import ContentBlock
from daybreak.ranking.reranking.similarity import ItemSimilarity
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MIN_SHORTLIST_ITEMS = 200
"""Number of best items from which a list is selected, unless these do not suffice."""
SHORTLIST_PER_SLOT = 4
"""Minimum number of items in the shortlist per slot of the list."""
SHORTLIST_GROWTH_FACTOR = 8
"""Factor by which the shortlist grows if it does not suffice."""
COSINE_TOLERANCE = 1e-5
"""Rounding error that is allowed in a cosine."""
BY_SCORE, BY_QUOTA, BY_DIVERSITY, BY_NOVELTY = 0, 1, 2, 3
"""Causes of a selection: the item was the best remaining one, or it was preferred to the best
remaining one because of a quota, for diversity or for novelty."""


@dataclass(frozen=True, eq=False)
class QuotaConstraint:
    """A minimum or maximum number of items of a group among the first slots of a list."""

    membership: Sparse
    """(n_items, n_groups) CSR float32, 1 where an item belongs to a group; the bounds apply to
    each group"""
    at_most: int | None = None
    at_least: int | None = None
    """Only with one group."""
    n_slots: int | None = None
    """Number of first slots; None: the whole list."""


@dataclass(frozen=True, eq=False)
class Reranker:
    """Settings with which lists from one catalogue are selected."""

    blocks: Sequence[ContentBlock]
    """Content of the items."""
    diversity: float = 0.0
    """From 0 (order by score) to 1 (order by dissimilarity)."""
    constraints: tuple[QuotaConstraint, ...] = ()
    duplicate_groups: Rows | None = None
    """(n_items,) items with the same number of 0 or more are duplicates; -1: no duplicate"""
    min_duplicate_cosine: float | None = None
    """Content similarity from which items are duplicates; None: no such check."""
    novelty: float = 0.0
    """From 0 (order by score) to 1 (order by score and self-information)."""
    self_information: Floats | None = None
    """(n_items,) :func:`self_information` of the items; None: 0 for all."""

    def rerank(self, scores: Floats, k: int) -> tuple[Rows, Rows]:
        """Select one list.

        Args:
            scores: (n_items,) scores; ``-inf`` excludes an item.
            k: Maximum length of the list.

        Returns:
            Rows of the items in their order, and the cause of each selection: ``BY_SCORE``,
            ``BY_QUOTA``, ``BY_DIVERSITY`` or ``BY_NOVELTY``.

        Example:
            >>> words = ContentBlock("words", np.array([[1, 0], [1, 0], [0, 1]], np.float32))
            >>> diverse = Reranker([words], diversity=0.5)
            >>> diverse.rerank(np.array([3, 2.9, 2], dtype=np.float32), 2)
            (array([0, 2]), array([0, 2]))
        """
        n, size = len(scores), max(MIN_SHORTLIST_ITEMS, SHORTLIST_PER_SLOT * k)
        while True:
            rows = self._shortlist(scores, min(size, n), k)
            quotas = QuotaState(self.constraints, rows, k)
            positions, causes = self._fill_slots(scores[rows], rows, k, quotas)
            if size >= n or (len(positions) >= k and quotas.is_satisfied()):
                return rows[positions], causes
            size *= SHORTLIST_GROWTH_FACTOR

    def _shortlist(self, scores: Floats, size: int, k: int) -> Rows:
        """Return the best items, and the best of each group with a minimum number."""
        shortlists = [top_rows(scores, size)]
        for constraint in self.constraints:
            if constraint.at_least:
                is_member = np.diff(constraint.membership.indptr) > 0
                members = np.where(is_member, scores, -np.inf)
                shortlists.append(top_rows(members, min(size, SHORTLIST_PER_SLOT * k)))
        if len(shortlists) == 1:
            return shortlists[0]
        rows = np.unique(np.concatenate(shortlists))
        return rows[np.argsort(-scores[rows], kind="stable")]

    def _fill_slots(
        self, scores: Floats, rows: Rows, k: int, quotas: "QuotaState"
    ) -> tuple[Rows, Rows]:
        """Select the best position of the shortlist for each slot of the list in turn."""
        similarity = self._item_similarity(rows)
        relevance = self._relevance(scores, rows)
        groups = None if self.duplicate_groups is None else self.duplicate_groups[rows]
        remaining = np.ones(len(rows), dtype=bool)
        max_cosine = np.zeros(len(rows), dtype=np.float32)
        selected, causes = [], []
        for slot in range(min(k, len(rows))):
            eligible = quotas.eligible(remaining, slot)
            if not eligible.any():
                break
            marginal = relevance - self.diversity * max_cosine
            best = int(np.argmax(np.where(eligible, marginal, -np.inf)))
            causes.append(_selection_cause(remaining, eligible, best, relevance))
            selected.append(best)
            remaining[best] = False
            quotas.record(best, slot)
            if groups is not None and groups[best] >= 0:
                remaining &= groups != groups[best]
            if similarity is not None:
                cosine = similarity.similarities_to(best)
                max_cosine = np.maximum(max_cosine, cosine)
                if self.min_duplicate_cosine is not None:
                    remaining &= cosine < self.min_duplicate_cosine - COSINE_TOLERANCE
        return np.array(selected, dtype=np.int64), np.array(causes, dtype=np.int64)

    def _item_similarity(self, rows: Rows) -> ItemSimilarity | None:
        if self.diversity == 0 and self.min_duplicate_cosine is None:
            return None
        return ItemSimilarity(self.blocks, rows)

    def _relevance(self, scores: Floats, rows: Rows) -> Floats:
        """Return the weighted relevance of each item, 0 for the best score without novelty.

        Scores are logarithms of choice probabilities, up to a constant, and self-information is
        the logarithm of another probability, so neither needs scaling.
        """
        relevance = scores - scores[:1]
        if self.novelty > 0 and self.self_information is not None:
            relevance = relevance + self.novelty * self.self_information[rows]
        return np.asarray((1 - self.diversity) * relevance, dtype=np.float32)


class QuotaState:
    """State of all quotas while one list is filled.

    Args:
        constraints: The quotas.
        rows: (m,) rows of the items of the shortlist.
        k: Length of the list.
    """

    def __init__(self, constraints: Sequence[QuotaConstraint], rows: Rows, k: int) -> None:
        self._counters = [
            _QuotaCounter.of_shortlist(constraint, rows, k) for constraint in constraints
        ]

    def eligible(self, remaining: Mask, slot: int) -> Mask:
        """Return the mask of the items that may take a slot.

        If as many slots remain as items are missing of some groups, only these are eligible.

        Args:
            remaining: (m,) mask of the items that are not in the list.
            slot: Position in the list, from 0.
        """
        eligible = remaining
        for counter in self._counters:
            if counter.constraint.at_most is not None and slot < counter.n_slots:
                eligible = eligible & ~counter.exhausted()
        urgent = self._urgent(slot)
        if urgent is not None and (eligible & urgent).any():
            return eligible & urgent
        return eligible

    def record(self, position: int, slot: int) -> None:
        """Count the item at a position of the shortlist that has taken a slot."""
        for counter in self._counters:
            if slot < counter.n_slots:
                counter.add(position)

    def is_satisfied(self) -> bool:
        """Return whether the list has the minimum number of items of each group."""
        return all(
            counter.counts.sum() >= min(counter.constraint.at_least or 0, counter.n_slots)
            for counter in self._counters
        )

    def _urgent(self, slot: int) -> Mask | None:
        """Return the (m,) mask of the groups that must take the slot; None if there is none.

        Groups whose slots end first come first; one item may count for several groups.
        """
        open_counters = [c for c in self._counters if c.n_missing and slot < c.n_slots]
        for end in sorted({c.n_slots for c in open_counters}):
            due = [c for c in open_counters if c.n_slots <= end]
            if sum(c.n_missing for c in due) >= end - slot:
                return np.asarray(sum(c.is_member for c in due) > 0, dtype=bool)
        return None


@dataclass(eq=False)
class _QuotaCounter:
    """Counts of one constraint within a shortlist."""

    constraint: QuotaConstraint
    membership: Sparse
    """(m, n_groups) of the shortlist"""
    n_slots: int
    n_required: int
    """Minimum number of items, limited by the number of members in the shortlist."""
    is_member: Mask
    """(m,) whether an item belongs to any group"""
    counts: Floats = field(init=False)
    """(n_groups,) number of items in the list"""

    def __post_init__(self) -> None:
        self.counts = np.zeros(self.membership.shape[1], dtype=np.float32)

    @classmethod
    def of_shortlist(cls, constraint: QuotaConstraint, rows: Rows, k: int) -> "_QuotaCounter":
        membership = constraint.membership[rows]
        is_member = np.diff(membership.indptr) > 0
        n_slots = min(constraint.n_slots or k, k)
        n_required = min(constraint.at_least or 0, int(is_member.sum()))
        return cls(constraint, membership, n_slots, n_required, is_member)

    @property
    def n_missing(self) -> int:
        """Number of required items that are not in the list yet."""
        return max(0, self.n_required - int(self.counts.sum())) if self.n_required else 0

    def exhausted(self) -> Mask:
        """Return the (m,) mask of the items in a group that has its maximum number."""
        is_full = (self.counts >= (self.constraint.at_most or 0)).astype(np.float32)
        return np.asarray(self.membership @ is_full > 0)

    def add(self, position: int) -> None:
        """Count one item of the shortlist."""
        entries = slice(self.membership.indptr[position], self.membership.indptr[position + 1])
        self.counts[self.membership.indices[entries]] += 1


def top_rows(scores: Floats, size: int) -> Rows:
    """Return the rows of the best scores; ties by row, never ``-inf`` or NaN.

    Args:
        scores: (n,) scores.
        size: Maximum number of rows.

    Example:
        >>> top_rows(np.array([1, 3, -np.inf, 3, np.nan]), 2)
        array([1, 3])
    """
    rows = np.flatnonzero(scores > -np.inf)
    if len(rows) > size:
        threshold = np.partition(scores[rows], len(rows) - size)[len(rows) - size]
        rows = rows[scores[rows] >= threshold]
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")][:size], dtype=np.int64)


def self_information(n_users_by_item: Doubles, n_users: int) -> Floats:
    """Return how surprising it is that a user knows each item, in nats.

    That is ``-ln(share)`` of the share of users who have chosen the item. One user is added to
    both counts, so that an item that nobody has chosen has a finite value.

    Args:
        n_users_by_item: (n_items,) number of users who have chosen each item.
        n_users: Number of users who have chosen any item.

    Example:
        >>> self_information(np.array([9.0, 4.0, 0.0]), 10).round(3).tolist()
        [0.0949999988079071, 0.7879999876022339, 2.3980000019073486]
    """
    share = (np.asarray(n_users_by_item) + 1) / (n_users + 1)
    return np.asarray(-np.log(np.minimum(share, 1)), dtype=np.float32)


def _selection_cause(remaining: Mask, eligible: Mask, selected: int, relevance: Floats) -> int:
    """Return why an item was preferred to better ones; positions are in the order of scores."""
    best = int(np.argmax(remaining))
    if selected == best:
        return BY_SCORE
    if not eligible[best]:
        return BY_QUOTA
    return BY_NOVELTY if relevance[selected] > relevance[best] else BY_DIVERSITY
