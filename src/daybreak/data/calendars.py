"""Times in the wrappings of programs, and years of other calendars, as texts of the usual form.

Start at :func:`usual_times`.
"""

import re
import time
from collections.abc import Callable, Mapping
from datetime import date

import polars as pl

_DIGITS = {
    chr(zero + digit): str(digit)
    for zero in (0x660, 0x6F0, 0x966, 0x9E6, 0xE50)
    for digit in range(10)
}
"""Digits of Arabic, Persian, Hindi, Bengali and Thai."""
_OTHER_DIGIT = f"[{''.join(_DIGITS)}]"
_THAI_MONTHS = dict(
    zip(
        (
            *("มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน"),
            *("กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"),
            *("ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย."),
            *("ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."),
        ),
        2
        * ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        strict=True,
    )
)
"""Names of months in Thai, and in English."""
_WRAPPED = (
    (r"^\\?/Date\((-?\d+)(?:[+-]\d{4})?\)\\?/$", "$1"),  # of .NET
    (r'^\{\s*"\$date"\s*:\s*(?:\{\s*"\$\w+"\s*:\s*)?"?([^"{}]+?)"?\s*\}+$', "$1"),  # of MongoDB
    (r"^(?:ISODate|Timestamp|datetime\.datetime|new Date)\(\s*['\"]([^'\"]+)['\"]\s*\)$", "$1"),
)
"""Patterns of times in other notations, and what is inside."""
_MAY_BE_WRAPPED = r"Date\(|\$date|Timestamp\("
_ERAS: Mapping[str, int] = {
    **{"民國": 1911, "民国": 1911, "中華民國": 1911},
    **{"令和": 2018, "平成": 1988, "昭和": 1925},
}
"""Names of eras, and the year before their first one."""
_ERA_NAMES = "|".join(sorted(_ERAS, key=len, reverse=True))
_ERA = re.compile(rf"({_ERA_NAMES})\s*(\d{{1,3}}|元)\s*(?=年)")
_WEEK = re.compile(
    r"(?i)^(?:(?P<year>\d{4})[-/ ]?(?:W|KW ?|week )(?P<week>\d{1,2})(?:-?(?P<day>[1-7]))?"
    r"|(?:KW|W|week) ?(?P<week2>\d{1,2})[-/ ]+(?P<year2>\d{4})"
    r"|(?P<year3>\d{4})年第(?P<week3>\d{1,2})[周週])$"
)
_MAY_BE_WEEK = r"(?i)\dW\d|(?:^|[-/ ])K?W ?\d|week|第\d+[周週]"
_SIX_DIGITS = r"^(\d{6})(?:\.0*)?$"
_SHORT_FORMS = {
    "years and months": (None, r"(?:19|20)\d\d(?:0[1-9]|1[0-2])", "%Y%m%d"),
    "year, month and day": (
        "year-first",
        r"\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        "%y%m%d",
    ),
    "day, month and year": (
        "day-first",
        r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d",
        "%d%m%y",
    ),
}
"""Dates of six digits: the date format that names them, a pattern, and how they are parsed."""
_YEAR = r"(?:^|\D)(\d{4})(?:\D|$)"
BUDDHIST_YEARS = (2540, 2590)
"""Years of the Thai calendar from 1997 to 2047. Of ours, no event can have them, and others,
such as 2500 and 2999, stand for no end."""
_BUDDHIST_OFFSET = 543
_THAI_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def usual_times(text: pl.Series, *, singly: bool = False) -> tuple[pl.Series, bool]:
    """Return texts of times in the usual form, and whether their years were Thai.

    Texts lose what programs write around them, digits of other scripts are replaced, and years
    are of our calendar. They are of the Thai one if no year of the column can be another.

    Args:
        text: (n,) texts; null: no value.
        singly: Whether each text is read on its own, so that no column says what years are.

    Example:
        >>> usual_times(pl.Series(["/Date(1778682600000)/", "令和8年5月13日"]))[0].to_list()
        ['1778682600000', '2026年5月13日']
        >>> texts, is_thai = usual_times(pl.Series(["13/05/2569", "29/02/2567"]))
        >>> texts.to_list(), is_thai
        (['13/05/2026', '29/02/2024'], True)
    """
    if text.str.contains(_OTHER_DIGIT).any():
        text = text.to_frame("x").select(pl.col("x").str.replace_many(_DIGITS)).to_series()
    if text.str.contains("[ก-ฮ]").any():
        text = text.to_frame("x").select(pl.col("x").str.replace_many(_THAI_MONTHS)).to_series()
    if text.str.contains(_MAY_BE_WRAPPED).any():
        for pattern, inside in _WRAPPED:
            text = text.str.replace(pattern, inside)
    if text.str.contains(_ERA_NAMES).any():
        text = _replaced(text, _without_era)
    if text.str.contains(_MAY_BE_WEEK).any():
        text = _replaced(text, _first_day)
    years = text.str.extract(_YEAR, 1).cast(pl.Int32, strict=False)
    is_thai = years.is_between(*BUDDHIST_YEARS)
    if singly or not years.count() or is_thai.sum() < years.count():
        return text, False
    return _replaced(text, _without_buddhist_year), True


def read_six_digits(text: pl.Series, date_format: str | None) -> tuple[pl.Series, str]:
    """Return a column of dates of six digits in the usual form, and what the digits are.

    As seconds they would all be of the first days of 1970. Of the forms that all of them can
    have, without a date in the future, the one with the shortest time between the first and the
    last date is meant: in another one, days are years.

    Args:
        text: (n,) texts; a column with others than dates of six digits is returned unchanged.
        date_format: Order of the dates that the user has named; None: decide.

    Example:
        >>> texts, form = read_six_digits(pl.Series(["260513", "260430", "251231"]), None)
        >>> texts.to_list(), form
        (['2026-05-13', '2026-04-30', '2025-12-31'], 'year, month and day')
    """
    digits = text.str.extract(_SIX_DIGITS, 1)
    if not digits.count() or digits.count() < text.count():
        return text, ""
    found: dict[str, pl.Series] = {}
    for form, (name, pattern, parsed) in _SHORT_FORMS.items():
        if date_format is not None and date_format != name:
            continue
        whole = digits + "01" if parsed.startswith("%Y") else digits
        dates = whole.str.to_date(parsed, strict=False)
        fits = digits.str.contains(f"^{pattern}$").fill_null(value=True).all()
        if fits and dates.count() == digits.count() and not _is_in_future(dates):
            found[form] = dates
    if not found:
        return text, ""
    form = min(found, key=lambda name: _span_days(found[name]))
    return found[form].cast(pl.String).rename(text.name), form


def _is_in_future(dates: pl.Series) -> bool:
    latest = dates.cast(pl.Datetime("us")).dt.epoch("s").max()
    return isinstance(latest, int) and latest > time.time() + 366 * 86_400


def _span_days(dates: pl.Series) -> int:
    days = dates.to_physical()
    return int(days.max() or 0) - int(days.min() or 0)  # type: ignore[arg-type]


def _first_day(text: str) -> str:
    """Return the day of a week of ISO 8601, its Monday without one."""
    found = _WEEK.match(text)
    if found is None:
        return text
    year = found["year"] or found["year2"] or found["year3"]
    week = found["week"] or found["week2"] or found["week3"]
    try:
        return str(date.fromisocalendar(int(year), int(week), int(found["day"] or 1)))
    except ValueError:  # there is no such week
        return text


def _replaced(text: pl.Series, change: Callable[[str], str]) -> pl.Series:
    old = text.drop_nulls().unique().to_list()
    return text.replace({one: change(one) for one in old})


def _without_era(text: str) -> str:
    return _ERA.sub(lambda found: str(_ERAS[found[1]] + _number(found[2])), text)


def _number(text: str) -> int:
    return 1 if text == "元" else int(text)


def _without_buddhist_year(text: str) -> str:
    return _THAI_YEAR.sub(lambda found: str(int(found[0]) - _BUDDHIST_OFFSET), text, count=1)
