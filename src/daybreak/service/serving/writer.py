"""Rows that were posted, on their way into the store."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from daybreak.data import Tables
from daybreak.service.ingest.rows import (
    as_text,
    frame_from_rows,
    frames_by_columns,
    parse_events,
    parse_rows,
)
from daybreak.service.ingest.values import IngestResult
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.row_cache import RowCache
from daybreak.store import Store


class Ingestor:
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

    def add_events(self, rows: Sequence[Any]) -> IngestResult:
        """Add events."""
        posted = parse_events(rows, self._clock(), self._names)
        count = posted.tables.events.height
        if not count:
            return IngestResult(0, 0, posted.rejected)
        written = self._store.write(
            posted.tables,
            event_ids=posted.event_ids,
            recommendations=posted.recommendation_ids,
            sessions=posted.session_ids,
            contexts=posted.contexts,
        )
        return IngestResult(written.events, count - written.events, posted.rejected)

    def put_rows(self, rows: Sequence[Any], sheet: RowCache, *, partial: bool) -> IngestResult:
        """Add or change items or users.

        Args:
            rows: Of equal ids the later counts after the earlier.
            sheet: What is stored of them now.
            partial: Whether attributes that a row does not name stay as they are.
        """
        key = sheet.key
        side = parse_rows(self._with_pseudonyms(rows) if key == "user_id" else rows, key)
        known = sheet.columns()
        merged: dict[str, dict[str, Any]] = {}
        for row in side.rows:
            mine = {
                name: _cast_to_column(known.get(name), value) for name, value in row.items()
            }
            merged[row[key]] = {**merged.get(row[key], {}), **mine} if partial else mine
        if not partial:
            merged = {
                id_: _with_removed_attributes(row, sheet.get(id_))
                for id_, row in merged.items()
            }
        whole = list(merged.values())
        frames = (
            frames_by_columns(whole, key)
            if partial
            else [frame_from_rows(whole)]
            if whole
            else []
        )
        for frame in frames:
            self._store.write(_tables(frame, key))
        return IngestResult(len(side.rows), 0, side.rejected)

    def _with_pseudonyms(self, rows: Sequence[Any]) -> Sequence[Any]:
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


def _cast_to_column(kind: Any, value: Any) -> Any:
    """Return a value in the form of its column: a list as text, or text as a list.

    Example:
        >>> _cast_to_column(pl.String, ["a", "b"]), _cast_to_column(pl.List(pl.String), "a")
        ('a|b', ['a'])
    """
    if kind is None or value is None:
        return value
    if isinstance(value, list) and kind == pl.String:
        return as_text(value)
    if not isinstance(value, list) and kind.is_nested():
        return [value]
    return value


def _with_removed_attributes(
    row: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a row that also says which attributes are not there any more."""
    return {**dict.fromkeys(before or {}), **row}
