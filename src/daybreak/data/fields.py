"""What can be counted about the values of a column, from which its role is guessed.

What each column of items or users is: text, a category, a number, a date, or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import polars as pl

from daybreak.data.casts import to_text
from daybreak.errors import ConfigError

DATE_PATTERN = r"^(\d{4}-\d\d-\d\d([T ].*)?|\d{1,2} [A-Z][a-z]{2,8}\.? \d{4})$"

CJK_PATTERN = r"[\x{3040}-\x{30ff}\x{3400}-\x{9fff}]"


@dataclass(frozen=True)
class ColumnStats:
    """Counts, means and shares over values that are given."""

    n: int
    distinct: int
    words: float
    """Mean number of words; two Chinese or Japanese characters count as one."""
    chars: float
    """Mean number of characters."""
    links: float
    """Share of web addresses."""
    numbers: float
    """Share of finite numbers."""
    dates: float
    """Share of dates."""
    whole: bool
    """Whether nearly all are numbers, and whole ones."""
    codes: bool
    """Whether nearly all are one ASCII word."""


def text_values(column: pl.Series) -> pl.Series:
    """Return values as text without surrounding blanks; null when blank, ``2.0`` as ``2``.

    Lists become text with ``|`` between the values, durations whole seconds.

    Example:
        >>> text_values(pl.Series([2.0, None, 0.5])).to_list()
        ['2', None, '0.5']
    """
    if isinstance(column.dtype, pl.Duration):
        column = column.dt.total_seconds()
    text = to_text(column).str.strip_chars()
    if column.dtype.is_float():
        text = text.str.replace(r"^(-?\d+)\.0$", "$1").replace(["NaN", "inf", "-inf"], None)
    return text.replace("", None)


def column_stats(values: pl.Series) -> ColumnStats:
    """Return the measures of text values; nulls and blanks do not count.

    Example:
        >>> seen = column_stats(pl.Series(["1995-11-22", "two words", "7"]))
        >>> seen.n, round(seen.words, 2), round(seen.dates, 2), seen.whole
        (3, 1.33, 0.33, False)
    """
    x = pl.col("x")
    given = values.alias("x").to_frame().filter(x.is_not_null() & (x != ""))
    number = x.cast(pl.Float64, strict=False)
    finite = number.is_finite().fill_null(value=False)
    words = (x.str.count_matches(r"\S+") + x.str.count_matches(CJK_PATTERN) / 2).clip(1)
    row = given.select(
        n=pl.len(),
        distinct=x.n_unique(),
        words=words.mean().fill_null(0.0),
        chars=x.str.len_chars().mean().fill_null(0.0),
        links=x.str.contains(r"^(?i)https?://").mean().fill_null(0.0),
        numbers=finite.mean().fill_null(0.0),
        dates=x.str.contains(DATE_PATTERN).mean().fill_null(0.0),
        whole=(finite.mean() > 0.95).fill_null(value=False)
        & (number.filter(finite) % 1 == 0).all(),
        codes=(x.str.contains(r"^[!-~]+$").mean() >= 0.95).fill_null(value=False),
    )
    return ColumnStats(**row.row(0, named=True))


FieldRole: TypeAlias = Literal["text", "category", "number", "date", "ignore"]
FIELD_ROLES: tuple[FieldRole, ...] = get_args(FieldRole)

TEXT_NAMES = frozenset(
    {"title", "name", "description", "text", "summary", "plot", "overview", "abstract", "bio"}
)
TITLE_NAMES = ("title", "name")
CATEGORY_NAMES = frozenset(
    {"categories", "category", "genres", "genre", "tags", "tag", "brand"}
)
VALUE_SEPARATORS = ("|", ";", ",")

VISIBILITY_COLUMNS = frozenset({"is_hidden", "available_from", "available_until"})
"""Columns that say what may be shown, not what it is."""
MAX_CATEGORY_NUMBERS = 12
"""Numbers with at most so many different values are categories: stars, rooms, age groups."""
MIN_ROWS_FOR_COUNTS = 20
"""With fewer rows, names say more than counts."""
MIN_ID_ROWS = 50
"""Whole numbers that never repeat are ids when there are more of them than this."""


@dataclass(frozen=True)
class ContentField:
    """One column and what becomes of it."""

    name: str
    role: FieldRole
    separator: str | None = None
    """Between the values of a category with several; None: one value a row."""
    reason: str = ""
    """One sentence for people."""

    @property
    def is_title(self) -> bool:
        """Whether the column names the thing, so that its text goes first."""
        return self.role == "text" and any(
            part in TITLE_NAMES for part in _name_parts(self.name)
        )


def infer_fields(
    frame: pl.DataFrame, key: str, overrides: Mapping[str, FieldRole] | None = None
) -> tuple[ContentField, ...]:
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
        if role not in FIELD_ROLES:
            raise ConfigError(f"no role {role!r} for {name!r}; roles: {', '.join(FIELD_ROLES)}")
    return tuple(
        _override_field(frame[name], chosen[name])
        if name in chosen
        else _infer_field(frame[name])
        for name in columns
    )


def _override_field(column: pl.Series, role: FieldRole) -> ContentField:
    separator = None
    if role == "category" and (values := text_values(column)).count():
        separator = _find_separator(column.name, values.drop_nulls(), trusted=True)
    return ContentField(column.name, role, separator, "your choice")


def _infer_field(column: pl.Series) -> ContentField:
    name = column.name
    if name in VISIBILITY_COLUMNS:
        return ContentField(name, "ignore", None, "says what may be shown, not what it is")
    values = text_values(column).drop_nulls()
    if not len(values):
        return ContentField(name, "ignore", None, "empty")
    if name == "created_at":
        return ContentField(name, "date", None, "the column of creation times")
    if name == "domain":
        return ContentField(name, "category", None, "the column of domains")
    if isinstance(column.dtype, pl.List | pl.Array):
        return _infer_list(column)
    seen = column_stats(values)
    return (
        _infer_ignored(name, seen)
        or _infer_number_or_date(name, seen)
        or _infer_text_or_category(name, seen, values)
    )


def _infer_list(column: pl.Series) -> ContentField:
    inner = getattr(column.dtype, "inner", None)
    if isinstance(inner, pl.DataType) and inner.is_float():
        return ContentField(column.name, "ignore", None, "lists of numbers")
    return ContentField(column.name, "category", "|", "lists of values")


def _infer_ignored(name: str, stats: ColumnStats) -> ContentField | None:
    if stats.links > 0.5:
        return ContentField(name, "ignore", None, "web addresses")
    unique = stats.distinct > 0.95 * stats.n
    if unique and name.endswith("_id") and (stats.whole or stats.codes):
        return ContentField(name, "ignore", None, "ids: every value differs")
    if stats.whole and unique and stats.n > MIN_ID_ROWS:
        return ContentField(name, "ignore", None, "ids: whole numbers that never repeat")
    if stats.distinct == 1 and stats.n >= MIN_ROWS_FOR_COUNTS:
        return ContentField(name, "ignore", None, "the same value everywhere")
    return None


def _infer_number_or_date(name: str, stats: ColumnStats) -> ContentField | None:
    if stats.numbers > 0.95:
        if stats.distinct > MAX_CATEGORY_NUMBERS:
            return ContentField(name, "number", None, f"{stats.distinct} different numbers")
        return ContentField(name, "category", None, f"{stats.distinct} different numbers only")
    if stats.dates > 0.8:
        return ContentField(name, "date", None, "dates")
    return None


def _infer_text_or_category(name: str, stats: ColumnStats, values: pl.Series) -> ContentField:
    if name in TEXT_NAMES or any(f"{part}_name" == name for part in ("item", "product")):
        return ContentField(name, "text", None, "text by its name")
    separator = _find_separator(name, values)
    if separator is not None:
        return ContentField(
            name, "category", separator, f"several values between {separator!r}"
        )
    if name in CATEGORY_NAMES:
        return ContentField(name, "category", None, "a category by its name")
    if stats.distinct > 0.95 * stats.n and stats.codes and stats.n >= MIN_ROWS_FOR_COUNTS:
        return ContentField(name, "ignore", None, "ids: one word a row, every value differs")
    if _is_text(name, stats):
        return ContentField(
            name, "text", None, f"{stats.words:.1f} words a row, mostly different"
        )
    return ContentField(name, "category", None, f"{stats.distinct} values in {stats.n} rows")


def _is_text(name: str, stats: ColumnStats) -> bool:
    if any(part in TEXT_NAMES - {"name"} for part in _name_parts(name)):
        return stats.distinct > 0.1 * stats.n
    if stats.n < MIN_ROWS_FOR_COUNTS and stats.words <= 1.5:
        return False
    return stats.distinct > 0.5 * stats.n or (
        stats.words > 3 and stats.distinct > 0.1 * stats.n
    )


def _find_separator(name: str, values: pl.Series, *, trusted: bool = False) -> str | None:
    """Return what stands between the values of a row, if the pieces look like values."""
    trusted = trusted or name in CATEGORY_NAMES
    for separator in VALUE_SEPARATORS:
        if values.str.contains(separator, literal=True).mean() <= 0.05:  # type: ignore[operator]
            continue
        pieces = column_stats(values.str.split(separator).explode().str.strip_chars())
        repeat = pieces.distinct < 0.7 * pieces.n
        short = pieces.chars <= 40
        if separator == ",":
            short = pieces.chars < 35 and pieces.words < 4.5
        if short and (repeat or trusted):
            return separator
    return None


def _name_parts(name: str) -> list[str]:
    return name.lower().split("_")
