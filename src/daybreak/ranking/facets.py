"""Columns of a catalogue as filters see them: each of one kind, null where it is empty."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.fields import Field
from daybreak.data.times import epoch_seconds
from daybreak.errors import FilterError
from daybreak.types import Mask, Rows, Sparse

Kind: TypeAlias = Literal["boolean", "number", "text", "time", "list", "numbers", "null"]
"""``time`` is epoch seconds, ``list`` one of texts, ``numbers`` one of numbers; ``null`` fits
with everything, for nothing is known."""

MANY = 30
"""Columns that a message lists."""
TIMES = frozenset({"created_at", "available_from", "available_until"})
"""Columns that are times, however they are spelt."""


@dataclass(frozen=True, eq=False)
class Facet:
    """One column."""

    name: str
    kind: Kind
    values: pl.Series

    def has_any(self, values: tuple[str, ...]) -> Mask:
        """Return (n_items,) whether an item has one of some texts; lists have several."""
        column, wanted = pl.col(self.name), pl.Series(values, dtype=pl.String).implode()
        if self.kind in {"list", "numbers"}:
            lists = column.cast(pl.List(pl.String))
            found = lists.list.eval(pl.element().is_in(wanted)).list.any()
        else:
            found = column.cast(pl.String).is_in(wanted)
        mask: Mask = (
            self.values.to_frame().select(found.fill_null(value=False)).to_series().to_numpy()
        )
        return mask.copy()

    def kinds(self) -> Sparse:
        """Return (n_items, n_values) CSR float32, 1 where an item has a value."""
        long = self.values.to_frame("value").with_row_index("item")
        if self.kind in {"list", "numbers"}:
            long = long.explode("value").unique(maintain_order=True)
        long = long.drop_nulls().with_columns(pl.col("value").rank("dense").alias("kind"))
        where = (long["item"].to_numpy(), long["kind"].to_numpy().astype(np.int64) - 1)
        n_kinds = int(where[1].max(initial=-1)) + 1
        ones = np.ones(long.height, dtype=np.float32)
        return sp.csr_array((ones, where), shape=(len(self.values), n_kinds))

    def codes(self) -> Rows:
        """Return (n_items,) one number for each value; -1: none. Text is compared loosely."""
        value = pl.col("value")
        if self.kind in {"list", "numbers"}:
            value = value.cast(pl.List(pl.String)).list.sort().list.join("\0")
        if self.kind == "text":
            loose = value.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
            value = loose.str.strip_chars().replace("", None)
        codes = value.rank("dense").cast(pl.Int64).fill_null(0) - 1
        found: Rows = self.values.to_frame("value").select(codes).to_series().to_numpy()
        return found


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

    def need(self, name: str) -> Facet:
        """Return a column.

        Raises:
            FilterError: It is not there, or of no usable kind.
        """
        found = self.get(name)
        if found is None:
            raise FilterError(
                f"there is no column {name[:60]!r} that can be used; columns: {self.listed()}"
            )
        return found

    def listed(self) -> str:
        """Return the names of the columns, for a message."""
        return ", ".join(self.names[:MANY]) + (", ..." if len(self.names) > MANY else "")

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
