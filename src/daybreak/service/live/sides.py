"""Posted items and users as tables; a bad row costs nothing but itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from daybreak.data.times import epoch_seconds
from daybreak.service.live.accepted import Rejected
from daybreak.service.live.cells import LONGEST_ID, BadCellError, attribute_of, id_of, row_of
from daybreak.service.live.cells import text_of as checked

TIMES = ("created_at",)
"""Columns that hold times; they are kept as epoch seconds."""


@dataclass(frozen=True)
class Side:
    """Rows of one kind that can be stored."""

    rows: tuple[dict[str, Any], ...]
    rejected: tuple[Rejected, ...]


def read_side(rows: Sequence[Any], key: str) -> Side:
    """Return the rows that can be stored, and a line for each of the others.

    Args:
        rows: Objects with ``key`` and any attributes: text, numbers, true, false, null, or
            lists of them.
        key: ``item_id`` or ``user_id``.

    Example:
        >>> side = read_side([{"item_id": "tea", "price": 3}, {"item_id": {}}], "item_id")
        >>> side.rows, side.rejected[0].code
        (({'item_id': 'tea', 'price': 3},), 'not_text')
    """
    found, rejected = [], []
    for place, row in enumerate(rows):
        try:
            found.append(_side(row_of(row), key))
        except BadCellError as error:
            rejected.append(error.at(place))
    return Side(tuple(found), tuple(rejected))


def frames_of(rows: Sequence[Mapping[str, Any]], key: str) -> list[pl.DataFrame]:
    """Return frames of rows: one for each set of columns, each id at most once in each.

    Rows keep their order where it matters: of equal ids the later comes in a later frame.
    """
    groups: dict[tuple[int, tuple[str, ...]], list[Mapping[str, Any]]] = {}
    seen: dict[str, int] = {}
    for row in rows:
        turn = seen[row[key]] = seen.get(row[key], -1) + 1
        groups.setdefault((turn, tuple(row)), []).append(row)
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [frame_of(group) for _, group in ordered]


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Return rows as a frame; a column of several kinds becomes text.

    Example:
        >>> frame_of([{"a": 1, "b": True}, {"a": "x", "b": None}]).rows()
        [('1', True), ('x', None)]
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame([column_of(name, [row.get(name) for row in rows]) for name in names])


def column_of(name: str, values: list[Any]) -> pl.Series:
    """Return values as a column; several kinds become text, lists text with ``|`` between."""
    kinds = {_kind(value) for value in values if value is not None}
    if not kinds:
        return pl.Series(name, values, dtype=pl.String)
    if kinds <= {"int", "float"}:
        kind = pl.Float64 if "float" in kinds else pl.Int64
        return pl.Series(name, values, dtype=kind, strict=False)
    if len(kinds) == 1:
        return pl.Series(name, values)
    return pl.Series(name, [as_text(value) for value in values], dtype=pl.String)


def as_text(value: Any) -> str | None:
    """Return any attribute as text.

    Example:
        >>> as_text(["a", "b"]), as_text(1.5), as_text(True)
        ('a|b', '1.5', 'true')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return "|".join(str(as_text(one)) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return f"list {_kind(value[0])}" if value else "list"
    return type(value).__name__


def _side(row: Mapping[str, Any], key: str) -> dict[str, Any]:
    found: dict[str, Any] = {key: id_of(row, key)}
    for name, value in row.items():
        if name == key:
            continue
        if not checked(name, "", LONGEST_ID).strip():
            raise BadCellError(name, name, "expected a name that is not empty", "empty")
        found[name] = _time(value, name) if name in TIMES else attribute_of(value, name)
    return found


def _time(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        seconds, _ = epoch_seconds(pl.Series([value], dtype=_time_type(value), strict=False))
        if seconds.item() is not None:
            return float(seconds.item())
    raise BadCellError(name, value, "expected epoch seconds or ISO 8601", "not_a_time")


def _time_type(value: Any) -> Any:
    return pl.String if isinstance(value, str) else pl.Float64
