"""Parse the times of the rows of one request, all at once.

The form of one value says nothing about the others: rows of a request are no column of a file.
"""

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import polars as pl

from daybreak.data.plain_times import read_plain_number, read_plain_text
from daybreak.data.readers.text import has_valid_bytes
from daybreak.data.times import EMPTY_VALUES, EVENT_YEARS, UNLIMITED_TEXTS, read_times
from daybreak.service.ingest.values import InvalidValueError

MAX_TIME_CHARS = 200
"""Maximum length of a text that can be a time [characters]."""
_ReadTime: TypeAlias = tuple[float | None, bool]
"""Epoch seconds, None: no time; and whether the date can be read in two ways."""
YEAR_DIGITS = 4
"""Digits of a year."""
_NO_LIMIT = frozenset({*UNLIMITED_TEXTS, *EMPTY_VALUES})
_EXPECTED = "expected epoch seconds or ISO 8601"


class RequestTimes:
    """The times of one request; each distinct value is parsed once.

    Args:
        values: All values that may be times; other values are ignored.

    Example:
        >>> times = RequestTimes(["1970-01-02", 5, "soon", "05/06/2026"])
        >>> times.parse("1970-01-02", "timestamp"), times.parse(5, "timestamp")
        (86400.0, 5.0)
    """

    def __init__(self, values: Iterable[Any]) -> None:
        self._texts: dict[str, _ReadTime] = {}
        self._numbers: dict[float, _ReadTime] = {}
        other_texts: dict[str, None] = {}
        other_numbers: dict[float, None] = {}
        for value in values:
            if isinstance(value, str):
                if (seconds := _read_year(value)) is not None or (
                    seconds := read_plain_text(value)
                ) is not None:
                    self._texts[value] = (seconds, False)
                elif len(value) <= MAX_TIME_CHARS and has_valid_bytes(value):
                    other_texts[value] = None
            elif (number := _finite_number(value)) is not None:
                if (seconds := read_plain_number(number)) is not None:
                    self._numbers[number] = (seconds, False)
                else:
                    other_numbers[number] = None
        self._texts |= _read(list(other_texts), pl.String)
        self._numbers |= _read(list(other_numbers), pl.Float64)

    def parse(self, value: Any, name: str) -> float:
        """Return a time as epoch seconds.

        Raises:
            InvalidValueError: The value is no time, or its date can be read in two ways.
        """
        seconds, is_undecided = None, False
        if isinstance(value, str):
            seconds, is_undecided = self._texts.get(value, (None, False))
        elif (number := _finite_number(value)) is not None:
            seconds, _ = self._numbers[number]
        if seconds is None:
            hint = ", since day and month can be read in two ways" if is_undecided else ""
            raise InvalidValueError(name, value, _EXPECTED + hint, "not_a_time")
        return seconds

    def parse_limit(self, value: Any, name: str) -> float | None:
        """Return the limit of a period as epoch seconds; None: there is no limit.

        Raises:
            InvalidValueError: The value is neither a time nor says that there is no limit.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and value.strip().lower() in _NO_LIMIT:
            return None
        return self.parse(value, name)


def _read_year(value: str) -> float | None:
    """Return the beginning of a year that is written as text; None for all other texts.

    Example:
        >>> _read_year("1970"), _read_year("12")
        (0.0, None)
    """
    text = value.strip()
    if len(text) != YEAR_DIGITS or not (text.isascii() and text.isdigit()):
        return None
    year = int(text)
    if not EVENT_YEARS[0] <= year <= EVENT_YEARS[1]:
        return None
    return datetime(year, 1, 1, tzinfo=UTC).timestamp()


def _read(values: list[Any], kind: Any) -> dict[Any, _ReadTime]:
    if not values:
        return {}
    column = pl.Series(values, dtype=kind)
    read = read_times(column, singly=True)
    return dict(
        zip(values, zip(read.seconds.to_list(), read.is_undecided, strict=True), strict=True)
    )


def _finite_number(value: Any) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
