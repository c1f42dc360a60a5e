"""A request: users, and what is told of them with it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.ranking.explain import QueryParts
from daybreak.service.inputs.histories import Histories
from daybreak.service.state.query_builder import UserContext
from daybreak.service.state.ranker import QueryBatch
from daybreak.service.state.serving_state import ServingState
from daybreak.types import Mask, Sparse

MAX_USERS = 4_096
"""Users answered at a time, so that memory stays bounded."""


@dataclass(frozen=True, eq=False)
class LibraryRequest:
    """Users, with the shelf and the histories that answer them."""

    shelf: ServingState
    histories: Histories
    users: list[str]
    """Each once."""
    profiles: pl.DataFrame | None = None
    extra_histories: Histories | None = None

    def iter_chunks(self) -> Iterator["LibraryRequest"]:
        """Yield the users in parts."""
        for start in range(0, len(self.users), MAX_USERS):
            yield replace(self, users=self.users[start : start + MAX_USERS])

    def query_batch(
        self, excluded: pl.DataFrame | None, *, exclude_seen: bool | Mask
    ) -> QueryBatch:
        """Return the batch as the models see it.

        Args:
            excluded: Frame of ``user_id, item_id`` that must not be answered.
            exclude_seen: Whether what users have seen must not be answered either, or
                (n_users,) for which of them.
        """
        told = self._user_context(self.users)
        hot = np.bincount(told.events.user, minlength=len(self.users)) > 0
        known = np.diff(told.profile.indptr) > 0
        known[list(told.texts)] = True
        without = []
        if np.any(exclude_seen):
            n_items = len(self.shelf.catalogue.items)
            seen = self.histories.seen_items(self.users, n_items, self.extra_histories)
            if not np.all(exclude_seen):
                seen = sp.csr_array(sp.diags_array(np.asarray(exclude_seen, np.float32)) @ seen)
            without.append(seen)
        if excluded is not None and excluded.height:
            without.append(self._pair_mask(excluded))
        queries = self.shelf.query_builder.queries(told)
        return QueryBatch(self.users, queries, hot, known, tuple(without))

    def query_parts(self, user: int) -> QueryParts:
        """Return the query of one user, by position, taken apart."""
        return self.shelf.query_builder.query_parts(self._user_context([self.users[user]]))

    def _user_context(self, users: list[str]) -> UserContext:
        profile, texts = self.shelf.profiles.lookup(users, self.profiles)
        return UserContext(
            self.histories.events_of(users, self.extra_histories), profile, texts
        )

    def _pair_mask(self, frame: pl.DataFrame) -> Sparse:
        """Return the (n_users, n_items) CSR of pairs; ids that nobody knows are passed over."""
        place = {user: row for row, user in enumerate(self.users)}
        pairs = frame.drop_nulls(["user_id", "item_id"])
        who = np.array([place.get(user, -1) for user in pairs["user_id"]], dtype=np.int64)
        item = self.shelf.catalogue.items.ids.rows(pairs["item_id"].to_list())
        ok = (who >= 0) & (item >= 0)
        ones = np.ones(int(ok.sum()), dtype=np.float32)
        shape = (len(self.users), len(self.shelf.catalogue.items))
        return sp.csr_array((ones, (who[ok], item[ok])), shape=shape)
