"""Times in the wrappings of programs, and years of other calendars, as texts of the usual form.

Start at :func:`usual_times`.
"""

import re
from collections.abc import Callable, Mapping

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
    years = text.str.extract(_YEAR, 1).cast(pl.Int32, strict=False)
    is_thai = years.is_between(*BUDDHIST_YEARS)
    if singly or not years.count() or is_thai.sum() < years.count():
        return text, False
    return _replaced(text, _without_buddhist_year), True


def _replaced(text: pl.Series, change: Callable[[str], str]) -> pl.Series:
    old = text.drop_nulls().unique().to_list()
    return text.replace({one: change(one) for one in old})


def _without_era(text: str) -> str:
    return _ERA.sub(lambda found: str(_ERAS[found[1]] + _number(found[2])), text)


def _number(text: str) -> int:
    return 1 if text == "元" else int(text)


def _without_buddhist_year(text: str) -> str:
    return _THAI_YEAR.sub(lambda found: str(int(found[0]) - _BUDDHIST_OFFSET), text, count=1)
