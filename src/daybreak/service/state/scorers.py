"""Which scorer scores which items, while a catalogue grows and changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.dataset import Items, Queries
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.ranking.scoring.updates import concat_linear, iter_column_updates
from daybreak.types import Floats, Mask, Rows

MIN_PARTITION_SIZE_RATIO = 16
"""How many times larger a wing is than what comes after it."""


@dataclass(frozen=True, eq=False)
class PartitionedScorer:
    """Scorers of parts of a catalogue; where several cover an item, the last one counts.

    The first scorer is that of the training and covers the catalogue of then. Items that came
    or changed since are covered by further ones, its wings, the largest first. When many have
    changed, the first one can be settled: it is replaced by one that says the same of them.
    """

    scorers: tuple[Scorer, ...]
    rows: tuple[Rows, ...]
    """Of each scorer: the rows of the catalogue that its items have."""
    n_items: int

    @classmethod
    def from_scorer(cls, scorer: Scorer) -> "PartitionedScorer":
        """Return the one part of a catalogue that did not change yet."""
        return cls((scorer,), (np.arange(len(scorer.items)),), len(scorer.items))

    def with_updated_rows(self, items: Items, rows: Rows) -> "PartitionedScorer":
        """Return the parts of a catalogue of which some rows are new, or have changed.

        Wings that are not much larger than what comes after them are joined with it, so that
        changing items one at a time makes few wings; models are asked for new rows only.

        Args:
            items: The whole catalogue, at least as long as before.
            rows: New and changed rows.
        """
        fresh = np.unique(rows)
        kept, pending = len(self.scorers), len(fresh)
        while kept > 1 and len(self.rows[kept - 1]) <= MIN_PARTITION_SIZE_RATIO * pending:
            kept -= 1
            pending += len(self.rows[kept])
        new = (self.scorers[0].for_items(items.take(fresh)), fresh)
        late = [*zip(self.scorers[kept:], self.rows[kept:], strict=True), new]
        wing, covered = new if len(late) == 1 else self._merged_partition(items, late)
        for level in range(len(wing.blend.weights)):
            wing.level_weights(level)  # now, so that no answer waits for it
        return PartitionedScorer(
            (*self.scorers[:kept], wing), (*self.rows[:kept], covered), len(items)
        )

    def with_models(self, fitted: FittedStrategies) -> "PartitionedScorer":
        """Return them with models that say other things of the same items to every asker."""
        first = self.scorers[0].with_models(fitted)
        wings = [wing.with_models(fitted, first.centres) for wing in self.scorers[1:]]
        return PartitionedScorer((first, *wings), self.rows, self.n_items)

    def n_changed(self) -> int:
        """Return how many items of the first scorer the largest wing has."""
        return 0 if len(self.scorers) == 1 else len(self._changed_rows()[0])

    def compaction_steps(self) -> Iterator[Scorer]:
        """Yield first scorers with ever more of what the largest wing says of their items.

        Each may be put into the first place as soon as it comes; after the last one the wing is
        not needed for these items any more.
        """
        return iter_column_updates(self.scorers[0], self.scorers[1], *self._changed_rows())

    def with_first_scorer(self, scorer: Scorer) -> "PartitionedScorer":
        """Return the parts with another scorer of the same items in the first place."""
        return PartitionedScorer((scorer, *self.scorers[1:]), self.rows, self.n_items)

    def without_changed(self) -> "PartitionedScorer":
        """Return the parts whose largest wing has new items only, or is not there."""
        (first, wing, *others), (mine, rows, *theirs) = self.scorers, self.rows
        new = np.flatnonzero(rows >= len(mine))
        if not len(new):
            return PartitionedScorer((first, *others), (mine, *theirs), self.n_items)
        rest = first.for_items(wing.items.take(new), concat_linear([(wing, new)]))
        return PartitionedScorer(
            (first, rest, *others), (mine, rows[new], *theirs), self.n_items
        )

    def _changed_rows(self) -> tuple[Rows, Rows]:
        """Return items of the first scorer that the largest wing has, and where it has them."""
        rows = self.rows[1]
        places = np.flatnonzero(rows < len(self.rows[0]))
        return rows[places], places

    def _merged_partition(
        self, items: Items, wings: Sequence[tuple[Scorer, Rows]]
    ) -> tuple[Scorer, Rows]:
        """Return one wing in the place of several, with the rows that it covers."""
        later = np.empty(0, dtype=np.int64)
        kept: list[tuple[Scorer, Rows, Rows]] = []
        for scorer, rows in reversed(wings):
            mine = np.flatnonzero(~np.isin(rows, later))
            if len(mine):
                kept.append((scorer, mine, rows[mine]))
            later = np.r_[later, rows[mine]]
        covered = np.concatenate([rows for _, _, rows in kept])
        forms = concat_linear([(scorer, mine) for scorer, mine, _ in kept])
        return self.scorers[0].for_items(items.take(covered), forms), covered

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        heard = self.scorers[0].encode(queries)
        first = self.scorers[0].score_encoded(heard)
        if len(self.scorers) == 1:
            return heard.restore_order(first)
        out = np.empty((len(queries), self.n_items), dtype=np.float32)
        out[:, : first.shape[1]] = first
        for scorer, rows in zip(self.scorers[1:], self.rows[1:], strict=True):
            out[:, rows] = scorer.score_encoded(heard)
        return heard.restore_order(out)

    def by_scorer(self, items: Rows) -> Iterator[tuple[Scorer, Rows, Rows]]:
        """Yield each scorer with the positions and its own rows of the items it scores."""
        for number, scorer in enumerate(self.scorers):
            inside = np.flatnonzero(self._scorer_of_row[items] == number)
            if len(inside):
                yield scorer, inside, self._local_row[items[inside]]

    @cached_property
    def is_known(self) -> Mask:
        """(n_items,) the items that models learned from."""
        old = np.zeros(self.n_items, dtype=bool)
        for scorer, rows in zip(self.scorers, self.rows, strict=True):
            old[rows] = scorer.is_warm
        return old

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
