"""Ranks a catalogue for a batch of queries: scores, rules, the best k of each list."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.blas import SingleBlasThread
from daybreak.data.dataset import Queries
from daybreak.data.sparse_rows import row_sizes
from daybreak.ranked_lists import round_scores, top_k
from daybreak.ranking.blending.weights import nearest_level
from daybreak.ranking.reranking.rerank import (
    BY_DIVERSITY,
    BY_NOVELTY,
    BY_QUOTA,
    top_rows,
)
from daybreak.ranking.scoring.candidates import Candidates
from daybreak.service.state.candidate_lists import CandidateRanking
from daybreak.service.state.catalogue import Catalogue
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.types import Doubles, Floats, Mask, Rows

BOOST, QUOTA, DIVERSITY, NOVELTY = "boost", "quota", "diversity", "novelty"
"""Kinds of rules that move items; the first is also the kind of a reason."""
MAX_SCORES = 16_000_000
"""Default for the largest number of scores computed at a time (64 MB)."""
WARMTH_LABELS = np.array(["cold", "warm", "hot"], dtype=object)


@dataclass(frozen=True, eq=False)
class RankedLists:
    """The lists of a batch as parallel columns, one list after the other, best item first."""

    query: Rows
    """Position of the query in the batch."""
    item: Rows
    """Row of the catalogue."""
    rank: Rows
    """From 1."""
    score: Floats
    """Score of the models plus the values of boosts and of the user's preferences."""
    moved_by: Sequence[str | None]
    """Kind of the rule that moved the item away from its rank by score; None: none."""
    propensity: Doubles
    """Probability with which the item is in the list."""
    explored: Mask
    """Whether the item is in the list to be explored."""

    @classmethod
    def concatenate(cls, lists: "Sequence[RankedLists]") -> "RankedLists":
        """Return the lists of several batches, one after the other."""
        return cls(
            np.concatenate([one_list.query for one_list in lists]),
            np.concatenate([one_list.item for one_list in lists]),
            np.concatenate([one_list.rank for one_list in lists]),
            np.concatenate([one_list.score for one_list in lists]),
            [cause for one_list in lists for cause in one_list.moved_by],
            np.concatenate([one_list.propensity for one_list in lists]),
            np.concatenate([one_list.explored for one_list in lists]),
        )

    def take(self, rows: Rows) -> "RankedLists":
        """Return some entries of the lists."""
        return RankedLists(
            self.query[rows],
            self.item[rows],
            self.rank[rows],
            self.score[rows],
            [self.moved_by[row] for row in rows],
            self.propensity[rows],
            self.explored[rows],
        )

    def __len__(self) -> int:
        return len(self.query)


class CatalogueRanker:
    """Ranks the items of a catalogue.

    Args:
        scorer: Scores all items of the catalogue.
        catalogue: The catalogue.
        has_events: Whether the models were trained on any event.
        candidates: Chooses candidates in large catalogues; None: all items are scored.
    """

    def __init__(
        self,
        scorer: PartitionedScorer,
        catalogue: Catalogue,
        *,
        has_events: bool,
        candidates: CandidateRanking | None = None,
    ) -> None:
        self.scorer = scorer
        applies = candidates is not None and candidates.applies(scorer.n_items)
        self.candidates = candidates if applies else None
        self.has_events = has_events
        self.ids = catalogue.frame["item_id"]
        self.titles = catalogue.titles()
        self.is_known = scorer.is_known
        """(n_items,) items that the models were trained on; others are scored by content."""
        self.rule_compiler = catalogue.rule_compiler
        self.has_content = catalogue.content_mask()
        self.rows_of = catalogue.items.ids.rows

    @property
    def is_available(self) -> Mask:
        """(n_items,) items that may be recommended now; shared, not to be changed."""
        return self.rule_compiler.available()

    @SingleBlasThread()
    def rank(
        self, batch: QueryBatch, max_scores: int = MAX_SCORES, *, remembers: bool = False
    ) -> RankedLists:
        """Return the best items of each query under its rules.

        Args:
            batch: The queries.
            max_scores: Largest number of scores that are computed at a time.
            remembers: See :meth:`.PartitionedScorer.score`.
        """
        padded = _PaddedLists(batch, len(self.ids))
        for rows, queries in batch.iter_chunks(max(1, max_scores // max(len(self.ids), 1))):
            if self._rank_candidates(padded, batch, rows):
                continue
            scores = round_scores(
                self._score_at_popularities(batch, rows, queries, remembers=remembers)
            )
            batch.mask_excluded(scores, rows)
            for group in _group_by_rules(batch, rows):
                chunk = scores if len(group) == len(rows) else scores[group - rows[0]]
                padded.rank_group(group, chunk, batch.rules[group[0]], batch.k[group[0]])
        return padded.ranked_lists()

    def _rank_candidates(self, padded: "_PaddedLists", batch: QueryBatch, rows: Rows) -> bool:
        """Fill in lists of candidates; return whether they could be generated."""
        if self.candidates is None:
            return False
        found = self.candidates.of_batch(self.scorer, batch, rows)
        for row, one in zip(rows.tolist(), found or (), strict=False):
            padded.rank_candidates(row, one, batch.rules[row], batch.k[row])
        return found is not None

    def score(self, queries: Queries) -> Floats:
        """Return the (n_queries, n_items) scores of the whole catalogue."""
        return self.scorer.score(queries)

    def _score_at_popularities(
        self, batch: QueryBatch, rows: Rows, queries: Queries, *, remembers: bool
    ) -> Floats:
        """Return the (n, n_items) scores of queries, each at the popularity of its rules."""
        groups = batch.group_by_popularity(rows)
        if len(groups) == 1:
            scorer = self.scorer.at_popularity(next(iter(groups)))
            return scorer.score(queries, remembers=remembers)
        scores = np.empty((len(rows), len(self.ids)), dtype=np.float32)
        for popularity, positions in groups.items():
            scorer = self.scorer.at_popularity(popularity)
            scores[positions] = scorer.score(queries.take(positions), remembers=remembers)
        return scores

    def strategy_names(self, batch: QueryBatch, lists: RankedLists) -> list[str]:
        """Return for each list entry the strategy with the largest weight."""
        groups = batch.group_by_popularity(np.arange(len(batch)))
        if len(groups) == 1:
            return self._strategy_names(batch, lists, next(iter(groups)))
        names: list[str] = [""] * len(lists)
        for popularity, queries in groups.items():
            entries = np.flatnonzero(np.isin(lists.query, queries))
            found = self._strategy_names(batch, lists.take(entries), popularity)
            for entry, name in zip(entries.tolist(), found, strict=True):
                names[entry] = name
        return names

    def _strategy_names(
        self, batch: QueryBatch, lists: RankedLists, popularity: float | None
    ) -> list[str]:
        levels = nearest_level(batch.queries.n_events)[lists.query]
        has_profile = (row_sizes(batch.queries.profile) > 0)[lists.query]
        has_wish = batch.queries.has_wish[lists.query]
        has_sources = batch.queries.has_sources[lists.query]
        kinds = levels * 16 + has_sources * 8 + has_wish * 4 + has_profile * 2
        kinds = kinds + ~self.is_known[lists.item]
        scorer, found = self.scorer.at_popularity(popularity).scorers[0], kinds.tolist()
        names = scorer.strategy_by_kind
        if unnamed := [kind for kind in set(found) if kind not in names]:
            unique = np.array(unnamed)
            named = scorer.dominant_strategy(
                unique // 16,
                unique // 2 % 2 == 1,
                unique % 2 == 1,
                unique // 4 % 2 == 1,
                unique // 8 % 2 == 1,
            )
            names.update(zip(unnamed, named, strict=True))
        return [names[kind] for kind in found]

    def title(self, item: str) -> str:
        """Return the title of an item of the catalogue; the id of any other."""
        row = int(self.rows_of([item])[0])
        return str(self.titles[row]) if row >= 0 else item


def warmth_labels(is_hot: Mask, is_described: Mask) -> Any:
    """Return ``hot``, ``warm`` or ``cold`` for each user or item."""
    return WARMTH_LABELS[np.where(is_hot, 2, is_described.astype(np.int64))]


class _PaddedLists:
    """Lists of a batch while they are filled in: one row a query, padded with -1."""

    def __init__(self, batch: QueryBatch, n_items: int) -> None:
        width = min(max(batch.k, default=0), n_items)
        self._n_items = n_items
        self._items = np.full((len(batch), width), -1, dtype=np.int64)
        self._scores = np.zeros((len(batch), width), dtype=np.float32)
        self._moved_by: dict[int, list[str | None]] = {}

    def rank_group(self, queries: Rows, scores: Floats, rules: CompiledRules, k: int) -> None:
        """Fill in the lists of queries that have the same rules and length.

        Args:
            queries: (n,) positions of the queries.
            scores: (n, n_items) scores, ``-inf`` for excluded items; changed in place.
            rules: Rules of the lists.
            k: Length of the lists.
        """
        width = min(k, self._items.shape[1])
        if not width:
            return
        if not rules.allowed.all():
            scores[:, ~rules.allowed] = -np.inf
        if (preferred := rules.stated_values()) is not None:
            scores += preferred
        added = rules.boost_values()
        if added is None and rules.reranker is None:
            best = top_k(scores, width)
            self._items[queries, :width] = best
            rows = np.arange(len(best))[:, None]
            self._scores[queries, :width] = scores[rows, np.maximum(best, 0)]
            return
        if added is not None:
            scores += added
        for query, row in zip(queries.tolist(), scores, strict=True):
            items, moved_by = _rerank(row, added, rules, k)
            self._items[query, : len(items)] = items
            self._scores[query, : len(items)] = row[items]
            self._moved_by[query] = moved_by

    def rank_candidates(
        self, query: int, candidates: Candidates, rules: CompiledRules, k: int
    ) -> None:
        """Fill in the list of one query, of its candidates."""
        rows, scores = candidates.rows, candidates.scores
        if rules.reranker is not None:
            spread = np.full((1, self._n_items), -np.inf, dtype=np.float32)
            spread[0, rows] = scores
            self.rank_group(np.array([query]), spread, rules, k)
            return
        if (preferred := rules.stated_values()) is not None:
            scores = scores + preferred[rows]
        added = rules.boost_values()
        if added is not None:
            added = added[rows]
            scores = scores + added
        items, moved_by = _rerank(scores, added, rules, min(k, self._items.shape[1]))
        self._items[query, : len(items)] = rows[items]
        self._scores[query, : len(items)] = scores[items]
        if added is not None:
            self._moved_by[query] = moved_by

    def ranked_lists(self) -> RankedLists:
        """Return the lists without padding."""
        query, position = np.nonzero(self._items >= 0)
        moved_by: list[str | None] = [None] * len(query)
        for moved_query, causes in self._moved_by.items():
            start = int(np.searchsorted(query, moved_query))
            moved_by[start : start + len(causes)] = causes
        return RankedLists(
            query,
            self._items[query, position],
            position + 1,
            self._scores[query, position],
            moved_by,
            np.ones(len(query)),
            np.zeros(len(query), dtype=bool),
        )


def _group_by_rules(batch: QueryBatch, rows: Rows) -> Iterator[Rows]:
    """Yield positions of queries that have the same rules and length."""
    groups: dict[tuple[int, int], list[int]] = {}
    for row in rows.tolist():
        groups.setdefault((id(batch.rules[row]), batch.k[row]), []).append(row)
    for group in groups.values():
        yield np.array(group, dtype=np.int64)


def _rerank(
    scores: Floats, added: Floats | None, rules: CompiledRules, k: int
) -> tuple[Rows, list[str | None]]:
    """Return the items of one list that has boosts or a reranker, and what moved each."""
    if rules.reranker is None:
        items = top_rows(scores, k)
        causes = np.zeros(len(items), dtype=np.int64)
    else:
        items, causes = rules.reranker.rerank(scores, k)
    if added is None:
        not_boosted = np.zeros(len(items), dtype=bool)
        return items, _moved_by(scores[items], causes, not_boosted)
    plain = scores - added
    boosted = (added[items] != 0) & (_score_ranks(plain, items) != np.arange(len(items)))
    return items, _moved_by(plain[items], causes, boosted)


def _score_ranks(scores: Floats, items: Rows) -> Rows:
    """Return the rank from 0 of each item by its score; equal scores are ordered by row."""
    item_scores = scores[items][:, None]
    ranks_before = (scores > item_scores) | (
        (scores == item_scores) & (np.arange(len(scores)) < items[:, None])
    )
    return np.asarray(ranks_before.sum(axis=1), dtype=np.int64)


def _moved_by(scores: Floats, causes: Rows, boosted: Mask) -> list[str | None]:
    """Return for each list entry the kind of the rule that moved its item; None: none.

    Args:
        scores: (k,) scores of the models.
        causes: (k,) why the reranker chose each item.
        boosted: (k,) whether a boost changed the rank of the item in the whole catalogue.
    """
    order = np.argsort(-scores, kind="stable")
    is_moved = (order != np.arange(len(scores))) | boosted
    names = {BY_QUOTA: QUOTA, BY_DIVERSITY: DIVERSITY, BY_NOVELTY: NOVELTY}
    default_cause = next((names[cause] for cause in causes.tolist() if cause in names), BOOST)
    return [
        names.get(cause, BOOST if is_boosted else default_cause) if has_moved else None
        for has_moved, cause, is_boosted in zip(
            is_moved.tolist(), causes.tolist(), boosted.tolist(), strict=True
        )
    ]
