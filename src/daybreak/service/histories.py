"""Who did what so far, ready to be asked about; new events count in the next answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from daybreak.data.events import Events
from daybreak.data.vocabulary import Vocabulary
from daybreak.service.event_rows import EventRows
from daybreak.types import Mask, Rows, Sparse

BULK = 2_000
"""Events that are worth sorting in; fewer are kept beside the sorted ones."""


@dataclass(eq=False)
class Histories:
    """Events of users by rows of the catalogue: the sorted ones and the latest beside them."""

    users: Vocabulary
    positive: Events
    """Sorted by user; rows of ``users`` and of the catalogue."""
    seen_only: Sparse
    """(n_users, n_items then) CSR of pairs that were seen without being liked."""
    added: dict[str, list[tuple[int, float, bool]]] = field(default_factory=dict)
    """Since then, by user id: (item row, time, whether it is positive)."""
    _liked: set[int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._liked = set(np.unique(self.positive.item).tolist())
        for events in self.added.values():
            self._liked.update(item for item, _, liked in events if liked)

    @classmethod
    def empty(cls) -> "Histories":
        """Return histories of nobody."""
        none = sp.csr_array((0, 0), dtype=np.float32)
        return cls(Vocabulary(()), Events.of([], [], []), none)

    def with_events(self, rows: EventRows) -> "Histories":
        """Return histories with further events; a few are put into these very ones."""
        if len(rows) > BULK:
            return self._sorted_in(rows)
        columns = (rows.users, rows.item.tolist(), rows.at.tolist(), rows.liked.tolist())
        for user, item, at, liked in zip(*columns, strict=True):
            self.added.setdefault(user, []).append((item, at, liked))
            if liked:
                self._liked.add(item)
        return self

    def without(self, users: Sequence[str]) -> "Histories":
        """Return histories in which nothing is left of some users, not even their names."""
        names = set(users)
        gone = [user for user in names if user in self.users]
        added = {user: rows for user, rows in self.added.items() if user not in names}
        if not gone:
            return Histories(self.users, self.positive, self.seen_only, added)
        stays = np.ones(len(self.users), dtype=bool)
        stays[self.users.rows(gone)] = False
        place = np.cumsum(stays) - 1
        kept = self.positive.where(stays[self.positive.user])
        named = Vocabulary(user for user, stay in zip(self.users, stays, strict=True) if stay)
        seen = self.seen_only[stays] if self.seen_only.shape[0] else self.seen_only
        return Histories(named, Events(place[kept.user], kept.item, kept.at), seen, added)

    def without_items(self, items: Rows) -> "Histories":
        """Return histories in which nobody has had anything to do with some items."""
        kept = self.positive.where(~np.isin(self.positive.item, items))
        gone = set(items.tolist())
        added = {
            user: [event for event in events if event[0] not in gone]
            for user, events in self.added.items()
        }
        pairs = self.seen_only.tocoo()
        stay = ~np.isin(pairs.col, items)
        seen = sp.csr_array(
            (pairs.data[stay], (pairs.row[stay], pairs.col[stay])), shape=self.seen_only.shape
        )
        return Histories(self.users, kept, seen, {u: rows for u, rows in added.items() if rows})

    def of(self, users: Sequence[str], extra: "Histories | None" = None) -> Events:
        """Return the positive events of some users; ``user`` is the position in ``users``."""
        sources = [self] if extra is None else [self, extra]
        parts = [source._sorted(users) for source in sources]
        parts = [part for part in parts if len(part)] or parts[:1]
        late = [entry for source in sources for entry in source._late(users) if entry[3]]
        if not late and len(parts) == 1:
            return parts[0]
        who, item, at, _ = zip(*late, strict=True) if late else ((), (), (), ())
        return Events.of(
            np.concatenate([*(part.user for part in parts), who]),
            np.concatenate([*(part.item for part in parts), item]),
            np.concatenate([*(part.at for part in parts), at]),
        )

    def seen(self, users: Sequence[str], n_items: int, extra: "Histories | None") -> Sparse:
        """Return the (n_users, n_items) CSR of everything that some users have seen."""
        liked = self.of(users, extra)
        parts = [np.stack([liked.user, liked.item])]
        for source in [self] if extra is None else [self, extra]:
            parts.append(np.stack(source.only_seen(users)))
        at = np.concatenate(parts, axis=1)
        ones = np.ones(at.shape[1], dtype=np.float32)
        return sp.csr_array((ones, (at[0], at[1])), shape=(len(users), n_items))

    def only_seen(self, users: Sequence[str]) -> tuple[Rows, Rows]:
        """Return positions of users and rows of items that they saw without liking them."""
        pairs = self._seen_only(users)
        late = [(row, item) for row, item, _, liked in self._late(users) if not liked]
        if late:
            pairs = np.concatenate([pairs, np.array(late, dtype=np.int64).T], axis=1)
        return pairs[0], pairs[1]

    def count(self, user: str) -> int:
        """Return how many events of a user are known."""
        return len(self.of([user])) + len(self.only_seen([user])[0])

    def liked(self) -> Events:
        """Return all positive events; users have rows of their own, in no order."""
        late = list(self.added)
        if not late:
            return self.positive
        others = np.ones(len(self.users) + 1, dtype=bool)
        others[self.users.rows(late)] = False  # row -1: those who are not among the sorted
        rest, theirs = self.positive.where(others[self.positive.user]), self.of(late)
        return Events(
            np.r_[rest.user, theirs.user + len(self.users)],
            np.r_[rest.item, theirs.item],
            np.r_[rest.at, theirs.at],
        )

    @property
    def n_events(self) -> int:
        """How many events are known; a pair that was seen and liked may count twice."""
        return len(self.positive) + int(self.seen_only.nnz) + self.n_late

    @property
    def n_late(self) -> int:
        """How many events lie beside the sorted ones."""
        return sum(map(len, list(self.added.values())))

    def settled(self) -> "Histories":
        """Return them with every event sorted in."""
        nothing = np.empty(0)
        return self._sorted_in(
            EventRows([], nothing.astype(np.int64), nothing, nothing.astype(bool))
        )

    def known(self) -> list[str]:
        """Return the ids of everybody who was ever named."""
        return [*self.users.ids, *(u for u in self.added if u not in self.users)]

    def have_events(self, items: Rows) -> Mask:
        """Say for each row of the catalogue whether somebody is known to like it."""
        unique, place = np.unique(items, return_inverse=True)
        liked = np.array([row in self._liked for row in unique.tolist()], dtype=bool)
        return liked[place.ravel()] if len(unique) else np.zeros(0, dtype=bool)

    def _sorted(self, users: Sequence[str]) -> Events:
        rows = self.users.rows(users)
        bounds = np.searchsorted(self.positive.user, np.stack([rows, rows + 1]))
        sizes = np.where(rows >= 0, bounds[1] - bounds[0], 0)
        offset = np.repeat(bounds[0] - np.cumsum(sizes) + sizes, sizes)
        index = np.arange(int(sizes.sum())) + offset
        user = np.repeat(np.arange(len(users)), sizes)
        return Events(user, self.positive.item[index], self.positive.at[index])

    def _seen_only(self, users: Sequence[str]) -> Rows:
        """Return (2, n_pairs) positions of users and rows of items."""
        rows = self.users.rows(users)
        known = np.flatnonzero(rows >= 0)
        if not self.seen_only.nnz or not len(known):
            return np.empty((2, 0), dtype=np.int64)
        pairs = self.seen_only[rows[known]].tocoo()
        return np.stack([known[pairs.row], pairs.col]).astype(np.int64)

    def _late(self, users: Sequence[str]) -> list[tuple[int, int, float, bool]]:
        if not self.added:
            return []
        return [
            (row, item, at, liked)
            for row, user in enumerate(users)
            for item, at, liked in self.added.get(user, ())
        ]

    def _sorted_in(self, rows: EventRows) -> "Histories":
        late = [(user, *event) for user, events in self.added.items() for event in events]
        names = [*(entry[0] for entry in late), *rows.users]
        users = self.users.extend(names)
        who = users.rows(names)
        item = np.r_[np.array([entry[1] for entry in late], dtype=np.int64), rows.item]
        at = np.r_[np.array([entry[2] for entry in late]), rows.at]
        liked = np.r_[np.array([entry[3] for entry in late], dtype=bool), rows.liked]
        old = self.positive
        positive = Events.of(
            np.r_[old.user, who[liked]], np.r_[old.item, item[liked]], np.r_[old.at, at[liked]]
        )
        before = self.seen_only.tocoo()
        pairs = (np.r_[before.row, who[~liked]], np.r_[before.col, item[~liked]])
        shape = (len(users), int(max(pairs[1].max(initial=-1) + 1, before.shape[1])))
        seen = sp.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=shape)
        return Histories(users, positive, seen)
