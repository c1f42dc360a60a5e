"""Numbers beside the name of a column: "less than 200 pages", "salary above 60,000".

The catalogue says which numbers it has, so that no list of nouns is needed. Start at
:func:`read_named_numbers`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import TypeAlias

from daybreak.encoders import bound_words as words
from daybreak.encoders.amount_context import MAX_CONTEXT_CHARS, AmountContext
from daybreak.encoders.amount_words import CURRENCY_NAMES, CURRENCY_SIGNS, NUMERALS
from daybreak.encoders.amounts import read_number, read_unspaced_number
from daybreak.encoders.inflections import inflections
from daybreak.encoders.quantities import (
    QuantityPreference,
    QuantityRange,
    SaidQuantities,
    read_one_sided,
)

MAX_NAMES = 8
"""Largest number of names of a sentence beside which numbers are looked for."""

_GENERAL_NAMES = """
    count counts number numbers num no nr of in per total max min maximum minimum avg average
    mean the a an amount quantity qty id ids value values rank score is has anzahl zahl
    menge gesamt nombre numéro numero cantidad de von der die das en et
"""
GENERAL_NAMES = frozenset(_GENERAL_NAMES.split())
"""Words of names of columns that say nothing about what is counted."""
_SAME_NAME_LINES = """
    pages seiten páginas pagine 页
    rooms zimmer pièces habitaciones stanze 室 房间
    bedrooms schlafzimmer chambres dormitorios camere 卧室
    seats sitze sitzplätze places plazas posti 座
    players spieler joueurs jugadores giocatori
    km kilometer kilometers kilometres kilometre kilomètres kilómetros 公里
    kg kilo kilos kilogram kilograms kilogramm 公斤
"""
_SAME_NAMES = tuple(frozenset(line.split()) for line in _SAME_NAME_LINES.strip().splitlines())
"""Names that mean the same, in several languages."""
_UNITS = "gb|tb|mb|kg|g|cm|mm|m|km|l|ml|w|kw|ps|hp|mah|mp|sqm|m2|m²|qm|inch|zoll"
"""Units that may stand between a number and a name: "16 GB of RAM"."""
_ARTICLES = frozenset(("ein", "eine", "einen", "einem", "einer", "un", "une", "uno", "una"))
_LINKS = r"(?:is|are|of|von|de|mit|with|:|=)?"
"""What may stand between a name and a number without a bound: "size 42", "rooms: 3"."""
Said: TypeAlias = QuantityRange | QuantityPreference


def read_named_numbers(said: SaidQuantities, names: Mapping[str, str]) -> SaidQuantities:
    """Return what a sentence says about quantities, with numbers of columns.

    A number with a bound is a bound; one without ("a flat with 3 rooms") is preferred.

    Args:
        said: What it says about prices, years, durations and ratings.
        names: Column by word of its name, see :func:`words_for`.

    Example:
        >>> pages = {word: "n_pages" for word in words_for("n_pages")}
        >>> said = read_named_numbers(SaidQuantities("a book with less than 200 pages"), pages)
        >>> said.ranges[0].column, said.ranges[0].high, said.topic([said.ranges[0].span])
        ('n_pages', 200.0, 'a book')
        >>> read_named_numbers(SaidQuantities("the first 3 books"), pages).ranges
        ()
    """
    found: list[Said] = []
    asked = sorted(names, key=len, reverse=True)[:MAX_NAMES]
    for find in (_before, _behind):
        for name in asked:
            for one in find(said.text, name, names[name]):
                if not any(_overlap(one, other) for other in found):
                    found.append(one)
    if not found:
        return said
    ranges = [one for one in said.ranges if not any(_overlap(one, new) for new in found)]
    likes = [one for one in said.preferences if not any(_overlap(one, new) for new in found)]
    ranges += [one for one in found if isinstance(one, QuantityRange)]
    likes += [one for one in found if isinstance(one, QuantityPreference)]
    return replace(
        said,
        ranges=tuple(sorted(ranges, key=lambda one: one.span)),
        preferences=tuple(sorted(likes, key=lambda one: one.span)),
    )


def words_for(column: str) -> frozenset[str]:
    """Return the words of sentences that may name a column in lower case.

    Example:
        >>> sorted(words_for("ram_gb")), "seiten" in words_for("page_count")
        (['gb', 'ram', 'ram gb'], True)
        >>> words_for("count")
        frozenset()
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    parts = [word.lower() for word in re.findall(r"[^\W_]+", spaced)]
    own = {word for word in parts if word not in GENERAL_NAMES and len(word) > 1}
    own = {word for word in own if not word.isdecimal()}
    own |= {short for word in own if (short := re.sub("数量?$|量$", "", word))}
    same = {one for group in _SAME_NAMES if own & _forms(group) for one in group}
    phrase = {" ".join(parts)} if own and len(parts) > 1 else set()
    return frozenset(own | same | phrase)


@cache
def _forms(names: frozenset[str]) -> frozenset[str]:
    return names.union(*(inflections(name) for name in names))


def _before(text: str, name: str, column: str) -> Iterator[Said]:
    """Yield what numbers directly before the name of a column say."""
    for found in _before_name(name).finditer(text):
        first = max(found.start() - MAX_CONTEXT_CHARS, 0)
        yield _said(text, found, column, AmountContext(text[first : found.start()], ""))


def _behind(text: str, name: str, column: str) -> Iterator[Said]:
    """Yield what numbers behind the name of a column say."""
    own = words_for(column)
    for found in _after_name(name).finditer(text):
        unit, between = (found["unit"] or "").lower(), found["between"]
        is_plain = re.fullmatch(_LINKS, between.strip(), re.IGNORECASE)
        is_bound = read_one_sided(0.0, AmountContext(between, "")) is not None
        if (is_plain or is_bound) and (not unit or unit in own):
            yield _said(text, found, column, AmountContext(between, ""))


def _said(text: str, found: re.Match[str], column: str, context: AmountContext) -> Said:
    """Return what a number beside the name of a column says.

    Args:
        text: The sentence.
        found: The number and the name.
        column: The column.
        context: Text before the number, up to the name if that stands before it.
    """
    low = _value(found["number"])
    high = _value(found["second"]) if found["second"] else low
    context.after = text[found.end() : found.end() + MAX_CONTEXT_CHARS]
    n_before = len(context.before)
    said: Said = QuantityPreference("number", "near", low)
    if high > low:
        context.take_before(words.RANGE_START, words.RANGE_START_UNSPACED)
        said = QuantityRange("number", low, high)
    elif found["least"]:
        said = QuantityRange("number", low=low)
    elif (bound := read_one_sided(low, context)) is not None:
        is_excluded = context.take_negation()
        said = replace(bound, quantity="number", is_excluded=is_excluded)
    else:
        context.take_before(words.ABOUT_BEFORE, words.ABOUT_UNSPACED)
    is_named_first = found.re.groupindex.get("between") is not None
    taken = 0 if is_named_first else n_before - len(context.before)
    phrase = text[found.start() - taken : found.end() + context.n_after].strip(" ,，")
    if not is_named_first:
        context.take_glue()
        taken = n_before - len(context.before)
    span = (found.start() - taken, found.end() + context.n_after)
    return replace(said, column=column, phrase=phrase, span=span)


def _value(number: str) -> float:
    if number[0].isdecimal():
        is_thousands = number[-1] in "kK"
        return read_number(number.rstrip("kK")) * (1000 if is_thousands else 1)
    word = re.sub(r"\s+", "-", number.lower())
    return float(NUMERALS.get(word) or read_unspaced_number(number) or 0)


def _overlap(one: Said, other: Said) -> bool:
    return one.span[0] < other.span[1] and other.span[0] < one.span[1]


@cache
def _number(group: str) -> str:
    numerals = "|".join(
        re.escape(word).replace(r"\-", r"[-\s]")
        for word in sorted(NUMERALS, key=len, reverse=True)
        if word not in _ARTICLES
    )
    digits = r"\d{1,3}(?:[.,'’ ]\d{3})+(?!\d)|\d{1,9}(?:[.,]\d{1,2}(?!\d))?"
    unspaced = "[一二两三四五六七八九十百]+"
    return rf"(?P<{group}>(?:{digits})k?(?![\d.,]*\d)|(?:{numerals})(?![^\W_])|{unspaced})"


def _name(name: str) -> str:
    forms = sorted({name, *inflections(name)}, key=len, reverse=True)
    joined = "|".join(re.escape(form).replace(r"\ ", r"[\s_]") for form in forms)
    is_unspaced = re.search("[\u3040-\u9fff]", name)
    return rf"(?:{joined})" if is_unspaced else rf"(?:{joined})(?![^\W_])"


@cache
def _before_name(name: str) -> re.Pattern[str]:
    """Pattern of a number, or a range, and a name: "200 pages", "2-3 rooms"."""
    between = r"(?:\s*[-–]\s*|\s+(?:to|or|bis|oder|à|ou|a|o|and|und|et|y)\s+)"
    return re.compile(
        rf"(?<![A-Za-z0-9_À-ÿ第.,€$£#-]){_number('number')}(?:{between}{_number('second')})?[\s-]{{0,2}}"
        rf"(?P<least>\+\s?|(?:{words.AT_LEAST_AFTER})\s)?(?:个)?(?:(?:{_UNITS})\s(?:(?:of|de|von)\s)?)?{_name(name)}",
        re.IGNORECASE,
    )


@cache
def _after_name(name: str) -> re.Pattern[str]:
    """Pattern of a name and a number behind it: "salary above 60,000", "size 42"."""
    return re.compile(
        rf"(?<![^\W_]){_name(name)}(?P<between>[^.,;!?\d]{{0,30}}?)(?<![^\W_])"
        rf"(?:{CURRENCY_SIGNS})?\s?{_number('number')}(?P<second>(?!))?(?P<least>\+)?"
        rf"(?:\s?(?:(?P<unit>{_UNITS})|{CURRENCY_SIGNS}|{CURRENCY_NAMES})(?![^\W_]))?",
        re.IGNORECASE,
    )
