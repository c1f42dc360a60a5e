"""Columns of a catalogue with the types that filters distinguish."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data.category_paths import is_path_separator, split_values
from daybreak.data.fields import OTHER_ATTRIBUTES, ContentField
from daybreak.data.numbers import read_numbers
from daybreak.data.times import epoch_seconds
from daybreak.data.wide_rows import SharedAttributes
from daybreak.errors import FilterError
from daybreak.types import Mask, Rows, Sparse

ColumnKind: TypeAlias = Literal["boolean", "number", "text", "time", "list", "numbers", "null"]
"""Type of a column: ``time`` is in epoch seconds, ``list`` contains texts, ``numbers`` contains
numbers; ``null`` is compatible with all types."""

MAX_LISTED_COLUMNS = 30
"""Maximum number of columns in a message."""
MAX_STRAY_SHARE = 0.5
"""Largest share of texts in a column that was probably meant to hold numbers."""
TIME_COLUMNS = frozenset({"created_at", "available_from", "available_until"})
"""Columns that are always read as times."""


@dataclass(frozen=True, eq=False)
class FilterColumn:
    """One column with its type."""

    name: str
    kind: ColumnKind
    values: pl.Series
    has_paths: bool = False
    """Whether the last value of each list is the whole path, after the names in it."""

    def has_any(self, values: tuple[str, ...]) -> Mask:
        """Return the (n_items,) mask of the items with any of the values."""
        column, accepted = pl.col(self.name), pl.Series(values, dtype=pl.String).implode()
        if self.kind in {"list", "numbers"}:
            lists = column.cast(pl.List(pl.String))
            matches = lists.list.eval(pl.element().is_in(accepted)).list.any()
        else:
            matches = column.cast(pl.String).is_in(accepted)
        mask: Mask = (
            self.values.to_frame().select(matches.fill_null(value=False)).to_series().to_numpy()
        )
        return mask.copy()

    def describe_non_numbers(self) -> str:
        """Return why a text column does not hold numbers, as a clause; empty: no idea."""
        if self.kind not in {"text", "list"}:
            return ""
        values = self.values.explode() if self.kind == "list" else self.values
        bad = read_numbers(values).is_bad
        n_given = values.count()
        if not n_given or bad.sum() > MAX_STRAY_SHARE * n_given:
            return ""
        if not bad.any():
            return f"{self.name} was stored as text, although its values are numbers"
        return (
            f"{self.name} is text because {bad.sum():,} of its {n_given:,} values cannot be "
            f"read as numbers, such as {values.filter(bad)[0][:40]!r}"
        )

    def one_hot(self) -> Sparse:
        """Return the (n_items, n_values) CSR float32 matrix, 1 where an item has a value."""
        long = self.values.to_frame("value").with_row_index("item")
        if self.kind in {"list", "numbers"}:
            long = long.explode("value").unique(maintain_order=True)
        long = long.drop_nulls().with_columns(pl.col("value").rank("dense").alias("kind"))
        positions = (long["item"].to_numpy(), long["kind"].to_numpy().astype(np.int64) - 1)
        n_kinds = int(positions[1].max(initial=-1)) + 1
        ones = np.ones(long.height, dtype=np.float32)
        return sp.csr_array((ones, positions), shape=(len(self.values), n_kinds))

    def value_codes(self) -> Rows:
        """Return an (n_items,) number per distinct value; -1 without a value.

        Texts that differ only in case, punctuation or spaces have the same number.
        """
        value = pl.col("value")
        if self.kind in {"list", "numbers"}:
            value = value.cast(pl.List(pl.String)).list.sort().list.join("\0")
        if self.kind == "text":
            normalised = value.str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " ")
            value = normalised.str.strip_chars().replace("", None)
        codes = value.rank("dense").cast(pl.Int64).fill_null(0) - 1
        result: Rows = self.values.to_frame("value").select(codes).to_series().to_numpy()
        return result


class FilterColumns:
    """Columns of a catalogue, each converted on first use.

    Args:
        frame: One row per item.
        fields: Detected roles of the columns: a text column of categories with a separator is a
            list, a text column of dates is a time.

    Example:
        >>> tags = ContentField("tags", "category", "|")
        >>> columns = FilterColumns(pl.DataFrame({"tags": ["hot| dry", None]}), [tags])
        >>> columns.get("Tags").kind, columns.get("tags").values.to_list()
        ('list', [['hot', 'dry'], None])
    """

    def __init__(self, frame: pl.DataFrame, fields: Iterable[ContentField] = ()) -> None:
        self.frame = frame
        self._fields = {field.name: field for field in fields}
        self._by_lower: dict[str, str] = {}
        for name in reversed(frame.columns):
            self._by_lower[name.lower()] = name
        self._columns: dict[str, FilterColumn | None] = {}
        self._shared: SharedAttributes | None = None
        """Attributes of few rows, which share one column; None: not read yet."""

    def __len__(self) -> int:
        return self.frame.height

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return [name for name in self.frame.columns if name != OTHER_ATTRIBUTES]

    def require(self, name: str) -> FilterColumn:
        """Return a column by its name.

        Raises:
            FilterError: The column does not exist or has an unsupported type.
        """
        column = self.get(name)
        if column is None:
            raise FilterError(
                f"there is no column {name[:60]!r} of a supported type; "
                f"columns: {self.list_names()}"
            )
        return column

    def list_names(self) -> str:
        """Return the names of the columns for a message."""
        ellipsis = ", ..." if len(self.names) > MAX_LISTED_COLUMNS else ""
        return ", ".join(self.names[:MAX_LISTED_COLUMNS]) + ellipsis

    def get(self, name: str) -> FilterColumn | None:
        """Return a column by its case-insensitive name; None if missing or unsupported."""
        exact = name if name in self.frame.columns else self._by_lower.get(name.lower())
        if exact is None:
            return self._get_shared(name.lower())
        if exact not in self._columns:
            self._columns[exact] = _filter_column(self.frame[exact], self._fields.get(exact))
        return self._columns[exact]

    def _get_shared(self, name: str) -> FilterColumn | None:
        """Return an attribute that shares a column with others; see :mod:`.wide_rows`."""
        if OTHER_ATTRIBUTES not in self.frame.columns:
            return None
        if self._shared is None:
            self._shared = SharedAttributes.read(self.frame[OTHER_ATTRIBUTES])
        if name not in self._shared.cells:
            return None
        if name not in self._columns:
            column = self._shared.column(name)
            self._columns[name] = _filter_column(column, self._fields.get(name))
        return self._columns[name]


def _filter_column(column: pl.Series, field: ContentField | None) -> FilterColumn | None:
    dtype, name = column.dtype, column.name
    role = field.role if field is not None else None
    if name in TIME_COLUMNS or role == "date" or isinstance(dtype, pl.Date | pl.Datetime):
        return FilterColumn(name, "time", epoch_seconds(column)[0])
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return _text_column(column.cast(pl.String), field)
    if isinstance(dtype, pl.List | pl.Array):
        return _list_column(column)
    if dtype.is_numeric():
        return FilterColumn(name, "number", _to_floats(column))
    plain_kinds: dict[object, ColumnKind] = {pl.Boolean: "boolean", pl.Null: "null"}
    return FilterColumn(name, plain_kinds[dtype], column) if dtype in plain_kinds else None


def _text_column(column: pl.Series, field: ContentField | None) -> FilterColumn:
    if field is not None and field.role == "number":
        return FilterColumn(
            column.name, "number", _to_floats(column.cast(pl.Float64, strict=False))
        )
    if field is None or field.role != "category" or field.separator is None:
        return FilterColumn(column.name, "text", column)
    text = pl.col(column.name)
    parts = split_values(text, field.separator)
    has_paths = is_path_separator(field.separator)
    if has_paths:  # a filter may name the whole path as well
        whole = pl.concat_list(parts, text.str.strip_chars())
        parts = pl.when(parts.list.len() > 1).then(whole).otherwise(parts)
    values = column.to_frame().select(parts).to_series()
    return FilterColumn(column.name, "list", values, has_paths)


def _list_column(column: pl.Series) -> FilterColumn | None:
    inner = getattr(column.dtype, "inner", None)
    if inner is None or inner.is_nested() or inner.is_temporal():
        return None
    numeric = inner.is_numeric()
    if not numeric and not isinstance(inner, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return None
    values = column.cast(pl.List(pl.Float64 if numeric else pl.String)).list.drop_nulls()
    return FilterColumn(column.name, "numbers" if numeric else "list", values)


def _to_floats(column: pl.Series) -> pl.Series:
    return column.cast(pl.Float64).fill_nan(None)
