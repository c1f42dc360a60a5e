"""Scores to rows of an answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from daybreak.data.queries import Queries
from daybreak.data.sparse_rows import entries_of, rows_of
from daybreak.evaluation.ranking import top_k
from daybreak.ranking.blend import level_of
from daybreak.service.catalogue import Catalogue
from daybreak.service.parts import Parts
from daybreak.service.rulebook import Ruling
from daybreak.service.ruled import Listed, lists
from daybreak.types import Floats, Mask, Rows, Sparse

PART = 16_000_000
"""Scores computed at a time: 64 MB."""
TEMPERATURES = np.array(["cold", "warm", "hot"], dtype=object)

SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
    "user_temperature": pl.String,
    "item_temperature": pl.String,
}


@dataclass(frozen=True, eq=False)
class Asked:
    """A batch of users as the models see them, with what must not be answered."""

    users: list[str]
    """Each once."""
    queries: Queries
    hot: Mask
    """(n_users,) whether an event of theirs is known"""
    told: Mask
    """(n_users,) whether a profile or a sentence of theirs is known"""
    without: tuple[Sparse, ...] = ()
    """(n_users, n_items) CSR masks of what must not be answered"""

    def hide(self, scores: Floats, rows: Rows) -> None:
        """Put ``-inf`` where some of the users must not be answered.

        Args:
            scores: (n, n_items) of theirs; changed.
            rows: (n,) their positions.
        """
        for pairs in self.without:
            mine = pairs if len(rows) == len(self.users) else rows_of(pairs, rows)
            scores[entries_of(mine)] = -np.inf

    def parts(self, size: int) -> Iterator[tuple[Rows, Queries]]:
        """Yield positions of users and their queries, so that memory stays bounded."""
        if len(self.users) <= size:
            yield np.arange(len(self.users)), self.queries
            return
        for start in range(0, len(self.users), size):
            rows = np.arange(start, min(start + size, len(self.users)))
            yield rows, self.queries.take(rows)


@dataclass(frozen=True, eq=False)
class Places:
    """Who is recommended what: parallel columns, a user's places together, the best first."""

    who: Rows
    """Positions of users."""
    item: Rows
    """Rows of the catalogue."""
    rank: Rows
    """From 1."""
    score: Floats
    moved: Sequence[str | None] | None = None
    """By which rule each was moved; None: there are no rules."""

    @classmethod
    def of(cls, found: Sequence[Listed]) -> "Places":
        """Return lists under rules, one for each user."""
        sizes = [len(listed.rows) for listed in found]
        ranks = [np.arange(1, size + 1) for size in sizes]
        return cls(
            np.repeat(np.arange(len(found)), sizes),
            np.concatenate([listed.rows for listed in found]),
            np.concatenate(ranks),
            np.concatenate([listed.scores for listed in found]),
            [moved for listed in found for moved in listed.moved],
        )

    def __len__(self) -> int:
        return len(self.who)


class Answers:
    """Ranks a catalogue for queries and says how each place came about.

    Args:
        parts: Who scores what.
        catalogue: All of it.
        has_events: Whether the models learned from any event.
    """

    def __init__(self, parts: Parts, catalogue: Catalogue, *, has_events: bool) -> None:
        self.parts = parts
        self.has_events = has_events
        self.ids = pl.Series("item_id", catalogue.items.ids.ids, dtype=pl.String)
        self.titles = catalogue.titles()
        self.learned = parts.old
        """(n_items,) the items that models learned from; others are scored by content."""
        self.rulebook = catalogue.rulebook
        self.described = catalogue.described()
        self.rows_of = catalogue.items.ids.rows

    @property
    def shown(self) -> Mask:
        """(n_items,) what may be recommended now; not to be changed."""
        return self.rulebook.shown()

    def candidates(self, ids: Sequence[str] | None) -> Mask:
        """Mark the items that may be answered; unknown ids are passed over."""
        if ids is None:
            return self.shown
        rows = self.rows_of(ids)
        chosen = np.zeros(len(self.ids), dtype=bool)
        chosen[rows[rows >= 0]] = True
        return chosen & self.shown

    def best(self, asked: Asked, candidates: Mask, k: int) -> Places:
        """Return the best places of each user."""
        k = min(k, int(candidates.sum()))
        rows = np.full((len(asked.users), k), -1, dtype=np.int64)
        values = np.zeros((len(asked.users), k), dtype=np.float32)
        if k:
            never = None if candidates.all() else ~candidates
            for part, queries in asked.parts(max(1, PART // max(len(self.ids), 1))):
                scores = self.score(queries)
                if never is not None:
                    scores[:, never] = -np.inf
                asked.hide(scores, part)
                rows[part] = top_k(scores, k)
                values[part] = np.take_along_axis(scores, np.maximum(rows[part], 0), axis=1)
        who, place = np.nonzero(rows >= 0)
        return Places(who, rows[who, place], place + 1, values[who, place])

    def best_under(
        self, asked: Asked, rulings: Sequence[Ruling], k: int | Sequence[int]
    ) -> Places:
        """Return the best places of each user under rules.

        Args:
            asked: Who is asked about.
            rulings: One for each of them; equal ones should be the same object.
            k: Length of the lists, or of each.
        """
        found: list[Listed] = []
        lengths = [k] * len(asked.users) if isinstance(k, int) else list(k)
        for part, queries in asked.parts(max(1, PART // max(len(self.ids), 1))):
            scores = self.score(queries)
            asked.hide(scores, part)
            mine = slice(part[0], part[-1] + 1)
            found += lists(scores, rulings[mine], lengths[mine])
        return Places.of(found)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        return self.parts.score(queries)

    def frame(self, asked: Asked, places: Places, liked: Mask) -> pl.DataFrame:
        """Return the places as rows.

        Args:
            asked: Who was asked about.
            places: What they get.
            liked: (n_places,) whether an event on the item came since the training.
        """
        who, item = places.who, places.item
        hot = (self.learned[item] & self.has_events) | liked
        frame = pl.DataFrame(
            {
                "user_id": pl.Series(asked.users, dtype=pl.String).gather(who),
                "item_id": self.ids.gather(item),
                "rank": places.rank,
                "score": places.score.astype(np.float64),
                "strategy": self._strategies(asked, who, item),
                "user_temperature": temperatures(asked.hot, asked.told)[who],
                "item_temperature": temperatures(hot, self.described[item]),
            },
            schema=SCHEMA,
        )
        if places.moved is None:
            return frame
        return frame.with_columns(pl.Series("rule", places.moved, dtype=pl.String))

    def title(self, item: str) -> str:
        """Return what to call an item of the catalogue."""
        return str(self.titles[int(self.rows_of([item])[0])])

    def _strategies(self, asked: Asked, who: Rows, item: Rows) -> Any:
        """Name the strategy that counts most for such a user and such an item."""
        levels = level_of(asked.queries.n_events)
        told = np.diff(asked.queries.profile.indptr) > 0
        kinds = levels[who] * 4 + told[who] * 2 + ~self.learned[item]
        unique, place = np.unique(kinds, return_inverse=True)
        names = self.parts.scorers[0].leading(
            unique // 4, unique // 2 % 2 == 1, unique % 2 == 1
        )
        return np.array(names, dtype=object)[place.ravel()]


def temperatures(hot: Mask, described: Mask) -> Any:
    """Return ``hot``, ``warm`` or ``cold`` for each."""
    return TEMPERATURES[np.where(hot, 2, described.astype(np.int64))]
