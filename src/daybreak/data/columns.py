"""Column names: their usual spellings, and the mapping of input columns to table columns."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from daybreak.data.column_aliases import COLUMN_ALIASES, TableRole
from daybreak.data.column_nouns import names_beside_data
from daybreak.data.fields import OTHER_ATTRIBUTES
from daybreak.data.key_names import LIKELY_KEY_NAMES, LIKELY_ROW_NAMES, PAIRS_OF_PEOPLE
from daybreak.deprecation import RenamedAttribute
from daybreak.errors import ConfigError, DataError, NextStep

KEY_COLUMNS: dict[TableRole, tuple[str, ...]] = {
    "events": ("user_id", "item_id"),
    "items": ("item_id",),
    "users": ("user_id",),
}

RATING_COLUMNS = frozenset(
    {"rating", "ratings", "stars", "overall", "score", "label", "grade", "thumbs", "rate"}
    | {"liked", "is_liked", "preference", "bewertung", "puntuacion", "calificacion"}
    | {"valutazione", "avaliacao", "оценка", "рейтинг"}
    | {"valoracion", "pontuacao", "voto", "punteggio", "beoordeling", "waardering"}
    | {"ocena", "puan", "评分", "評分", "评价", "評価", "평점", "打分", "得分", "星级", "星級"}
    | {"评分值", "評点", "スコア", "星", "별점", "점수", "評價", "评级", "評級", "评价等级"}
    | {
        "評價等級",
        "满意度",
        "滿意度",
        "评价星级",
        "评价分数",
        "用户评分",
        "用戶評分",
        "商品评分",
    }
    | {"评价得分", "review_rating", "review_score", "star_rating", "satisfaction"}
)
"""Names of source columns whose numbers are ratings on a scale, not counts."""
REVIEW_COLUMNS = frozenset({"评价", "評價"})
"""Names of columns of events that hold ratings in some files, texts of reviews in others."""

_IDS = ("user_id", "item_id")
_NAMES_BESIDE_DATA = names_beside_data()

LIKELY_REASON = "likely name"
"""Why a column is read as an id whose name may mean something else in another table."""
CHOICE_REASON = "your choice"
VALUES_REASON = "its values"
"""Why a column is read as something that its name does not say."""
RATING_TYPE = "rating"
"""Type of events without a type whose number is a rating."""

HEADERLESS_COLUMNS: dict[TableRole, tuple[str, ...]] = {
    "events": ("user_id", "item_id", "rating", "timestamp"),
    "items": ("item_id", "title", "genres"),
    "users": ("user_id", "gender", "age", "occupation", "zip_code"),
}
"""Columns by position of files without header, such as the MovieLens ``::`` files."""


_RECBOLE_TYPE = re.compile(r":(token|token_seq|float|float_seq)$")
_CAMEL_CASE_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARENTHESES = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_SALESFORCE_SUFFIX = re.compile(r"__[cr]$")
_SMALL_WORDS = re.compile(
    r"(?<=[^\W_])_(?:(?:de|del|des|du|d|da|do|di|della|the|of|la|le|l|el)_)+"
)
"""Words between two others that names of columns may have or not: *fecha de compra*."""
_CONTAINERS = re.compile(
    r"^(?:properties|payload|attributes|params|parameters|body|fields|record|details|data"
    r"|event_data|event_properties|custom_data|ecommerce|event_params|source|message|msg"
    r"|hit|doc|document|context|meta|metadata|log|actor|subject|object)_+"
    r"(?=(?:\w+_id|sku|asin|timestamp|quantity|rating|value|action|event|event_type)$)"
)
"""Objects around the fields of an event, whose names become part of those of columns."""
_RATING_WORDS = re.compile(
    r"(?:^|_)(?:ratings?|stars|bewertung|sternebewertung|calificacion|puntuacion|valutazione"
    r"|avaliacao|ocena|оценка)(?:_|$)|评分$|評分$|評価$|평점$"
)
_NO_RATINGS = re.compile(
    r"(?:^|_)(?:avg|average|mean|median|count|counts|num|number|n|total|sum|min|max|id|ids|date"
    r"|time|at|text|type|key|age|content|tv|film|movie|mpaa|system|scale|product|item|book|esrb"
    r"|pegi|anzahl|durchschnitt|mittlere|media|promedio|numero)(?:_|$)|平均"
)
"""Words of names of ratings of all people, of ages, and of what is said about ratings."""
_LATIN_ACCENT = re.compile("[\u0300-\u0304\u0307-\u036f]")
MAX_CACHED_COLUMNS = 10_000
"""Largest number of names of columns whose spellings are cached."""
_NON_WORD = re.compile(r"[^\w]+", re.UNICODE)


def to_snake_case(name: str) -> str:
    """Return a column name in lower case with underscores, without a RecBole type.

    Example:
        >>> [to_snake_case(n) for n in ("userID", "ITEM_ID", "item_id:token", "Unit Price")]
        ['user_id', 'item_id', 'item_id', 'unit_price']
    """
    bare = _RECBOLE_TYPE.sub("", name.strip().lstrip("\ufeff"))
    return (
        _NON_WORD.sub("_", _CAMEL_CASE_BOUNDARY.sub("_", bare)).strip("_").lower() or "column"
    )


def recbole_type(name: str) -> str:
    """Return the RecBole type behind a header (``token_seq``…), or an empty string."""
    found = _RECBOLE_TYPE.search(name.strip())
    return found.group(1) if found else ""


def number_duplicates(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names; the second occurrence of a name gets the suffix ``_2``, and so on.

    Example:
        >>> number_duplicates(["a", "b", "a"])
        ('a', 'b', 'a_2')
    """
    seen: set[str] = set()
    result: list[str] = []
    for name in names:
        free, n = name, 1
        while free in seen:
            n += 1
            free = f"{name}_{n}"
        seen.add(free)
        result.append(free)
    return tuple(result)


@dataclass(frozen=True)
class SourceColumn:
    """One column of the input and the table column that it is read as."""

    source: str
    target: str | None
    """Column of the table; None: the source column is not used."""
    reason: str
    """Reason: ``alias``, ``likely name``, ``its values``, ``your choice``, ``own name`` or
    ``not used``."""

    why = RenamedAttribute("reason")


@dataclass(frozen=True)
class ColumnMapping:
    """The mapping of source columns to the columns of one table; see :func:`match_columns`.

    Example:
        >>> seen = match_columns(["userID", "itemID", "rating", "note"], "events")
        >>> seen.convention, seen.source_of("value"), seen.unused
        ('Microsoft Recommenders', 'rating', ('note',))
        >>> print(seen)
        events (columns as in Microsoft Recommenders)
          user_id <- userID
          item_id <- itemID
          value <- rating
          not used: note
    """

    role: TableRole
    convention: str
    """Tool whose column names these are, or ``plain``."""
    columns: tuple[SourceColumn, ...]
    switched_off: frozenset[str] = frozenset()
    """Columns of the table that no source column may be read as."""

    @property
    def used(self) -> tuple[SourceColumn, ...]:
        """Columns that are loaded."""
        return tuple(column for column in self.columns if column.target)

    @property
    def unused(self) -> tuple[str, ...]:
        """Source names of the columns that are not loaded."""
        return tuple(column.source for column in self.columns if not column.target)

    def read_by_values(self, targets: Mapping[str, str]) -> "ColumnMapping":
        """Return the mapping in which values, and not names, say what some columns are.

        Args:
            targets: Source column to column of the table; a column that is read so by its name
                keeps its reason.

        Example:
            >>> mapping = match_columns(["user_id", "item_id", "bought"], "events")
            >>> mapping.read_by_values({"bought": "timestamp"}).source_of("timestamp")
            'bought'
        """
        columns = tuple(
            replace(c, target=targets[c.source], reason=VALUES_REASON)
            if targets.get(c.source, c.target) != c.target
            else c
            for c in self.columns
        )
        return replace(self, columns=columns)

    def source_of(self, target: str) -> str | None:
        """Return the source column of a table column, None if there is none."""
        return next((c.source for c in self.columns if c.target == target), None)

    def __str__(self) -> str:
        lines = [f"{self.role} (columns as in {self.convention})"]
        lines += [f"  {column.target} <- {column.source}" for column in self.used]
        lines += [f"  not used: {', '.join(self.unused)}"] if self.unused else []
        return "\n".join(lines)

    source = RenamedAttribute("source_of")


def match_columns(
    sources: Sequence[str], role: TableRole, choices: Mapping[str, str | None] | None = None
) -> ColumnMapping:
    """Map source columns to the columns of a table; ``choices`` (target to source) go first.

    A choice of None switches the recognition of that target off. In items and users the
    columns that are not recognised keep their own name in snake_case; in events they are not
    used.

    Raises:
        ConfigError: A choice names a source column that is not there.
        DataError: No column was found for an id.
    """
    chosen = dict(choices or {})
    if missing := [s for s in chosen.values() if s is not None and s not in sources]:
        raise ConfigError(
            f"{role} have no column {missing[0]!r}; columns: {', '.join(sources)}"
        )
    found = {source: target for target, source in chosen.items() if source is not None}
    targets = [target for target in COLUMN_ALIASES[role] if target not in chosen]
    for target in targets:
        source = _find_alias(target, role, [s for s in sources if s not in found])
        if source is not None:
            found[source] = target
    if role == "events" and "timestamp" in targets and "timestamp" not in found.values():
        found |= dict.fromkeys(_find_dates(sources, found), "timestamp")
    find_likely = _find_likely_keys if role == "events" else _find_row_numbers
    likely = find_likely(sources, found, targets)
    found |= likely
    _check_keys(sources, role, set(found.values()))
    reasons = dict.fromkeys(chosen.values(), CHOICE_REASON)
    reasons |= dict.fromkeys(likely, LIKELY_REASON)
    columns = _describe_columns(sources, role, found, reasons)
    off = frozenset(target for target, source in chosen.items() if source is None)
    return ColumnMapping(role, _detect_convention(sources), columns, off)


def _find_likely_keys(
    sources: Sequence[str], found: Mapping[str, str], targets: Sequence[str]
) -> dict[str, str]:
    """Return columns of users and items by names that may mean something else elsewhere."""
    missing = [key for key in _IDS if key in targets and key not in found.values()]
    free = [source for source in sources if source not in found]
    if len(missing) == len(_IDS):
        plain = {to_snake_case(source): source for source in reversed(free)}
        pair = next((p for p in PAIRS_OF_PEOPLE if plain.keys() >= set(p)), None)
        if pair is not None:
            return {plain[name]: key for name, key in zip(pair, _IDS, strict=True)}
    likely: dict[str, str] = {}
    if "value" in targets and "value" not in found.values():
        likely |= dict.fromkeys([s for s in free if _is_own_rating(s)][:1], "value")
    for key in missing:
        left = [source for source in free if source not in likely]
        if (source := find_name(LIKELY_KEY_NAMES[key], left)) is not None:
            likely[source] = key
    return likely


def _find_row_numbers(
    sources: Sequence[str], found: Mapping[str, str], targets: Sequence[str]
) -> dict[str, str]:
    """Return the column that numbers the rows of items or users, if it has no usual name."""
    free = [source for source in sources if source not in found]
    missing = [key for key in _IDS if key in targets and key not in found.values()]
    numbers = {find_name(LIKELY_ROW_NAMES[key], free): key for key in missing}
    return {source: key for source, key in numbers.items() if source is not None}


def _find_dates(sources: Sequence[str], found: Mapping[str, str]) -> Sequence[str]:
    """Return the column ``data`` where the names of ids are of a language that means dates."""
    ids = {name for source, key in found.items() if key in _IDS for name in names_of(source)}
    if ids.isdisjoint(_NAMES_BESIDE_DATA):
        return ()
    return [s for s in sources if to_snake_case(s) == "data" and s not in found][:1]


def _own_name(source: str) -> str:
    """Return the name of an attribute; that of the column of rare attributes stays."""
    return source if source == OTHER_ATTRIBUTES else to_snake_case(source)


def _find_alias(target: str, role: TableRole, sources: Sequence[str]) -> str | None:
    return find_name(COLUMN_ALIASES[role][target], sources)


def find_name(wanted: Sequence[str], sources: Sequence[str]) -> str | None:
    """Return the column with the first of the names that there is, None if there is none.

    Args:
        wanted: Names, the best first.
        sources: Columns.
    """
    names = {spelling: s for s in reversed(sources) for spelling in _loose_spellings(s)}
    names |= {to_snake_case(source): source for source in reversed(sources)}
    return next((names[name] for name in wanted if name in names), None)


def names_of(source: str) -> set[str]:
    """Return the names under which a column is looked up.

    Example:
        >>> sorted(names_of("Active (0/1)"))
        ['active', 'active_0_1']
    """
    return {to_snake_case(source), *_loose_spellings(source)}


@lru_cache(maxsize=MAX_CACHED_COLUMNS)
def _loose_spellings(source: str) -> tuple[str, ...]:
    """Return spellings of a name without what exports of systems add to it.

    Example:
        >>> _loose_spellings("Categories (x,y,z...)"), _loose_spellings("Customer_Id__c")
        (('categories',), ('customer_id',))
        >>> _loose_spellings("Catégorie *"), _loose_spellings("price")
        (('categorie',), ())
        >>> _loose_spellings("Fecha de compra"), _loose_spellings("Date d'achat")
        (('fecha_compra',), ('date_achat',))
        >>> _loose_spellings("properties_product_id")
        ('product_id',)
    """
    plain = _SALESFORCE_SUFFIX.sub("", _PARENTHESES.sub(" ", source))
    letters = unicodedata.normalize("NFKD", plain)
    bare = "".join(letter for letter in letters if not _LATIN_ACCENT.match(letter))
    spellings = map(to_snake_case, (plain, unicodedata.normalize("NFC", bare)))
    exact = to_snake_case(source)
    loose = [s for s in dict.fromkeys(spellings) if s not in (exact, "column")][-1:]
    last = (loose or [exact])[-1]
    further = (_SMALL_WORDS.sub("_", last), _CONTAINERS.sub("", last))
    return (*loose, *dict.fromkeys(s for s in further if s not in (exact, *loose)))


def find_value_column(sources: Iterable[str]) -> str | None:
    """Return the column that says how much: a value, rating, weight, quantity…; None: none.

    Example:
        >>> find_value_column(["user_id", "quantity"]), find_value_column(["user_id"])
        ('quantity', None)
    """
    names = list(sources)
    return _find_alias("value", "events", names) or next(filter(_is_own_rating, names), None)


def is_review_column(source: str) -> bool:
    """Return whether the values of a column may be ratings or texts of reviews."""
    return to_snake_case(source) in REVIEW_COLUMNS


def is_rating_column(source: str) -> bool:
    """Return whether the numbers of a column are ratings, and neither counts nor amounts.

    Example:
        >>> [is_rating_column(name) for name in ("stars", "My Rating", "rating_count", "qty")]
        [True, True, False, False]
    """
    return to_snake_case(source) in RATING_COLUMNS or _is_own_rating(source)


def _is_own_rating(source: str) -> bool:
    """Return whether a name has a word for ratings, and none for what is known of all."""
    name = (_loose_spellings(source) or (to_snake_case(source),))[0]
    return bool(_RATING_WORDS.search(name)) and not _NO_RATINGS.search(name)


def has_known_names(sources: Sequence[str], role: TableRole) -> bool:
    """Return whether one of the names is a known name of an id column."""
    names = {to_snake_case(source) for source in sources}
    return any(names.intersection(COLUMN_ALIASES[role][key]) for key in KEY_COLUMNS[role])


def has_all_known_names(sources: Sequence[str], role: TableRole) -> bool:
    """Return whether the names have a known name of every id column, among other names."""
    names = {to_snake_case(source) for source in sources}
    known = (names.intersection(COLUMN_ALIASES[role][key]) for key in KEY_COLUMNS[role])
    return len(names) > 1 and all(known)


def _check_keys(sources: Sequence[str], role: TableRole, targets: set[str]) -> None:
    for key in KEY_COLUMNS[role]:
        if key not in targets:
            hint = f"choose one with columns={{{key!r}: 'NAME'}}"
            if len(sources) == 1 and re.search(r"[,;\t|]", sources[0]):
                hint = "each line is one field; remove the quotes around whole lines"
            raise DataError(
                f"{role} have no column for {key}; columns: {_list_names(sources)}; {hint}",
                next_step=NextStep.MAP_COLUMN,
                column=key,
            )


def _list_names(sources: Sequence[str]) -> str:
    if not sources:
        return "none"
    return ", ".join(s[:40] for s in sources[:20]) + (" …" if len(sources) > 20 else "")


def _describe_columns(
    sources: Sequence[str],
    role: TableRole,
    found: Mapping[str, str],
    reasons: Mapping[str | None, str],
) -> tuple[SourceColumn, ...]:
    rest = [source for source in sources if source not in found]
    free = number_duplicates([*found.values(), *map(_own_name, rest)])[len(found) :]
    own = dict(zip(rest, free, strict=True)) if role != "events" else {}
    otherwise = "not used" if role == "events" else "own name"
    return tuple(
        SourceColumn(
            source,
            found.get(source) or own.get(source),
            reasons.get(source, "alias" if source in found else otherwise),
        )
        for source in sources
    )


_CONVENTION_COLUMNS = (
    ("gorse", {"FeedbackType", "UserId", "ItemId", "IsHidden"}),
    ("Amazon Personalize", {"USER_ID", "ITEM_ID"}),
    ("Microsoft Recommenders", {"userID", "itemID"}),
    ("MovieLens", {"userId", "movieId"}),
    ("RePlay", {"query_id"}),
    ("RecTools", {"weight", "datetime"}),
    ("LibRecommender", {"user", "item", "label"}),
)


def _detect_convention(sources: Sequence[str]) -> str:
    if any(recbole_type(source) for source in sources):
        return "RecBole"
    names = set(sources)
    for convention, marks in _CONVENTION_COLUMNS:
        if marks & names:
            return convention
    return "LensKit" if {"user_id", "item_id", "rating"} <= names else "plain"
