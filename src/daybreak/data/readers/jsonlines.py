"""JSON Lines: one object a line, as gorse dumps them and most tools can write."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.readers.encodings import Encoding
from daybreak.data.readers.layout import BYTES
from daybreak.data.readers.raw import FrameSource, refuse_if_hopeless
from daybreak.data.readers.text import line_blocks
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

Record: TypeAlias = dict[str, Any]
Numbered: TypeAlias = tuple[list[Record], list[int]]

_MARK = "\ufeff"


def open_json_lines(path: Path, encoding: Encoding, rejects: Rejects) -> FrameSource:
    """Read all objects of a file; every value becomes text, as in a CSV file.

    Inner objects give columns ``outer_inner``; lists are joined with ``|``.

    Raises:
        DataError: The file holds one JSON array, or nothing that is an object.
    """
    frames: list[pl.DataFrame] = []
    rows: list[int] = []
    line = 1
    for block in line_blocks(path, encoding):
        _check_start(path, block, line)
        records, places = _objects(path.name, block, line, rejects)
        if not rows and not places and block.strip():
            raise DataError(
                f"{path.name} has no JSON object in its first lines: {_why(rejects)}"
            )
        frames.append(_frame(records))
        rows += places
        refuse_if_hopeless(path.name, len(rows), rejects)
        line += block.count("\n")
    if not rows:
        raise DataError(f"{path.name} is empty; expected one JSON object a line")
    frame = pl.concat(frames, how="diagonal")
    return FrameSource(path.name, frame, pl.Series("row", rows, dtype=pl.Int64))


def _why(rejects: Rejects) -> str:
    return str(rejects.rows[-1]) if rejects.rows else "only empty lines"


def _check_start(path: Path, block: str, line: int) -> None:
    if line == 1 and block.lstrip("\ufeff \n").startswith("["):
        raise DataError(
            f"{path.name} is one JSON array; expected one object a line, "
            "as `jq -c '.[]'` makes from it"
        )


def _objects(file: str, block: str, line: int, rejects: Rejects) -> Numbered:
    records: list[Record] = []
    rows: list[int] = []
    clean = _encodes(block)
    for row, text in enumerate(block.split("\n"), start=line):
        if not text or text.isspace() or text == _MARK:
            continue
        value, reason = _parse(text.removeprefix(_MARK), clean=clean)
        if reason:
            rejects.add(Reject(file, row, reason, value=text[:200]))
        else:
            records.append(value)
            rows.append(row)
    return records, rows


def _encodes(text: str) -> bool:
    """Whether there are no lone surrogates, which stand for bytes that are not valid."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(text: str, *, clean: bool) -> tuple[Record, str]:
    if not (clean or _encodes(text)):
        return {}, BYTES
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}, "not valid JSON"
    return (value, "") if isinstance(value, dict) else ({}, "not a JSON object")


def _frame(records: list[Record]) -> pl.DataFrame:
    """Turn objects into text columns, those with inner objects after spreading them out."""
    names = dict.fromkeys(name for record in records for name in record)
    columns = {name: [record.get(name) for record in records] for name in names}
    if any(dict in set(map(type, values)) for values in columns.values()):
        return _frame([dict(_flat(record)) for record in records])
    return pl.DataFrame([_column(name, values) for name, values in columns.items()])


def _flat(record: Record, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}_")
        else:
            yield prefix + key, value


def _column(name: str, values: list[Any]) -> pl.Series:
    kinds = set(map(type, values)) - {type(None)}
    try:
        if kinds == {int}:
            return pl.Series(name, values, dtype=pl.Int64).cast(pl.String)
        if kinds == {str}:
            return pl.Series(name, values, dtype=pl.String)
    except (OverflowError, UnicodeEncodeError, TypeError):
        pass  # a number beyond 64 bits, or a lone surrogate: both legal in JSON
    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(text for text in map(_text, value) if text)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
