"""Categories, numbers and dates of items or users as terms such as ``country=Italy``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from daybreak.data.category_paths import with_one_separator
from daybreak.data.fields import ContentField, TextColumns
from daybreak.types import Doubles

TERM_ROLES = ("category", "number", "date")
PARENTHESIS_PATTERN = r"\s*[(（][^)）]*[)）]"
"""Remarks that are removed from categories with several values: ``Jane Doe (screenplay)``."""
EPOCH_RANGE_S = (-6e10, 2.5e11)
"""Range of numbers that are times, epoch [s]: the years 69 to 9892."""


@dataclass(frozen=True)
class AttributeTerms:
    """Columns as terms ``name=value``; a number is replaced by its range.

    Args:
        fields: All columns; text and ignored columns have no terms.
        edges: Inner bounds of the ranges by column, ascending.

    Example:
        >>> wines = pl.DataFrame({"kind": ["Red", "Rosé|Dry", None], "price": [4.0, 6.0, 9.0]})
        >>> fields = [ContentField("kind", "category", "|"), ContentField("price", "number")]
        >>> AttributeTerms.fit(wines, fields, bins=2).terms(wines)
        [['kind=red', 'price=..6'], ['kind=rosé', 'kind=dry', 'price=..6'], ['price=6..']]
    """

    fields: tuple[ContentField, ...]
    edges: Mapping[str, tuple[float, ...]]

    @classmethod
    def fit(
        cls,
        frame: pl.DataFrame | TextColumns,
        fields: Sequence[ContentField],
        *,
        bins: int,
    ) -> "AttributeTerms":
        """Fit the ranges of numbers: ``bins`` ranges with about equally many rows."""
        columns = TextColumns.of(frame)
        edges = {
            field.name: _quantile_edges(_numbers(columns, field.name), bins)
            for field in fields
            if field.role == "number"
        }
        return cls(tuple(fields), edges)

    def terms(self, frame: pl.DataFrame | TextColumns) -> list[list[str]]:
        """Return the terms of each row; missing columns have no terms."""
        columns = TextColumns.of(frame)
        lists: list[list[str]] = [[] for _ in range(len(columns))]
        for field in self.fields:
            if field.role in TERM_ROLES and field.name in columns:
                known: dict[str, str] = {}  # items with the same value share one string
                for row, value in self._values(field, columns):
                    term = f"{field.name}={value}"
                    lists[row].append(known.setdefault(term, term))
        return lists

    def to_dict(self) -> dict[str, Any]:
        """Return the fitted state as JSON values; the inverse of :meth:`from_dict`."""
        fields = [
            {"name": f.name, "role": f.role, "separator": f.separator, "why": f.reason}
            for f in self.fields
        ]
        return {"fields": fields, "edges": {name: list(e) for name, e in self.edges.items()}}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "AttributeTerms":
        """Return the terms that :meth:`to_dict` wrote.

        Raises:
            KeyError: A key is missing.
        """
        fields = (
            ContentField(row["name"], row["role"], row["separator"], row["why"])
            for row in plain["fields"]
        )
        return cls(tuple(fields), {name: tuple(e) for name, e in plain["edges"].items()})

    def _values(self, field: ContentField, columns: TextColumns) -> Iterator[tuple[int, str]]:
        if field.role == "number":
            return _iter_range_names(_numbers(columns, field.name), self.edges[field.name])
        text = columns[field.name]
        if field.role == "date":
            return _iter_nonempty(_year_values(columns.frame[field.name], text))
        return _iter_nonempty(_category_values(text, field.separator))


def _category_values(text: pl.Series, separator: str | None) -> pl.DataFrame:
    text = text.str.to_lowercase()
    if separator is None:
        return pl.DataFrame({"row": range(len(text)), "value": text})
    text, separator = with_one_separator(text, separator)
    values = text.str.replace_all(PARENTHESIS_PATTERN, "").str.split(separator)
    frame = pl.DataFrame({"row": range(len(text)), "value": values}).explode("value")
    return frame.with_columns(pl.col("value").str.strip_chars())


def _year_values(column: pl.Series, text: pl.Series) -> pl.DataFrame:
    """Return the years of epoch seconds, of dates, or of text with four digits."""
    if column.dtype.is_numeric():
        x = pl.col("x").cast(pl.Float64)
        seconds = pl.when(x.is_between(*EPOCH_RANGE_S)).then(x).cast(pl.Int64)
        year = pl.from_epoch(seconds, "s").dt.year().cast(pl.String)
        text = column.to_frame("x").select(year).to_series()
    else:
        text = text.str.extract(r"(?:^|\D)(\d{4})(?:\D|$)")
    return pl.DataFrame({"row": range(len(text)), "value": text})


def _iter_nonempty(frame: pl.DataFrame) -> Iterator[tuple[int, str]]:
    return frame.filter(pl.col("value") != "").iter_rows()


def _numbers(columns: TextColumns, name: str) -> Doubles:
    """Return the (n,) numbers of a column, NaN for missing and infinite ones."""
    column = columns.frame[name]
    is_plain = column.dtype == pl.Float64 or column.dtype.is_integer()
    values = column if is_plain else columns[name]  # others as they are written
    number = values.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(number), number, np.nan)


def _quantile_edges(numbers: Doubles, bins: int) -> tuple[float, ...]:
    finite = numbers[~np.isnan(numbers)]
    if not len(finite):
        return ()
    inner = np.quantile(finite, np.linspace(0, 1, bins + 1)[1:-1])
    return tuple(np.unique(inner).tolist())


def _iter_range_names(numbers: Doubles, edges: tuple[float, ...]) -> Iterator[tuple[int, str]]:
    labels = range_names(edges)
    for row in np.flatnonzero(~np.isnan(numbers)):
        yield int(row), labels[int(np.searchsorted(edges, numbers[row]))]


def range_names(edges: Sequence[float]) -> list[str]:
    """Return a name for each range; a range includes its upper bound.

    Example:
        >>> range_names([0.5, 2.0]), range_names([])
        (['..0.5', '0.5..2', '2..'], ['..'])
    """
    short = [f"{edge:.6g}" for edge in edges]
    if len(set(short)) < len(short):  # equal in six digits
        short = [repr(edge) for edge in edges]
    ends = ["", *short, ""]
    return [f"{low}..{high}" for low, high in pairwise(ends)]
