"""Categories, numbers and dates of items or users as terms such as ``country=Italy``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from daybreak.data.fields import Field
from daybreak.data.measures import cells
from daybreak.types import Doubles

ROLES = ("category", "number", "date")
REMARK = r"\s*[(（][^)）]*[)）]"
"""Left out of categories with several values: ``Jane Doe (screenplay)``."""
EPOCH_SECONDS = (-6e10, 2.5e11)
"""Times of the years 69 to 9892; anything else is no time in seconds."""


@dataclass(frozen=True)
class Attributes:
    """Fields as terms ``name=value``; numbers as the range they fall into.

    Args:
        fields: All columns; those that are text or ignored give no terms.
        edges: Inner bounds of the ranges of each number, ascending.

    Example:
        >>> wines = pl.DataFrame({"kind": ["Red", "Rosé|Dry", None], "price": [4.0, 6.0, 9.0]})
        >>> fields = [Field("kind", "category", "|"), Field("price", "number")]
        >>> Attributes.fit(wines, fields, bins=2).terms(wines)
        [['kind=red', 'price=..6'], ['kind=rosé', 'kind=dry', 'price=..6'], ['price=6..']]
    """

    fields: tuple[Field, ...]
    edges: Mapping[str, tuple[float, ...]]

    @classmethod
    def fit(cls, frame: pl.DataFrame, fields: Sequence[Field], *, bins: int) -> "Attributes":
        """Learn the ranges of numbers: ``bins`` with about as many rows in each."""
        edges = {
            field.name: _edges(_numbers(cells(frame[field.name])), bins)
            for field in fields
            if field.role == "number"
        }
        return cls(tuple(fields), edges)

    def terms(self, frame: pl.DataFrame) -> list[list[str]]:
        """Return the terms of each row; columns that are missing give none."""
        lists: list[list[str]] = [[] for _ in range(frame.height)]
        for field in self.fields:
            if field.role in ROLES and field.name in frame.columns:
                for row, value in self._values(field, frame[field.name]):
                    lists[row].append(f"{field.name}={value}")
        return lists

    def to_plain(self) -> dict[str, Any]:
        """Return what :meth:`from_plain` reads, ready for JSON."""
        edges = {name: list(values) for name, values in self.edges.items()}
        return {"fields": [asdict(field) for field in self.fields], "edges": edges}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Attributes":
        """Return the attributes that :meth:`to_plain` wrote down."""
        edges = {name: tuple(values) for name, values in plain["edges"].items()}
        return cls(tuple(Field(**field) for field in plain["fields"]), edges)

    def _values(self, field: Field, column: pl.Series) -> Iterator[tuple[int, str]]:
        if field.role == "number":
            return _ranges(_numbers(cells(column)), self.edges[field.name])
        if field.role == "date":
            return _given(_years(column))
        return _given(_categories(column, field.separator))


def _categories(column: pl.Series, separator: str | None) -> pl.DataFrame:
    text = cells(column).str.to_lowercase()
    if separator is None:
        return pl.DataFrame({"row": range(len(text)), "value": text})
    pieces = text.str.replace_all(REMARK, "").str.split(separator)
    frame = pl.DataFrame({"row": range(len(text)), "value": pieces}).explode("value")
    return frame.with_columns(pl.col("value").str.strip_chars())


def _years(column: pl.Series) -> pl.DataFrame:
    """Return the years of epoch seconds, of dates, or of text with four digits in it."""
    if column.dtype.is_numeric():
        x = pl.col("x").cast(pl.Float64)
        seconds = pl.when(x.is_between(*EPOCH_SECONDS)).then(x).cast(pl.Int64)
        year = pl.from_epoch(seconds, "s").dt.year().cast(pl.String)
        text = column.to_frame("x").select(year).to_series()
    else:
        text = cells(column).str.extract(r"(?:^|\D)(\d{4})(?:\D|$)")
    return pl.DataFrame({"row": range(len(text)), "value": text})


def _given(frame: pl.DataFrame) -> Iterator[tuple[int, str]]:
    return frame.filter(pl.col("value") != "").iter_rows()


def _numbers(text: pl.Series) -> Doubles:
    """Return (n,) numbers, NaN where there is none or it is not finite."""
    number = text.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    return np.where(np.isfinite(number), number, np.nan)


def _edges(numbers: Doubles, bins: int) -> tuple[float, ...]:
    given = numbers[~np.isnan(numbers)]
    if not len(given):
        return ()
    inner = np.quantile(given, np.linspace(0, 1, bins + 1)[1:-1])
    return tuple(np.unique(inner).tolist())


def _ranges(numbers: Doubles, edges: tuple[float, ...]) -> Iterator[tuple[int, str]]:
    labels = range_names(edges)
    for row in np.flatnonzero(~np.isnan(numbers)):
        yield int(row), labels[int(np.searchsorted(edges, numbers[row]))]


def range_names(edges: Sequence[float]) -> list[str]:
    """Return a name for each range; its upper bound belongs to it.

    Example:
        >>> range_names([0.5, 2.0]), range_names([])
        (['..0.5', '0.5..2', '2..'], ['..'])
    """
    short = [f"{edge:.6g}" for edge in edges]
    if len(set(short)) < len(short):  # too close together for six digits
        short = [repr(edge) for edge in edges]
    ends = ["", *short, ""]
    return [f"{low}..{high}" for low, high in pairwise(ends)]
