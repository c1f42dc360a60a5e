"""Reader of files of JSON objects: one object per line, or an array of objects."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.casts import LIST_SEPARATOR
from daybreak.data.column_aliases import TableRole
from daybreak.data.readers.byte_encodings import TextEncoding
from daybreak.data.readers.item_lists import (
    ItemList,
    expand_record,
    find_record_list,
    note_expansion,
)
from daybreak.data.readers.json_values import JsonValueReader, is_json_lines
from daybreak.data.readers.source import RawTable, raise_if_mostly_rejected
from daybreak.data.readers.text import (
    INVALID_BYTES,
    has_valid_bytes,
    iter_line_blocks,
    iter_text_blocks,
)
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.wide_rows import MIN_FRAME_COLUMNS, fold_rare_attributes, limit_columns
from daybreak.errors import DataError

JsonObject: TypeAlias = dict[str, Any]
NumberedObjects: TypeAlias = tuple[list[JsonObject], list[int]]

NOT_AN_OBJECT = "not a JSON object"
"""Reason for the rejection of a value."""
_BYTE_ORDER_MARK = "\ufeff"


class JsonLinesFile:
    """A file of JSON objects; every value becomes text, as in a CSV file.

    The objects are one a line, or the elements of an array, also of one within an object such
    as ``{"data": [...]}``. Inner objects give columns ``outer_inner``; lists are joined with
    ``|``. Events with a list of items each become one event for each item. The first block is
    parsed when the file is opened; the other blocks are parsed when all columns are asked for,
    because any object may have a further key. No block is parsed twice.

    Args:
        path: The file.
        encoding: Encoding of the file.
        role: Table that the file holds.

    Raises:
        DataError: The file is not JSON, or its first block contains no object.
    """

    def __init__(self, path: Path, encoding: TextEncoding, role: TableRole = "items") -> None:
        self.file = path.name
        self.path = path
        self.rejects = Rejects()
        self.notes: list[str] = []
        self._batches = self._open_batches(path, encoding)
        self._frames: list[pl.DataFrame] = []
        self._rows: list[int] = []
        self._has_events = role == "events"
        self._item_list: ItemList | None = None
        self._n_with_items = self._n_without_items = 0
        if not self._parse_next_batch():
            raise self._empty_file_error()

    @property
    def sample_columns(self) -> tuple[str, ...]:
        """Keys of the objects in the blocks that are parsed already."""
        return tuple(dict.fromkeys(name for frame in self._frames for name in frame.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of all objects; parses the rest of the file."""
        self._parse_remaining_batches()
        return self.sample_columns

    def sample(self, wanted: Sequence[str]) -> pl.DataFrame:
        """Select columns of the first block; see :meth:`OpenedTable.sample`."""
        first = self._frames[0]
        return first.select(name for name in wanted if name in first.columns)

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Select the columns; see :meth:`OpenedTable.read`."""
        self._parse_remaining_batches()
        frame = pl.concat(self._frames, how="diagonal")
        self._frames = [frame]
        if self._item_list is not None:
            counts = self._n_with_items, self._n_without_items
            self.notes.append(note_expansion(self.file, self._item_list, *counts))
        return RawTable(
            self.file, frame.select(wanted), pl.Series("row", self._rows, dtype=pl.Int64)
        )

    def _open_batches(self, path: Path, encoding: TextEncoding) -> Iterator[NumberedObjects]:
        """Return the objects of the file in batches, with their numbers."""
        blocks = iter_text_blocks(path, encoding)
        first = next(blocks, "")
        if is_json_lines(first):
            return self._iter_line_batches(iter_line_blocks(path, encoding))
        reader = JsonValueReader(path.name, chain([first], blocks))
        return self._iter_value_batches(reader)

    def _iter_line_batches(self, blocks: Iterator[str]) -> Iterator[NumberedObjects]:
        line = 1
        for block in blocks:
            yield _parse_block(self.file, block, line, self.rejects)
            line += block.count("\n")

    def _iter_value_batches(self, reader: JsonValueReader) -> Iterator[NumberedObjects]:
        for values, numbers in reader.batches():
            objects, rows = [], []
            for value, number in zip(values, numbers, strict=True):
                if isinstance(value, dict):
                    objects.append(value)
                    rows.append(number)
                else:
                    text = json.dumps(value, ensure_ascii=False)[:200]
                    self.rejects.add(Reject(self.file, number, NOT_AN_OBJECT, value=text))
            yield objects, rows

    def _parse_remaining_batches(self) -> None:
        while self._parse_next_batch():
            pass
        if not self._rows and not self._n_without_items:
            raise self._empty_file_error()
        if len(self._frames) > 1:
            self._frames = [limit_columns(pl.concat(self._frames, how="diagonal"))]

    def _parse_next_batch(self) -> bool:
        """Parse one more batch; return False at the end of the file."""
        batch = next(self._batches, None)
        if batch is None:
            return False
        objects, rows = batch
        if not self._frames and not rows:
            reason = self.rejects.rows[-1] if self.rejects.rows else "only empty lines"
            raise DataError(f"{self.file} has no JSON object in its first lines: {reason}")
        if self._has_events:
            objects, rows = self._expand_items(objects, rows)
        self._frames.append(_build_frame(objects))
        self._rows += rows
        raise_if_mostly_rejected(self.file, len(self._rows), self.rejects)
        return True

    def _expand_items(self, objects: list[JsonObject], rows: list[int]) -> NumberedObjects:
        """Return one event for each item where events have lists of items."""
        if self._item_list is None and not any(_has_list(record) for record in objects):
            return objects, rows
        flat = [dict(_iter_flattened(record, into_lists=True)) for record in objects]
        found = find_record_list(flat) or self._item_list
        if found is None:
            return objects, rows
        self._item_list = found
        expanded = [
            (event, row)
            for record, row in zip(flat, rows, strict=True)
            for event in expand_record(record, found)
        ]
        n_with_items = len({row for _, row in expanded})
        self._n_with_items += n_with_items
        self._n_without_items += len(objects) - n_with_items
        return [event for event, _ in expanded], [row for _, row in expanded]

    def _empty_file_error(self) -> DataError:
        return DataError(
            f"{self.file} is empty; expected one JSON object a line, or an array of objects"
        )


def _parse_block(file: str, block: str, line: int, rejects: Rejects) -> NumberedObjects:
    records: list[JsonObject] = []
    rows: list[int] = []
    clean = has_valid_bytes(block)
    for row, text in enumerate(block.split("\n"), start=line):
        if not text or text.isspace() or text == _BYTE_ORDER_MARK:
            continue
        value, reason = _parse(text.removeprefix(_BYTE_ORDER_MARK), clean=clean)
        if reason:
            rejects.add(Reject(file, row, reason, value=text[:200]))
        else:
            records.append(value)
            rows.append(row)
    return records, rows


def _parse(text: str, *, clean: bool) -> tuple[JsonObject, str]:
    if not (clean or has_valid_bytes(text)):
        return {}, INVALID_BYTES
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}, "not valid JSON"
    return (value, "") if isinstance(value, dict) else ({}, NOT_AN_OBJECT)


def _build_frame(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Convert objects into text columns; inner objects are flattened.

    The fields of the fewest objects share a column where there are very many, see
    :mod:`daybreak.data.wide_rows`.
    """
    if len(set(chain.from_iterable(records))) > MIN_FRAME_COLUMNS:
        records = fold_rare_attributes([dict(_iter_flattened(record)) for record in records])
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    if any(dict in set(map(type, values)) for values in columns.values()):
        return _build_frame([dict(_iter_flattened(record)) for record in records])
    return pl.DataFrame([_build_column(name, values) for name, values in columns.items()])


def _has_list(value: Mapping[str, Any]) -> bool:
    return any(
        isinstance(inner, list) or (isinstance(inner, dict) and _has_list(inner))
        for inner in value.values()
    )


def _iter_flattened(
    record: Mapping[str, Any], prefix: str = "", *, into_lists: bool = False
) -> Iterator[tuple[str, Any]]:
    for key, wrapped in record.items():
        value = _without_type(wrapped)
        if isinstance(value, dict):
            yield from _iter_flattened(value, f"{prefix}{key}_", into_lists=into_lists)
        elif into_lists and isinstance(value, list):
            yield (
                prefix + key,
                [dict(_iter_flattened(v)) if isinstance(v, dict) else v for v in value],
            )
        else:
            yield prefix + key, value


def _without_type(value: Any) -> Any:
    """Return a value without its type, as MongoDB writes it: ``{"$oid": "65a"}``."""
    while isinstance(value, dict) and len(value) == 1 and next(iter(value)).startswith("$"):
        (value,) = value.values()
    return value


def _build_column(name: str, values: list[Any]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {int}:
            return pl.Series(name, values, dtype=pl.Int64).cast(pl.String)
        if kinds == {str}:
            return pl.Series(name, values, dtype=pl.String)
    except (OverflowError, UnicodeEncodeError, TypeError):
        pass  # a number beyond 64 bits, or a lone surrogate: both legal in JSON
    return pl.Series(name, [_value_to_text(value) for value in values], dtype=pl.String)


def _value_to_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return LIST_SEPARATOR.join(text for text in map(_value_to_text, value) if text)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
