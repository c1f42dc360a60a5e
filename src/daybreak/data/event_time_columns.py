"""Times of events in columns whose names are not known, recognised by their values.

``purchased_at``, ``application_date`` and ``Fecha de compra`` say when something happened, as
do a thousand other names. Without them events have no order, and nothing is recent. Start at
:func:`recognise_event_times`.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.columns import ColumnMapping, to_snake_case
from daybreak.data.event_names import event_name_kind
from daybreak.data.readers.source import SAMPLE_ROWS
from daybreak.data.times import EPOCH_SPANS, empty_to_null, read_times

CLOCK = "clock_time"
"""Target of a column with the time of day beside one with dates."""
_CLOCK_TEXT = r"^\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s*[AaPp]\.?[Mm]\.?)?$"
_MIDNIGHT = r"[T ]+0?0:00(?::00(?:\.0+)?)?$"
MIN_TIME_SHARE = 0.8
"""Smallest share of the values of a column that are times; the others are told."""
MAX_FUTURE_SHARE = 0.5
"""Largest share of times after the present; more are of what is planned, such as a stay."""
MIN_REPEATED_ITEMS = 5
"""Smallest number of items with several events from which dates of items are told."""
MAX_CONSTANT_SHARE = 0.9
"""Largest share of these items with one date; more have dates of their own, as of a release."""
MIN_COMPACT_DATE = 19_000_101.0
"""Smallest number that is a date without marks between its parts."""
MAX_JUDGED_VALUES = 500
"""Maximum number of values that are read to judge a column."""

_DATE_TEXT = r"\d.*[\d\p{L}]|\p{L}.*\d"
_NUMBER_TEXT = r"^[-+]?\d+(?:[.,]\d+)?$"
_TIME_WORDS = re.compile(
    r"(?:^|_)(?:at|on|when|time|date|datetime|ts|timestamp|stamp|day|epoch|unix|utc|millis"
    r"|datum|zeit|zeitpunkt|fecha|hora|heure|ora|tarih|zaman|czas|дата|время)(?:_|$)"
    r"|(?:time|date|datum|zeit|dato|stamp)$|时间|日期|時間|日付|日時|日$|날짜|시간|일시"
)
_OTHER_TIMES = re.compile(
    r"birth|born|(?:^|_)dob(?:_|$)|geburt|nacimiento|naissance|nascimento|nascita|рожден|出生"
    r"|生年|생년|releas|publi|erschein|expir|valid|(?:^|_)(?:until|due|deadline|next|sign_?"
    r"up|signed_up|registered|registration|joined|member_since|check_?(?:in|out)|arrival"
    r"|departure|available)(?:_|$)|gültig|gueltig|ablauf|过期|到期|发布|發布|公開|発売"
)
"""Names of times of items, of users, and of what is planned."""
_LATER_TIMES = re.compile(
    r"(?:^|_)(?:updat|modif|chang|deliver|ship|fulfil|refund|cancel|return|paid|end|finish"
    r"|last|clos|lieferung|geändert|geaendert)|更新|修改|发货|發貨|收货"
)
"""Names of times after the event, which are taken if there is no other."""


def recognise_event_times(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping, with an unused column of times as the times of events.

    Columns of dates are taken, and columns of numbers whose names say that they hold times. A
    column with one date for each item, such as that of its release, is none, nor are dates
    after the present and dates whose names say that they are of something else. Of several,
    the first that is no later one (delivered, updated) is taken.

    Args:
        mapping: Columns by their names.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> log = pl.DataFrame({"student_id": ["a", "b"], "course_id": ["x", "y"],
        ...     "enrolled_at": ["2026-03-01", "2026-03-02"]})
        >>> seen = recognise_event_times(match_columns(log.columns, "events"), log.select)
        >>> seen.source_of("timestamp"), seen.unused
        ('enrolled_at', ())
    """
    if mapping.role != "events" or mapping.source_of("timestamp") or not mapping.unused:
        return mapping
    item = mapping.source_of("item_id")
    rows = sample([*mapping.unused, *([item] if item else [])]).head(SAMPLE_ROWS)
    found = [
        name
        for name in mapping.unused
        if name in rows.columns
        and not _OTHER_TIMES.search(to_snake_case(name))
        and holds_times(rows[name])
        and not is_date_of_item(rows, name, item)
    ]
    found.sort(key=lambda name: bool(_LATER_TIMES.search(to_snake_case(name))))
    return mapping.read_by_values(dict.fromkeys(found[:1], "timestamp"))


def recognise_clocks(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping, with a column of times of day beside that of dates.

    Tills write them apart. A clock whose name looks like that of a time gives way to the date.

    Args:
        mapping: Columns by their names and values.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> till = pl.DataFrame({"customer": ["a"], "sku": ["x"], "date": ["2026-03-01"],
        ...     "time": ["16:17"]})
        >>> seen = recognise_clocks(match_columns(till.columns, "events"), till.select)
        >>> seen.source_of("timestamp"), seen.source_of("clock_time")
        ('date', 'time')
    """
    at = mapping.source_of("timestamp")
    if mapping.role != "events" or at is None or not mapping.unused:
        return mapping
    rows = sample([at, *mapping.unused]).head(SAMPLE_ROWS)
    clocks = [name for name in rows.columns if _holds_clocks(rows[name])]
    if not clocks:
        return mapping
    dates = [at, *(name for name in mapping.unused if name in rows.columns)]
    dates = [n for n in dates if n not in clocks and _holds_dates(rows[n])]
    if not dates or (at not in clocks and dates[0] != at):
        return mapping
    clock = at if at in clocks else clocks[0]
    return mapping.read_by_values({dates[0]: "timestamp", clock: CLOCK})


def join_clocks(
    frame: pl.DataFrame, mapping: ColumnMapping
) -> tuple[pl.DataFrame, ColumnMapping]:
    """Return rows whose dates have the time of day of another column, and their mapping.

    Args:
        frame: Columns as they came.
        mapping: What they are read as.
    """
    clock, day = mapping.source_of(CLOCK), mapping.source_of("timestamp")
    if clock is None or day is None:
        return frame, mapping
    time_of_day = frame[clock]
    if time_of_day.dtype == pl.Time:
        time_of_day = time_of_day.dt.strftime("%H:%M:%S")
    texts = pl.DataFrame(
        [to_text(frame[day]).alias("day"), to_text(time_of_day).alias("clock")]
    )
    bare = pl.col("day").str.strip_chars().str.replace(_MIDNIGHT, "")
    joined = texts.select(
        pl.when(pl.col("clock").str.contains(_CLOCK_TEXT))
        .then(bare + " " + pl.col("clock"))
        .otherwise("day")
    ).to_series()
    columns = tuple(c for c in mapping.columns if c.source != clock)
    return frame.with_columns(joined.alias(day)), replace(mapping, columns=columns)


def _holds_clocks(values: pl.Series) -> bool:
    if values.dtype == pl.Time:
        return True
    if values.dtype != pl.String:
        return False
    given = values.str.strip_chars().replace("", None).drop_nulls()
    return bool(len(given)) and bool(given.str.contains(_CLOCK_TEXT).all())


def _holds_dates(values: pl.Series) -> bool:
    """Return whether a column holds days, without times of day."""
    if values.dtype == pl.Date:
        return True
    if values.dtype != pl.String or not holds_times(values):
        return False
    return not values.str.replace(_MIDNIGHT, "").str.contains(r"\d:\d\d").any()


def holds_times(
    values: pl.Series, *, later: tuple[float, float] = (0.0, MAX_FUTURE_SHARE)
) -> bool:
    """Return whether a column holds times; by default, times that may have passed.

    Args:
        values: A column, or its first rows.
        later: Smallest and largest share of times after the present.

    Example:
        >>> holds_times(pl.Series("bought", ["13.05.2026", "14.05.2026", ""]))
        True
        >>> [holds_times(pl.Series(name, [1778682600])) for name in ("read_at", "phone")]
        [True, False]
    """
    kind = values.dtype
    if not (kind.is_numeric() or kind in (pl.String, pl.Categorical, pl.Date, pl.Datetime)):
        return False
    given = values.drop_nulls().head(MAX_JUDGED_VALUES)
    if not kind.is_temporal():
        text = empty_to_null(given.cast(pl.String, strict=False))
        given = given.filter(text.is_not_null())
        if not len(given) or not _may_be_times(values.name, text.drop_nulls()):
            return False
    if not len(given):
        return False
    column = read_times(given)
    n_read = len(given) - int((column.is_bad & ~column.is_undecided).sum())
    share = float((column.seconds > time.time()).mean() or 0)  # type: ignore[arg-type]
    return n_read >= MIN_TIME_SHARE * len(given) and later[0] <= share <= later[1]


def _may_be_times(name: str, text: pl.Series) -> bool:
    """Return whether texts have the form of times; numbers need a name that says so."""
    is_number = text.str.contains(_NUMBER_TEXT)
    if not is_number.any():
        return bool(text.str.contains(_DATE_TEXT).all())
    snake = to_snake_case(name)
    if not is_number.all() or not (_TIME_WORDS.search(snake) or _OTHER_TIMES.search(snake)):
        return False
    number = text.cast(pl.Float64, strict=False)
    if number.null_count() or (number < MIN_COMPACT_DATE).any():
        return False
    in_span = any(number.is_between(*span).all() for span in EPOCH_SPANS)
    return in_span or bool((read_times(text).seconds != number).all())


def is_date_of_item(rows: pl.DataFrame, name: str, item: str | None) -> bool:
    """Return whether nearly every item has one value of a column in all its events.

    Args:
        rows: The first rows of the input.
        name: Column to judge.
        item: Column of the ids of items, if there is one.
    """
    if item is None or item not in rows.columns or rows[item].dtype.is_nested():
        return False
    if event_name_kind(to_snake_case(name)) != "other":
        return False  # the name says what happened then
    known = rows.select(pl.col(item).alias("item"), pl.col(name).alias("value")).drop_nulls()
    counts = known.group_by("item").agg(pl.len(), pl.n_unique("value").alias("n"))
    repeated = counts.filter(pl.col("len") > 1)["n"]
    if len(repeated) < MIN_REPEATED_ITEMS or known["value"].n_unique() == 1:
        return False
    return float((repeated == 1).mean() or 0) > MAX_CONSTANT_SHARE  # type: ignore[arg-type]
