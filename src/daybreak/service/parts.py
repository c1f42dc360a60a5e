"""Which scorer scores which items, while a catalogue grows and changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.ranking.joining import joined
from daybreak.ranking.patching import patched
from daybreak.ranking.scorer import Scorer
from daybreak.ranking.strategies import Fitted
from daybreak.types import Floats, Mask, Rows

APART = 16
"""How many times larger a wing is than what comes after it."""


@dataclass(frozen=True, eq=False)
class Parts:
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
    def of(cls, scorer: Scorer) -> "Parts":
        """Return the one part of a catalogue that did not change yet."""
        return cls((scorer,), (np.arange(len(scorer.items)),), len(scorer.items))

    def covering(self, items: Items, rows: Rows) -> "Parts":
        """Return the parts of a catalogue of which some rows are new, or have changed.

        Wings that are not much larger than what comes after them are joined with it, so that
        changing items one at a time makes few wings; models are asked for new rows only.

        Args:
            items: The whole catalogue, at least as long as before.
            rows: New and changed rows.
        """
        fresh = np.unique(rows)
        kept, pending = len(self.scorers), len(fresh)
        while kept > 1 and len(self.rows[kept - 1]) <= APART * pending:
            kept -= 1
            pending += len(self.rows[kept])
        new = (self.scorers[0].wing(items.take(fresh)), fresh)
        late = [*zip(self.scorers[kept:], self.rows[kept:], strict=True), new]
        wing, covered = new if len(late) == 1 else self._joined(items, late)
        for level in range(len(wing.blend.weights)):
            wing.level(level)  # now, so that no answer waits for it
        return Parts((*self.scorers[:kept], wing), (*self.rows[:kept], covered), len(items))

    def renewed(self, fitted: Fitted) -> "Parts":
        """Return them with models that say other things of the same items to every asker."""
        first = self.scorers[0].renewed(fitted)
        wings = [wing.renewed(fitted, first.centres) for wing in self.scorers[1:]]
        return Parts((first, *wings), self.rows, self.n_items)

    def n_moved(self) -> int:
        """Return how many items of the first scorer the largest wing has."""
        return 0 if len(self.scorers) == 1 else len(self._moved()[0])

    def settling(self) -> Iterator[Scorer]:
        """Yield first scorers with ever more of what the largest wing says of their items.

        Each may be put into the first place as soon as it comes; after the last one the wing is
        not needed for these items any more.
        """
        return patched(self.scorers[0], self.scorers[1], *self._moved())

    def with_first(self, scorer: Scorer) -> "Parts":
        """Return the parts with another scorer of the same items in the first place."""
        return Parts((scorer, *self.scorers[1:]), self.rows, self.n_items)

    def without_moved(self) -> "Parts":
        """Return the parts whose largest wing has new items only, or is not there."""
        (first, wing, *others), (mine, rows, *theirs) = self.scorers, self.rows
        new = np.flatnonzero(rows >= len(mine))
        if not len(new):
            return Parts((first, *others), (mine, *theirs), self.n_items)
        rest = first.wing(wing.items.take(new), joined([(wing, new)]))
        return Parts((first, rest, *others), (mine, rows[new], *theirs), self.n_items)

    def _moved(self) -> tuple[Rows, Rows]:
        """Return items of the first scorer that the largest wing has, and where it has them."""
        rows = self.rows[1]
        places = np.flatnonzero(rows < len(self.rows[0]))
        return rows[places], places

    def _joined(
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
        forms = joined([(scorer, mine) for scorer, mine, _ in kept])
        return self.scorers[0].wing(items.take(covered), forms), covered

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        heard = self.scorers[0].hear(queries)
        first = self.scorers[0].sum_up(heard)
        if len(self.scorers) == 1:
            return heard.sorted_back(first)
        out = np.empty((len(queries), self.n_items), dtype=np.float32)
        out[:, : first.shape[1]] = first
        for scorer, rows in zip(self.scorers[1:], self.rows[1:], strict=True):
            out[:, rows] = scorer.sum_up(heard)
        return heard.sorted_back(out)

    def by_scorer(self, items: Rows) -> Iterator[tuple[Scorer, Rows, Rows]]:
        """Yield each scorer with the positions and its own rows of the items it scores."""
        for number, scorer in enumerate(self.scorers):
            inside = np.flatnonzero(self._owner[items] == number)
            if len(inside):
                yield scorer, inside, self._local[items[inside]]

    @cached_property
    def old(self) -> Mask:
        """(n_items,) the items that models learned from."""
        old = np.zeros(self.n_items, dtype=bool)
        for scorer, rows in zip(self.scorers, self.rows, strict=True):
            old[rows] = scorer.old
        return old

    @cached_property
    def _owner(self) -> Rows:
        owner = np.zeros(self.n_items, dtype=np.int64)
        for number, rows in enumerate(self.rows):
            owner[rows] = number
        return owner

    @cached_property
    def _local(self) -> Rows:
        local = np.zeros(self.n_items, dtype=np.int64)
        for rows in self.rows:
            local[rows] = np.arange(len(rows))
        return local
