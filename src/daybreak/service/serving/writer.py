"""Checks rows and writes them into the store."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from daybreak.data import Tables
from daybreak.data.fields import HIDDEN_COLUMN
from daybreak.data.ids import normalize_id
from daybreak.data.numbers import read_numbers
from daybreak.data.wide_rows import fold_for_writing
from daybreak.service.ingest.item_fields import with_usual_texts
from daybreak.service.ingest.rows import (
    ParsedEvents,
    as_text,
    frame_from_rows,
    frames_by_columns,
    parse_events,
    parse_rows,
)
from daybreak.service.ingest.values import CatalogueReplacement, IngestResult
from daybreak.service.privacy import Pseudonyms
from daybreak.service.serving.row_cache import RowCache
from daybreak.service.state.profile_names import with_known_names
from daybreak.store import Store, WriteResult


class Ingestor:
    """Checks rows and writes them; when a call returns, accepted rows are on disk.

    Args:
        store: The store.
        pseudonyms: Replaces ids of users; None: ids are kept.
        clock: Returns epoch seconds.
    """

    def __init__(
        self,
        store: Store,
        pseudonyms: Pseudonyms | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._pseudonyms = pseudonyms
        self._clock = clock

    def add_events(self, rows: Sequence[Any]) -> tuple[IngestResult, int | None]:
        """Add events; invalid rows are rejected one by one.

        Returns:
            Counts, and the cursor of the write; None: nothing was written.
        """
        parsed = parse_events(rows, self._clock(), self._pseudonyms)
        is_empty = not len(parsed.columns)
        written = _NOTHING if is_empty else self._store.add_events(parsed.columns)
        return _ingested(parsed, written)

    def add_events_of_calls(
        self, calls: Sequence[Sequence[Any]]
    ) -> list[tuple[IngestResult, int | None] | Exception]:
        """Add the events of several calls in one transaction; see :meth:`add_events`.

        Args:
            calls: Rows of each call.

        Returns:
            What :meth:`add_events` returns for each call, or its error.
        """
        parsed = [parse_events(rows, self._clock(), self._pseudonyms) for rows in calls]
        filled = [one.columns for one in parsed if len(one.columns)]
        written = iter(self._store.add_events_of_calls(filled) if filled else ())
        results: list[tuple[IngestResult, int | None] | Exception] = []
        for one in parsed:
            outcome = next(written) if len(one.columns) else _NOTHING
            if isinstance(outcome, Exception):
                results.append(outcome)
            else:
                results.append(_ingested(one, outcome))
        return results

    def put_rows(
        self, rows: Sequence[Any], cache: RowCache, *, partial: bool
    ) -> tuple[IngestResult, int | None]:
        """Add or change items or users.

        Args:
            rows: Rows; later rows of an id are applied after earlier ones.
            cache: Rows that are stored.
            partial: Whether attributes that a row does not name keep their values.

        Returns:
            The counts, and the cursor of the last write; None: nothing was written.
        """
        key = cache.key
        rows = self._with_pseudonyms(rows) if key == "user_id" else rows
        parsed = parse_rows(rows, key, cache.get) if partial else parse_rows(rows, key)
        columns = cache.columns()
        merged: dict[str, dict[str, Any]] = {}
        for parsed_row in parsed.rows:
            values = _values_of_columns(parsed_row, key, columns)
            id_ = values[key]
            merged[id_] = {**merged.get(id_, {}), **values} if partial else values
        if not partial:
            merged = {
                id_: _with_removed_attributes(row, cache.get(id_))
                for id_, row in merged.items()
            }
        if key == "item_id":
            merged = {
                id_: _listed(row, cache.get(id_) if partial else None)
                for id_, row in merged.items()
            }
        folded = fold_for_writing(list(merged.values()))
        frames = frames_by_columns(folded, key) if partial else [frame_from_rows(folded)]
        cursor = None
        for frame in frames if folded else ():
            cursor = self._store.write(_tables(frame, key)).cursor
        return IngestResult(len(parsed.rows), 0, parsed.rejected), cursor

    def replace_items(
        self, rows: Sequence[Any], cache: RowCache
    ) -> tuple[CatalogueReplacement, int | None]:
        """Take rows as the whole catalogue; nothing is stored if one of them is invalid.

        Args:
            rows: Rows of items; of rows with the same id the last one counts.
            cache: Items that are stored.

        Returns:
            The counts, and the cursor of the write; None: nothing was written.
        """
        parsed = parse_rows(rows, "item_id")
        if parsed.rejected or not parsed.rows:
            return CatalogueReplacement(0, 0, parsed.rejected), None
        columns = cache.columns()
        by_id: dict[str, dict[str, Any]] = {}
        for parsed_row in parsed.rows:
            values = _values_of_columns(parsed_row, "item_id", columns)
            stored = cache.get(values["item_id"])
            by_id[values["item_id"]] = _listed(_with_removed_attributes(values, stored), None)
        frame = frame_from_rows(fold_for_writing(list(by_id.values())))
        written = self._store.write(_tables(frame, "item_id"), complete_at=self._clock())
        counts = CatalogueReplacement(len(parsed.rows), 0, (), written.items_left)
        return counts, written.cursor

    def _with_pseudonyms(self, rows: Sequence[Any]) -> Sequence[Any]:
        """Return rows with pseudonyms instead of user ids that are text."""
        if self._pseudonyms is None:
            return rows
        return [
            {**row, "user_id": self._pseudonyms.of(normalize_id(row["user_id"]))}
            if isinstance(row, Mapping)
            and isinstance(row.get("user_id"), str)
            and normalize_id(row["user_id"])
            else row
            for row in rows
        ]


_NOTHING = WriteResult(0, 0, 0)
"""Outcome of a call without a valid row."""


def _ingested(parsed: ParsedEvents, written: WriteResult) -> tuple[IngestResult, int | None]:
    """Return the counts of a call, and the cursor of its write; None: nothing was written."""
    n_duplicates = len(parsed.columns) - written.events
    result = IngestResult(
        written.events, n_duplicates, parsed.rejected, item_ids=parsed.columns.item_id
    )
    return result, None if written is _NOTHING else written.cursor


def _tables(frame: pl.DataFrame, key: str) -> Tables:
    if key == "item_id":
        return Tables.of(items=frame)
    return Tables.of(users=frame)


def _values_of_columns(
    row: Mapping[str, Any], key: str, columns: Mapping[str, pl.DataType]
) -> dict[str, Any]:
    """Return the values of a row under the names and in the types of the columns."""
    named = with_known_names(row, columns, has_text=False)
    named = with_usual_texts(named, "items" if key == "item_id" else "users", columns)
    return {name: _cast_to_column(columns.get(name), value) for name, value in named.items()}


def _cast_to_column(kind: Any, value: Any) -> Any:
    """Return a value in the type of its column, if it can be converted.

    Example:
        >>> _cast_to_column(pl.String, ["a", "b"]), _cast_to_column(pl.List(pl.String), "a")
        ('a|b', ['a'])
        >>> _cast_to_column(pl.Float64(), "12,50 €"), _cast_to_column(pl.Float64(), "free")
        (12.5, 'free')
    """
    if kind is None or value is None:
        return value
    if isinstance(value, list) and kind == pl.String:
        return as_text(value)
    if not isinstance(value, list) and kind.is_nested():
        return [value]
    if isinstance(value, str) and kind.is_numeric():
        number = read_numbers(pl.Series([value])).values.item()
        return value if number is None else number
    return value


def _listed(row: dict[str, Any], stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a row of an item that has a value, so that it is in the catalogue."""
    values = {**(stored or {}), **row}
    if any(value is not None for name, value in values.items() if name != "item_id"):
        return row
    return {**row, HIDDEN_COLUMN: False}


def _with_removed_attributes(
    row: Mapping[str, Any], stored: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a row with nulls for attributes that it removes."""
    return {**dict.fromkeys(stored or {}), **row}
