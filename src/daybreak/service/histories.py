"""Who did what so far, ready to be asked about; new events count in the next answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from daybreak.data.events import Events
from daybreak.data.vocabulary import Vocabulary
from daybreak.types import Sparse


@dataclass(eq=False)
class Histories:
    """Events of users by rows of the catalogue: the learned ones and those added since."""

    users: Vocabulary
    positive: Events
    """Sorted by user; rows of ``users`` and of the catalogue."""
    other_seen: Sparse
    """(n_users, n_items at fit) pairs that were seen without being liked; never recommended."""
    added: dict[str, list[tuple[int, float, bool]]] = field(default_factory=dict)
    """Since then, by user id: (item row, time, whether it is positive)."""

    @classmethod
    def empty(cls) -> "Histories":
        """Return histories of nobody."""
        none = sp.csr_array((0, 0), dtype=np.float32)
        return cls(Vocabulary(()), Events.of([], [], []), none)

    def add(self, rows: Iterable[tuple[str, int, float, bool]]) -> None:
        """Remember (user id, item row, time, whether positive)."""
        for user, item, at, positive in rows:
            self.added.setdefault(user, []).append((item, at, positive))

    def of(self, users: Sequence[str], extra: "Histories | None" = None) -> Events:
        """Return the positive events of some users; ``user`` is the position in ``users``."""
        rows = self.users.rows(users)
        bounds = np.searchsorted(self.positive.user, np.stack([rows, rows + 1]))
        sizes = np.where(rows >= 0, bounds[1] - bounds[0], 0)
        offset = np.repeat(bounds[0] - np.cumsum(sizes) + sizes, sizes)
        index = np.arange(int(sizes.sum())) + offset
        who = [np.repeat(np.arange(len(users)), sizes)]
        item, at = [self.positive.item[index]], [self.positive.at[index]]
        late = self._late(users, extra, positive_only=True)
        if late:
            who.append(np.array([row for row, _, _ in late], dtype=np.int64))
            item.append(np.array([i for _, i, _ in late], dtype=np.int64))
            at.append(np.array([t for _, _, t in late]))
            return Events.of(np.concatenate(who), np.concatenate(item), np.concatenate(at))
        return Events(who[0], item[0], at[0])

    def seen(self, users: Sequence[str], n_items: int, extra: "Histories | None") -> Sparse:
        """Return the (n_users, n_items) CSR of everything that some users have seen."""
        rows = self.users.rows(users)
        liked = self.of(users, extra)
        parts = [np.stack([liked.user, liked.item])]
        known = np.flatnonzero(rows >= 0)
        if self.other_seen.shape[0] and len(known):
            pairs = self.other_seen[rows[known]].tocoo()
            parts.append(np.stack([known[pairs.row], pairs.col]))
        late = self._late(users, extra, positive_only=False)
        if late:
            parts.append(np.array([(row, item) for row, item, _ in late], dtype=np.int64).T)
        at = np.concatenate(parts, axis=1)
        ones = np.ones(at.shape[1], dtype=np.float32)
        return sp.csr_array((ones, (at[0], at[1])), shape=(len(users), n_items))

    def _late(
        self, users: Sequence[str], extra: "Histories | None", *, positive_only: bool
    ) -> list[tuple[int, int, float]]:
        sources = [self.added] if extra is None else [self.added, extra.added]
        return [
            (row, item, at)
            for source in sources
            if source
            for row, user in enumerate(users)
            for item, at, positive in source.get(user, ())
            if positive or not positive_only
        ]

    def known(self) -> list[str]:
        """Return the ids of everybody with an event."""
        return [*self.users.ids, *(u for u in self.added if u not in self.users)]
