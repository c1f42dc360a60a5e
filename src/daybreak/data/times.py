"""Parsing of times: common formats to epoch seconds."""

import polars as pl

EMPTY_VALUES = (
    "",
    "na",
    "n/a",
    "nan",
    "nat",
    "null",
    "none",
    "\\n",
    "-",
    "0001-01-01t00:00:00z",
)
"""Texts that mean "no value" in numbers and times, in lower case; the last is Go's zero."""

_ISO_PATTERN = (
    r"^(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:[.,](?P<part>\d+))?)?)?"
    r"\s*(?:(?P<utc>[Zz]|UTC|GMT)|(?P<sign>[+-])(?P<zh>\d{2}):?(?P<zm>\d{2})?)?$"
)
_COMPACT_DATE_PATTERN = r"^(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$"
_MAX_EPOCH_S = 1e11
"""Maximum epoch seconds (year 5138); larger numbers are milliseconds or finer."""


def empty_to_null(values: pl.Series) -> pl.Series:
    """Return text without surrounding blanks, null where it means "no value"."""
    clean = values.str.strip_chars()
    bare = clean.str.to_lowercase().is_in(EMPTY_VALUES)
    return clean.to_frame("x").select(pl.when(~bare).then(pl.col("x"))).to_series()


def epoch_seconds(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return times as epoch seconds, and a mask of the values that are not times.

    Supported are epoch seconds, milliseconds, microseconds and nanoseconds (distinguished by
    magnitude), ISO 8601 with or without a time zone (default: UTC), dates, and YYYYMMDD if all
    values have this form. Empty values become null and are not invalid.

    Example:
        >>> seconds, bad = epoch_seconds(pl.Series(["0", "1970-01-01T02:00+01:00", "soon"]))
        >>> seconds.to_list(), bad.to_list()
        ([0.0, 3600.0, None], [False, False, True])
    """
    if values.dtype.is_temporal():
        return _convert_temporal(values), _all_false(values)
    if values.dtype.is_numeric():
        seconds = _scale_epochs(values.cast(pl.Float64))
        return seconds.fill_nan(None), seconds.is_infinite().fill_null(value=False)
    text = empty_to_null(values.cast(pl.String))
    if _are_compact_dates(text):
        seconds = _to_epoch_seconds(
            text.str.to_date("%Y%m%d", strict=False).cast(pl.Datetime("us"))
        )
    else:
        seconds = _parse_text(text)
    seconds = seconds.rename(values.name)
    return seconds, text.is_not_null() & seconds.is_null()


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


def _are_compact_dates(text: pl.Series) -> bool:
    given = text.drop_nulls()
    return bool(len(given)) and bool(given.str.contains(_COMPACT_DATE_PATTERN).all())


def _parse_text(text: pl.Series) -> pl.Series:
    number = text.cast(pl.Float64, strict=False)
    number = (
        number.to_frame("x")
        .select(pl.when(pl.col("x").is_finite()).then(pl.col("x")))
        .to_series()
    )
    if (number.is_null() & text.is_not_null()).any():
        return _scale_epochs(number).zip_with(number.is_not_null(), _parse_iso(text))
    return _scale_epochs(number)


def _scale_epochs(number: pl.Series) -> pl.Series:
    x, size = pl.col("x"), pl.col("x").abs()
    scaled = (
        pl.when(size > _MAX_EPOCH_S * 1e6)
        .then(x / 1e9)
        .when(size > _MAX_EPOCH_S * 1e3)
        .then(x / 1e6)
        .when(size > _MAX_EPOCH_S)
        .then(x / 1e3)
        .otherwise(x)
    )
    return number.to_frame("x").select(scaled.alias(number.name)).to_series()


def _parse_iso(text: pl.Series) -> pl.Series:
    parts = text.to_frame("x").select(pl.col("x").str.extract_groups(_ISO_PATTERN)).unnest("x")
    two = [
        pl.col(name).fill_null("0").str.zfill(2) for name in ("month", "day", "hour", "minute")
    ]
    clock = pl.concat_str(
        [pl.col("year"), *two, pl.col("second").fill_null("00")], separator=" "
    ).str.to_datetime("%Y %m %d %H %M %S", strict=False, time_unit="us")
    fraction = (pl.lit("0.") + pl.col("part").fill_null("0")).cast(pl.Float64)
    zone = pl.col("zh").fill_null("0").cast(pl.Float64) * 3600
    zone += pl.col("zm").fill_null("0").cast(pl.Float64) * 60
    zone = pl.when(pl.col("sign") == "-").then(-zone).otherwise(zone)
    seconds = clock.dt.epoch("us").cast(pl.Float64) / 1e6 + fraction - zone
    return parts.select(seconds.alias(text.name)).to_series()
