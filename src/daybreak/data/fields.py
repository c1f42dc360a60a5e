"""Roles of the columns of items and users: text, category, number, date or ignored."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias, get_args

import polars as pl

from daybreak.data.casts import LIST_SEPARATOR, to_text
from daybreak.data.category_paths import find_path_separator, separator_in_lists
from daybreak.data.markup import strip_markup_of
from daybreak.data.placeholders import is_no_text
from daybreak.errors import ConfigError

DATE_PATTERN = (
    r"^(\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}\.? \p{Lu}\p{Ll}{2,8}\.? \d{4}"
    r"|\p{Lu}\p{Ll}{2,8}\.? \d{1,2}, \d{4}|\d{1,2}[./-]\d{1,2}[./-]\d{4}( \d{1,2}:.*)?"
    r"|\d{4}[./]\d{1,2}[./]\d{1,2}( \d{1,2}:.*)?|\d{4}年\d{1,2}月\d{1,2}日.*)$"
)
"""Dates with a year of four digits, as programs and people write them."""

CJK_PATTERN = r"[\x{3040}-\x{30ff}\x{3400}-\x{9fff}]"


def text_values(column: pl.Series) -> pl.Series:
    """Return values as text without surrounding blanks; null if blank, ``2.0`` as ``2``.

    Lists become text with ``|`` between the values, durations become whole seconds.

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


_PROSE = frozenset({"title", "name", "description", "text"})
"""Columns whose texts may stand for none."""


class TextColumns:
    """The columns of a frame as text; each column is converted once, when it is first used.

    Args:
        frame: Items or users.

    Example:
        >>> columns = TextColumns(pl.DataFrame({"price": [2.0, 0.5]}))
        >>> columns["price"].to_list(), "title" in columns, columns["price"] is columns["price"]
        (['2', '0.5'], False, True)
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame
        self._texts: dict[str, pl.Series] = {}
        self._plain: dict[str, pl.Series] = {}

    @classmethod
    def of(cls, frame: "pl.DataFrame | TextColumns") -> "TextColumns":
        """Return the text columns of a frame, or the argument if it is converted already."""
        return frame if isinstance(frame, TextColumns) else cls(frame)

    def __getitem__(self, name: str) -> pl.Series:
        if name not in self._texts:
            self._texts[name] = text_values(self.frame[name])
        return self._texts[name]

    def plain(self, name: str) -> pl.Series:
        """Return the text of a column without markup; see :func:`.strip_markup`.

        Titles and descriptions that stand for none are null, also those that were not imported
        but put one by one.
        """
        if name not in self._plain:
            text = strip_markup_of(self[name])
            self._plain[name] = text.set(is_no_text(text), None) if name in _PROSE else text
        return self._plain[name]

    @cached_property
    def schema(self) -> Mapping[str, pl.DataType]:
        """Types of the columns."""
        return self.frame.schema

    def __contains__(self, name: object) -> bool:
        return name in self.schema

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.frame.height


class ColumnStats:
    """Statistics of the text values of a column; each is computed when it is first used.

    Args:
        values: Text values; nulls and blanks do not count.

    Example:
        >>> stats = ColumnStats(pl.Series(["1995-11-22", "two words", "7"]))
        >>> stats.n_values, round(stats.mean_words, 2), round(stats.date_share, 2)
        (3, 1.33, 0.33)
    """

    def __init__(self, values: pl.Series) -> None:
        self._values = values.filter(values != "")

    @property
    def n_values(self) -> int:
        """Number of values."""
        return len(self._values)

    @cached_property
    def n_distinct(self) -> int:
        """Number of distinct values."""
        return self._values.n_unique()

    @cached_property
    def mean_words(self) -> float:
        """Mean number of words; two Chinese or Japanese characters count as one word."""
        words = self._values.str.count_matches(r"\S+")
        characters = self._values.str.count_matches(CJK_PATTERN)
        return _mean((words + characters / 2).clip(1))

    @cached_property
    def mean_chars(self) -> float:
        """Mean number of characters."""
        return _mean(self._values.str.len_chars())

    @cached_property
    def link_share(self) -> float:
        """Share of web addresses, in [0, 1]."""
        return self._share_matching(r"^(?i)https?://")

    @cached_property
    def number_share(self) -> float:
        """Share of finite numbers, in [0, 1]."""
        return len(self._finite_numbers) / max(self.n_values, 1)

    @cached_property
    def date_share(self) -> float:
        """Share of dates, in [0, 1]."""
        return self._share_matching(DATE_PATTERN)

    @property
    def is_whole(self) -> bool:
        """Whether more than 95 % of the values are numbers and all numbers are whole."""
        return self.number_share > 0.95 and bool((self._finite_numbers % 1 == 0).all())

    @property
    def is_code(self) -> bool:
        """Whether at least 95 % of the values are one ASCII word."""
        return self._share_matching(r"^[!-~]+$") >= 0.95

    @cached_property
    def _finite_numbers(self) -> pl.Series:
        numbers = self._values.cast(pl.Float64, strict=False)
        return numbers.filter(numbers.is_finite())

    def _share_matching(self, pattern: str) -> float:
        return _mean(self._values.str.contains(pattern))


def _mean(values: pl.Series) -> float:
    """Return the mean, 0 without values."""
    return float(values.mean() or 0.0)  # type: ignore[arg-type]


FieldRole: TypeAlias = Literal[
    "text", "category", "number", "date", "picture", "sound", "ignore"
]
FIELD_ROLES: tuple[FieldRole, ...] = get_args(FieldRole)

TEXT_NAMES = frozenset(
    {"title", "name", "description", "text", "summary", "plot", "overview", "abstract", "bio"}
)
"""Column names that mean text."""
TITLE_NAMES = ("title", "name")
"""Words in the name of a text column that make it a title."""
CATEGORY_COLUMNS = ("categories", "category", "genres", "genre", "tags", "tag")
"""Columns that may hold the categories of an item; the first one that exists is used."""
CATEGORY_NAMES = frozenset({*CATEGORY_COLUMNS, "brand"})
"""Column names that mean a category."""
HIDDEN_COLUMN = "is_hidden"
"""Column that is true for items that must not be recommended."""
AVAILABILITY_COLUMNS = ("available_from", "available_until")
"""Columns of the period in which an item may be recommended."""
CATALOGUE_EXIT_COLUMN = "not_in_catalogue_since"
"""Column with the time, epoch [s], since when a complete catalogue has not had an item."""
VISIBILITY_COLUMNS = frozenset({HIDDEN_COLUMN, CATALOGUE_EXIT_COLUMN, *AVAILABILITY_COLUMNS})
"""Columns that decide whether an item may be recommended; they are no content."""
OTHER_ATTRIBUTES = "\0other"
"""Column with the rare attributes of a row, see :mod:`.wide_rows`; never an attribute."""
_NO_CONTENT = {
    **dict.fromkeys(VISIBILITY_COLUMNS, "decides about visibility, no content"),
    OTHER_ATTRIBUTES: "attributes that few rows have",
}
VALUE_SEPARATORS = (LIST_SEPARATOR, ";", "；", "、", "，", "\n", ",")
"""Separators between several values of one row."""
MEDIA_STARTS: Mapping[str, tuple[FieldRole, str]] = {
    "image": ("picture", "data:image/"),
    "audio": ("sound", "data:application/vnd.daybreak.sound"),
}
"""Columns of media: role, and the start of values in the form in which items keep them."""
MAX_CATEGORY_NUMBERS = 12
"""Maximum number of distinct numbers in a category, such as stars or age groups."""
MIN_ROWS_FOR_COUNTS = 20
"""Minimum number of rows from which counts are trusted more than names."""
MIN_ID_ROWS = 50
"""Minimum number of distinct whole numbers that are taken for ids."""
MAX_SEPARATOR_ROWS = 50_000
"""Maximum number of rows, spread evenly over a column, in which separators are looked for."""
MAX_CONTENT_COLUMNS = 300
"""Maximum number of columns with a role; each costs milliseconds, however few its values."""


def find_category_column(names: Collection[str]) -> str | None:
    """Return the first of ``CATEGORY_COLUMNS`` that is among the names, None if there is none.

    Example:
        >>> find_category_column(["title", "tags", "genres"])
        'genres'
    """
    return next((name for name in CATEGORY_COLUMNS if name in names), None)


def text_columns(frame: pl.DataFrame, key: str) -> list[str]:
    """Return the names of the text columns of items or users, as by :func:`infer_fields`.

    Numeric columns are never text, so their values are not read.

    Example:
        >>> text_columns(pl.DataFrame({"item_id": ["a"], "title": ["Tea"]}), "item_id")
        ['title']
    """
    columns = TextColumns(frame)
    names = [
        name for name, type_ in columns.schema.items() if name != key and not type_.is_numeric()
    ]
    read = _fullest_columns(columns, names)
    return [
        name for name in names if name in read and _infer_field(name, columns).role == "text"
    ]


@dataclass(frozen=True)
class ContentField:
    """The role of one column."""

    name: str
    role: FieldRole
    separator: str | None = None
    """Separator between the values of a category; None: one value per row."""
    reason: str = ""
    """Why the column has this role."""

    @property
    def is_title(self) -> bool:
        """Whether the column is a title, whose text goes first."""
        return self.role == "text" and any(
            part in TITLE_NAMES for part in _name_parts(self.name)
        )


def infer_fields(
    frame: pl.DataFrame | TextColumns,
    key: str,
    overrides: Mapping[str, FieldRole] | None = None,
) -> tuple[ContentField, ...]:
    """Return the role of each column but ``key``, in the order of the columns.

    Args:
        frame: Items or users.
        key: Column of the ids.
        overrides: Roles by column, which replace the inferred ones.

    Raises:
        ConfigError: An override names an unknown column or an unknown role.

    Example:
        >>> shop = pl.DataFrame({"item_id": ["a", "b"], "title": ["Tea", "Rum"],
        ...                      "tags": ["hot|dry", "dry"], "created_at": [0.0, 86400.0]})
        >>> [(f.name, f.role, f.separator) for f in infer_fields(shop, "item_id")]
        [('title', 'text', None), ('tags', 'category', '|'), ('created_at', 'date', None)]
    """
    columns, chosen = TextColumns.of(frame), dict(overrides or {})
    names = [name for name in columns.frame.columns if name != key]
    for name, role in chosen.items():
        if name not in names:
            raise ConfigError(f"no column {name!r} to choose a role for; columns: {names}")
        if role not in FIELD_ROLES:
            raise ConfigError(f"no role {role!r} for {name!r}; roles: {', '.join(FIELD_ROLES)}")
    read = _fullest_columns(columns, names)
    return tuple(
        _override_field(name, columns[name], chosen[name])
        if name in chosen
        else _infer_field(name, columns)
        if name in read
        else ContentField(name, "ignore", None, f"{len(read)} columns have more values")
        for name in names
    )


def _fullest_columns(columns: TextColumns, names: Collection[str]) -> Collection[str]:
    """Return the columns that get a role: all, or those with known names and most values."""
    if len(names) <= MAX_CONTENT_COLUMNS:
        return names
    known = TEXT_NAMES | CATEGORY_NAMES | VISIBILITY_COLUMNS | {"created_at", "domain"}
    filled = columns.frame.select(pl.col(names).count()).row(0, named=True)
    most = sorted(names, key=lambda name: (name not in known, -filled[name]))
    return frozenset(most[:MAX_CONTENT_COLUMNS])


def _override_field(name: str, values: pl.Series, role: FieldRole) -> ContentField:
    separator = None
    if role == "category" and values.count():
        separator = _find_separator(name, values.drop_nulls(), trusted=True)
    return ContentField(name, role, separator, "your choice")


def _infer_field(name: str, columns: TextColumns) -> ContentField:
    if name in _NO_CONTENT:
        return ContentField(name, "ignore", None, _NO_CONTENT[name])
    values = columns[name].drop_nulls()
    if not len(values):
        return ContentField(name, "ignore", None, "empty")
    if known := _infer_by_name(name, values):
        return known
    if isinstance(columns.schema[name], pl.List | pl.Array):
        return _infer_list(columns.frame[name])
    stats = ColumnStats(values)
    return (
        _infer_ignored(name, stats)
        or _infer_number_or_date(name, stats)
        or _infer_text_or_category(name, columns.plain(name).drop_nulls())
    )


def _infer_by_name(name: str, values: pl.Series) -> ContentField | None:
    """Return the field of a column with a fixed meaning; media are kept as data URIs."""
    if name == "created_at":
        return ContentField(name, "date", None, "the column of creation times")
    if name == "domain":
        return ContentField(name, "category", None, "the column of domains")
    kind = MEDIA_STARTS.get(name)
    if kind is None or not values.str.starts_with(kind[1]).any():
        return None
    return ContentField(name, kind[0], None, f"{kind[0]}s")


def _infer_list(column: pl.Series) -> ContentField:
    inner = getattr(column.dtype, "inner", None)
    if isinstance(inner, pl.DataType) and inner.is_float():
        return ContentField(column.name, "ignore", None, "lists of numbers")
    return ContentField(column.name, "category", LIST_SEPARATOR, "lists of values")


def _infer_ignored(name: str, stats: ColumnStats) -> ContentField | None:
    if stats.link_share > 0.5:
        return ContentField(name, "ignore", None, "web addresses")
    unique = stats.n_distinct > 0.95 * stats.n_values
    if unique and name.endswith("_id") and (stats.is_whole or stats.is_code):
        return ContentField(name, "ignore", None, "ids: all values are distinct")
    if stats.is_whole and unique and stats.n_values > MIN_ID_ROWS:
        return ContentField(name, "ignore", None, "ids: distinct whole numbers")
    if stats.n_distinct == 1 and stats.n_values >= MIN_ROWS_FOR_COUNTS:
        return ContentField(name, "ignore", None, "one value in all rows")
    return None


def _infer_number_or_date(name: str, stats: ColumnStats) -> ContentField | None:
    if stats.number_share > 0.95:
        if stats.n_distinct > MAX_CATEGORY_NUMBERS:
            return ContentField(name, "number", None, f"{stats.n_distinct} distinct numbers")
        return ContentField(name, "category", None, f"{stats.n_distinct} distinct numbers only")
    if stats.date_share > 0.8:
        return ContentField(name, "date", None, "dates")
    return None


def _infer_text_or_category(name: str, values: pl.Series) -> ContentField:
    if name in TEXT_NAMES or any(f"{part}_name" == name for part in ("item", "product")):
        return ContentField(name, "text", None, "text by its name")
    separator = _find_separator(name, values)
    if separator is not None:
        return ContentField(
            name, "category", separator, f"several values separated by {separator!r}"
        )
    if name in CATEGORY_NAMES:
        return ContentField(name, "category", None, "a category by its name")
    stats = ColumnStats(values)
    if (
        stats.n_distinct > 0.95 * stats.n_values
        and stats.is_code
        and stats.n_values >= MIN_ROWS_FOR_COUNTS
    ):
        return ContentField(
            name, "ignore", None, "ids: one word per row, all values are distinct"
        )
    if _is_text(name, stats):
        return ContentField(
            name, "text", None, f"{stats.mean_words:.1f} words per row, mostly distinct"
        )
    return ContentField(
        name, "category", None, f"{stats.n_distinct} values in {stats.n_values} rows"
    )


def _is_text(name: str, stats: ColumnStats) -> bool:
    if any(part in TEXT_NAMES - {"name"} for part in _name_parts(name)):
        return stats.n_distinct > 0.1 * stats.n_values
    if stats.n_values < MIN_ROWS_FOR_COUNTS and stats.mean_words <= 1.5:
        return False
    return stats.n_distinct > 0.5 * stats.n_values or (
        stats.mean_words > 3 and stats.n_distinct > 0.1 * stats.n_values
    )


def _find_separator(name: str, values: pl.Series, *, trusted: bool = False) -> str | None:
    """Return the separator of several values in a row, None if there is none."""
    trusted = trusted or name in CATEGORY_NAMES
    values = values.gather_every(-(-len(values) // MAX_SEPARATOR_ROWS) or 1)
    values = values.str.replace_all("&gt;", ">", literal=True)  # its ; separates nothing
    for separator in VALUE_SEPARATORS:
        if values.str.contains(separator, literal=True).mean() <= 0.05:  # type: ignore[operator]
            continue
        pieces = ColumnStats(values.str.split(separator).explode().str.strip_chars())
        repeat = pieces.n_distinct < 0.7 * pieces.n_values
        short = pieces.mean_chars <= 40
        if separator == ",":
            short = pieces.mean_chars < 35 and pieces.mean_words < 4.5
        if short and (repeat or trusted):
            given = values.str.split(separator).explode().str.strip_chars().drop_nulls()
            path = find_path_separator(given.filter(given != ""), trusted=trusted)
            return separator if path is None else separator_in_lists(path, separator)
    return find_path_separator(values, trusted=trusted)


def _name_parts(name: str) -> list[str]:
    return name.lower().split("_")
