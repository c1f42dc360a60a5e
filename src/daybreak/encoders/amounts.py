"""Amounts in a sentence: numbers with a unit, years and decades, with their places in it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

from daybreak.encoders.amount_words import (
    CENTS,
    CURRENCY_CODES,
    CURRENCY_NAMES,
    CURRENCY_SIGNS,
    DECADE_WORDS,
    HOURS,
    MINUTES,
    NUMERALS,
    SCALES,
    STARS,
    UNSPACED_CURRENCIES,
    UNSPACED_DECADES,
    UNSPACED_DIGITS,
    UNSPACED_SCALES,
    YEAR_SUFFIX,
)

Quantity: TypeAlias = Literal["price", "year", "duration", "rating", "number"]
"""What an amount is about; durations are in minutes, a ``number`` is of a column of the
catalogue that a sentence names."""
MIN_YEAR, MAX_YEAR = 1800, 2100
"""Range of the numbers that can be years."""
MAX_AMOUNTS = 20
"""Largest number of amounts that are read in one sentence."""
MAX_DIGITS = 12
"""Largest number of characters of a number."""
MINUTES_PER_HOUR = 60
YEARS_PER_DECADE = 10
EARLY_YEARS, LATE_YEARS = 5, 5
"""Numbers of years that "early" and "late" leave of a decade."""


@dataclass(frozen=True)
class Amount:
    """A number, a year or a decade at its place in a text.

    Attributes:
        start: Position of its first character.
        end: Position after its last character.
        low: Value; the first year of a decade.
        high: The same value; the last year of a decade.
        quantity: What its unit says that it is; None: it has none.
        is_decade: Whether it is a decade.
        has_unit: Whether a unit makes it what it is; a year may be a plain number.
        factor: What the unit multiplied the number by.
    """

    start: int
    end: int
    low: float
    high: float
    quantity: Quantity | None
    is_decade: bool = False
    has_unit: bool = True
    factor: float = 1.0


def find_amounts(text: str) -> list[Amount]:
    """Return the amounts of a text in their order, at most ``MAX_AMOUNTS``.

    Args:
        text: Sentence in compatibility form (NFKC).

    Example:
        >>> [(a.low, a.quantity) for a in find_amounts("for €20, 12,50 euros, 1.5 hours")]
        [(20.0, 'price'), (12.5, 'price'), (90.0, 'duration')]
        >>> [(a.low, a.high) for a in find_amounts("90年代的电影")]
        [(1990.0, 1999.0)]
        >>> find_amounts("a set of mugs")
        []
    """
    found = list(_decades(text))
    taken = [(one.start, one.end) for one in found]
    for amount in _numbers(text):
        if not any(amount.start < end and start < amount.end for start, end in taken):
            found.append(amount)
        if len(found) >= MAX_AMOUNTS:
            break
    return _join_durations(sorted(found, key=lambda one: one.start), text)[:MAX_AMOUNTS]


def read_number(text: str) -> float:
    """Return a number as people write it.

    A mark before exactly three digits separates thousands.

    Example:
        >>> [read_number(text) for text in ("1,000", "12,5", "1.299,00", "1 000", "99.95")]
        [1000.0, 12.5, 1299.0, 1000.0, 99.95]
    """
    text = re.sub(r"[\s'’]", "", text)
    marks = re.findall(r"[.,]", text)
    if not marks:
        return float(text)
    last = max(text.rfind("."), text.rfind(","))
    is_group = len(text) - last - 1 == 3 and len(set(marks)) == 1 and not text.startswith("0")
    if is_group or (len(marks) > 1 and len(set(marks)) == 1):
        return float(re.sub("[.,]", "", text))
    return float(re.sub("[.,]", "", text[:last]) + "." + text[last + 1 :])


def read_unspaced_number(text: str) -> float | None:
    """Return a number in Chinese characters; None if it is none.

    Example:
        >>> [read_unspaced_number(text) for text in ("二十", "一百五十", "一个半")]
        [20.0, 150.0, 1.5]
        >>> read_unspaced_number("零") is None
        True
    """
    total, digit = 0.0, -1.0  # a digit below 0 is none
    for char in text.replace("个", "").replace("個", ""):
        if char == "半":
            total, digit = total + max(digit, 0) + UNSPACED_DIGITS[char], -1.0
        elif char in UNSPACED_DIGITS:
            digit = UNSPACED_DIGITS[char]
        elif UNSPACED_SCALES.get(char, 0) >= UNSPACED_SCALES["万"]:
            total, digit = (total + max(digit, 0)) * UNSPACED_SCALES[char], -1.0
        elif char in UNSPACED_SCALES:
            total += (1 if digit < 0 else digit) * UNSPACED_SCALES[char]
            digit = -1.0
    total += max(digit, 0)
    return total if total > 0 else None


def _numbers(text: str) -> Iterator[Amount]:
    for found in _number_pattern().finditer(text):
        value = _value_of(found)
        if value is None:
            continue
        quantity, factor = _unit_of(found)
        is_plain = quantity is None and found["digits"] is not None
        year_like = (
            is_plain
            and len(found["digits"]) == 4
            and MIN_YEAR <= value <= MAX_YEAR
            and found["digits"].isdigit()
            and not found["scale"]
        )
        if found["year"] and not year_like:
            continue
        if quantity is None and not is_plain:
            continue  # a word such as "one" counts only with a unit
        if year_like:
            yield Amount(*found.span(), value, value, "year", has_unit=bool(found["year"]))
        else:
            end = (
                found.end("digits") if quantity is None and not found["scale"] else found.end()
            )
            value = round(value * factor, 6)
            yield Amount(
                found.start(),
                end,
                value,
                value,
                quantity,
                has_unit=quantity is not None,
                factor=factor,
            )


def _value_of(found: re.Match[str]) -> float | None:
    scale = SCALES.get((found["scale"] or "").lower(), 1.0)
    if found["digits"] is not None:
        return read_number(found["digits"]) * scale
    if found["word"] is not None:
        return NUMERALS[re.sub(r"\s+", "-", found["word"].lower())]
    if found["article"] is not None:
        return 0.5 if found["article"][0] in "hH" else 1.0
    return read_unspaced_number(found["unspaced"])


def _unit_of(found: re.Match[str]) -> tuple[Quantity | None, float]:
    """Return what an amount is about, and the factor of its unit."""
    if found["before"] or found["currency"]:
        return "price", 1.0
    if found["cents"]:
        return "price", 0.01
    if found["minutes"]:
        return "duration", 1.0
    if found["hours"]:
        return "duration", float(MINUTES_PER_HOUR)
    return ("rating", 1.0) if found["stars"] else (None, 1.0)


@cache
def _number_pattern() -> re.Pattern[str]:
    words = "|".join(
        re.escape(word).replace(r"\-", r"[-\s]")
        for word in sorted(NUMERALS, key=len, reverse=True)
    )
    unspaced = "".join((*UNSPACED_DIGITS, *UNSPACED_SCALES))
    digits = (
        r"\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d{1,2})?(?!\d)"
        rf"|\d{{1,{MAX_DIGITS}}}(?:[.,]\d{{1,2}}(?!\d))?"
    )
    edge = r"(?![A-Za-zÀ-ÿ])"
    units = (
        rf"(?:(?P<currency>(?:{CURRENCY_SIGNS}|{UNSPACED_CURRENCIES}|(?:{CURRENCY_NAMES}){edge}))"
        rf"|(?P<cents>(?:{CENTS}){edge})|(?P<minutes>(?:{MINUTES})\.?{edge})"
        rf"|(?P<hours>(?:{HOURS})\.?{edge})|(?P<stars>(?:{STARS}){edge}))"
    )
    return re.compile(
        rf"(?:(?P<before>{CURRENCY_SIGNS}|(?<![A-Za-z])(?:{CURRENCY_CODES})\.?)\s?"
        r"|(?<![A-Za-z0-9_À-ÿ.,/:#-])|(?<=[^\d\s][.,/:-])|(?<=\d-))"
        rf"(?:(?P<digits>{digits})|(?P<word>{words}){edge}|(?P<article>half an|an|a){edge}"
        rf"|(?P<unspaced>[{unspaced}][{unspaced}个個]{{0,8}}))"
        rf"(?:\s?(?P<scale>k(?![A-Za-z])|[千万萬]))?"
        rf"(?:[\s-]{{0,2}}{units}|(?P<year>{YEAR_SUFFIX}))?",
        re.IGNORECASE,
    )


def _join_durations(amounts: list[Amount], text: str) -> list[Amount]:
    """Return amounts with hours and the minutes after them as one."""
    joined: list[Amount] = []
    for amount in amounts:
        before = joined[-1] if joined else None
        if (
            before is not None
            and before.quantity == amount.quantity == "duration"
            and (before.factor, amount.factor) == (MINUTES_PER_HOUR, 1.0)
            and re.fullmatch(r"\s*(?:and|und|et|y)?\s*", text[before.end : amount.start])
        ):
            total = before.low + amount.low
            joined[-1] = replace(before, end=amount.end, low=total, high=total, factor=1.0)
        else:
            joined.append(amount)
    return joined


def _decades(text: str) -> Iterator[Amount]:
    for found in _decade_pattern().finditer(text):
        first = _first_year(found)
        part = (found["part"] or "").lower()
        low, high = float(first), float(first + YEARS_PER_DECADE - 1)
        if part in {"early", "frühen", "frühe"}:
            high = low + EARLY_YEARS - 1
        elif part in {"late", "späten", "späte"}:
            low = high - LATE_YEARS + 1
        yield Amount(*found.span(), low, high, "year", is_decade=True)


def _first_year(found: re.Match[str]) -> int:
    if found["word"] is not None:
        return DECADE_WORDS[found["word"].lower()]
    if found["unspaced"] is not None:
        return UNSPACED_DECADES[found["unspaced"][0]]
    digits = next(
        found[name] for name in ("suffixed", "prefixed", "german", "numbered") if found[name]
    )
    year = int(digits)
    if year >= MIN_YEAR:
        return year
    return 1900 + year if year >= 20 else 2000 + year


@cache
def _decade_pattern() -> re.Pattern[str]:
    words = "|".join(sorted(DECADE_WORDS, key=len, reverse=True))
    decade = r"(?:(?:18|19|20)\d0|[02-9]0)"
    years = r"(?:[-\s]?jahren?s?)"
    own = r"(?<!their )(?<!his )(?<!her )(?<!my )(?<!our )(?<!your )"
    return re.compile(
        r"(?<![\w$€£.,-])(?:(?P<part>early|mid|late|frühen?|späten?)[-\s])?(?:"
        rf"{own}['’]?(?P<suffixed>{decade})['’]?s(?![A-Za-z0-9])"
        rf"|(?:ann[ée]es|años|anos|anni)\s['’]?(?P<prefixed>{decade})(?!\d)"
        rf"|(?:(?P<german>{decade})er(?:{years}(?![a-zß-ü])|(?=[-\s]?film|[-\s]?musik|[-\s]?serie)))"
        rf"|{own}(?:los\s(?:años\s)?)?(?P<word>{words})n?{years}?(?![A-Za-zß-ü]))"
        rf"|(?<!\d)(?:20世纪|二十世纪|上世纪|上個世紀|19(?=\d0年代)){{0,1}}"
        rf"(?:(?P<numbered>(?:20)?\d0)年代|(?P<unspaced>零零|[二三四五六七八九]十)年代)",
        re.IGNORECASE,
    )
