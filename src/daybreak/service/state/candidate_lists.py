"""Lists of large catalogues: candidates first, then exact scores of these alone.

Start with :class:`CandidateRanking`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.data.dataset import Queries
from daybreak.ranked_lists import round_scores
from daybreak.ranking.scoring.candidates import CandidateGenerator, Candidates, ItemLimits
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.rules import CompiledRules
from daybreak.service.state.scorers import PartitionedScorer
from daybreak.types import Floats, Mask, Rows

CANDIDATES_ABOVE = 200_000
"""Default of the setting ``candidates_above`` [items]."""
RERANKED_PER_PLACE = 40
"""Candidates for each place of a list that is selected for diversity or novelty."""


@dataclass(frozen=True, eq=False)
class CandidateRanking:
    """Chooses between candidates and exact scores of all items, and generates candidates."""

    above: int = CANDIDATES_ABOVE
    """Number of items from which candidates are generated; 0: never."""
    generator: CandidateGenerator = field(default_factory=CandidateGenerator)

    def applies(self, n_items: int) -> bool:
        """Return whether a catalogue is large enough."""
        return 0 < self.above <= n_items

    def note(self, n_items: int) -> tuple[str, ...]:
        """Return what answers say about candidates; empty if there are none."""
        if not self.applies(n_items):
            return ()
        return (
            f"of {n_items} items, those with the best approximate scores are candidates, and "
            "only these are scored exactly",
        )

    def prepare(self, scorer: PartitionedScorer) -> None:
        """Quantize the vectors of a scorer now, so that no request waits for it."""
        if self.applies(scorer.n_items):
            self.generator.prepare(scorer.scorers[0])

    def of_batch(
        self, scorer: PartitionedScorer, batch: QueryBatch, rows: Rows
    ) -> list[Candidates] | None:
        """Return the candidates of some queries of a batch, with exact and rounded scores.

        Args:
            scorer: Scorer of the catalogue.
            batch: The batch.
            rows: (n,) positions of the queries.

        Returns:
            In the order of ``rows``; None if all items must be scored: for quotas, and for
            several wishes of one query.
        """
        rules = [batch.rules[row] for row in rows.tolist()]
        if any(one.reranker is not None and one.reranker.constraints for one in rules):
            return None
        limits = limits_of(batch, rows, rules)
        sizes = [_n_candidates(batch.k[row], batch.rules[row]) for row in rows.tolist()]
        found: dict[int, Candidates] = {}
        for popularity, positions in batch.group_by_popularity(rows).items():
            own = self._candidates(
                scorer.at_popularity(popularity),
                batch.queries.take(rows[positions]),
                [limits[position] for position in positions.tolist()],
                max(sizes[position] for position in positions.tolist()),
            )
            if own is None:
                return None
            found.update(zip(positions.tolist(), own, strict=True))
        return [found[position] for position in range(len(rows))]

    def _candidates(
        self,
        scorer: PartitionedScorer,
        queries: Queries,
        limits: Sequence[ItemLimits],
        size: int,
    ) -> list[Candidates] | None:
        """Return the candidates of queries; new and changed items are scored exactly."""
        first, *partitions = scorer.scorers
        features = self.generator.encode(first, queries)
        if not self.generator.supports(first, features):
            return None
        order = np.arange(len(queries)) if features.order is None else features.order
        ordered = [limits[position] for position in order.tolist()]
        own = [_restrict(one, len(first.items), scorer.replaced_rows) for one in ordered]
        found = [[one] for one in self.generator.candidates(first, features, own, size)]
        for number, partition in enumerate(partitions, start=1):
            scores, rows = partition.score_encoded(features), scorer.rows[number]
            current = scorer.is_current(number)
            for query, one in enumerate(found):
                best = _best_of_partition(scores[query], rows, current, ordered[query], size)
                one.append(best)
        answers = dict(zip(order.tolist(), map(_join, found), strict=True))
        return [answers[position] for position in range(len(queries))]


def _n_candidates(k: int, rules: CompiledRules) -> int:
    n = CandidateGenerator.n_candidates(k)
    return n if rules.reranker is None else max(n, RERANKED_PER_PLACE * k)


def limits_of(
    batch: QueryBatch, rows: Rows, rules: Sequence[CompiledRules]
) -> list[ItemLimits]:
    """Return what rules and histories do to items, for some queries of a batch.

    Args:
        batch: The batch.
        rows: Positions of the queries.
        rules: Rules of each of them.
    """
    added = {id(one): one.added_values() for one in rules}
    starts, columns = batch.excluded.indptr, batch.excluded.indices
    return [
        ItemLimits(
            one.allowed,
            np.sort(columns[starts[row] : starts[row + 1]]).astype(np.int64),
            added[id(one)],
        )
        for row, one in zip(rows.tolist(), rules, strict=True)
    ]


def _restrict(limits: ItemLimits, n_items: int, replaced: Rows) -> ItemLimits:
    """Return the limits of the first items, without those that other scorers score."""
    added = None if limits.added is None else limits.added[:n_items]
    excluded = limits.excluded[limits.excluded < n_items]
    if len(replaced):
        excluded = np.union1d(excluded, replaced)
    return ItemLimits(limits.allowed[:n_items], excluded, added)


def _best_of_partition(
    scores: Floats, rows: Rows, is_current: Mask, limits: ItemLimits, size: int
) -> Candidates:
    """Return at most ``size`` items of a partition, by their scores and added values.

    Args:
        scores: (n,) scores of the items of the partition.
        rows: (n,) their rows in the catalogue.
        is_current: (n,) whether no later scorer covers an item.
        limits: Limits of the whole catalogue.
        size: Largest number of items.
    """
    kept = np.flatnonzero(is_current & limits.allowed[rows] & ~np.isin(rows, limits.excluded))
    if len(kept) > size:
        ranked = scores[kept]
        if limits.added is not None:
            ranked = ranked + limits.added[rows[kept]]
        kept = kept[np.argsort(-ranked, kind="stable")[:size]]
    return Candidates(rows[kept], scores[kept])


def _join(parts: Sequence[Candidates]) -> Candidates:
    rows = np.concatenate([one.rows for one in parts])
    scores = np.concatenate([one.scores for one in parts])
    order = np.argsort(rows, kind="stable")
    return Candidates(rows[order], round_scores(scores[order]))
