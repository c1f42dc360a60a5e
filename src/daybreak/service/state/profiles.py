"""What is said about people at the moment of asking, as frames.

What is known about users beside their events: attributes, and their own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.casts import cast_like
from daybreak.data.sparse_rows import take_rows
from daybreak.encoders.profile import ProfileEncoder
from daybreak.service.inputs.frames import TEXT_COLUMN
from daybreak.types import Rows, Sparse

ANONYMOUS_USER_ID = "somebody new"
"""The user that is asked about when none is named."""


@dataclass(frozen=True)
class AdHocProfile:
    """Profile and events that a request brings, the same for all of its users.

    Example:
        >>> said = AdHocProfile(text="I love tea", attributes={"country": "France"}, items=("pot",))
        >>> said.profiles(["ann"]).row(0), said.histories(["ann"]).row(0)
        (('ann', 'France', 'I love tea'), ('ann', 'pot'))
    """

    text: str | None = None
    """What they say about themselves, in their own words."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[str] = ()
    """Items they have just chosen."""

    def profiles(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the profile of each user; None when nothing is said."""
        known = dict(self.attributes) | ({TEXT_COLUMN: self.text} if self.text else {})
        if not known:
            return None
        return pl.DataFrame({"user_id": list(users)}).with_columns(
            pl.lit(value).alias(name) for name, value in known.items()
        )

    def histories(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the events of each user; None when there are none."""
        if not self.items:
            return None
        rows = [(user, item) for user in users for item in self.items]
        return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")


EncodedProfiles = tuple[Sparse, dict[int, str]]
MAX_FRAME_CHUNKS = 50
"""Additions that may lie one by one; more make every look-up slow."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """Profiles of users, encoded once; every change makes a new value."""

    encoder: ProfileEncoder
    frame: pl.DataFrame
    """Raw rows; a row that was replaced stays, but nobody points to it."""
    matrix: Sparse
    """(n_rows, n_attributes)"""
    rows: Mapping[str, int]
    """User id -> row."""

    @classmethod
    def from_frame(cls, encoder: ProfileEncoder, users: pl.DataFrame) -> "Profiles":
        """Encode a table of users; of equal ids the last counts."""
        users = users.with_columns(pl.col("user_id").cast(pl.String))
        matrix = sp.csr_array(encoder.transform(users))
        return cls(encoder, users, matrix, _row_by_user(users, 0))

    def with_users(self, users: pl.DataFrame, *, whole: bool = False) -> "Profiles":
        """Return them with rows added; what a row leaves empty stays as it was known.

        Args:
            users: Rows; of equal ids the last counts.
            whole: Whether rows take the place of what was known instead.
        """
        merged = _last_rows(users) if whole else self._merge_with_stored(users)
        added = sp.csr_array(self.encoder.transform(merged))
        frame = pl.concat([self.frame, cast_like(merged, self.frame)], how="diagonal_relaxed")
        if frame.n_chunks() > MAX_FRAME_CHUNKS:
            frame = frame.rechunk()
        rows = {**self.rows, **_row_by_user(merged, self.frame.height)}
        grown = Profiles(
            self.encoder, frame, sp.csr_array(sp.vstack([self.matrix, added])), rows
        )
        return grown._compact() if len(rows) * 2 < frame.height else grown

    def without(self, users: Sequence[str]) -> "Profiles":
        """Return them with nothing left of some users, also not in rows nobody points to."""
        gone = set(users)
        if not gone & self.rows.keys() and self.frame.height == len(self.rows):
            return self
        rows = {user: row for user, row in self.rows.items() if user not in gone}
        return replace(self, rows=rows)._compact()

    def lookup(
        self, users: Sequence[str], given: pl.DataFrame | None = None
    ) -> EncodedProfiles:
        """Return the (n_users, n_attributes) attributes and the words of users, by position.

        Args:
            users: Ids, each once; unknown ones have a row of zeros.
            given: What is told right now; it counts before what is stored.
        """
        rows = np.array([self.rows.get(user, -1) for user in users], dtype=np.int64)
        matrix, texts = take_rows(self.matrix, rows), self._texts(rows)
        if given is None or not given.height:
            return matrix, texts
        fresh = self._merge_with_stored(given.filter(pl.col("user_id").is_in(list(users))))
        place = {user: position for position, user in enumerate(users)}
        at = np.array([place[user] for user in fresh["user_id"]], dtype=np.int64)
        stays = np.ones(len(users), dtype=np.float32)
        stays[at] = 0
        spread = sp.csr_array(
            (np.ones(len(at), np.float32), (at, np.arange(len(at)))),
            shape=(len(users), len(at)),
        )
        told = sp.csr_array(self.encoder.transform(fresh))
        matrix = sp.csr_array(sp.diags_array(stays) @ matrix + spread @ told, dtype=np.float32)
        said = {int(at[row]): text for row, text in _texts_by_row(fresh).items()}
        return matrix, {p: t for p, t in texts.items() if stays[p]} | said

    def attributes_of(self, user: str) -> dict[str, Any]:
        """Return what is stored of a user, as it was told; nothing of a stranger."""
        row = self.rows.get(user)
        if row is None:
            return {}
        values = zip(self.frame.columns, self.frame.row(row), strict=True)
        return {n: v for n, v in values if v is not None and n != "user_id"}

    def _texts(self, rows: Rows) -> dict[int, str]:
        if TEXT_COLUMN not in self.frame.columns:
            return {}
        known = np.flatnonzero(rows >= 0)
        words = _texts_by_row(self.frame.select(TEXT_COLUMN)[rows[known]])
        return {int(known[place]): text for place, text in words.items()}

    def _merge_with_stored(self, users: pl.DataFrame) -> pl.DataFrame:
        """Return the last row of each user, empty places filled from what is stored."""
        users = _last_rows(users)
        held = [
            (place, self.rows[user])
            for place, user in enumerate(users["user_id"])
            if user in self.rows
        ]
        names = [name for name in self.frame.columns if name != "user_id"]
        if not held or not names:
            return users
        stored = self.frame[[row for _, row in held]].select(
            pl.lit(pl.Series("user_id", [users["user_id"][place] for place, _ in held])),
            *(pl.col(name).alias(f"\0{name}") for name in names),
        )
        both = users.join(stored, on="user_id", how="left", maintain_order="left")
        return both.select(
            *(_coalesce_with_stored(both, c) for c in dict.fromkeys([*users.columns, *names]))
        )

    def _compact(self) -> "Profiles":
        kept = np.array(list(self.rows.values()), dtype=np.int64)
        rows = {user: place for place, user in enumerate(self.rows)}
        return Profiles(self.encoder, self.frame[kept], self.matrix[kept], rows)


def _last_rows(users: pl.DataFrame) -> pl.DataFrame:
    """Return the last row of each user that is named."""
    named = users.filter(pl.col("user_id").is_not_null())
    return named.unique("user_id", keep="last", maintain_order=True)


def _row_by_user(users: pl.DataFrame, start: int) -> dict[str, int]:
    return {user: start + place for place, user in enumerate(users["user_id"].to_list())}


def _coalesce_with_stored(both: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column, its empty places filled from the stored one."""
    stored = f"\0{name}"
    if stored not in both.columns:
        return pl.col(name)
    if name not in both.columns:
        return pl.col(stored).alias(name)
    if both.schema[name] == both.schema[stored]:
        return pl.coalesce(name, stored).alias(name)
    if both.schema[name].is_nested() or both.schema[stored].is_nested():
        return pl.col(name)
    return pl.coalesce(pl.col(name).cast(pl.String), pl.col(stored).cast(pl.String)).alias(name)


def _texts_by_row(frame: pl.DataFrame) -> dict[int, str]:
    """Return what is said in each row that says something."""
    if TEXT_COLUMN not in frame.columns:
        return {}
    said = frame[TEXT_COLUMN].cast(pl.String).fill_null("").to_list()
    return {row: text.strip() for row, text in enumerate(said) if text.strip()}
