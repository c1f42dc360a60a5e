"""Reader of JSON Lines files: one JSON object per line."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.casts import LIST_SEPARATOR
from daybreak.data.readers.source import RawTable, raise_if_mostly_rejected
from daybreak.data.readers.text import (
    INVALID_BYTES,
    TextEncoding,
    has_valid_bytes,
    iter_line_blocks,
)
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.wide_rows import MIN_FRAME_COLUMNS, fold_rare_attributes, limit_columns
from daybreak.errors import DataError

JsonObject: TypeAlias = dict[str, Any]
NumberedObjects: TypeAlias = tuple[list[JsonObject], list[int]]

_BYTE_ORDER_MARK = "\ufeff"


class JsonLinesFile:
    """A file with one JSON object per line; every value becomes text, as in a CSV file.

    Inner objects give columns ``outer_inner``; lists are joined with ``|``. The first block is
    parsed when the file is opened; the other blocks are parsed when all columns are asked for,
    because any object may have a further key. No block is parsed twice.

    Args:
        path: The file.
        encoding: Encoding of the file.

    Raises:
        DataError: The file contains one JSON array, or its first block contains no object.
    """

    def __init__(self, path: Path, encoding: TextEncoding) -> None:
        self.file = path.name
        self.notes: list[str] = []
        self.rejects = Rejects()
        self._blocks = iter_line_blocks(path, encoding)
        self._next_line = 1
        self._frames: list[pl.DataFrame] = []
        self._rows: list[int] = []
        if not self._parse_next_block():
            raise self._empty_file_error()

    @property
    def sample_columns(self) -> tuple[str, ...]:
        """Keys of the objects in the blocks that are parsed already."""
        return tuple(dict.fromkeys(name for frame in self._frames for name in frame.columns))

    @property
    def columns(self) -> tuple[str, ...]:
        """Keys of all objects; parses the rest of the file."""
        self._parse_remaining_blocks()
        return self.sample_columns

    def read(self, wanted: Sequence[str], rejects: Rejects) -> RawTable:
        """Select the columns; see :meth:`OpenedTable.read`."""
        self._parse_remaining_blocks()
        frame = pl.concat(self._frames, how="diagonal")
        self._frames = [frame]
        return RawTable(
            self.file, frame.select(wanted), pl.Series("row", self._rows, dtype=pl.Int64)
        )

    def _parse_remaining_blocks(self) -> None:
        while self._parse_next_block():
            pass
        if not self._rows:
            raise self._empty_file_error()
        if len(self._frames) > 1:
            self._frames = [limit_columns(pl.concat(self._frames, how="diagonal"))]

    def _parse_next_block(self) -> bool:
        """Parse one more block; return False at the end of the file."""
        block = next(self._blocks, "")
        if not block:
            return False
        if self._next_line == 1:
            self._raise_if_array(block)
        objects, rows = _parse_block(self.file, block, self._next_line, self.rejects)
        if not self._rows and not rows and block.strip():
            reason = self.rejects.rows[-1] if self.rejects.rows else "only empty lines"
            raise DataError(f"{self.file} has no JSON object in its first lines: {reason}")
        self._frames.append(_build_frame(objects))
        self._rows += rows
        raise_if_mostly_rejected(self.file, len(self._rows), self.rejects)
        self._next_line += block.count("\n")
        return True

    def _raise_if_array(self, block: str) -> None:
        if block.lstrip("\ufeff \n").startswith("["):
            raise DataError(
                f"{self.file} is one JSON array; expected one object a line, "
                "as `jq -c '.[]'` makes from it"
            )

    def _empty_file_error(self) -> DataError:
        return DataError(f"{self.file} is empty; expected one JSON object a line")


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
    return (value, "") if isinstance(value, dict) else ({}, "not a JSON object")


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


def _iter_flattened(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _iter_flattened(value, f"{prefix}{key}_")
        else:
            yield prefix + key, value


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
