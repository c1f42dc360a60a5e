"""Which scorer scores which items, while a catalogue grows and changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.ranking.scorer import Scorer
from daybreak.types import Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Parts:
    """Scorers of parts of a catalogue; where several cover an item, the last one counts.

    The first scorer is that of the training and covers the catalogue of then. Items that came
    or changed since are covered by further ones, its wings, so that it is never touched.
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

        Wings that are not larger than what comes after them are merged with it, so that
        changing items one at a time makes few wings and little work.

        Args:
            items: The whole catalogue, at least as long as before.
            rows: New and changed rows.
        """
        kept, pending = len(self.scorers), np.unique(rows)
        while kept > 1 and len(self.rows[kept - 1]) <= len(pending):
            kept -= 1
            pending = np.union1d(self.rows[kept], pending)
        wing = self.scorers[0].wing(items.take(pending))
        return Parts((*self.scorers[:kept], wing), (*self.rows[:kept], pending), len(items))

    def with_first(self, scorer: Scorer) -> "Parts":
        """Return the parts with another scorer of the same items in the first place."""
        return Parts((scorer, *self.scorers[1:]), self.rows, self.n_items)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        heard: dict[str, Sparse] = {}
        first = self.scorers[0].score(queries, heard)
        if len(self.scorers) == 1:
            return first
        out = np.empty((len(queries), self.n_items), dtype=np.float32)
        out[:, : first.shape[1]] = first
        for scorer, rows in zip(self.scorers[1:], self.rows[1:], strict=True):
            out[:, rows] = scorer.score(queries, heard)
        return out

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
