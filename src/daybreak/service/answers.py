"""Scores to rows of an answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.queries import Queries
from daybreak.evaluation.ranking import top_k
from daybreak.ranking.blend import level_of
from daybreak.ranking.reasons import decompose
from daybreak.ranking.scorer import Scorer
from daybreak.service.catalogue import Catalogue
from daybreak.service.histories import Histories
from daybreak.types import Floats, Mask, Rows, Sparse

PART = 16_000_000
"""Scores computed at a time: 64 MB."""
REASONS = 6
"""Pieces of evidence shown for an item."""

SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "rank": pl.Int64,
    "score": pl.Float64,
    "strategy": pl.String,
    "user_temperature": pl.String,
    "item_temperature": pl.String,
}
REASON = pl.Struct(
    {"kind": pl.String, "name": pl.String, "title": pl.String, "value": pl.Float64}
)


@dataclass(frozen=True, eq=False)
class Asked:
    """Users, and what is told of them with the request."""

    users: list[str]
    profiles: pl.DataFrame | None
    extra: Histories | None

    def parts(self, size: int = 2_048) -> Iterator["Asked"]:
        """Yield the users in parts, so that memory stays bounded."""
        for start in range(0, len(self.users), size):
            yield Asked(self.users[start : start + size], self.profiles, self.extra)


class Answers:
    """Ranks a catalogue for queries and says how each place came about."""

    def __init__(
        self,
        scorers: Sequence[Scorer],
        catalogue: Catalogue,
        candidates: list[str] | None,
        attributes: Sequence[str],
    ) -> None:
        self.scorers = scorers
        self.catalogue = catalogue
        self.attributes = attributes
        self.ids = np.array(catalogue.items.ids.ids, dtype=object)
        self.allowed = _allowed(candidates, catalogue)
        self.hot = np.concatenate([scorer.old for scorer in scorers])
        self.described = _described(catalogue)

    def frame(
        self,
        asked: Asked,
        queries: Queries,
        seen: Sparse | None,
        exclude: pl.DataFrame | None,
        k: int,
        *,
        explain: bool,
    ) -> pl.DataFrame:
        """Return the rows of some users."""
        rows, values = self._best(asked.users, queries, seen, exclude, k)
        who, place = np.nonzero(rows >= 0)
        item = rows[who, place]
        frame = pl.DataFrame(
            {
                "user_id": np.array(asked.users, dtype=object)[who],
                "item_id": self.ids[item],
                "rank": place + 1,
                "score": values[who, place].astype(np.float64),
                "strategy": self._strategies(queries, who, item),
                "user_temperature": _user_temperature(queries)[who],
                "item_temperature": self._item_temperature(item),
            },
            schema=SCHEMA,
        )
        return frame.with_columns(self._reasons(queries, who, item)) if explain else frame

    def nothing(self, *, explain: bool) -> pl.DataFrame:
        """Return an answer without rows."""
        return pl.DataFrame(schema=SCHEMA | ({"reasons": pl.List(REASON)} if explain else {}))

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) scores of the whole catalogue."""
        parts = [scorer.score(queries) for scorer in self.scorers]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _best(
        self,
        users: list[str],
        queries: Queries,
        seen: Sparse | None,
        exclude: pl.DataFrame | None,
        k: int,
    ) -> tuple[Rows, Floats]:
        k = min(k, int(self.allowed.sum()))
        rows = np.full((len(users), k), -1, dtype=np.int64)
        values = np.zeros((len(users), k), dtype=np.float32)
        if not k:
            return rows, values
        step = max(1, PART // max(len(self.ids), 1))
        never = _pairs(users, exclude, self.catalogue)
        for start in range(0, len(users), step):
            part = np.arange(start, min(start + step, len(users)))
            scores = self.score(queries if len(part) == len(users) else queries.take(part))
            scores[:, ~self.allowed] = np.nan
            for pairs in (seen, never):
                if pairs is not None:
                    scores[pairs[part].nonzero()] = np.nan
            rows[part] = top_k(scores, k)
            values[part] = np.take_along_axis(scores, np.maximum(rows[part], 0), axis=1)
        return rows, values

    def _strategies(self, queries: Queries, who: Rows, item: Rows) -> Any:
        """Name the strategy that counts most for such a user and such an item."""
        levels = level_of(queries.n_events)
        told = np.diff(queries.profile.indptr) > 0
        kinds = np.stack([levels[who], told[who], ~self.hot[item]], axis=1).astype(np.int64)
        unique, place = np.unique(kinds, axis=0, return_inverse=True)
        names = [
            self.scorers[0].leading(int(level), new=bool(new), profile=bool(profile))
            for level, profile, new in unique
        ]
        return np.array(names, dtype=object)[place.ravel()] if names else []

    def _item_temperature(self, item: Rows) -> Any:
        names = np.array(["cold", "warm", "hot"], dtype=object)
        return names[np.where(self.hot[item], 2, self.described[item].astype(int))]

    def _reasons(self, queries: Queries, who: Rows, item: Rows) -> pl.Series:
        titles = self.catalogue.titles()
        found: list[Any] = [None] * len(who)
        for row in np.unique(who):
            places = np.flatnonzero(who == row)
            query = queries.take(np.array([row]))
            for scorer, inside, local in self._by_scorer(item[places]):
                parts = decompose(scorer, query, local, self.attributes)
                for column, place in enumerate(places[inside]):
                    found[place] = [
                        {
                            "kind": r.kind,
                            "name": r.name,
                            "title": titles.get(r.name, r.name),
                            "value": r.value,
                        }
                        for r in parts.reasons(column, len(parts.names))
                    ]
        return pl.Series("reasons", found, dtype=pl.List(REASON))

    def _by_scorer(self, items: Rows) -> Iterator[tuple[Scorer, Rows, Rows]]:
        """Yield each scorer with the positions and its own rows of the items it scores."""
        start = 0
        for scorer in self.scorers:
            inside = np.flatnonzero((items >= start) & (items < start + len(scorer.items)))
            if len(inside):
                yield scorer, inside, items[inside] - start
            start += len(scorer.items)


def _allowed(candidates: list[str] | None, catalogue: Catalogue) -> Mask:
    hidden = "is_hidden" in catalogue.frame.columns
    n = len(catalogue.items)
    allowed = np.ones(n, dtype=bool) if candidates is None else np.zeros(n, dtype=bool)
    if candidates is not None:
        rows = catalogue.items.ids.rows(candidates)
        allowed[rows[rows >= 0]] = True
    if hidden:
        flags = catalogue.frame["is_hidden"].cast(pl.String).str.to_lowercase()
        allowed &= ~flags.is_in(["true", "1", "1.0", "yes"]).fill_null(False).to_numpy()
    return allowed


def _described(catalogue: Catalogue) -> Mask:
    """Mark the items of which anything is known."""
    told = np.zeros(len(catalogue.items), dtype=bool)
    for block in catalogue.items.blocks:
        matrix = block.matrix
        told |= (
            np.diff(matrix.indptr) > 0
            if sp.issparse(matrix)
            else np.abs(matrix).sum(axis=1) > 0
        )
    return told


def _user_temperature(queries: Queries) -> Any:
    told = np.diff(queries.profile.indptr) > 0
    names = np.array(["cold", "warm", "hot"], dtype=object)
    return names[np.where(queries.n_events > 0, 2, told.astype(int))]


def _pairs(users: list[str], frame: pl.DataFrame | None, catalogue: Catalogue) -> Sparse | None:
    if frame is None or not frame.height:
        return None
    place = {user: row for row, user in enumerate(users)}
    mine = frame.filter(pl.col("user_id").is_in(users))
    who = np.array([place[user] for user in mine["user_id"]], dtype=np.int64)
    item = catalogue.items.ids.rows(mine["item_id"].cast(pl.String).to_list())
    ok = item >= 0
    ones = np.ones(int(ok.sum()), dtype=np.float32)
    return sp.csr_array((ones, (who[ok], item[ok])), shape=(len(users), len(catalogue.items)))
