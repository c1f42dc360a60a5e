"""Dates of events whose year, month and day are in columns of their own.

Warehouses and tills write them so: ``order_year``, ``order_month``, ``order_day``, perhaps
``hour``. Read one by one, ``day`` would be a time of January 1970. Start at
:func:`recognise_date_parts`.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import polars as pl

from daybreak.data.casts import to_text
from daybreak.data.columns import VALUES_REASON, ColumnMapping, SourceColumn, names_of
from daybreak.data.event_time_columns import is_date_of_item
from daybreak.data.month_names import MONTH_NUMBERS
from daybreak.data.readers.source import SAMPLE_ROWS

PARTS: Mapping[str, tuple[int, int]] = {
    "year": (1970, 2100),
    "month": (1, 12),
    "day": (1, 31),
    "hour": (0, 23),
    "minute": (0, 59),
}
"""Parts of a time, from the largest, with their smallest and largest numbers."""
_WORDS = {
    "year": "year yr yyyy jahr annee ano anno jaar rok ar yil vuosi god год 年 年份 년 연도",
    "month": "month mon mm monat mois mes mese maand miesiac manad ay месяц 月 月份 월",
    "day": "day dd dom tag jour dia giorno dag dzien gun paiva день число 日 일 "
    "day_of_month monthday",
    "hour": "hour hr hh stunde heure hora ora uur godzina timme saat час 时 時 小时 시",
    "minute": "minute min minuto minuut minuta dakika минута 分 分钟 분",
}
_PART_OF_WORD = {word: part for part, words in _WORDS.items() for word in words.split()}
_SPLIT_NAME = re.compile(
    rf"^(.*?)_?({'|'.join(sorted(_PART_OF_WORD, key=len, reverse=True))})(?:_of_?(.+))?$"
)
PART = "date_part_"
"""Beginning of the targets of columns with a part of a time."""


def recognise_date_parts(
    mapping: ColumnMapping, sample: Callable[[Sequence[str]], pl.DataFrame]
) -> ColumnMapping:
    """Return the mapping, with columns of year, month and day as parts of the time of events.

    At least a year and a month with the same words around them are needed, whose values can be
    nothing else. A day that was taken for a whole time becomes a part; a date that differs from
    event to event stays the time.

    Args:
        mapping: Columns by their names and values.
        sample: Returns the first rows of the named columns of the input.

    Example:
        >>> from daybreak.data.columns import match_columns
        >>> till = pl.DataFrame({"customer": ["a"], "sku": ["x"], "Jahr": [2026],
        ...     "Monat": ["März"], "Tag": [1]})
        >>> seen = recognise_date_parts(match_columns(till.columns, "events"), till.select)
        >>> joined, seen = join_date_parts(till, seen)
        >>> seen.source_of("timestamp"), joined["Jahr, Monat, Tag"].to_list()
        ('Jahr, Monat, Tag', ['2026-3-1 0:00'])
    """
    at = mapping.source_of("timestamp")
    free = [*mapping.unused, *([at] if at is not None else [])]
    families = [parts for parts in _families(free) if at is None or at in parts.values()]
    if mapping.role != "events" or not families:
        return mapping
    item = mapping.source_of("item_id")
    rows = sample([*free, *([item] if item else [])]).head(SAMPLE_ROWS)
    for parts in families:
        if not all(s in rows.columns and _holds_part(rows[s], p) for p, s in parts.items()):
            continue
        joined = _join(rows, parts)
        if not is_date_of_item(rows.with_columns(joined), joined.name, item):
            return mapping.read_by_values({s: PART + part for part, s in parts.items()})
    return mapping


def join_date_parts(
    frame: pl.DataFrame, mapping: ColumnMapping
) -> tuple[pl.DataFrame, ColumnMapping]:
    """Return rows with one column for the time whose parts are apart, and their mapping.

    Args:
        frame: Columns as they came.
        mapping: What they are read as.
    """
    parts = {part: s for part in PARTS if (s := mapping.source_of(PART + part)) is not None}
    if not parts:
        return frame, mapping
    joined = _join(frame, parts)
    rest = (c for c in mapping.columns if c.source not in parts.values())
    columns = (*rest, SourceColumn(joined.name, "timestamp", VALUES_REASON))
    return frame.with_columns(joined), replace(mapping, columns=columns)


def _families(names: Sequence[str]) -> list[dict[str, str]]:
    """Return columns with parts of one time each: a year, a month, and what follows them."""
    found: dict[str, dict[str, str]] = {}
    for name in names:
        for one in sorted(names_of(name)):
            if split := _SPLIT_NAME.match(one):
                around = split.group(1) or split.group(3) or ""
                found.setdefault(around, {}).setdefault(_PART_OF_WORD[split.group(2)], name)
    families = []
    for parts in found.values():
        n = next((n for n, part in enumerate(PARTS) if part not in parts), len(PARTS))
        if n > 1:
            families.append({part: parts[part] for part in list(PARTS)[:n]})
    return families


def _numbers(values: pl.Series, part: str) -> pl.Series:
    text = to_text(values).str.strip_chars().str.replace(r"\.0*$", "").replace("", None)
    if part == "month":
        text = text.str.to_lowercase().replace(MONTH_NUMBERS)
    return text.cast(pl.Int64, strict=False)


def _holds_part(values: pl.Series, part: str) -> bool:
    """Return whether all values that are given are such a part of a time."""
    if values.dtype.is_nested() or values.dtype.is_temporal():
        return False
    given = to_text(values).str.strip_chars().replace("", None).drop_nulls()
    numbers = _numbers(given, part)
    return len(numbers) > numbers.null_count() == 0 and bool(
        numbers.is_between(*PARTS[part]).all()
    )


def _join(frame: pl.DataFrame, parts: Mapping[str, str]) -> pl.Series:
    """Return the texts of the times; null where a part is missing."""
    columns = pl.DataFrame(
        [_numbers(frame[source], part).alias(part) for part, source in parts.items()]
    )
    day = pl.col("day") if "day" in parts else pl.lit(1)
    hour = pl.col("hour") if "hour" in parts else pl.lit(0)
    minute = pl.col("minute") if "minute" in parts else pl.lit(0)
    text = pl.format("{}-{}-{} {}:{}", "year", "month", day, hour, _two_digits(minute))
    return columns.select(text.alias(", ".join(parts.values()))).to_series()


def _two_digits(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(2)
