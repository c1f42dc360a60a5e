"""From ids, profiles and events to queries."""

from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from daybreak.data.events import Events
from daybreak.data.items import Items
from daybreak.data.queries import RECENT_FACTOR, Queries
from daybreak.data.vocabulary import Vocabulary
from daybreak.models.bridge import nearest
from daybreak.types import Rows, Sparse

NEIGHBOURS = 20
"""Known items that stand for a new item, or for a sentence, in a history."""
FADED = 0.01
"""Recent events below this weight are left out: they change nothing and cost time."""


@dataclass(eq=False)
class Asking:
    """Puts histories into the items that the models know.

    An event on an item that no model has seen, and a sentence about oneself, become one event
    spread over the known items that are most like it: every strategy then answers for it.
    """

    anchors: Items
    items: Items
    """The catalogue now."""
    _spread: dict[int, Sparse] = field(default_factory=dict, repr=False)
    """(1, n_anchors) of catalogue rows that are no anchors."""
    _anchor_of: Rows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._anchor_of = self.anchors.ids.rows(self.items.ids)

    def queries(self, events: Events, profile: Sparse, texts: dict[int, Items]) -> Queries:
        """Return one query a row of ``profile``; ``texts`` holds sentences by row, encoded."""
        n = profile.shape[0]
        ones = np.ones(len(events), dtype=np.float32)
        faded = events.decayed(RECENT_FACTOR)
        plain = self._placed(events, ones, n)
        recent = self._placed(events.where(faded >= FADED), faded[faded >= FADED], n)
        if texts:
            said = self._said(texts, n)
            plain, recent = plain + said, recent + said
        return Queries.from_history(self.anchors, plain, recent, profile)

    def _placed(self, events: Events, weights: np.ndarray, n: int) -> Sparse:  # type: ignore[type-arg]
        """Return (n, n_anchors) sums of the events' weights over anchors."""
        place = self._anchor_of[events.item]
        known = place >= 0
        at = (events.user[known], place[known])
        shape = (n, len(self.anchors))
        total = sp.csr_array((weights[known], at), shape=shape, dtype=np.float32)
        strange = np.flatnonzero(~known)
        if not len(strange):
            return total
        rows = [self._spread_of(int(row)) for row in events.item[strange]]
        counts = sp.csr_array(
            (weights[strange], (events.user[strange], np.arange(len(strange)))),
            shape=(n, len(strange)),
            dtype=np.float32,
        )
        return sp.csr_array(total + counts @ sp.vstack(rows))

    def _spread_of(self, row: int) -> Sparse:
        if row not in self._spread:
            near = nearest(self.anchors, self.items.take(np.array([row])), NEIGHBOURS)
            self._spread[row] = sp.csr_array(near.T)
        return self._spread[row]

    def _said(self, texts: dict[int, Items], n: int) -> Sparse:
        rows = sp.vstack([nearest(self.anchors, t, NEIGHBOURS).T for t in texts.values()])
        at = (list(texts), np.arange(len(texts)))
        ones = np.ones(len(texts), dtype=np.float32)
        return sp.csr_array(sp.csr_array((ones, at), shape=(n, len(texts))) @ rows)

    def grown(self, items: Items) -> "Asking":
        """Return it for a longer catalogue."""
        return Asking(self.anchors, items, dict(self._spread))


def sentence(blocks: tuple, row: int) -> Items:  # type: ignore[type-arg]
    """Return one encoded text as a catalogue of one item without a known id."""
    return Items(Vocabulary([""]), tuple(block.take(np.array([row])) for block in blocks))
