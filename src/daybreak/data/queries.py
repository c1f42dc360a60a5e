"""Questions to a model: what is known of somebody at the moment of asking."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.events import Events
from daybreak.data.items import Items
from daybreak.data.sparse_rows import rows_of
from daybreak.types import Floats, Rows, Sparse

RECENT_FACTOR = 0.8
"""How much an event fades with each later one; 0.7 and 0.9 were within noise."""


@dataclass(frozen=True, eq=False)
class Queries:
    """A batch of askers. No events and no profile is a normal query: a row of zeros."""

    anchors: Items
    """The items of the history's columns."""
    history: Sparse
    """(n_queries, n_anchors) CSR, each event 1, rows divided by the root of their sum."""
    recent: Sparse
    """(n_queries, n_anchors) CSR, the last event 1, earlier ones faded."""
    profile: Sparse
    """(n_queries, n_attributes) CSR of 0 and 1."""
    n_events: Floats
    """(n_queries,) how many events are known."""

    @classmethod
    def of(cls, data: Dataset, events: Events, users: Rows) -> "Queries":
        """Ask for rows of users of a data set, knowing these events of theirs."""
        place = np.full(data.n_users, -1)
        place[users] = np.arange(len(users))
        mine = events.where(place[events.user] >= 0)
        asked = Events(place[mine.user], mine.item, mine.at)
        shape = (len(users), len(data.items))
        plain = asked.matrix(*shape)[:, data.anchor_rows]
        recent = asked.matrix(*shape, mine.decayed(RECENT_FACTOR))[:, data.anchor_rows]
        return cls.from_history(data.anchors, plain, recent, data.profiles[users])

    @classmethod
    def from_history(
        cls, anchors: Items, plain: Sparse, recent: Sparse, profile: Sparse
    ) -> "Queries":
        """Scale rows of plain events; their sums are the numbers of events."""
        n_events = np.asarray(plain.sum(axis=1), dtype=np.float32).ravel()
        scale = 1 / np.sqrt(np.maximum(n_events, 1e-6))
        history = sp.csr_array(plain, dtype=np.float32)
        scaled = history.data * np.repeat(scale, np.diff(history.indptr))
        history = sp.csr_array((scaled, history.indices, history.indptr), shape=plain.shape)
        return cls(anchors, history, sp.csr_array(recent), sp.csr_array(profile), n_events)

    def take(self, rows: Rows) -> "Queries":
        """Return the queries of these rows."""
        return Queries(
            self.anchors,
            rows_of(self.history, rows),
            rows_of(self.recent, rows),
            rows_of(self.profile, rows),
            self.n_events[rows],
        )

    def __len__(self) -> int:
        return int(self.history.shape[0])
