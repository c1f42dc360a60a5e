"""Rows with many different attributes: the rare ones share one column.

A frame has a cell for each row and each column, so that many names that few rows have would
cost far more than the values themselves. Frames of stored rows therefore have at most
``MAX_FRAME_COLUMNS`` attributes as columns; the other values of a row are one JSON object.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import polars as pl

from daybreak.data.fields import (
    CATEGORY_NAMES,
    OTHER_ATTRIBUTES,
    TEXT_NAMES,
    VISIBILITY_COLUMNS,
)

MAX_FRAME_COLUMNS = 1_000
"""Largest number of attributes that are columns of a frame of stored rows."""
MIN_FRAME_COLUMNS = 300
"""Number of attributes that are columns however few their values are."""
MAX_EMPTY_CELLS = 2_000_000
"""Number of empty cells up to which a frame has ``MAX_FRAME_COLUMNS``, besides three for each
value."""
MIN_ROWS_PER_COLUMN = 3
"""Number of rows below which an attribute is no column once there are more names than
``MIN_FRAME_COLUMNS``: nothing can be learned of it."""
MIN_WRITTEN_SHARE = 0.25
"""Share of the rows of a write that an attribute needs to be a column of its frame."""
KEPT_NAMES = frozenset(
    {*VISIBILITY_COLUMNS, *TEXT_NAMES, *CATEGORY_NAMES, "created_at", "domain"}
)
"""Attributes that are columns however few rows have them."""


def fold_rare_attributes(
    records: Sequence[Mapping[str, Any]], *, max_columns: int | None = None
) -> list[Mapping[str, Any]]:
    """Return rows in which the attributes of the fewest rows are one JSON object.

    Args:
        records: Attributes of each row; None stands for no value.
        max_columns: Number of different attributes up to which rows are returned unchanged;
            default: it depends on the share of empty cells.

    Example:
        >>> rows = [{"price": 1, "a": "x"}, {"price": 2, "b": "y"}]
        >>> fold_rare_attributes(rows, max_columns=1) == [
        ...     {"price": 1, OTHER_ATTRIBUTES: '{"a":"x"}'},
        ...     {"price": 2, OTHER_ATTRIBUTES: '{"b":"y"}'}]
        True
    """
    n_names = len(set(chain.from_iterable(records)))
    if n_names <= (MIN_FRAME_COLUMNS if max_columns is None else max_columns):
        return list(records)
    counts = Counter(
        name for record in records for name, value in record.items() if value is not None
    )
    least = 1
    if max_columns is None:
        max_columns = _column_limit(len(records), counts.total())
        least = min(MIN_ROWS_PER_COLUMN, len(records))
    kept = {name for name, n in counts.most_common(max_columns) if n >= least}
    if len(kept) == len(counts):
        return list(records)
    kept |= KEPT_NAMES
    return [_fold(record, kept) for record in records]


def fold_for_writing(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return rows of a write, whose frame is not mostly empty; nulls keep deleting attributes.

    Example:
        >>> rows = [{"price": 1, "a": None}, {"price": 2}, {"price": 3}, *[{"price": 4}] * 2]
        >>> fold_for_writing(rows)[:2] == [
        ...     {"price": 1, OTHER_ATTRIBUTES: '{"a":null}'}, {"price": 2}]
        True
    """
    counts = Counter(chain.from_iterable(rows))
    least = MIN_WRITTEN_SHARE * len(rows)
    kept = {name for name, n in counts.items() if n >= least}
    if len(kept) == len(counts):
        return list(rows)
    return [_fold(row, kept, keep_nulls=True) for row in rows]


def _column_limit(n_rows: int, n_values: int) -> int:
    """Return the number of columns of a frame that is not mostly empty.

    Example:
        >>> _column_limit(100, 40_000), _column_limit(10_000, 50_000)
        (1000, 300)
    """
    fitting = (4 * n_values + MAX_EMPTY_CELLS) // max(n_rows, 1)
    return min(max(fitting, MIN_FRAME_COLUMNS), MAX_FRAME_COLUMNS)


def _fold(
    record: Mapping[str, Any], kept: set[str], *, keep_nulls: bool = False
) -> Mapping[str, Any]:
    folded = {name: value for name, value in record.items() if name in kept}
    other = {
        name: value
        for name, value in record.items()
        if name not in kept and name != OTHER_ATTRIBUTES and (keep_nulls or value is not None)
    }
    if OTHER_ATTRIBUTES in record:
        other = {**json.loads(record[OTHER_ATTRIBUTES] or "{}"), **other}
    if other:
        text = json.dumps(other, ensure_ascii=False, separators=(",", ":"))
        folded[OTHER_ATTRIBUTES] = text
    return folded


def unfold_attributes(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with all its attributes, as it was before it was folded.

    Example:
        >>> unfold_attributes({"price": 1, OTHER_ATTRIBUTES: '{"a":"x"}'})
        {'price': 1, 'a': 'x'}
    """
    if OTHER_ATTRIBUTES not in row:
        return row
    unfolded = {name: value for name, value in row.items() if name != OTHER_ATTRIBUTES}
    return {**unfolded, **json.loads(row[OTHER_ATTRIBUTES] or "{}")}


@dataclass(frozen=True)
class SharedAttributes:
    """The attributes of few rows, read from the column that they share.

    Example:
        >>> shared = SharedAttributes.read(pl.Series(['{"Cup":1}', None, '{"cup":2.5}']))
        >>> shared.column("cup").to_list()
        [1.0, None, 2.5]
    """

    n_rows: int
    cells: Mapping[str, Mapping[int, Any]]
    """Value by row, by name in lower case."""

    @classmethod
    def read(cls, texts: pl.Series) -> "SharedAttributes":
        """Return the attributes of a column of JSON objects."""
        cells: dict[str, dict[int, Any]] = {}
        for row, text in enumerate(texts.to_list()):
            for name, value in json.loads(text or "{}").items():
                cells.setdefault(name.lower(), {})[row] = value
        return cls(len(texts), cells)

    def column(self, name: str) -> pl.Series:
        """Return an attribute as a column; values of several types become text."""
        given = self.cells[name]
        values = [given.get(row) for row in range(self.n_rows)]
        kinds = {type(value) for value in given.values() if value is not None}
        if kinds <= {int, float}:
            return pl.Series(name, values, dtype=pl.Float64, strict=False)
        if len(kinds) == 1:
            return pl.Series(name, values, strict=False)
        texts = [v if v is None or isinstance(v, str) else json.dumps(v) for v in values]
        return pl.Series(name, texts, dtype=pl.String)


def limit_columns(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame of rows with at most ``2 * MAX_FRAME_COLUMNS`` attributes as columns.

    Frames that are put together can have more columns than each of them.

    Args:
        frame: Rows, wide or not; columns of ids have a value in each row.
    """
    if frame.width <= 2 * MAX_FRAME_COLUMNS:
        return frame
    filled = frame.select(pl.all().count()).row(0, named=True)
    most = sorted(filled, key=lambda name: -filled[name])[:MAX_FRAME_COLUMNS]
    kept = {*most, *KEPT_NAMES}
    rare = [name for name in frame.columns if name not in kept and name != OTHER_ATTRIBUTES]
    values = [frame[name].to_list() for name in rare]
    known = (
        frame[OTHER_ATTRIBUTES].to_list()
        if OTHER_ATTRIBUTES in frame.columns
        else [None] * frame.height
    )
    other: list[dict[str, Any]] = [json.loads(text or "{}") for text in known]
    for name, column in zip(rare, values, strict=True):
        for row, value in enumerate(column):
            if value is not None:
                other[row][name] = value
    texts = [
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) if row else None
        for row in other
    ]
    columns = [name for name in frame.columns if name in kept]
    return frame.select(columns).with_columns(
        pl.Series(OTHER_ATTRIBUTES, texts, dtype=pl.String)
    )
