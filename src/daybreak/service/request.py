"""A request: users, and what is told of them with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.ranking.reasons import Evidenced
from daybreak.service.answers import Asked
from daybreak.service.asking import Told
from daybreak.service.histories import Histories
from daybreak.service.shelf import Shelf
from daybreak.types import Mask, Sparse

PART = 4_096
"""Users answered at a time, so that memory stays bounded."""


@dataclass(frozen=True, eq=False)
class Request:
    """Users, with the shelf and the histories that answer them."""

    shelf: Shelf
    histories: Histories
    users: list[str]
    """Each once."""
    profiles: pl.DataFrame | None = None
    extra: Histories | None = None

    def parts(self) -> Iterator["Request"]:
        """Yield the users in parts."""
        for start in range(0, len(self.users), PART):
            yield replace(self, users=self.users[start : start + PART])

    def asked(self, never: pl.DataFrame | None, *, exclude_seen: bool | Mask) -> Asked:
        """Return the batch as the models see it.

        Args:
            never: Frame of ``user_id, item_id`` that must not be answered.
            exclude_seen: Whether what users have seen must not be answered either, or
                (n_users,) for which of them.
        """
        told = self._told(self.users)
        hot = np.bincount(told.events.user, minlength=len(self.users)) > 0
        known = np.diff(told.profile.indptr) > 0
        known[list(told.texts)] = True
        without = []
        if np.any(exclude_seen):
            n_items = len(self.shelf.catalogue.items)
            seen = self.histories.seen(self.users, n_items, self.extra)
            if not np.all(exclude_seen):
                seen = sp.csr_array(sp.diags_array(np.asarray(exclude_seen, np.float32)) @ seen)
            without.append(seen)
        if never is not None and never.height:
            without.append(self._pairs(never))
        queries = self.shelf.asking.queries(told)
        return Asked(self.users, queries, hot, known, tuple(without))

    def evidenced(self, user: int) -> Evidenced:
        """Return the query of one user, by position, taken apart."""
        return self.shelf.asking.evidenced(self._told([self.users[user]]))

    def _told(self, users: list[str]) -> Told:
        profile, texts = self.shelf.profiles.ask(users, self.profiles)
        return Told(self.histories.of(users, self.extra), profile, texts)

    def _pairs(self, frame: pl.DataFrame) -> Sparse:
        """Return the (n_users, n_items) CSR of pairs; ids that nobody knows are passed over."""
        place = {user: row for row, user in enumerate(self.users)}
        pairs = frame.drop_nulls(["user_id", "item_id"])
        who = np.array([place.get(user, -1) for user in pairs["user_id"]], dtype=np.int64)
        item = self.shelf.catalogue.items.ids.rows(pairs["item_id"].to_list())
        ok = (who >= 0) & (item >= 0)
        ones = np.ones(int(ok.sum()), dtype=np.float32)
        shape = (len(self.users), len(self.shelf.catalogue.items))
        return sp.csr_array((ones, (who[ok], item[ok])), shape=shape)
