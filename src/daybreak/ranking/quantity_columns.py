"""Columns of a catalogue that hold prices, years, durations and ratings.

A column is recognised by its name, from closed lists in several languages, and by its values:
years are from 1000 to 2100. Without a column of years, years are read from dates, then from
titles such as "Toy Story (1995)".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from daybreak.data.numbers import read_numbers
from daybreak.encoders.amounts import MAX_YEAR, Quantity
from daybreak.encoders.inflections import inflections
from daybreak.encoders.named_numbers import words_for
from daybreak.ranking.filters.columns import FilterColumn, FilterColumns
from daybreak.types import Doubles

MIN_KNOWN_SHARE = 0.05
"""Smallest share of items with a value in a column that is used."""
MIN_READ_SHARE = 0.5
"""Smallest share of the texts of a column that must be amounts."""
MIN_COLUMN_YEAR = 1000
"""Smallest year of a column: some books are of 1605."""
MIN_YEAR_SHARE = 0.9
"""Smallest share of the numbers of a column of years that must be years."""
MIN_TITLE_SHARE = 0.5
"""Smallest share of titles that must end with a year in brackets."""
MIN_AGE_SHARE, MAX_AGE = 0.8, 21
"""Smallest share of items that must have an age, and the largest age, of a column of ages."""
_AGE_NAMES = (
    r"^(?:min(?:imum)? age(?: years)?|age (?:min(?:imum)?|from|limit|rating|group)|from age"
    r"|recommended age|age recommendation|mindestalter|altersfreigabe|altersempfehlung|alter ab"
    r"|fsk|usk|pegi|edad mínima|edad minima|âge minimum|età minima|适用年龄|年龄分级)$"
)
TITLE_COLUMNS = ("title", "name")

_PAY = (
    r"\b(?:rent|rents|miete|kaltmiete|warmmiete|loyer|alquiler|affitto|fee|fees|fare|fares|tuition"
    r"|salary|salaries|wage|wages|gehalt|lohn|salaire|salario|sueldo|stipendio)\b"
    r"|租金|房租|月租|学费|薪资|薪水|工资|月薪|年薪"
)
"""Names of columns of what is paid for flats, journeys, courses and work: prices where there
are none, and numbers that sentences may name."""
_NAMES: dict[Quantity, tuple[str, ...]] = {
    "price": (
        r"^(?:price|preis|prix|precio|preço|prezzo|prijs|价格|售价|價格|售價|価格|가격)$",
        r"\b(?:sale|selling|current|final|unit|median|mean|average|our)\b.*\bprice\b",
        r"\b(?:prices?|prix|precio|preco|preço|prezzo|prijs|cena|цена)\b|preis\b|(?<!list)price\b"
        r"|价格|价钱|售价|单价|定价|现价|價格|售價|単価|値段|가격",
        r"\b(?:costs?|kosten|msrp|rrp|uvp|listprice)\b|原价|费用",
        _PAY,
    ),
    "year": (
        r"^(?:year|jahr|année|annee|año|ano|anno|年份|年|年度|连载年份)$",
        r"\b(?:release|publication|published|issue|production|pub)\b.*\byear\b|erscheinungsjahr"
        r"|上映年份|出版年份|发行年份|发行年|出版年",
        r"\b(?:year|yr)\b|jahr\b|\bannée\b|年份",
    ),
    "duration": (
        r"^(?:duration|runtime|run time|running time|dauer|laufzeit|spieldauer|durée|duración"
        r"|durata|时长|片长|時長)$",
        r"\b(?:duration|runtime|minutes|mins|playtime|total time|cooking time|laufzeit|dauer)\b"
        r"|时长|片长|分钟",
        r"\blength\b",
    ),
    "rating": (
        r"^(?:rating|ratings|avg rating|average rating|mean rating|stars|评分|bewertung)$",
        r"\b(?:rating|vote average|review score|stars|bewertung|puntuación)\b|评分|得分",
    ),
}
"""Patterns of names, those that are preferred first."""
_EXCLUDED: dict[Quantity, str] = {
    "price": (
        r"\b(?:range|category|class|level|discount|currency|old|shipping|count|change)\b|评价"
    ),
    "year": r"\b(?:birth|born|founded|count|number|per)\b|geburt",
    "duration": r"\b(?:sleeve|inseam|cm|mm|inch)\b",
    "rating": r"\b(?:count|counts|number|n|num|votes|age|content)\b|人数",
}
_DATE_NAMES = (
    r"\b(?:release|released|publish|published|publication|date|aired|air|premiered?|issued"
    r"|erschienen|erscheinungsdatum|created|fecha|data)\b|上映|出版|发行|日期|首播|放送|时间"
)
_TITLE_YEAR = r"[(（](1[89]\d\d|20\d\d|2100)(?:\s*[-–]\s*\d{0,4})?[)）]\s*$"
_YEAR = r"(?:^|\D)(1\d\d\d|20\d\d|2100)(?:\D|$)"
_UNIT_FACTORS = (
    (r"\bms\b|millis", 1 / 60_000),
    (r"\b(?:s|sec|secs|seconds)\b|秒", 1 / 60),
    (r"\b(?:h|hrs|hours|stunden)\b|小时", 60.0),
)
"""Names of columns of durations that are not in minutes, and what makes them minutes."""


@dataclass(frozen=True, eq=False)
class QuantityColumn:
    """Values of one quantity.

    Attributes:
        label: Name for people.
        values: (n_items,) values; NaN: unknown. Durations are in minutes.
    """

    label: str
    values: Doubles


class QuantityColumns:
    """Finds the columns of quantities in a catalogue; each is read once.

    Args:
        columns: Columns of the catalogue.

    Example:
        >>> frame = pl.DataFrame({"title": ["Heat (1995)", "Up (2009)"], "unit_price": [3, 4]})
        >>> found = QuantityColumns(FilterColumns(frame))
        >>> found.get("price").label, found.get("year").values.tolist()
        ('unit price', [1995.0, 2009.0])
        >>> found.get("duration") is None
        True
    """

    def __init__(self, columns: FilterColumns) -> None:
        self._columns = columns
        self._found: dict[Quantity, QuantityColumn | None] = {}
        self._named: dict[str, QuantityColumn | None] = {}
        self._names: dict[str, frozenset[str]] | None = None
        self._words: dict[str, bool] = {}
        self._ages: dict[str, QuantityColumn | None] = {}

    def get(self, quantity: Quantity) -> QuantityColumn | None:
        """Return the column of a quantity; None if the catalogue has none."""
        if quantity not in self._found:
            candidates = self._candidates(quantity)
            self._found[quantity] = next((one for one in candidates if _is_known(one)), None)
        return self._found[quantity]

    def age_column(self) -> str | None:
        """Return the column of ages from which on items are for people; None: there is none.

        Example:
            >>> toys = pl.DataFrame({"title": ["Blocks", "Chess"], "min_age": ["1+", "from 8"]})
            >>> columns = QuantityColumns(FilterColumns(toys))
            >>> columns.age_column(), columns.get_named("min_age").values.tolist()
            ('min_age', [1.0, 8.0])
        """
        names = self._columns.names
        return next((name for name in names if self._read_ages(name) is not None), None)

    def _read_ages(self, name: str) -> QuantityColumn | None:
        """Return a column of ages; None: it is none."""
        if name not in self._ages:
            words, column = column_words(name), self._columns.get(name)
            is_age = column is not None and re.search(_AGE_NAMES, words)
            ages = _as_ages(column) if column is not None and is_age else None
            self._ages[name] = None if ages is None else QuantityColumn(words, ages)
        return self._ages[name]

    def has_word(self, word: str) -> bool:
        """Return whether an item has a word, in singular or plural, in a column of texts.

        Args:
            word: Word in lower case.

        Example:
            >>> frame = pl.DataFrame({"title": ["Bookends", "It"]})
            >>> columns = QuantityColumns(FilterColumns(frame))
            >>> columns.has_word("books"), columns.has_word("novels")
            (True, False)
        """
        if word not in self._words:
            frame = self._columns.frame
            lists = [name for name, kind in frame.schema.items() if kind == pl.List(pl.String)]
            texts = frame.select(pl.col(pl.String), pl.col(lists).list.join(" "))
            pattern = rf"(?i)\b{re.escape(word.removesuffix('s'))}"
            found = (texts[name].str.contains(pattern).any() for name in texts.columns)
            self._words[word] = any(found)
        return self._words[word]

    def named(self, text: str) -> dict[str, str]:
        """Return the columns of other numbers that words of a text may name, by the word.

        A word that names several columns names none.

        Args:
            text: Sentence of a user.

        Example:
            >>> frame = pl.DataFrame({"n_pages": [96, 480], "pages_read": [5, 9]})
            >>> books = QuantityColumns(FilterColumns(frame.drop("pages_read")))
            >>> books.named("a book of 96 pages for 8")
            {'pages': 'n_pages'}
            >>> QuantityColumns(FilterColumns(frame)).named("a book of 96 pages for 8")
            {}
        """
        lowered = text.lower()
        found: dict[str, set[str]] = {}
        for name, words in self._number_names().items():
            for word in words:
                if any(form in lowered for form in (word, *inflections(word))):
                    found.setdefault(word, set()).add(name)
        single = {word: next(iter(names)) for word, names in found.items() if len(names) == 1}
        return {word: name for word, name in single.items() if self.get_named(name) is not None}

    def get_named(self, name: str) -> QuantityColumn | None:
        """Return the column of numbers or ages of a name; None: it does not hold numbers."""
        ages = self._read_ages(name)
        if ages is not None:
            return ages
        if name not in self._named:
            column = self._columns.get(name)
            values = None if column is None else _as_numbers(column)
            found = None if values is None else QuantityColumn(column_words(name), values)
            self._named[name] = found if found is not None and _is_known(found) else None
        return self._named[name]

    def _number_names(self) -> dict[str, frozenset[str]]:
        """Return the words for columns that are of no quantity of their own."""
        if self._names is None:
            others = {name: column_words(name) for name in self._columns.names}
            patterns = "|".join(
                one for every in _NAMES.values() for one in every if one != _PAY
            )
            self._names = {
                name: words_for(name)
                for name, words in others.items()
                if name not in TITLE_COLUMNS
                and not re.search(rf"{patterns}|\bid\b|{_DATE_NAMES}", words)
            }
        return self._names

    def _candidates(self, quantity: Quantity) -> Iterator[QuantityColumn]:
        """Yield the columns that may hold a quantity, the best first."""
        names = {name: column_words(name) for name in self._columns.names}
        tried = set()
        for pattern in _NAMES[quantity]:
            for name, words in names.items():
                if name in tried or not re.search(pattern, words):
                    continue
                tried.add(name)
                if re.search(_EXCLUDED[quantity], words):
                    continue
                values = self._read(name, words, quantity)
                if values is not None:
                    yield QuantityColumn(words, values)
        if quantity == "year":
            yield from self._years_of_dates(names)
            yield from self._years_of_titles()

    def _read(self, name: str, words: str, quantity: Quantity) -> Doubles | None:
        """Return the values of a column; None: it does not hold the quantity."""
        column = self._columns.get(name)
        if column is None:
            return None
        if quantity == "year":
            return _read_years(column)
        if quantity == "duration":
            return _read_durations(column, words)
        return _as_numbers(column)

    def _years_of_dates(self, names: dict[str, str]) -> Iterator[QuantityColumn]:
        for name, words in names.items():
            column = self._columns.get(name) if re.search(_DATE_NAMES, words) else None
            if column is not None and column.kind == "time":
                yield QuantityColumn("year", _years_of_times(column.values))

    def _years_of_titles(self) -> Iterator[QuantityColumn]:
        name = next((name for name in TITLE_COLUMNS if name in self._columns.names), None)
        if name is None:
            return
        titles = self._columns.frame[name].cast(pl.String, strict=False)
        years = titles.str.extract(_TITLE_YEAR).cast(pl.Float64)
        if years.count() >= max(MIN_TITLE_SHARE * titles.count(), 1):
            yield QuantityColumn("year", _to_array(years))


def column_words(name: str) -> str:
    """Return the name of a column as words in lower case.

    Example:
        >>> column_words("median_price"), column_words("releaseYear"), column_words("售价(元)")
        ('median price', 'release year', '售价 元')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", spaced)).lower()


def _is_known(column: QuantityColumn) -> bool:
    known = np.isfinite(column.values)
    return bool(known.any() and known.mean() >= MIN_KNOWN_SHARE)


def _to_array(values: pl.Series) -> Doubles:
    return np.asarray(values.cast(pl.Float64).fill_null(float("nan")).to_numpy(), np.float64)


def _as_numbers(column: FilterColumn) -> Doubles | None:
    if column.kind == "number":
        return _to_array(column.values)
    if column.kind != "text":
        return None
    read = read_numbers(column.values)
    return _to_array(read.values) if _reads_most(read.values, column.values) else None


def _as_ages(column: FilterColumn) -> Doubles | None:
    if column.kind not in {"number", "text"}:
        return None
    texts = column.values.cast(pl.String, strict=False)
    ages = _to_array(texts.str.extract(r"(\d{1,2})(?:\D|$)").cast(pl.Float64))
    is_known = np.isfinite(ages).mean() >= MIN_AGE_SHARE
    return ages if is_known and np.nanmax(ages, initial=0) <= MAX_AGE else None


def _reads_most(read: pl.Series, texts: pl.Series) -> bool:
    return bool(read.count() >= max(MIN_READ_SHARE * texts.count(), 1))


def _read_years(column: FilterColumn) -> Doubles | None:
    if column.kind == "time":
        return _years_of_times(column.values)
    if column.kind == "text":
        years = column.values.str.extract(_YEAR).cast(pl.Float64)
        return _to_array(years) if _reads_most(years, column.values) else None
    values = _as_numbers(column)
    if values is None:
        return None
    is_year = (values >= MIN_COLUMN_YEAR) & (values <= MAX_YEAR)
    if is_year.sum() < MIN_YEAR_SHARE * np.isfinite(values).sum():
        return None
    return np.where(is_year, values, np.nan)


def _years_of_times(seconds: pl.Series) -> Doubles:
    """Return the years of times [epoch s]."""
    moments = (seconds * 1_000).cast(pl.Int64, strict=False).cast(pl.Datetime("ms"))
    return _to_array(moments.dt.year())


def _read_durations(column: FilterColumn, words: str) -> Doubles | None:
    """Return durations [min]."""
    factor = next((f for pattern, f in _UNIT_FACTORS if re.search(pattern, words)), 1.0)
    values = _as_numbers(column)
    if values is not None:
        return values * factor
    if column.kind != "text":
        return None
    text = column.values.str.to_lowercase()
    hours = text.str.extract(r"(\d+(?:\.\d+)?)\s*(?:h|std|小时)").cast(pl.Float64)
    minutes = text.str.extract(r"(\d+(?:\.\d+)?)\s*(?:m|分)").cast(pl.Float64)
    total = hours.fill_null(0) * 60 + minutes.fill_null(0)
    total = total.set(hours.is_null() & minutes.is_null(), None)
    return _to_array(total) if _reads_most(total, column.values) else None
