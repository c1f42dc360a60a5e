"""Rows that were posted, on their way into the store."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from daybreak.data import Tables
from daybreak.service.live.accepted import Accepted
from daybreak.service.live.incoming import read_events
from daybreak.service.live.sheet import Sheet
from daybreak.service.live.sides import as_text, frame_of, frames_of, read_side
from daybreak.service.privacy import Pseudonyms
from daybreak.store import Store

KEPT = "is_hidden"
"""Column that stands for an item or user of which nothing else is left."""


class Writing:
    """Checks rows and writes them; when a call returns, what was accepted is on the disk.

    Args:
        store: Where they go.
        names: Turns ids of users into pseudonyms.
        clock: Returns epoch seconds.
    """

    def __init__(
        self,
        store: Store,
        names: Pseudonyms | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._names = names
        self._clock = clock

    def events(self, rows: Sequence[Any]) -> Accepted:
        """Add events."""
        posted = read_events(rows, self._clock(), self._names)
        count = posted.tables.events.height
        if not count:
            return Accepted(0, 0, posted.rejected)
        written = self._store.write(
            posted.tables,
            event_ids=posted.event_ids,
            recommendations=posted.recommendations,
            sessions=posted.sessions,
            contexts=posted.contexts,
        )
        return Accepted(written.events, count - written.events, posted.rejected)

    def side(self, rows: Sequence[Any], sheet: Sheet, *, partial: bool) -> Accepted:
        """Add or change items or users.

        Args:
            rows: Of equal ids the later counts after the earlier.
            sheet: What is stored of them now.
            partial: Whether attributes that a row does not name stay as they are.
        """
        key = sheet.key
        side = read_side(self._named(rows) if key == "user_id" else rows, key)
        known = sheet.columns()
        merged: dict[str, dict[str, Any]] = {}
        for row in side.rows:
            mine = {name: _as_in(known.get(name), value) for name, value in row.items()}
            merged[row[key]] = {**merged.get(row[key], {}), **mine} if partial else mine
        if not partial:
            merged = {id_: _whole(row, sheet.get(id_)) for id_, row in merged.items()}
        whole = [_held(row, key, sheet.get(id_)) for id_, row in merged.items()]
        frames = frames_of(whole, key) if partial else [frame_of(whole)] if whole else []
        for frame in frames:
            self._store.write(_tables(frame, key))
        return Accepted(len(side.rows), 0, side.rejected)

    def _named(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return rows with pseudonyms in the place of ids that are text."""
        if self._names is None:
            return rows
        return [
            {**row, "user_id": self._names.of(row["user_id"])}
            if isinstance(row, Mapping) and isinstance(row.get("user_id"), str)
            else row
            for row in rows
        ]


def _tables(frame: pl.DataFrame, key: str) -> Tables:
    if key == "item_id":
        return Tables.of(items=frame)
    return Tables.of(users=frame)


def _as_in(kind: Any, value: Any) -> Any:
    """Return a value in the form of its column: a list as text, or text as a list.

    Example:
        >>> _as_in(pl.String, ["a", "b"]), _as_in(pl.List(pl.String), "a"), _as_in(None, 3)
        ('a|b', ['a'], 3)
    """
    if kind is None or value is None:
        return value
    if isinstance(value, list) and kind == pl.String:
        return as_text(value)
    if not isinstance(value, list) and kind.is_nested():
        return [value]
    return value


def _whole(row: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a row that also says which attributes are not there any more."""
    return {**dict.fromkeys(before or {}), **row}


def _held(row: Mapping[str, Any], key: str, before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a row of which something is left: a store passes over rows of nothing but null."""
    found = dict(row)
    if not before or any(value is not None for name, value in row.items() if name != key):
        return found
    kept = next((name for name in before if name not in row), None)
    return {**found, KEPT: False} if kept is None else {**found, kept: before[kept]}
