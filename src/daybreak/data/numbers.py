"""Parsing of numbers as people's programs write them: 4,5 and 1.299,00 € and 1'299.00 and 45 %.

Which sign is the decimal mark is decided by the whole column. Start reading at
:func:`read_numbers`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import polars as pl

from daybreak.data.times import empty_to_null
from daybreak.errors import ConfigError

DecimalMark: TypeAlias = Literal[".", ","]
"""Sign between the whole part of a number and its decimals."""
DECIMAL_MARKS: tuple[DecimalMark, ...] = get_args(DecimalMark)
MIN_AMOUNT_SHARE = 0.5
"""Smallest share of numbers in a column whose name says that it holds amounts."""
MAX_SHOWN_WORDS = 5
"""Largest number of words that a note names."""
MIN_NUMBER_SHARE = 0.9
"""Smallest share of numbers in other columns, if they have currency signs or decimals."""

_CURRENCIES = (
    r"us\$|ca?\$|au?\$|nz\$|hk\$|nt\$|r\$|s/|\p{Sc}|usd|eur|euros?|gbp|chf|sfr|fr|jpy|yen|cny|rmb"
    r"|krw|inr|rs|brl|aud|cad|nzd|hkd|twd|sgd|sek|nok|dkk|kr|pln|zł|zl|czk|kč|huf|ft|ron|lei|bgn"
    r"|лв|rub|руб|р|uah|грн|try|tl|mxn|ars|clp|cop|pen|zar|aed|sar|egp|ils|thb|vnd|đ|idr|rp|myr"
    r"|rm|php|円|元|圆|원|dollars?"
)
_SCALES = {
    **dict.fromkeys("千仟천", 1e3),
    **dict.fromkeys("万萬만", 1e4),
    **dict.fromkeys("亿億억", 1e8),
}
"""Words of East Asian numbers, and what they multiply: 1.2万 is 12,000."""
_DASH = "[-\u2010-\u2015\u2212]"
_BLANK = r"[\s\u00a0\u2007\u2009\u202f]"
_WHOLE = (
    rf"^(?P<minus>{_DASH}|\()?{_BLANK}*(?:(?P<before>{_CURRENCIES})\.?)?{_BLANK}*"
    rf"(?P<inner>{_DASH}|\+)?{_BLANK}*"
    rf"(?P<body>[\d.,][\d.,'’`{_BLANK[1:-1]}]*?(?:e[-+]?\d{{1,3}})?)(?:[.,]{_DASH}{{1,2}})?{_BLANK}*"
    rf"(?P<scale>{'|'.join(_SCALES)})?{_BLANK}*"
    rf"(?:(?P<after>{_CURRENCIES}|%|٪)\.?)?(?P<late>{_DASH}|\))?$"
)
"""A number with its sign and its currency or percent sign."""
_GROUPED = rf"^(\d{{1,3}})((?:[{_BLANK[1:-1]}'’`]\d{{3}})+)([.,]\d*)?$"
"""Thousands separated by blanks or apostrophes."""
_DASHED = rf"\d,{_DASH}{{1,2}}{_BLANK}*\P{{L}}*$"
"""A dash instead of decimals, as in 99,-: 1.299 beside it is more than a thousand. The Swiss
99.- says nothing, as Swiss thousands have apostrophes."""
_GROUP_MARKS = rf"[{_BLANK[1:-1]}'’`]"
_NUMBERS: dict[DecimalMark, str] = {
    ".": r"^(?:\d+|\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3})?(?:\.\d*)?(?:e[-+]?\d+)?$",
    ",": r"^(?:\d+|\d{1,3}(?:\.\d{3})+)?(?:,\d*)?(?:e[-+]?\d+)?$",
}
"""Numbers with a decimal mark, and the other mark between thousands, in the Indian way, too."""
_AMBIGUOUS = r"^[1-9]\d{0,2}[.,]\d{3}$"
"""Numbers such as 1.299, whose mark may be either."""
_DECORATED = rf"[,%٪'’]|{_CURRENCIES}|\d{_BLANK}\d|[{''.join(_SCALES)}]"
_AMOUNT_NAMES = re.compile(
    r"price|preis|precio|pre[cç]o|prezzo|prix|prijs|\bpris\b|\bcena|цена|ціна|价格|價格|価格|単価|가격"
    r"|[售单定原现折标市优惠零批]价|[售單定原現折標市優惠零批]價|价钱|價錢|金额|金額|费用|費用|成本|値段|定価|금액"
    r"|cost\b|kosten|amount|betrag|umsatz|revenue|importe|msrp|\buvp\b|\brrp\b|discount|rabatt"
)
_COUNT_NAMES = re.compile(
    r"(?:^|[ _])(?:views?|plays?|likes?|followers?|subscribers?|downloads?|installs?|reviews"
    r"|votes|visits|streams|listeners|members|sold|sales|reads|population|salary|wage|income"
    r"|gehalt|lohn|budget|mileage|aufrufe|abonnenten|vues|visitas)(?:[ _]?count)?(?:$|[ _])"
    r"|播放[量数]|粉丝|销量|銷量|浏览[量数]|阅读[量数]|点赞[量数]|再生[数回]|조회수"
)
MIN_MEDIAN_OF_WHOLE = 10.0
"""Smallest median of the other amounts of a column in which 1.299 is more than a thousand."""
_LIST_NAMES = re.compile(
    r"categor|genre|tags?$|ids$|sizes$|colou?rs$|groups$|related|keywords|labels"
)


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, and how it was read.

    Example:
        >>> read_numbers(pl.Series(["1.299,00 €", "12,5 €"])).describe().split("; ")[0]
        "numbers have a decimal comma: '1.299,00 €' is read as 1299"
    """

    values: pl.Series
    """(n,) Float64; null where there is no number."""
    is_bad: pl.Series
    """(n,) values that are no finite numbers."""
    decimal: DecimalMark = "."
    example: tuple[str, float] | None = None
    """A value whose mark had to be understood, and its number; None: there is none."""
    is_mixed: bool = False
    """Whether some numbers have a decimal comma and others a decimal point."""
    signs: tuple[str, ...] = ()
    """Currency and percent signs that were left out."""
    words: tuple[tuple[str, float], ...] = ()
    """Words and signs that stand for numbers, such as 好评, and their numbers."""

    def describe(self) -> str:
        """Return how the column was read as part of a sentence; empty: as everybody would."""
        return "; ".join(self._remarks())

    def _remarks(self) -> Iterator[str]:
        name = {",": "comma", ".": "point"}[self.decimal]
        if self.example is not None:
            what = "some numbers have a decimal comma and some a decimal point"
            what = what if self.is_mixed else f"numbers have a decimal {name}"
            yield f"{what}: {self.example[0]!r} is read as {self.example[1]:.10g}"
        if currencies := [sign for sign in self.signs if sign not in "%٪"]:
            several = " of several currencies" if len(currencies) > 1 else ""
            yield f"currency signs{several} ({', '.join(currencies[:5])}) are left out"
        if len(currencies) < len(self.signs):
            yield "percent signs are left out: 45 % is read as 45"
        if self.words:
            read = ", ".join(f"{text!r} = {n:.10g}" for text, n in self.words[:MAX_SHOWN_WORDS])
            yield f"texts are read as numbers: {read}"


def check_decimal_mark(mark: str | None) -> DecimalMark | None:
    """Return a decimal mark, None for none.

    Raises:
        ConfigError: It is neither a comma nor a point.

    Example:
        >>> check_decimal_mark(","), check_decimal_mark("point")
        (',', '.')
    """
    names: dict[str, DecimalMark] = {"comma": ",", "point": ".", "dot": ".", ",": ",", ".": "."}
    if mark is None:
        return None
    if mark.strip().lower() not in names:
        raise ConfigError(f"the decimal mark is ',' or '.', got {mark!r}")
    return names[mark.strip().lower()]


def read_numbers(values: pl.Series, decimal: DecimalMark | None = None) -> NumberColumn:
    """Return a column of texts as numbers, and how it was read.

    The mark that must be a decimal mark somewhere in the column, as in 4,5 or 1.299,00, is the
    decimal mark of numbers such as 1.299, too. If there is none, 1,299 is more than a thousand,
    and 1.299 a little more than one, but more than a thousand where the column has currency
    signs: prices have two decimals or none. Percentages keep the number that is written.

    Args:
        values: (n,) texts; empty values become null and are no mistake.
        decimal: Decimal mark; None: decide by the column.

    Example:
        >>> read_numbers(pl.Series(["1,37", "2", "n/a", "x"])).values.to_list()
        [1.37, 2.0, None, None]
        >>> read_numbers(pl.Series(["1'299.50", "(12)", "EUR 3,-"])).values.to_list()
        [1299.5, -12.0, 3.0]
        >>> read_numbers(pl.Series(["Rp 25.000", "Rp 1.250.000"])).values.to_list()
        [25000.0, 1250000.0]
    """
    text = empty_to_null(values.cast(pl.String))
    plain = text.cast(pl.Float64, strict=False)
    if decimal is None and plain.null_count() == text.null_count():
        return _finish(values.name, plain, text)
    distinct = text.drop_nulls().unique(maintain_order=True)
    parts = _split_numbers(distinct)
    chosen, is_mixed = (decimal, False) if decimal else _decide_decimal(parts, distinct)
    other: DecimalMark = "." if chosen == "," else ","
    number = _parse_bodies(parts, chosen)
    if decimal is None:
        number = number.fill_null(_parse_bodies(parts, other))
    column = _finish(
        values.name,
        text.replace_strict(distinct, number, default=None, return_dtype=pl.Float64),
        text,
    )
    return NumberColumn(
        column.values,
        column.is_bad,
        chosen,
        _decimal_example(distinct, parts["body"], number),
        is_mixed,
        tuple(sorted(set(parts["sign"].drop_nulls().to_list()))),
    )


def _finish(name: str, number: pl.Series, text: pl.Series) -> NumberColumn:
    finite = number.is_finite().fill_null(value=False)
    is_nan = number.is_nan().fill_null(value=False)
    number = number.set(~finite, None).rename(name)
    return NumberColumn(number, text.is_not_null() & ~finite & ~is_nan)


def _split_numbers(text: pl.Series) -> pl.DataFrame:
    """Return sign, body without thousands blanks, and currency or percent sign of numbers."""
    lower = pl.col("x").str.normalize("NFKC").str.to_lowercase().str.strip_chars()
    parts = text.to_frame("x").select(lower.str.extract_groups(_WHOLE)).unnest("x")
    grouped = pl.col("body").str.contains(_GROUPED)
    negative = pl.any_horizontal(
        pl.col(name).str.contains(rf"^(?:{_DASH}|\(|\))$").fill_null(value=False)
        for name in ("minus", "inner", "late")
    )
    body = (
        pl.when(grouped)
        .then(pl.col("body").str.replace_all(_GROUP_MARKS, ""))
        .otherwise(pl.col("body"))
    )
    return parts.select(
        body.alias("body"),
        negative.alias("negative"),
        pl.coalesce("before", "after").alias("sign"),
        pl.col("scale").replace_strict(_SCALES, default=1.0, return_dtype=pl.Float64),
    )


def _decide_decimal(parts: pl.DataFrame, text: pl.Series) -> tuple[DecimalMark, bool]:
    """Return the decimal mark of a column, and whether both marks occur as decimal marks."""
    body = parts["body"]
    marked = body.filter(body.str.contains("[.,]") & ~body.str.contains(_AMBIGUOUS))
    is_point = marked.str.contains(_NUMBERS["."])
    is_comma = marked.str.contains(_NUMBERS[","])
    n_dashed = int(text.str.contains(_DASHED).sum())
    n_point, n_comma = int((is_point & ~is_comma).sum()), int((is_comma & ~is_point).sum())
    n_comma += n_dashed
    if not len(marked) and not n_dashed and parts["sign"].str.contains("[^%٪]").any():
        return ("," if body.str.contains(".", literal=True).any() else "."), False
    return ("," if n_comma > n_point else "."), bool(n_point and n_comma)


def _parse_bodies(parts: pl.DataFrame, decimal: DecimalMark) -> pl.Series:
    thousands = "." if decimal == "," else ","
    body, is_number = pl.col("body"), pl.col("body").str.contains(_NUMBERS[decimal])
    plain = body.str.replace_all(thousands, "", literal=True).str.replace(
        decimal, ".", literal=True
    )
    number = pl.when(is_number).then(plain.cast(pl.Float64, strict=False))
    scaled = (number * pl.col("scale")).round(6)
    return parts.select(pl.when("negative").then(-scaled).otherwise(scaled)).to_series()


def _decimal_example(
    text: pl.Series, body: pl.Series, number: pl.Series
) -> tuple[str, float] | None:
    """Return a value whose mark had to be understood; None: there are plain points only."""
    with_comma = body.str.contains(",", literal=True)
    for mask in (body.str.contains(_AMBIGUOUS), with_comma, body.str.contains(r"\..*\.")):
        chosen = mask.fill_null(value=False) & number.is_not_null()
        if chosen.any():
            return str(text.filter(chosen)[0]), float(number.filter(chosen)[0])
    return None


def is_amount_name(name: str) -> bool:
    """Return whether the name of a column says that it holds amounts, such as prices.

    Example:
        >>> [is_amount_name(name) for name in ("Verkaufspreis", "list_price", "title")]
        [True, True, False]
    """
    return _AMOUNT_NAMES.search(name.lower().replace("_", " ")) is not None


def is_count_name(name: str) -> bool:
    """Return whether the name of a column says that it counts something, or holds salaries.

    Example:
        >>> [is_count_name(name) for name in ("n_views", "播放量", "sea_view_room")]
        [True, True, False]
    """
    is_counted = _COUNT_NAMES.search(name.lower()) is not None
    return is_counted and not name.lower().endswith(("room", "text", "url"))


def read_number_attribute(
    text: pl.Series, decimal: DecimalMark | None = None
) -> NumberColumn | None:
    """Return a text column of items or users as numbers, None if it does not hold numbers.

    A column whose name says that it holds amounts holds numbers if half of its values are; any
    other column needs all of them or, if they have currency signs or decimals, nine of ten.
    Codes with leading zeros or plus signs, and lists of numbers, stay text.

    Args:
        text: (n,) attributes as text; its name is the name of the column.
        decimal: Decimal mark; None: decide by the column.

    Example:
        >>> read_number_attribute(pl.Series("preis", ["1,37", "on request"])).values.to_list()
        [1.37, None]
        >>> read_number_attribute(pl.Series("zip", ["01067", "10115"])) is None
        True
    """
    given = empty_to_null(text).drop_nulls()
    if not len(given) or _LIST_NAMES.search(text.name.lower()):
        return None
    if given.str.contains(r"^(\+|-?0\d)").any():
        return None
    least = MIN_AMOUNT_SHARE if is_amount_name(text.name) else MIN_NUMBER_SHARE
    if (given.str.contains(r"\d").mean() or 0) < least:  # type: ignore[operator]
        return None  # by far the cheapest check, and most columns of wide tables are words
    if decimal is None and has_points_between_thousands(text):
        decimal = ","
    column = read_numbers(text, decimal)
    share = 1 - column.is_bad.sum() / len(given)
    if is_amount_name(text.name):
        return column if share >= MIN_AMOUNT_SHARE else None
    decorated = given.str.to_lowercase().str.contains(rf"(?:{_DECORATED})|\d\.\d")
    needed = MIN_NUMBER_SHARE if (decorated.mean() or 0) >= MIN_NUMBER_SHARE else 1.0  # type: ignore[operator]
    return column if share >= needed else None


def has_points_between_thousands(given: pl.Series) -> bool:
    """Return whether points of a column of amounts or counts stand between thousands.

    Prices have two decimals or none. Where all points have three digits after them, and the
    other amounts are whole numbers below a thousand, 1.299 is one of the same kind. Fuel has
    three decimals in every price, and a weight or a rating is no amount.

    Args:
        given: Texts.

    Example:
        >>> has_points_between_thousands(pl.Series("price", ["1.299", "950", "89"]))
        True
        >>> has_points_between_thousands(pl.Series("price", ["1.299", "1.345", "2"]))
        False
    """
    if not (is_amount_name(given.name) or is_count_name(given.name)):
        return False
    text = empty_to_null(given).drop_nulls().str.strip_chars()
    grouped = text.str.contains(r"^[1-9]\d{0,2}(?:\.\d{3})+$")
    whole = text.filter(~grouped)
    if not grouped.any() or not len(whole) or not whole.str.contains(r"^\d{1,3}$").all():
        return False
    return float(whole.cast(pl.Float64).median() or 0) >= MIN_MEDIAN_OF_WHOLE  # type: ignore[arg-type]
