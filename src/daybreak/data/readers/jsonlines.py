"""JSON Lines: one object a line, as gorse dumps them and most tools can write."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.readers.encodings import Encoding
from daybreak.data.readers.raw import FrameSource
from daybreak.data.readers.text import line_blocks
from daybreak.data.rejects import Reject, Rejects
from daybreak.errors import DataError

Record: TypeAlias = dict[str, str | None]
Numbered: TypeAlias = tuple[list[Record], list[int]]


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
    for row, text in enumerate(block.split("\n"), start=line):
        if not text.strip("\ufeff \t"):
            continue
        value, reason = _parse(text.strip("\ufeff"))
        if reason:
            rejects.add(Reject(file, row, reason, value=text[:200]))
        else:
            records.append(dict(_flat(value)))
            rows.append(row)
    return records, rows


def _parse(text: str) -> tuple[dict[str, Any], str]:
    try:
        text.encode()
        value = json.loads(text)
    except UnicodeEncodeError:
        return {}, "bytes are not valid UTF-8"
    except (ValueError, RecursionError):
        return {}, "not valid JSON"
    return (value, "") if isinstance(value, dict) else ({}, "not a JSON object")


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}_")
        else:
            yield prefix + key, _text(value)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return _printable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(text for text in map(_text, value) if text)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)


def _printable(value: str | None) -> str | None:
    r"""Replace lone surrogates (``\ud800`` is legal JSON): no text column can hold them."""
    return value if value is None else value.encode("utf-8", "replace").decode()


def _frame(records: list[Record]) -> pl.DataFrame:
    names = dict.fromkeys(name for record in records for name in record)
    return pl.DataFrame(
        [pl.Series(n, [r.get(n) for r in records], dtype=pl.String) for n in names]
    )
