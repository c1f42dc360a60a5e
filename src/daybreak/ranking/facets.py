"""Columns of a catalogue as filters see them: each of one kind, null where it is empty."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import polars as pl

from daybreak.data.fields import Field
from daybreak.data.times import epoch_seconds

Kind: TypeAlias = Literal["boolean", "number", "text", "time", "list", "numbers", "null"]
"""``time`` is epoch seconds, ``list`` one of texts, ``numbers`` one of numbers; ``null`` fits
with everything, for nothing is known."""

TIMES = frozenset({"created_at", "available_from", "available_until"})
"""Columns that are times, however they are spelt."""


@dataclass(frozen=True, eq=False)
class Facet:
    """One column."""

    name: str
    kind: Kind
    values: pl.Series


class Facets:
    """The columns of a frame; each is read when it is first asked for, and kept.

    Args:
        frame: One row an item.
        fields: What columns were found to be when models learned from them: a text column of
            categories with a separator is a list, a text column of dates a time.

    Example:
        >>> tags = Field("tags", "category", "|")
        >>> shop = Facets(pl.DataFrame({"tags": ["hot| dry", None]}), [tags])
        >>> shop.get("Tags").kind, shop.get("tags").values.to_list()
        ('list', [['hot', 'dry'], None])
    """

    def __init__(self, frame: pl.DataFrame, fields: Iterable[Field] = ()) -> None:
        self.frame = frame
        self._fields = {field.name: field for field in fields}
        self._by_lower: dict[str, str] = {}
        for name in reversed(frame.columns):
            self._by_lower[name.lower()] = name
        self._read: dict[str, Facet | None] = {}

    def __len__(self) -> int:
        return self.frame.height

    @property
    def names(self) -> list[str]:
        """All columns."""
        return self.frame.columns

    def get(self, name: str) -> Facet | None:
        """Return a column by its name, in any case; None: not there, or of no usable kind."""
        exact = name if name in self.frame.columns else self._by_lower.get(name.lower())
        if exact is None:
            return None
        if exact not in self._read:
            self._read[exact] = _facet(self.frame[exact], self._fields.get(exact))
        return self._read[exact]


def _facet(column: pl.Series, field: Field | None) -> Facet | None:
    kind, name = column.dtype, column.name
    role = field.role if field is not None else None
    if name in TIMES or role == "date" or isinstance(kind, pl.Date | pl.Datetime):
        return Facet(name, "time", epoch_seconds(column)[0])
    if isinstance(kind, pl.String | pl.Categorical | pl.Enum):
        return _worded(column.cast(pl.String), field)
    if isinstance(kind, pl.List | pl.Array):
        return _listed(column)
    if kind.is_numeric():
        return Facet(name, "number", _numbers(column))
    plain: dict[object, Kind] = {pl.Boolean: "boolean", pl.Null: "null"}
    return Facet(name, plain[kind], column) if kind in plain else None


def _worded(column: pl.Series, field: Field | None) -> Facet:
    if field is not None and field.role == "number":
        return Facet(column.name, "number", _numbers(column.cast(pl.Float64, strict=False)))
    if field is None or field.role != "category" or field.separator is None:
        return Facet(column.name, "text", column)
    each = pl.element().str.strip_chars()
    parts = pl.col(column.name).str.split(field.separator).list.eval(each.filter(each != ""))
    return Facet(column.name, "list", column.to_frame().select(parts).to_series())


def _listed(column: pl.Series) -> Facet | None:
    inner = getattr(column.dtype, "inner", None)
    if inner is None or inner.is_nested() or inner.is_temporal():
        return None
    numeric = inner.is_numeric()
    if not numeric and not isinstance(inner, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return None
    values = column.cast(pl.List(pl.Float64 if numeric else pl.String)).list.drop_nulls()
    return Facet(column.name, "numbers" if numeric else "list", values)


def _numbers(column: pl.Series) -> pl.Series:
    return column.cast(pl.Float64).fill_nan(None)
