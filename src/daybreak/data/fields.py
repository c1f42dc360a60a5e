"""What each column of items or users is: text, a category, a number, a date, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import polars as pl

from daybreak.data.measures import Measures, cells, measure
from daybreak.errors import ConfigError

FieldRole: TypeAlias = Literal["text", "category", "number", "date", "ignore"]
ROLES: tuple[FieldRole, ...] = get_args(FieldRole)

TEXT_NAMES = frozenset(
    {"title", "name", "description", "text", "summary", "plot", "overview", "abstract", "bio"}
)
TITLE_NAMES = ("title", "name")
CATEGORY_NAMES = frozenset(
    {"categories", "category", "genres", "genre", "tags", "tag", "brand"}
)
SEPARATORS = ("|", ";", ",")

SHOWING = frozenset({"is_hidden", "available_from", "available_until"})
"""Columns that say what may be shown, not what it is."""
FEW_VALUES = 12
"""Numbers with at most so many different values are categories: stars, rooms, age groups."""
MANY_ROWS = 20
"""With fewer rows, names say more than counts."""
MANY_IDS = 50
"""Whole numbers that never repeat are ids when there are more of them than this."""


@dataclass(frozen=True)
class Field:
    """One column and what becomes of it."""

    name: str
    role: FieldRole
    separator: str | None = None
    """Between the values of a category with several; None: one value a row."""
    why: str = ""
    """One sentence for people."""

    @property
    def is_title(self) -> bool:
        """Whether the column names the thing, so that its text goes first."""
        return self.role == "text" and any(part in TITLE_NAMES for part in _parts(self.name))


def infer_fields(
    frame: pl.DataFrame, key: str, overrides: Mapping[str, FieldRole] | None = None
) -> tuple[Field, ...]:
    """Return what each column but ``key`` is, in the order of the columns.

    Args:
        frame: Items or users.
        key: The column of the ids.
        overrides: Roles by column, which win over what the values look like.

    Raises:
        ConfigError: An override names a column that is not there, or an unknown role.

    Example:
        >>> shop = pl.DataFrame({"item_id": ["a", "b"], "title": ["Tea", "Rum"],
        ...                      "tags": ["hot|dry", "dry"], "created_at": [0.0, 86400.0]})
        >>> [(f.name, f.role, f.separator) for f in infer_fields(shop, "item_id")]
        [('title', 'text', None), ('tags', 'category', '|'), ('created_at', 'date', None)]
    """
    chosen = dict(overrides or {})
    columns = [name for name in frame.columns if name != key]
    for name, role in chosen.items():
        if name not in columns:
            raise ConfigError(f"no column {name!r} to choose a role for; columns: {columns}")
        if role not in ROLES:
            raise ConfigError(f"no role {role!r} for {name!r}; roles: {', '.join(ROLES)}")
    return tuple(
        _chosen(frame[name], chosen[name]) if name in chosen else _infer(frame[name])
        for name in columns
    )


def _chosen(column: pl.Series, role: FieldRole) -> Field:
    separator = None
    if role == "category" and (values := cells(column)).count():
        separator = _separator(column.name, values.drop_nulls(), trusted=True)
    return Field(column.name, role, separator, "your choice")


def _infer(column: pl.Series) -> Field:
    name = column.name
    if name in SHOWING:
        return Field(name, "ignore", None, "says what may be shown, not what it is")
    values = cells(column).drop_nulls()
    if not len(values):
        return Field(name, "ignore", None, "empty")
    if name == "created_at":
        return Field(name, "date", None, "the column of creation times")
    if name == "domain":
        return Field(name, "category", None, "the column of domains")
    if isinstance(column.dtype, pl.List | pl.Array):
        return _list(column)
    seen = measure(values)
    return _useless(name, seen) or _numeric(name, seen) or _worded(name, seen, values)


def _list(column: pl.Series) -> Field:
    inner = getattr(column.dtype, "inner", None)
    if isinstance(inner, pl.DataType) and inner.is_float():
        return Field(column.name, "ignore", None, "lists of numbers")
    return Field(column.name, "category", "|", "lists of values")


def _useless(name: str, seen: Measures) -> Field | None:
    if seen.links > 0.5:
        return Field(name, "ignore", None, "web addresses")
    unique = seen.distinct > 0.95 * seen.n
    if unique and name.endswith("_id") and (seen.whole or seen.codes):
        return Field(name, "ignore", None, "ids: every value differs")
    if seen.whole and unique and seen.n > MANY_IDS:
        return Field(name, "ignore", None, "ids: whole numbers that never repeat")
    if seen.distinct == 1 and seen.n >= MANY_ROWS:
        return Field(name, "ignore", None, "the same value everywhere")
    return None


def _numeric(name: str, seen: Measures) -> Field | None:
    if seen.numbers > 0.95:
        if seen.distinct > FEW_VALUES:
            return Field(name, "number", None, f"{seen.distinct} different numbers")
        return Field(name, "category", None, f"{seen.distinct} different numbers only")
    if seen.dates > 0.8:
        return Field(name, "date", None, "dates")
    return None


def _worded(name: str, seen: Measures, values: pl.Series) -> Field:
    if name in TEXT_NAMES or any(f"{part}_name" == name for part in ("item", "product")):
        return Field(name, "text", None, "text by its name")
    separator = _separator(name, values)
    if separator is not None:
        return Field(name, "category", separator, f"several values between {separator!r}")
    if name in CATEGORY_NAMES:
        return Field(name, "category", None, "a category by its name")
    if seen.distinct > 0.95 * seen.n and seen.codes and seen.n >= MANY_ROWS:
        return Field(name, "ignore", None, "ids: one word a row, every value differs")
    if _is_text(name, seen):
        return Field(name, "text", None, f"{seen.words:.1f} words a row, mostly different")
    return Field(name, "category", None, f"{seen.distinct} values in {seen.n} rows")


def _is_text(name: str, seen: Measures) -> bool:
    if any(part in TEXT_NAMES - {"name"} for part in _parts(name)):
        return seen.distinct > 0.1 * seen.n
    if seen.n < MANY_ROWS and seen.words <= 1.5:
        return False
    return seen.distinct > 0.5 * seen.n or (seen.words > 3 and seen.distinct > 0.1 * seen.n)


def _separator(name: str, values: pl.Series, *, trusted: bool = False) -> str | None:
    """Return what stands between the values of a row, if the pieces look like values."""
    trusted = trusted or name in CATEGORY_NAMES
    for separator in SEPARATORS:
        if values.str.contains(separator, literal=True).mean() <= 0.05:  # type: ignore[operator]
            continue
        pieces = measure(values.str.split(separator).explode().str.strip_chars())
        repeat = pieces.distinct < 0.7 * pieces.n
        short = pieces.chars <= 40
        if separator == ",":
            short = pieces.chars < 35 and pieces.words < 4.5
        if short and (repeat or trusted):
            return separator
    return None


def _parts(name: str) -> list[str]:
    return name.lower().split("_")
