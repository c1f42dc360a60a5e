"""Parsing of times: numbers, ISO 8601 and written dates to epoch seconds.

Start reading at :func:`read_times`, which decides by the whole column and says what it decided.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import get_args

import polars as pl

from daybreak.data.calendars import read_six_digits, usual_times
from daybreak.data.time_texts import DateOrder, TimeTexts, read_time_texts
from daybreak.errors import ConfigError

EMPTY_VALUES = (
    *("", "na", "n/a", "nan", "nat", "null", "none", "\\n", "-", "#n/a"),
    "0001-01-01t00:00:00z",
    *("0000-00-00", "0000-00-00 00:00:00", "0000-00-00t00:00:00"),
)
"""Texts that mean "no value" in numbers and times, in lower case; the dates are what Go and
MySQL write for none."""

UNLIMITED_TEXTS = (
    *("never", "forever", "unlimited", "infinity", "-infinity", "always", "∞", "permanent"),
    *("nie", "unbegrenzt", "unbefristet", "immer", "jamais", "toujours", "nunca", "siempre"),
)
"""Texts that mean "no limit" in the columns of a period, in lower case."""
DATE_ORDERS: tuple[str, ...] = get_args(DateOrder)
SERIAL_FORMAT, EPOCH_FORMAT = "spreadsheet", "epoch"
DATE_FORMATS = (*DATE_ORDERS, SERIAL_FORMAT, EPOCH_FORMAT)
"""Names of date formats; any other format is a pattern with %."""
_FORMAT_ALIASES = {
    **dict.fromkeys(("dmy", "dd.mm.yyyy", "dd/mm/yyyy", "dd-mm-yyyy"), "day-first"),
    **dict.fromkeys(("mdy", "mm/dd/yyyy", "mm-dd-yyyy"), "month-first"),
    **dict.fromkeys(("ymd", "yy/mm/dd"), "year-first"),
    **{"excel": SERIAL_FORMAT, "unix": EPOCH_FORMAT},
}

_STAMP_PATTERN = (
    r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d[0-5]\d(\d{3})?$"
)
"""YYYYMMDDHHMMSS, also with milliseconds; as a number it would be a time after 2600."""
_MINUTE_STAMP_PATTERN = (
    r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d$"
)
_COMPACT_DATE_PATTERN = r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
_YEAR_LAST_PATTERN = r"^(\d{1,2})(\d{2})((?:19|20)\d{2})$"
"""DDMMYYYY or MMDDYYYY; as seconds they would all be of 1970."""
_DECIMAL_COMMA = r"^(\d{5,}),(\d+)$"
_WHOLE_PATTERN = r"^(\d+)(?:\.0*)?$"
MAX_EPOCH_S = 1e11
"""Maximum epoch seconds (year 5138); larger numbers are milliseconds or finer. Later
times, such as 9999-12-31 for "no end", become this one: as numbers they would be of 1978."""
_LAST_TIME_S = 253_402_300_800.0 + 86_400
"""End of the year 9999 in every zone [epoch s]; later times are no dates."""
EPOCH_SPANS = ((1e8, 1e11), (3e11, 1e13), (1e15, 1e16), (1e18, 1e19))
"""Epoch seconds to nanoseconds of columns that can be nothing else, from 1973 on."""
SERIAL_DAYS = (30_000.0, 60_000.0)
"""Days since the end of 1899 that spreadsheets write for times from 1982 to 2064; as seconds
they would all be the first day of 1970."""
_SERIAL_EPOCH_DAYS = 25_569.0
"""Days from the end of 1899 to 1970."""
_EPOCH_1601_S, _EPOCH_0001_S = 11_644_473_600.0, 62_135_596_800.0
"""Seconds from the beginnings of other clocks to 1970."""
OTHER_CLOCKS = {
    "ticks of .NET": (6.2135e17, 6.63e17, 1e7, _EPOCH_0001_S),
    "times of Windows": (1.1644e17, 1.58e17, 1e7, _EPOCH_1601_S),
    "times of Chrome": (1.1644e16, 1.58e16, 1e6, _EPOCH_1601_S),
}
"""Name, smallest and largest number from 1970 to 2100, units in a second, and beginning. As
nanoseconds they would be times of 1973 to 1975 or of 1989 to 1991, as microseconds of 2338."""
_FIRST_OTHER_CLOCK = min(low for low, *_ in OTHER_CLOCKS.values())
YEARS = (1500.0, 2200.0)
"""Numbers that can be years."""
EVENT_YEARS = (1950.0, 2100.0)
"""Numbers that can be the years of events; others may count seconds or steps from the first."""
_NAMES_OF_NUMBERS = {
    SERIAL_FORMAT: "days of a spreadsheet",
    "years": "years",
    **{clock: clock for clock in OTHER_CLOCKS},
}
"""Kind of numbers to how a note calls them; epochs need none."""


@dataclass(frozen=True)
class TimeColumn:
    """A column of times, and how it was read.

    Example:
        >>> column = read_times(pl.Series(["13.05.2026 14:30", "14.05.2026 09:00"]))
        >>> column.describe()
        "dates such as '13.05.2026 14:30' are read day-first"
    """

    seconds: pl.Series
    """(n,) epoch seconds; null where there is no time."""
    is_bad: pl.Series
    """(n,) values that are no times, or can be read in two ways."""
    is_undecided: pl.Series
    """(n,) dates that can be read in two ways, where the column does not say how."""
    order: DateOrder | None = None
    """Order of dates of numbers, None: there are none, or the order is unknown."""
    example: str = ""
    """A date of numbers that could be read in two ways, or says how the others are read."""
    has_short_years: bool = False
    """Whether some years have two digits."""
    numbers: str = ""
    """What the numbers of the column are, if they are no epoch."""
    has_thai_years: bool = False
    """Whether the years were of the Thai calendar."""

    def describe(self) -> str:
        """Return how the column was read as part of a sentence; empty: as everybody would."""
        return "; ".join(self._remarks())

    def _remarks(self) -> Iterator[str]:
        if self.order is not None:
            yield f"dates such as {self.example!r} are read {self.order}"
        if self.has_short_years:
            yield "years of two digits are read as 1969 to 2068"
        if self.numbers:
            yield f"numbers are read as {self.numbers}"
        if self.has_thai_years:
            yield "years are read as Thai ones, 543 years after ours"


def check_date_format(name: str | None) -> str | None:
    """Return the canonical name of a date format, or its pattern.

    Raises:
        ConfigError: There is no such format.

    Example:
        >>> check_date_format("DMY"), check_date_format("%d.%m.%y")
        ('day-first', '%d.%m.%y')
    """
    if name is None or "%" in name:
        return name
    plain = name.strip().lower().replace("_", "-")
    plain = _FORMAT_ALIASES.get(plain, plain)
    if plain not in DATE_FORMATS:
        listed = ", ".join(DATE_FORMATS)
        raise ConfigError(
            f"no date format {name!r}; formats: {listed}, or a pattern such as %d.%m.%Y %H:%M"
        )
    return plain


def empty_to_null(values: pl.Series) -> pl.Series:
    """Return text without surrounding blanks, null where it means "no value"."""
    clean = values.str.strip_chars()
    bare = clean.str.to_lowercase().is_in(EMPTY_VALUES)
    return clean.to_frame("x").select(pl.when(~bare).then(pl.col("x"))).to_series()


def unlimited_to_null(values: pl.Series) -> pl.Series:
    """Return the limits of periods, null where a text says that there is no limit.

    Example:
        >>> unlimited_to_null(pl.Series(["Never", "2030-01-01"])).to_list()
        [None, '2030-01-01']
    """
    return texts_to_null(values, UNLIMITED_TEXTS)


def texts_to_null(values: pl.Series, texts: Collection[str]) -> pl.Series:
    """Return values, null where they are one of some texts; numbers stay as they are.

    Args:
        values: Values of any type.
        texts: Texts in lower case.

    Example:
        >>> texts_to_null(pl.Series([" TBA", "2030-01-01"]), ["tba"]).to_list()
        [None, '2030-01-01']
    """
    if values.dtype != pl.String:
        return values
    return values.set(values.str.strip_chars().str.to_lowercase().is_in(texts), None)


def epoch_seconds(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return times as epoch seconds, and a mask of the values that are not times.

    Empty values become null and are not invalid; see :func:`read_times`.

    Example:
        >>> seconds, bad = epoch_seconds(pl.Series(["0", "1970-01-01T02:00+01:00", "soon"]))
        >>> seconds.to_list(), bad.to_list()
        ([0.0, 3600.0, None], [False, False, True])
    """
    column = read_times(values)
    return column.seconds, column.is_bad


def read_times(
    values: pl.Series,
    date_format: str | None = None,
    *,
    singly: bool = False,
    years: tuple[float, float] | None = None,
) -> TimeColumn:
    """Return a column of times as epoch seconds, and how it was read.

    Numbers are epoch seconds, milliseconds, microseconds or nanoseconds (distinguished by
    magnitude), YYYYMMDDHHMMSS, or, if all numbers of the column have this form, YYYYMMDD or the
    days of spreadsheets. Texts are ISO 8601 with or without a time zone (default: UTC), or
    written dates; see :func:`.read_time_texts`.

    Args:
        values: (n,) times as numbers, texts or temporal values.
        date_format: One of ``DATE_FORMATS``, or a pattern with %; None: decide by the column.
        singly: Whether each value is read on its own, as in requests; the form of one value
            then says nothing about the others, and numbers are no days of spreadsheets.
        years: Numbers of a column between these two are years; None: they are seconds.

    Raises:
        ConfigError: The pattern of ``date_format`` is invalid.

    Example:
        >>> read_times(pl.Series(["46155.604167", "46156.375"])).numbers
        'days of a spreadsheet'
        >>> read_times(pl.Series(["5/6/1970"])).is_undecided.to_list()
        [True]
    """
    if values.dtype.is_temporal() or values.dtype.is_nested():
        seconds = _without_end(_convert_temporal(values))
        return TimeColumn(seconds, values.is_not_null() & seconds.is_null(), _all_false(values))
    text = empty_to_null(values.cast(pl.String, strict=False))
    is_number = values.dtype.is_numeric()
    text, is_thai = (text, False) if is_number else usual_times(text, singly=singly)
    short = ""
    if not singly and (date_format is None or "%" not in date_format):
        text, short = read_six_digits(text, date_format)
        is_number &= not short
    if date_format is not None and "%" in date_format:
        seconds = _read_pattern(text, date_format)
        is_bad = text.is_not_null() & seconds.is_null()
        seconds = _without_end(seconds)
        return TimeColumn(seconds.rename(values.name), is_bad, _all_false(text))
    number = values if is_number else text.str.replace(_DECIMAL_COMMA, "$1.$2")
    number = number.cast(pl.Float64, strict=False)
    number = number.set(~number.is_finite().fill_null(value=False), None)
    order = next((name for name in get_args(DateOrder) if name == date_format), None)
    if not singly and _ends_with_years(text, number):
        text = text.str.replace(_YEAR_LAST_PATTERN, "$1/$2/$3")
        number = number.set(number.is_not_null(), None)
    written = TimeTexts(
        pl.repeat(None, len(text), dtype=pl.Float64, eager=True), _all_false(text)
    )
    if (is_text := number.is_null() & text.is_not_null()).any():
        written = read_time_texts(text.set(~is_text, None), order, singly=singly)
    kind = date_format or ("each" if singly else _number_kind(text, number, years))
    seconds = _read_numbers(text, number, kind).fill_null(written.seconds)
    seconds = _without_end(seconds).rename(values.name)
    return TimeColumn(
        seconds,
        text.is_not_null() & seconds.is_null(),
        written.undecided,
        written.order,
        written.example,
        written.has_short_years,
        short or _NAMES_OF_NUMBERS.get(kind, ""),
        is_thai,
    )


def _without_end(seconds: pl.Series) -> pl.Series:
    """Return times in which those of the last years are the latest one that stays a time."""
    is_last = (seconds > MAX_EPOCH_S) & (seconds <= _LAST_TIME_S)
    return seconds.set(is_last.fill_null(value=False), MAX_EPOCH_S)


def _convert_temporal(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Date:
        values = values.cast(pl.Datetime("us"))
    if not isinstance(values.dtype, pl.Datetime):
        return pl.Series(values.name, [None] * len(values), dtype=pl.Float64)
    return _to_epoch_seconds(values)


def _to_epoch_seconds(values: pl.Series) -> pl.Series:
    return values.dt.epoch("us").cast(pl.Float64) / 1e6


def _all_false(values: pl.Series) -> pl.Series:
    return pl.repeat(value=False, n=len(values), dtype=pl.Boolean, eager=True)


def _read_pattern(text: pl.Series, pattern: str) -> pl.Series:
    try:
        return _to_epoch_seconds(text.str.to_datetime(pattern, strict=False, time_unit="us"))
    except pl.exceptions.PolarsError as error:
        raise ConfigError(
            f"the date format {pattern!r} is no valid pattern: {error}"
        ) from error


def _number_kind(text: pl.Series, number: pl.Series, years: tuple[float, float] | None) -> str:
    """Return what the numbers of a column are: dates, minutes, spreadsheet, years or epoch."""
    given = number.drop_nulls()
    if not len(given) or any(given.is_between(*span).all() for span in EPOCH_SPANS):
        return EPOCH_FORMAT
    digits = text.filter(number.is_not_null()).str.extract(_WHOLE_PATTERN, 1)
    digits = digits.filter(~digits.str.contains(_STAMP_PATTERN).fill_null(value=False))
    for kind, pattern in (("dates", _COMPACT_DATE_PATTERN), ("minutes", _MINUTE_STAMP_PATTERN)):
        if len(digits) and digits.str.contains(pattern).fill_null(value=False).all():
            return kind
    if given.is_between(*SERIAL_DAYS).all():
        return SERIAL_FORMAT
    for clock, (low, high, _, _) in OTHER_CLOCKS.items():
        if given.is_between(low, high).all():
            return clock
    if years is not None and given.is_between(*years).all() and (given % 1 == 0).all():
        return "years"
    return EPOCH_FORMAT


def _ends_with_years(text: pl.Series, number: pl.Series) -> bool:
    """Return whether all numbers of a column are days, months and years in one word."""
    digits = text.set(number.is_null(), None).str.extract(_WHOLE_PATTERN, 1)
    parts = digits.str.extract_groups(_YEAR_LAST_PATTERN).struct.unnest().cast(pl.Int32)
    first, middle, year = parts.get_columns()
    n_numbers = number.count()
    is_day = first.is_between(1, 31) & middle.is_between(1, 31) & year.is_not_null()
    is_date = is_day & ((first <= 12) | (middle <= 12))
    is_compact = digits.str.contains(_COMPACT_DATE_PATTERN).fill_null(value=False).all()
    return n_numbers > 0 and is_date.sum() == n_numbers and not is_compact


def _read_numbers(text: pl.Series, number: pl.Series, kind: str) -> pl.Series:
    """Return numbers as epoch seconds; stamps of 14 or 17 digits are read in every column."""
    if kind == EPOCH_FORMAT and not (number.abs() > MAX_EPOCH_S * 1e2).any():
        return _scale_epochs(number)
    digits = text.str.extract(_WHOLE_PATTERN, 1).set(number.is_null(), None)
    stamps = _read_stamps(digits)
    if kind == SERIAL_FORMAT:
        values = (number - _SERIAL_EPOCH_DAYS) * 86_400.0
        values = values.round()  # fractions of days are rounded when they are written
    elif kind == "years":
        values = _read_dates(digits + "0101", "%Y%m%d")
    elif kind == "dates":
        values = _read_dates(digits, "%Y%m%d")
    elif kind == "each":
        values = _read_each(digits).fill_null(_scale_epochs(number))
    elif kind == "minutes":
        values = _read_dates(digits + "00", "%Y%m%d%H%M%S")
    else:
        values = _scale_epochs(number)
    return stamps.fill_null(values)


def _read_each(digits: pl.Series) -> pl.Series:
    """Return those numbers that are dates or minutes, whatever the others are."""
    days = digits.set(~digits.str.contains(_COMPACT_DATE_PATTERN), None)
    minutes = digits.set(~digits.str.contains(_MINUTE_STAMP_PATTERN), None) + "00"
    return _read_dates(days, "%Y%m%d").fill_null(_read_dates(minutes, "%Y%m%d%H%M%S"))


def _read_stamps(digits: pl.Series) -> pl.Series:
    is_stamp = digits.str.contains(_STAMP_PATTERN).fill_null(value=False)
    stamps = digits.set(~is_stamp, None)
    part = stamps.str.slice(14).replace("", "0").cast(pl.Float64) / 1e3
    return _read_dates(stamps.str.slice(0, 14), "%Y%m%d%H%M%S") + part


def _read_dates(digits: pl.Series, pattern: str) -> pl.Series:
    kind = "%Y%m%d %H%M%S"  # a blank keeps the parts apart
    whole = (
        digits.str.slice(0, 8) + " " + (digits.str.slice(8) if "%H" in pattern else "000000")
    )
    return _to_epoch_seconds(whole.str.to_datetime(kind, strict=False, time_unit="us"))


def _scale_epochs(number: pl.Series) -> pl.Series:
    x, size = pl.col("x"), pl.col("x").abs()
    scaled = (
        pl.when(size > MAX_EPOCH_S * 1e6)
        .then(x / 1e9)
        .when(size > MAX_EPOCH_S * 1e3)
        .then(x / 1e6)
        .when(size > MAX_EPOCH_S)
        .then(x / 1e3)
        .otherwise(x)
    )
    if (number > _FIRST_OTHER_CLOCK).any():
        for low, high, units, start in OTHER_CLOCKS.values():
            is_there = x.is_between(low, high)
            scaled = pl.when(is_there).then(x / units - start).otherwise(scaled)
    return number.to_frame("x").select(scaled.alias(number.name)).to_series()
