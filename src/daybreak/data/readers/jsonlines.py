"""JSON Lines: one object a line, as gorse dumps them and most tools can write."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.readers.delimited import INVALID_BYTES
from daybreak.data.readers.source import LoadedFrame, raise_if_mostly_rejected
from daybreak.data.readers.text import TextEncoding, iter_line_blocks
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

JsonObject: TypeAlias = dict[str, Any]
NumberedObjects: TypeAlias = tuple[list[JsonObject], list[int]]

_BYTE_ORDER_MARK = "\ufeff"


def open_json_lines(path: Path, encoding: TextEncoding, rejects: Rejects) -> LoadedFrame:
    """Read all objects of a file; every value becomes text, as in a CSV file.

    Inner objects give columns ``outer_inner``; lists are joined with ``|``.

    Raises:
        DataError: The file holds one JSON array, or nothing that is an object.
    """
    frames: list[pl.DataFrame] = []
    rows: list[int] = []
    line = 1
    for block in iter_line_blocks(path, encoding):
        _check_start(path, block, line)
        records, places = _parse_block(path.name, block, line, rejects)
        if not rows and not places and block.strip():
            raise DataError(
                f"{path.name} has no JSON object in its first lines: {_last_reject(rejects)}"
            )
        frames.append(_build_frame(records))
        rows += places
        raise_if_mostly_rejected(path.name, len(rows), rejects)
        line += block.count("\n")
    if not rows:
        raise DataError(f"{path.name} is empty; expected one JSON object a line")
    frame = pl.concat(frames, how="diagonal")
    return LoadedFrame(path.name, frame, pl.Series("row", rows, dtype=pl.Int64))


def _last_reject(rejects: Rejects) -> str:
    return str(rejects.rows[-1]) if rejects.rows else "only empty lines"


def _check_start(path: Path, block: str, line: int) -> None:
    if line == 1 and block.lstrip("\ufeff \n").startswith("["):
        raise DataError(
            f"{path.name} is one JSON array; expected one object a line, "
            "as `jq -c '.[]'` makes from it"
        )


def _parse_block(file: str, block: str, line: int, rejects: Rejects) -> NumberedObjects:
    records: list[JsonObject] = []
    rows: list[int] = []
    clean = _has_valid_bytes(block)
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


def _has_valid_bytes(text: str) -> bool:
    """Whether there are no lone surrogates, which stand for bytes that are not valid."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(text: str, *, clean: bool) -> tuple[JsonObject, str]:
    if not (clean or _has_valid_bytes(text)):
        return {}, INVALID_BYTES
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}, "not valid JSON"
    return (value, "") if isinstance(value, dict) else ({}, "not a JSON object")


def _build_frame(records: list[JsonObject]) -> pl.DataFrame:
    """Turn objects into text columns, those with inner objects after spreading them out."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    if any(dict in set(map(type, values)) for values in columns.values()):
        return _build_frame([dict(_iter_flattened(record)) for record in records])
    return pl.DataFrame([_build_column(name, values) for name, values in columns.items()])


def _iter_flattened(record: JsonObject, prefix: str = "") -> Iterator[tuple[str, Any]]:
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
        return "|".join(text for text in map(_value_to_text, value) if text)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
