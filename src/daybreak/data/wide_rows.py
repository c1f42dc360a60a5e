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
    if max_columns is None:
        max_columns = _column_limit(len(records), counts.total())
    if len(counts) <= max_columns:
        return list(records)
    kept = {name for name, _ in counts.most_common(max_columns)} | KEPT_NAMES
    return [_fold(record, kept) for record in records]


def _column_limit(n_rows: int, n_values: int) -> int:
    """Return the number of columns of a frame that is not mostly empty.

    Example:
        >>> _column_limit(100, 40_000), _column_limit(10_000, 50_000)
        (1000, 300)
    """
    fitting = (4 * n_values + MAX_EMPTY_CELLS) // max(n_rows, 1)
    return min(max(fitting, MIN_FRAME_COLUMNS), MAX_FRAME_COLUMNS)


def _fold(record: Mapping[str, Any], kept: set[str]) -> Mapping[str, Any]:
    folded = {name: value for name, value in record.items() if name in kept}
    other = {
        name: value
        for name, value in record.items()
        if name not in kept and name != OTHER_ATTRIBUTES and value is not None
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


def chunk_rows(
    rows: Sequence[Mapping[str, Any]], *, max_empty_cells: int = 30_000
) -> list[Sequence[Mapping[str, Any]]]:
    """Return rows in parts that are not mostly empty as frames.

    Args:
        rows: Rows in their order, which is kept.
        max_empty_cells: Number of empty cells up to which a part is not divided, besides three
            for each value.

    Example:
        >>> rows = [{"a": 1}, {"a": 2}, {"b": 1}, {"c": 1}]
        >>> [len(part) for part in chunk_rows(rows, max_empty_cells=0)]
        [4]
        >>> rows = [{str(n): 1} for n in range(9)]
        >>> [len(part) for part in chunk_rows(rows, max_empty_cells=0)]
        [4, 4, 1]
    """
    parts: list[Sequence[Mapping[str, Any]]] = []
    start, n_values = 0, 0
    names: set[str] = set()
    for place, row in enumerate(rows):
        grown = len(names | row.keys()) if not names >= row.keys() else len(names)
        n_cells = grown * (place + 1 - start)
        if place > start and n_cells > 4 * (n_values + len(row)) + max_empty_cells:
            parts.append(rows[start:place])
            start, n_values, names = place, 0, set()
        names.update(row)
        n_values += len(row)
    return [*parts, rows[start:]] if len(rows) > start else parts
