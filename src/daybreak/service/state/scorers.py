"""Scores a catalogue that grows and changes, without a new training."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock

import numpy as np

from daybreak.blas import SingleBlasThread
from daybreak.data.dataset import Items, Queries
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.weights import Blend
from daybreak.ranking.scoring.remembered import MAX_SCORE_BYTES, QueryMemory
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.scoring.shared_columns import SharedColumns
from daybreak.ranking.scoring.updates import concat_levels, concat_linear, iter_column_updates
from daybreak.service.state.item_updates import ItemUpdate
from daybreak.types import Floats, Mask, Rows

MIN_PARTITION_SIZE_RATIO = 16
"""Smallest ratio of the sizes of a partition and the partitions after it."""

MAX_STRATEGY_SCORERS = 2
"""Maximum number of strategies that have a scorer of their own in memory."""
MAX_POPULARITY_SCORERS = 3
"""Maximum number of values of ``popularity``, besides the default, that have a scorer in
memory."""
POPULARITY_CACHE_SHARE = 0.25
"""Size of the cache of summed weights of each of them, and of the memory of queries, relative
to that of the default."""


@dataclass(frozen=True, eq=False)
class PartitionedScorer:
    """Scorers of the partitions of a catalogue; the last one that covers an item counts.

    The first scorer covers the catalogue of the training. Items that were added or changed
    since are covered by further scorers, the largest partition first. When many items have
    changed, the first scorer is replaced by one that scores them as they are now.
    """

    scorers: tuple[Scorer, ...]
    rows: tuple[Rows, ...]
    """Rows of the catalogue that each scorer covers."""
    n_items: int
    memory: QueryMemory = field(default_factory=QueryMemory, repr=False)
    """Scores and vectors of the latest queries; that of an earlier scorer where the first
    scorers have the same weights."""
    _by_popularity: "OrderedDict[float, PartitionedScorer]" = field(
        default_factory=OrderedDict, init=False, repr=False
    )
    """Scorers for other values of ``popularity``, the latest last."""
    _by_strategy: "OrderedDict[str, PartitionedScorer]" = field(
        default_factory=OrderedDict, init=False, repr=False
    )
    """Scorers of one strategy alone, the latest last."""
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    @classmethod
    def from_scorer(cls, scorer: Scorer) -> "PartitionedScorer":
        """Return the scorer of a catalogue that has not changed."""
        return cls((scorer,), (np.arange(len(scorer.items)),), len(scorer.items))

    @SingleBlasThread()
    def with_updated_rows(
        self, update: ItemUpdate, columns: SharedColumns | None = None
    ) -> "PartitionedScorer":
        """Return a scorer of a catalogue in which some rows are new or have changed.

        Partitions that are not much larger than those after them are merged with them, so that
        changing items one at a time makes few partitions. Models score only the new rows.

        Args:
            update: New and changed rows of a catalogue that is at least as long as before.
            columns: Where weights are that other processes have computed; None: nowhere.
        """
        items, fresh, whole = update.items, update.rows, self.scorers[0]
        n_kept, pending = len(self.scorers), len(fresh)
        while n_kept > 1 and len(self.rows[n_kept - 1]) <= MIN_PARTITION_SIZE_RATIO * pending:
            n_kept -= 1
            pending += len(self.rows[n_kept])
        linear_models = columns.linear_models(whole.fitted, update.part) if columns else ()
        new_scorer = (whole.for_items(update.part, linear_models), fresh)
        latest = [*zip(self.scorers[n_kept:], self.rows[n_kept:], strict=True), new_scorer]
        partition, covered = (
            new_scorer if len(latest) == 1 else self._merged_partition(items, latest)
        )
        for level in range(len(partition.blend.weights)):
            partition.level_weights(level)  # computed now, so that no request waits for it
        return PartitionedScorer(
            (*self.scorers[:n_kept], partition),
            (*self.rows[:n_kept], covered),
            len(items),
            self.memory,
        )

    def with_models(self, fitted: FittedStrategies) -> "PartitionedScorer":
        """Return a scorer with models whose user-independent scores have changed."""
        first = self.scorers[0].with_models(fitted)
        partitions = [
            partition.with_models(fitted, first.centres) for partition in self.scorers[1:]
        ]
        # Such models have a bias only, which is not remembered.
        return PartitionedScorer((first, *partitions), self.rows, self.n_items, self.memory)

    def at_popularity(self, popularity: float | None) -> "PartitionedScorer":
        """Return a scorer for another value of ``popularity``; it shares all matrices.

        Args:
            popularity: From 0 to 1; None: that of this scorer.
        """
        blend = self.scorers[0].blend
        if popularity is None or popularity == blend.popularity or not blend.weight_sets:
            return self
        with self._lock:
            scorer = self._by_popularity.get(popularity)
            if scorer is None:
                scorer = self._with_blend(blend.at_popularity(popularity))
                self._by_popularity[popularity] = scorer
                while len(self._by_popularity) > MAX_POPULARITY_SCORERS:
                    self._by_popularity.popitem(last=False)
            self._by_popularity.move_to_end(popularity)
            return scorer

    def of_strategy(self, strategy: str) -> "PartitionedScorer":
        """Return a scorer of one strategy alone; it shares all matrices.

        Args:
            strategy: Name of a strategy of the blend.

        Raises:
            ConfigError: The blend does not have the strategy.
        """
        with self._lock:
            scorer = self._by_strategy.get(strategy)
            if scorer is None:
                scorer = self._with_blend(self.scorers[0].blend.only(strategy))
                self._by_strategy[strategy] = scorer
                while len(self._by_strategy) > MAX_STRATEGY_SCORERS:
                    self._by_strategy.popitem(last=False)
            self._by_strategy.move_to_end(strategy)
            return scorer

    def _with_blend(self, blend: Blend) -> "PartitionedScorer":
        whole, *partitions = self.scorers
        first = whole.with_blend(blend, POPULARITY_CACHE_SHARE * whole.max_cache_bytes)
        others = (first.for_items(one.items, one.linear_models) for one in partitions)
        memory = QueryMemory(int(POPULARITY_CACHE_SHARE * MAX_SCORE_BYTES))
        return PartitionedScorer((first, *others), self.rows, self.n_items, memory)

    def forget(self) -> None:
        """Drop what is remembered of queries, also for other values of ``popularity``."""
        with self._lock:
            others = [*self._by_popularity.values(), *self._by_strategy.values()]
        for scorer in (self, *others):
            scorer.memory.clear()

    def n_changed(self) -> int:
        """Return how many items of the first scorer have changed."""
        return 0 if len(self.scorers) == 1 else len(self._changed_rows()[0])

    def compaction_steps(self) -> Iterator[Scorer]:
        """Yield first scorers that score more and more of the changed items as they are now.

        Each may replace the first scorer at once; after the last one, the second scorer is not
        needed for these items.
        """
        return iter_column_updates(self.scorers[0], self.scorers[1], *self._changed_rows())

    def with_first_scorer(self, scorer: Scorer) -> "PartitionedScorer":
        """Return a scorer with another first scorer of the same items."""
        return PartitionedScorer((scorer, *self.scorers[1:]), self.rows, self.n_items)

    def without_changed(self) -> "PartitionedScorer":
        """Return a scorer whose second partition has new items only, or is dropped."""
        (first, partition, *other_scorers), (first_rows, rows, *other_rows) = (
            self.scorers,
            self.rows,
        )
        new_rows = np.flatnonzero(rows >= len(first_rows))
        if not len(new_rows):
            return PartitionedScorer(
                (first, *other_scorers), (first_rows, *other_rows), self.n_items, self.memory
            )
        shortened = first.for_items(
            partition.items.take(new_rows), concat_linear([(partition, new_rows)])
        )
        return PartitionedScorer(
            (first, shortened, *other_scorers),
            (first_rows, rows[new_rows], *other_rows),
            self.n_items,
            self.memory,
        )

    def _changed_rows(self) -> tuple[Rows, Rows]:
        """Return the changed items of the first scorer, and their rows in the second."""
        rows = self.rows[1]
        positions = np.flatnonzero(rows < len(self.rows[0]))
        return rows[positions], positions

    def _merged_partition(
        self, items: Items, partitions: Sequence[tuple[Scorer, Rows]]
    ) -> tuple[Scorer, Rows]:
        """Return one scorer in place of several, with the rows that it covers."""
        later = np.empty(0, dtype=np.int64)
        covering: list[tuple[Scorer, Rows, Rows]] = []
        for scorer, rows in reversed(partitions):
            current = np.flatnonzero(~np.isin(rows, later))
            if len(current):
                covering.append((scorer, current, rows[current]))
            later = np.r_[later, rows[current]]
        covered = np.concatenate([rows for _, _, rows in covering])
        selected = [(scorer, current) for scorer, current, _ in covering]
        taken, linear_models = items.take(covered), concat_linear(selected)
        levels = concat_levels(selected)
        return self.scorers[0].for_items(taken, linear_models, levels=levels), covered

    @SingleBlasThread()
    def score(self, queries: Queries, *, remembers: bool = False) -> Floats:
        """Return the (n_queries, n_items) scores of the whole catalogue.

        Args:
            queries: The queries.
            remembers: Whether the same queries are expected again: their scores are kept, and
                found instead of computed.
        """
        memory = self.memory if remembers else None
        if memory is not None and queries.wish:
            return self._score_wishes_apart(queries)
        features = self.scorers[0].encode(queries, memory)
        first = self.scorers[0].score_encoded(features, memory)
        if len(self.scorers) == 1:
            return features.restore_order(first)
        out = first  # memory of this call
        if first.shape[1] != self.n_items:
            out = np.empty((len(queries), self.n_items), dtype=np.float32)
            out[:, : first.shape[1]] = first
        for scorer, rows in zip(self.scorers[1:], self.rows[1:], strict=True):
            out[:, rows] = scorer.score_encoded(features)
        return features.restore_order(out)

    def _score_wishes_apart(self, queries: Queries) -> Floats:
        """Return the scores of queries, of which those with wishes are not remembered."""
        scores = np.empty((len(queries), self.n_items), dtype=np.float32)
        wishing, others = np.flatnonzero(queries.has_wish), np.flatnonzero(~queries.has_wish)
        if len(wishing):
            scores[wishing] = self.score(queries.take(wishing))
        if len(others):
            plain = queries.take(others).without_wishes()
            scores[others] = self.score(plain, remembers=True)
        return scores

    def by_scorer(self, items: Rows) -> Iterator[tuple[Scorer, Rows, Rows]]:
        """Yield each scorer with the positions of its items, and their rows in the scorer."""
        for number, scorer in enumerate(self.scorers):
            inside = np.flatnonzero(self._scorer_of_row[items] == number)
            if len(inside):
                yield scorer, inside, self._local_row[items[inside]]

    @cached_property
    def is_known(self) -> Mask:
        """(n_items,) items that the models were trained on."""
        known = np.zeros(self.n_items, dtype=bool)
        for scorer, rows in zip(self.scorers, self.rows, strict=True):
            known[rows] = scorer.is_warm
        return known

    @cached_property
    def replaced_rows(self) -> Rows:
        """Rows of the first scorer that later scorers cover, ascending."""
        return np.flatnonzero(self._scorer_of_row[: len(self.rows[0])] > 0)

    def is_current(self, number: int) -> Mask:
        """Return (n,) whether each item of a scorer is covered by no later one."""
        return np.asarray(self._scorer_of_row[self.rows[number]] == number)

    @cached_property
    def _scorer_of_row(self) -> Rows:
        owner = np.zeros(self.n_items, dtype=np.int64)
        for number, rows in enumerate(self.rows):
            owner[rows] = number
        return owner

    @cached_property
    def _local_row(self) -> Rows:
        local = np.zeros(self.n_items, dtype=np.int64)
        for rows in self.rows:
            local[rows] = np.arange(len(rows))
        return local
