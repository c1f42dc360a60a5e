"""Parsing of written times: ISO 8601, days and months in any order, names of months, clocks.

All steps work on whole columns. Start reading at :func:`read_time_texts`.
"""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import polars as pl

from daybreak.data.month_names import MONTH_NUMBERS, WEEKDAY_NAMES

DateOrder: TypeAlias = Literal["day-first", "month-first", "year-first"]
"""Order of day, month and year in dates of numbers, such as 05/06/24."""

MIN_ORDER_SHARE = 0.95
"""Smallest share of the dates that can be read in one way only that must agree on the order."""
MIN_YEAR_FIRST_DATES = 4
"""Smallest number of different dates among which the numbers of years vary least."""
FIRST_SHORT_YEAR = 69
"""Two-digit years from it on are 19xx, all others 20xx, as in POSIX."""

_ISO_PATTERN = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<part>\d+))?)?)?"
    r"\s*(?:(?P<utc>[Zz]|UTC|GMT)|(?P<sign>[+-])(?P<zh>\d{2}):?(?P<zm>\d{2})?)?$"
)
_ZONE_OFFSETS = {
    **dict.fromkeys(("utc", "gmt", "z", "ut", "wet"), "+00:00"),
    **dict.fromkeys(("cet", "mez", "west"), "+01:00"),
    **dict.fromkeys(("cest", "mesz", "eet"), "+02:00"),
    **dict.fromkeys(("eest", "msk"), "+03:00"),
    **dict.fromkeys(("jst", "kst"), "+09:00"),
    **dict.fromkeys(("sgt", "hkt", "awst"), "+08:00"),
    **{"bst": "+01:00", "sast": "+02:00", "ist": "+05:30", "wib": "+07:00", "brt": "-03:00"},
    **{"aest": "+10:00", "aedt": "+11:00", "nzst": "+12:00", "nzdt": "+13:00"},
    **{"edt": "-04:00", "est": "-05:00", "cdt": "-05:00", "cst": "-06:00"},
    **{"mdt": "-06:00", "mst": "-07:00", "pdt": "-07:00", "pst": "-08:00"},
}
"""Offsets of named time zones; those of North America are the ones of RFC 2822, BST and IST the
summer time of Britain and the time of India."""
_ZONE_NAME = (
    r"\s?[\[(]?((?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Canada|Europe|Indian"
    r"|Pacific|US|Etc)/[A-Za-z_/+-]+\d*)[\])]?$"
)
_OFFSET = r"(?:[+-]\d\d:?\d\d|\dZ)\s*$"
"""Offset at the end of a time, before which the name of its zone says nothing more."""
_FILLERS = (
    "t st nd rd th er ère ème o a e de del do da di of the at um am den der le à las los kl "
    "klo uhr uur год года г р року ora ore alle om на в о el ás às il "
)
"""Words and endings between the parts of a time that mean nothing: 5th, 3 de enero, 14 Uhr."""
_WEEKDAYS = {part for name in WEEKDAY_NAMES for part in name.split("-")}
_WORDS: dict[str, str] = {
    **{f"<{word}>": " " for word in (*_FILLERS.split(), *_WEEKDAYS)},
    **{f"<{word}>": f" {offset}" for word, offset in _ZONE_OFFSETS.items()},
    **{f"<{word}>": f"@{number:02d}" for word, number in MONTH_NUMBERS.items()},
    "<am>": "~a",
    "<pm>": "~p",
}
"""Replacement of each known word; ``@05`` stands for the name of a month."""

_BEFORE_WORDS = (
    (r"[(（](?:utc|gmt)\s?([+-]\d{1,2}(?::?\d\d)?)[)）]", " $1"),  # (UTC+2)
    (r"[(（][^()（）]{1,40}[)）]", " "),  # (Central European Time)
    (r"([+-]\d\d:?\d\d|\dz)\s?\[[^\[\]]{1,40}\]$", "$1"),  # Z[UTC]
    (r"[‐‑‒–—−]", "-"),
    (r"\bkl\.?\s?(\d{1,2})[.:](\d\d)", "$1:$2"),
    (r"(?:星期|周|週)[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일", " "),
    (r"(\d)\s*[年년]\s*", "$1-"),
    (r"(\d)\s*[月월]\s*(\d)", "$1-$2"),
    (r"(\d)\s*[月월]", "$1"),
    (r"(\d)\s*[日일號号]", "$1 "),
    (r"(\d)\s*[時时点點시]\s*(\d)", "$1:$2"),
    (r"(\d)\s*[時时点點시]", "$1:00"),
    (r"(\d)\s*[分분]\s*(\d{1,2})\s*[秒초]", "$1:$2"),
    (r"(\d)\s*[分분]", "$1"),
    (r"(?:上午|午前|오전)\s*([\d:.]+)", "$1 am"),
    (r"(?:下午|午後|午后|오후|晚上)\s*([\d:.]+)", "$1 pm"),
    (r"(\d)\s*([ap])\.?\s?m\b\.?", "$1 ${2}m"),
    (r"(^|[^\d:.])(\d{1,2}) ([ap])m\b", "$1$2:00 ${3}m"),
    (r"\b(\d{1,2})\.(\d{2})\.(\d{2})((?:\.\d+)? [ap]m)\b", "$1:$2:$3$4"),
    (r"\b(\d{1,2})\.(\d{2})\s*(?:uhr|h|uur)\b", "$1:$2"),
    (r"\b(\d{1,2})\s?h\s?(\d{2})\b", "$1:$2"),
    (r"(^|[^\d:.])(\d{1,2})\s?(?:uhr|h|uur)\b", "$1$2:00"),
    (r"^(\d{4}):(\d{2}):(\d{2}) ", "$1-$2-$3 "),  # as cameras write dates
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[t_ -](\d\d)(\d\d)(\d\d)", "$1-$2-$3 $4:$5:$6"),
    (r"^((?:19|20)\d\d)(\d\d)(\d\d)[t_ -](\d\d?):", "$1-$2-$3 $4:"),
    (r"^(\d{4}-\d\d-\d\d)[t ](\d\d)(z?)$", "$1 $2:00$3"),
    (r"((?:19|20)\d\d) +(\d\d?)\.(\d\d)(?:\.(\d\d))?$", "$1 $2:$3:${4}"),
    (r"( \d\d?:\d\d):$", "$1"),
    (r"^\[(.*)\]$", "$1"),
    (r"([\d\p{L}]/\d{4}|\p{L}\d{4}):(\d{2}:\d{2})", "$1 $2"),  # as web servers and SAS do
    (r"^(\d{4}-\d{2}-\d{2})-(\d{2})\.(\d{2})\.(\d{2})", "$1 $2:$3:$4"),  # as DB2 does
)
"""Forms that are written in one kind of text only, as the patterns below expect them."""
_AFTER_WORDS = (
    (r"\+00:00\s?([+-]\d)", "$1"),  # GMT+0200
    (r"([+-]\d\d:?\d\d)\s+[+-]\d\d:\d\d", "$1"),  # +0200 CEST
    (r"^\s*@\d\d[.,]?\s*(\d{1,2}\.?\s*@)", "$1"),  # mar. 5 mars: a weekday named like a month
)

_CLOCK = (
    r"(?:^|[\s,/-])(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,:](?P<part>\d+))?)?(?:\s*~(?P<half>[ap]))?"
    r"(?:\s*(?P<sign>[+-])(?P<zh>\d{1,2}):?(?P<zm>\d{2})?)?(?:[\s,]|$)"
)
_GAP = r"[\s./,’'-]+"
_DATES = (
    rf"^(?P<year>\d{{4}}){_GAP}@?(?P<month>\d{{1,2}})(?:{_GAP}(?P<day>\d{{1,2}}))?$",
    rf"^(?P<day>\d{{1,2}})(?:{_GAP})?@(?P<month>\d\d)(?:{_GAP})?(?P<year>\d{{4}}|\d\d)$",
    rf"^@(?P<month>\d\d){_GAP}(?P<day>\d{{1,2}}){_GAP}(?P<year>\d{{4}}|\d\d)$",
    rf"^@(?P<month>\d\d){_GAP}(?P<year>\d{{4}})$",
    r"^(?P<month>\d{1,2})\s?[-/.]\s?(?P<year>\d{4})$",
)
"""Dates that can be read in one way only; without a day, the first of the month is meant."""
_GAP_OF_NUMBERS = r"\s*[\s./-]\s*"
_NUMBERS = (
    rf"^(?P<first>\d{{1,2}}){_GAP_OF_NUMBERS}(?P<middle>\d{{1,2}}){_GAP_OF_NUMBERS}"
    r"['’]?(?P<last>\d{4}|\d\d)$"
)


@dataclass(frozen=True)
class TimeTexts:
    """Epoch seconds of written times, and how dates of numbers were read."""

    seconds: pl.Series
    """(n,) null where the text is no time, or can be read in two ways."""
    undecided: pl.Series
    """(n,) whether the date can be read in two ways."""
    order: DateOrder | None = None
    """Order in which dates of numbers were read; None: there are none, or it is unknown."""
    example: str = ""
    """A text whose date decided about the order or, without an order, needs one."""
    has_short_years: bool = False
    """Whether some years have two digits."""


def read_time_texts(
    text: pl.Series, order: DateOrder | None = None, *, singly: bool = False
) -> TimeTexts:
    """Return the times of a column of texts.

    Whether 05/06/2026 is in May or in June is decided by the dates of the column that can be
    read in one way only, such as 13/06/2026. Without such dates, dots mean day-first.

    Args:
        text: (n,) texts without surrounding blanks; null: no value.
        order: Order of dates of numbers; None: decide.
        singly: Whether each text is read on its own, whatever the others are.

    Example:
        >>> read = read_time_texts(pl.Series(["05.06.1970", "3 janvier 1970, 2:30 PM"]))
        >>> read.seconds.to_list(), read.order
        ([13392000.0, 225000.0], 'day-first')
        >>> read_time_texts(pl.Series(["5/6/1970", "5/13/1970"])).order
        'month-first'
    """
    seconds = _read_iso(text)
    rest = text.filter(seconds.is_null() & text.is_not_null()).unique(maintain_order=True)
    if not len(rest):
        return TimeTexts(seconds, pl.repeat(value=False, n=len(text), eager=True))
    read = _read_written(rest, order, singly=singly)
    values = text.replace_strict(rest, read.seconds, default=None, return_dtype=pl.Float64)
    undecided = text.is_in(rest.filter(read.undecided).implode()).fill_null(value=False)
    seconds = seconds.fill_null(values)
    return TimeTexts(seconds, undecided, read.order, read.example, read.has_short_years)


def _read_iso(text: pl.Series) -> pl.Series:
    parts = text.to_frame("x").select(pl.col("x").str.extract_groups(_ISO_PATTERN)).unnest("x")
    return parts.select(_to_seconds().alias(text.name)).to_series()


def _to_seconds() -> pl.Expr:
    """Return the epoch seconds of year, month, day, hour, minute, second, part and zone."""
    is_midnight = (pl.col("hour") == "24").fill_null(value=False)  # that ends the day
    hour = pl.when(is_midnight).then(pl.lit("0")).otherwise(pl.col("hour"))
    names = (pl.col("month"), pl.col("day"), hour, pl.col("minute"))
    two = [one.fill_null("0").str.zfill(2) for one in names]
    clock = pl.concat_str(
        [pl.col("year"), *two, pl.col("second").fill_null("00")], separator=" "
    ).str.to_datetime("%Y %m %d %H %M %S", strict=False, time_unit="us")
    fraction = (pl.lit("0.") + pl.col("part").fill_null("0")).cast(pl.Float64)
    zone = pl.col("zh").fill_null("0").cast(pl.Float64) * 3600
    zone += pl.col("zm").fill_null("0").cast(pl.Float64) * 60
    zone = pl.when(pl.col("sign") == "-").then(-zone).otherwise(zone)
    seconds = clock.dt.epoch("us").cast(pl.Float64) / 1e6 + fraction - zone
    return seconds + is_midnight.cast(pl.Float64) * 86_400


def _read_written(text: pl.Series, order: DateOrder | None, *, singly: bool) -> TimeTexts:
    """Read distinct texts that are not ISO 8601."""
    zone = text.str.extract(_ZONE_NAME, 1)
    if zone.count():
        bare = text.str.replace(_ZONE_NAME, "")
        there = _read_written(bare, order, singly=singly)
        is_local = zone.is_not_null() & ~bare.str.contains(_OFFSET)
        return replace(there, seconds=_from_zones(there.seconds, zone.set(~is_local, None)))
    parts = _split_dates(_split_clock(_normalize(text)))
    chosen = order or (None if singly else _decide_order(parts))
    parts = parts.with_columns(_ordered_dates(chosen))
    is_short = pl.col("year").str.len_chars() == 2
    century = (
        pl.when(pl.col("year").cast(pl.Int64) >= FIRST_SHORT_YEAR)
        .then(pl.lit("19"))
        .otherwise(pl.lit("20"))
    )
    read = parts.with_columns(
        year=pl.when(is_short).then(century + pl.col("year")).otherwise(pl.col("year"))
    ).select(_to_seconds().alias("seconds"), "is_undecided")
    undecided = read["is_undecided"].fill_null(value=False)
    has_short_years = bool(parts.select(is_short.any()).item())
    if chosen is None and not undecided.any() and parts["first"].count():
        chosen = "day-first" if parts["has_dot"].all() else None
    example = _order_example(text, parts, undecided)
    return TimeTexts(read["seconds"], undecided, chosen, example, has_short_years)


def _from_zones(seconds: pl.Series, zones: pl.Series) -> pl.Series:
    """Return epoch seconds of times that were read as UTC and are of named zones."""
    for zone in zones.drop_nulls().unique():
        is_there = zones == zone
        local = pl.from_epoch((seconds * 1e6).cast(pl.Int64), "us")
        try:
            there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
            shifted = there.dt.epoch("us").cast(pl.Float64) / 1e6
        except pl.exceptions.ComputeError:  # there is no such zone
            shifted = pl.repeat(None, len(seconds), dtype=pl.Float64, eager=True)
        seconds = seconds.zip_with(~is_there.fill_null(value=False), shifted)
    return seconds


def _normalize(text: pl.Series) -> pl.DataFrame:
    """Return the texts as ``x``, with known words replaced by signs."""
    x = pl.col("x").str.normalize("NFKC").str.to_lowercase()
    for pattern, replacement in _BEFORE_WORDS:
        x = x.str.replace_all(pattern, replacement)
    x = x.str.replace_all(r"(\p{L}+)", "<$1>").str.replace_many(_WORDS)
    for pattern, replacement in _AFTER_WORDS:
        x = x.str.replace_all(pattern, replacement)
    return text.to_frame("x").select(x.str.replace_all(r"\s+", " ").str.strip_chars())


def _split_clock(texts: pl.DataFrame) -> pl.DataFrame:
    """Return the parts of the clock, and what is left as ``date``."""
    parts = texts.select(
        pl.col("x").str.extract_groups(_CLOCK),
        pl.col("x").str.replace(_CLOCK, " ").alias("date"),
    ).unnest("x")
    hour, half = pl.col("hour").cast(pl.Int64), pl.col("half")
    shift = (
        pl.when((half == "p") & (hour < 12))
        .then(12)
        .when((half == "a") & (hour == 12))
        .then(-12)
        .otherwise(0)
    )
    return parts.with_columns((hour + shift).cast(pl.String).alias("hour"))


def _split_dates(parts: pl.DataFrame) -> pl.DataFrame:
    """Add year, month and day of dates that are read in one way, and the numbers of others."""
    date = pl.col("date").str.strip_chars(" ,./-")
    found = [date.str.extract_groups(pattern) for pattern in _DATES]
    with_day = [found[0], found[1], found[2]]
    day = pl.coalesce(one.struct.field("day") for one in with_day)
    return parts.with_columns(
        pl.coalesce(one.struct.field("year") for one in found).alias("year"),
        pl.coalesce(one.struct.field("month") for one in found).alias("month"),
        day.fill_null("1").alias("day"),
        date.str.contains(r"^\d+\s*\.").alias("has_dot"),
        date.str.extract_groups(_NUMBERS).alias("numbers"),
    ).unnest("numbers")


def _begin_with_years(numbers: pl.DataFrame) -> bool:
    """Return whether dates such as 24/05/13 begin with the year: it varies least."""
    if numbers.height < MIN_YEAR_FIRST_DATES:
        return False
    first, last = pl.col("first"), pl.col("last")
    may_be = (first.cast(pl.Int64) > 12).all() & (last.str.len_chars() == 2).all()
    may_be &= last.cast(pl.Int64).is_between(1, 31).all()
    varies_least = 2 * first.n_unique() <= last.n_unique()
    return bool(numbers.select(may_be & varies_least).item())


def _ordered_dates(order: DateOrder | None) -> list[pl.Expr]:
    """Return year, month and day with those of dates of numbers, and whether they are unknown.

    Without an order each date is read alone: 13/05/2026 and 05.06.2026 can be read, 05/06/2026
    cannot.
    """
    first, middle, last = pl.col("first"), pl.col("middle"), pl.col("last")
    if order == "year-first":
        year, month, day = first, middle, last
        undecided = pl.lit(value=False)
    else:
        is_day_first = pl.lit(order == "day-first")
        undecided = pl.lit(value=False)
        if order is None:
            is_day_first = pl.col("has_dot") | (middle.cast(pl.Int64) <= 12)
            undecided = (
                (first.cast(pl.Int64) <= 12)
                & (middle.cast(pl.Int64) <= 12)
                & (first != middle)
                & ~pl.col("has_dot")
            )
        year = pl.when(~undecided).then(last)
        month = pl.when(is_day_first).then(middle).otherwise(first)
        day = pl.when(is_day_first).then(first).otherwise(middle)
    is_number = first.is_not_null()
    return [
        pl.coalesce("year", year).alias("year"),
        pl.coalesce("month", month).alias("month"),
        pl.when(is_number).then(day).otherwise(pl.col("day")).alias("day"),
        undecided.alias("is_undecided"),
    ]


def _order_example(text: pl.Series, parts: pl.DataFrame, undecided: pl.Series) -> str:
    """Return a text that needs an order, else one that decides it, else one that has it."""
    first, middle = (pl.col(name).cast(pl.Int64) for name in ("first", "middle"))
    decides = parts.select(((first > 12) | (middle > 12)).fill_null(value=False)).to_series()
    for mask in (undecided, decides, parts["first"].is_not_null()):
        if mask.any():
            return str(text.filter(mask)[0])
    return ""


def _decide_order(parts: pl.DataFrame) -> DateOrder | None:
    """Return the order of dates of numbers, None if it is unknown or there are none."""
    first, second = (pl.col(name).cast(pl.Int64) for name in ("first", "middle"))
    numbers = parts.drop_nulls("first")
    if _begin_with_years(numbers):
        return "year-first"
    day, month, n_other = numbers.select(
        ((first > 12) & (second <= 12)).sum().alias("day"),
        ((second > 12) & (first <= 12)).sum().alias("month"),
        ((first != second) & ~pl.col("has_dot")).sum().alias("other"),
    ).row(0)
    if day + month:
        if day >= MIN_ORDER_SHARE * (day + month):
            return "day-first"
        return "month-first" if month >= MIN_ORDER_SHARE * (day + month) else None
    return "day-first" if numbers.height and not n_other else None
