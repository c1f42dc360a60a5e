"""Profiles of users: stored attributes and texts, and those of single requests."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.casts import cast_like, to_text
from daybreak.data.sparse_rows import take_rows
from daybreak.encoders.profile import SOURCE_ITEMS_COLUMN, ProfileEncoder
from daybreak.service.inputs.frames import TEXT_COLUMN
from daybreak.service.state.profile_names import match_names, unused_names_notes
from daybreak.types import Rows, Sparse

ANONYMOUS_USER_ID = "somebody new"
"""User id for a request that names no user."""
MAX_FRAME_CHUNKS = 50
"""Largest number of chunks of the frame; more make look-ups slow."""


@dataclass(frozen=True, eq=False)
class ProfileOverrides:
    """Profiles of requests, by position in the batch."""

    queries: Rows
    """(n,) positions of which the attributes are replaced."""
    matrix: Sparse
    """(n, n_attributes)"""
    texts: dict[int, str]
    """Position to text; an empty text removes the stored one."""


@dataclass(frozen=True, eq=False)
class Profiles:
    """Stored profiles of users, encoded; a change makes a new value."""

    encoder: ProfileEncoder
    frame: pl.DataFrame
    """Raw rows; a replaced row stays until the next compaction."""
    matrix: Sparse
    """(n_rows, n_attributes + n_source_items)"""
    rows: Mapping[str, int]
    """User id to its current row."""

    @cached_property
    def used_names(self) -> frozenset[str]:
        """Attributes that the training has seen."""
        names = {field.name for field in self.encoder.attributes.fields}
        return frozenset(
            names | ({SOURCE_ITEMS_COLUMN} if len(self.encoder.source_ids) else set())
        )

    @cached_property
    def known_names(self) -> frozenset[str]:
        """Attributes of users that are known, and ``text``."""
        stored = {name for name in self.frame.columns if name != "user_id"}
        return self.used_names | stored | {TEXT_COLUMN}

    def unused_notes(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return a note for each attribute of a request that no training has seen."""
        known = match_names(names, self.known_names)
        return unused_names_notes(known.values(), self.used_names)

    def rename(self, profiles: pl.DataFrame) -> pl.DataFrame:
        """Return a frame of profiles whose columns have the names that are known."""
        names = [name for name in profiles.columns if name != "user_id"]
        return profiles.rename(match_names(names, self.known_names))

    @classmethod
    def from_frame(cls, encoder: ProfileEncoder, users: pl.DataFrame) -> "Profiles":
        """Encode a table of users; the last row of an id counts."""
        users = users.with_columns(pl.col("user_id").cast(pl.String))
        matrix = sp.csr_array(encoder.transform_all(users))
        return cls(encoder, users, matrix, _row_by_user(users, 0))

    def with_users(self, users: pl.DataFrame, *, whole: bool = False) -> "Profiles":
        """Return profiles with rows added; a null keeps the stored value.

        Args:
            users: Frame of ``user_id`` and attributes; the last row of an id counts.
            whole: Whether a row replaces the stored one entirely.
        """
        merged = _last_rows(users) if whole else self._merge_with_stored(users)
        added = sp.csr_array(self.encoder.transform_all(merged))
        frame = pl.concat([self.frame, cast_like(merged, self.frame)], how="diagonal_relaxed")
        if frame.n_chunks() > MAX_FRAME_CHUNKS:
            frame = frame.rechunk()
        rows = {**self.rows, **_row_by_user(merged, self.frame.height)}
        grown = Profiles(
            self.encoder, frame, sp.csr_array(sp.vstack([self.matrix, added])), rows
        )
        return grown._compact() if len(rows) * 2 < frame.height else grown

    def without(self, users: Sequence[str]) -> "Profiles":
        """Return profiles without some users; replaced rows of theirs are removed as well."""
        removed = set(users)
        if not removed & self.rows.keys() and self.frame.height == len(self.rows):
            return self
        rows = {user: row for user, row in self.rows.items() if user not in removed}
        return replace(self, rows=rows)._compact()

    def lookup(
        self, users: Sequence[str], overrides: "ProfileOverrides | None" = None
    ) -> tuple[Sparse, dict[int, str]]:
        """Return the (n_users, n_attributes) attributes and the texts of users, by position.

        Args:
            users: Ids; unknown ones have a row of zeros.
            overrides: Profiles of requests; they replace stored ones.
        """
        rows = np.array([self.rows.get(user, -1) for user in users], dtype=np.int64)
        matrix, texts = take_rows(self.matrix, rows), self._texts(rows)
        if overrides is None:
            return matrix, texts
        if len(overrides.queries):
            rows = np.arange(len(users))
            rows[overrides.queries] = len(users) + np.arange(len(overrides.queries))
            matrix = take_rows(sp.csr_array(sp.vstack([matrix, overrides.matrix])), rows)
        stored = {p: text for p, text in texts.items() if p not in overrides.texts}
        return matrix, stored | {p: text for p, text in overrides.texts.items() if text}

    def overrides(
        self, users: Sequence[str], profiles: pl.DataFrame
    ) -> "ProfileOverrides | None":
        """Return the profiles of a request, completed from the stored ones.

        Args:
            users: Ids of the request, each once.
            profiles: Frame of ``user_id`` and attributes or text; rows of other users are
                ignored.
        """
        rows = profiles.filter(pl.col("user_id").is_in(list(users)))
        if not rows.height:
            return None
        merged = self._merge_with_stored(rows)
        position = {user: index for index, user in enumerate(users)}
        queries = np.array([position[user] for user in merged["user_id"]], dtype=np.int64)
        texts = _texts_by_row(merged)
        return ProfileOverrides(
            queries,
            sp.csr_array(self.encoder.transform_all(merged), dtype=np.float32),
            {int(query): texts.get(row, "") for row, query in enumerate(queries)},
        )

    def told_sources(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that are items of sources.

        Args:
            ids: Ids of items of any shop.
        """
        known = self.encoder.source_ids
        return [id_ for id_ in ids if id_ in known] if len(known) else []

    def without_sources(self, ids: Iterable[str]) -> list[str]:
        """Return the ids that are no items of sources.

        Args:
            ids: Ids of items of any shop.
        """
        known = self.encoder.source_ids
        return [id_ for id_ in ids if id_ not in known]

    def with_source_events(
        self, profiles: pl.DataFrame | None, histories: pl.DataFrame
    ) -> pl.DataFrame | None:
        """Return profiles of a request with the events on items of sources.

        Args:
            profiles: Frame of ``user_id`` and attributes; None: there are none.
            histories: Frame of ``user_id, item_id``.
        """
        if not len(self.encoder.source_ids):
            return profiles
        told: dict[str, list[str]] = {}
        pairs = zip(histories["user_id"].to_list(), histories["item_id"].to_list(), strict=True)
        for user, item in pairs:
            if item in self.encoder.source_ids:
                told.setdefault(user, []).append(item)
        if not told:
            return profiles
        for user, items in told.items():
            stored = self.attributes_of(user).get(SOURCE_ITEMS_COLUMN) or []
            told[user] = list(dict.fromkeys([*stored, *items]))
        frame = pl.DataFrame({"user_id": list(told), SOURCE_ITEMS_COLUMN: list(told.values())})
        if profiles is None:
            return frame
        joined = profiles.drop(SOURCE_ITEMS_COLUMN, strict=False)
        return joined.join(
            frame, on="user_id", how="full", coalesce=True, maintain_order="left_right"
        )

    def attributes_of(self, user: str) -> dict[str, Any]:
        """Return the stored attributes of a user that have a value; empty if unknown."""
        row = self.rows.get(user)
        if row is None:
            return {}
        values = zip(self.frame.columns, self.frame.row(row), strict=True)
        return {n: v for n, v in values if v is not None and n != "user_id"}

    def _texts(self, rows: Rows) -> dict[int, str]:
        if TEXT_COLUMN not in self.frame.columns:
            return {}
        known = np.flatnonzero(rows >= 0)
        texts = _texts_by_row(self.frame.select(TEXT_COLUMN)[rows[known]])
        return {int(known[index]): text for index, text in texts.items()}

    def _merge_with_stored(self, users: pl.DataFrame) -> pl.DataFrame:
        """Return the last row of each user, nulls filled with the stored values."""
        users = _last_rows(users)
        stored_rows = [
            (index, self.rows[user])
            for index, user in enumerate(users["user_id"])
            if user in self.rows
        ]
        names = [name for name in self.frame.columns if name != "user_id"]
        if not stored_rows or not names:
            return users
        stored = self.frame[[row for _, row in stored_rows]].select(
            pl.lit(pl.Series("user_id", [users["user_id"][index] for index, _ in stored_rows])),
            *(pl.col(name).alias(f"\0{name}") for name in names),
        )
        joined = users.join(stored, on="user_id", how="left", maintain_order="left")
        return joined.select(
            *(_coalesce_with_stored(joined, c) for c in dict.fromkeys([*users.columns, *names]))
        )

    def _compact(self) -> "Profiles":
        current_rows = np.array(list(self.rows.values()), dtype=np.int64)
        rows = {user: index for index, user in enumerate(self.rows)}
        return Profiles(self.encoder, self.frame[current_rows], self.matrix[current_rows], rows)


@dataclass(frozen=True)
class AdHocProfile:
    """Profile and events of one request, the same for all of its users.

    Example:
        >>> profile = AdHocProfile("I love tea", {"country": "France"}, items=("pot",))
        >>> profile.profiles(["ann"]).row(0), profile.histories(["ann"]).row(0)
        (('ann', 'France', 'I love tea'), ('ann', 'pot'))
    """

    text: str | None = None
    """The users' own words."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    items: Sequence[str] = ()
    """Items of their latest events."""

    def profiles(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the profile of each user; None without attributes and text."""
        values = dict(self.attributes) | ({TEXT_COLUMN: self.text} if self.text else {})
        if not values:
            return None
        return pl.DataFrame({"user_id": list(users)}).with_columns(
            pl.lit(value).alias(name) for name, value in values.items()
        )

    def histories(self, users: Iterable[str]) -> pl.DataFrame | None:
        """Return the events of each user; None without items."""
        if not self.items:
            return None
        rows = [(user, item) for user in users for item in self.items]
        return pl.DataFrame(rows, schema=["user_id", "item_id"], orient="row")


def _last_rows(users: pl.DataFrame) -> pl.DataFrame:
    """Return the last row of each user that is named."""
    named = users.filter(pl.col("user_id").is_not_null())
    return named.unique("user_id", keep="last", maintain_order=True)


def _row_by_user(users: pl.DataFrame, start: int) -> dict[str, int]:
    return {user: start + index for index, user in enumerate(users["user_id"].to_list())}


def _coalesce_with_stored(joined: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column, its nulls filled with the stored values."""
    stored = f"\0{name}"
    if stored not in joined.columns:
        return pl.col(name)
    if name not in joined.columns:
        return pl.col(stored).alias(name)
    if joined.schema[name] == joined.schema[stored]:
        return pl.coalesce(name, stored).alias(name)
    if joined.schema[name].is_nested() or joined.schema[stored].is_nested():
        return pl.col(name)
    return pl.coalesce(pl.col(name).cast(pl.String), pl.col(stored).cast(pl.String)).alias(name)


def _texts_by_row(frame: pl.DataFrame) -> dict[int, str]:
    """Return the text of each row that has one."""
    if TEXT_COLUMN not in frame.columns:
        return {}
    texts = to_text(frame[TEXT_COLUMN]).fill_null("").to_list()
    return {row: text.strip() for row, text in enumerate(texts) if text.strip()}
