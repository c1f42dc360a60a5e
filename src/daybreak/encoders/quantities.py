"""Bounds and relative words of a sentence: "a gift under 20 euros", "films from the eighties".

:func:`read_quantities` reads a closed vocabulary: an amount is a bound only with a word such as
"under" beside it, so that "a set of 6 mugs" and "2001: a space odyssey" are none.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, TypeAlias

from daybreak.encoders import bound_words as words
from daybreak.encoders.ages import PERSONS
from daybreak.encoders.amount_context import (
    MAX_CONTEXT_CHARS,
    AmountContext,
    words_after,
    words_before,
)
from daybreak.encoders.amounts import Amount, Quantity, find_amounts
from daybreak.encoders.clauses import MAX_SENTENCE_CHARS, has_content
from daybreak.encoders.conjunctions import ADDITIONS, ALTERNATIVES
from daybreak.encoders.relative_words import NAMES_WITH_RELATIVE_WORDS, RELATIVE_WORDS

Direction: TypeAlias = Literal["low", "high", "near"]
"""Small values, large values, or values near a target."""
Span: TypeAlias = tuple[int, int]
MAX_AGE = 22.0
"""Number from which "for over 100" is no age of people."""


MAX_FILM_MINUTES = 300.0
"""Longest duration before "film" that says how long one is: "48 hours" is a title."""


@dataclass(frozen=True)
class QuantityRange:
    """Values that somebody asks for, or rules out.

    Attributes:
        quantity: What the values are.
        low: Smallest value.
        high: Largest value.
        includes_low: Whether ``low`` itself is meant.
        includes_high: Whether ``high`` itself is meant.
        is_excluded: Whether the values are ruled out.
        is_guess: Whether the sentence names no unit, so that the catalogue must decide.
        phrase: Words of the sentence.
        span: Place of the words in :attr:`SaidQuantities.text`.
        column: Column of the catalogue that a ``number`` is of.
    """

    quantity: Quantity
    low: float = -math.inf
    high: float = math.inf
    includes_low: bool = True
    includes_high: bool = True
    is_excluded: bool = False
    is_guess: bool = False
    phrase: str = ""
    span: Span = (0, 0)
    column: str = ""


@dataclass(frozen=True)
class QuantityPreference:
    """Values that somebody prefers, without a bound.

    Attributes:
        quantity: What the values are.
        direction: Which values are preferred.
        target: Value of a preference ``near``; else NaN.
        is_guess: As for :class:`QuantityRange`.
        phrase: Words of the sentence.
        span: Place of the words in :attr:`SaidQuantities.text`.
        column: Column of the catalogue that a ``number`` is of.
    """

    quantity: Quantity
    direction: Direction
    target: float = math.nan
    is_guess: bool = False
    phrase: str = ""
    span: Span = (0, 0)
    column: str = ""


@dataclass(frozen=True)
class SaidQuantities:
    """What a sentence says about quantities.

    Attributes:
        text: The sentence; in compatibility form if it says anything about quantities.
        ranges: Bounds, in the order of the sentence.
        preferences: Relative words and approximate values.
    """

    text: str
    ranges: tuple[QuantityRange, ...] = ()
    preferences: tuple[QuantityPreference, ...] = ()

    def objects(self, ranges: Sequence[QuantityRange]) -> tuple[str, ...]:
        """Return what each bound is about, if each has an object of its own.

        Args:
            ranges: Bounds of one quantity, in the order of the sentence.

        Returns:
            As many texts as bounds, or none: the bounds are about the same thing.

        Example:
            >>> said = read_quantities("a mug under 5 and a lamp under 50")
            >>> said.objects(said.ranges)
            ('a mug', 'a lamp')
            >>> said = read_quantities("films from the 60s or 70s")
            >>> said.objects(said.ranges)
            ()
        """
        if len(ranges) < 2:
            return ()
        starts, ends = [one.span[0] for one in ranges], [one.span[1] for one in ranges]
        before = [self.text[a:b] for a, b in zip([0, *ends[:-1]], starts, strict=True)]
        after = [self.text[a:b] for a, b in zip(ends, [*starts[1:], None], strict=True)]
        for parts in (before, after):
            texts = tuple(_edge_links().sub("", _tidy(part)).strip() for part in parts)
            if all(texts):
                return texts
        return ()

    def topic(self, removed: Iterable[Span]) -> str:
        """Return the sentence without some of its words; empty if it has no other topic.

        Args:
            removed: Places of the words.
        """
        spans = sorted(removed)
        if not spans:
            return self.text
        kept, at = [], 0
        for start, end in spans:
            kept.append(self.text[at : max(start, at)])
            at = max(end, at)
        return _tidy(" ".join([*kept, self.text[at:]]))


def read_quantities(text: str) -> SaidQuantities:
    """Return the bounds and relative words of a sentence.

    A longer text, or one that says nothing about quantities, is returned as it is.

    Example:
        >>> said = read_quantities("tea for less than 5 pounds")
        >>> said.ranges[0].high, said.topic([said.ranges[0].span])
        (5.0, 'tea')
        >>> read_quantities("20元以下的礼物").ranges[0].quantity
        'price'
        >>> read_quantities("a set of 6 mugs").ranges
        ()
    """
    if len(text) > MAX_SENTENCE_CHARS:
        return SaidQuantities(text)
    normal = unicodedata.normalize("NFKC", text).replace("’", "'")
    found = list(_read_amounts(normal))
    ranges = tuple(one for one in found if isinstance(one, QuantityRange))
    near = [one for one in found if isinstance(one, QuantityPreference)]
    spans = [one.span for one in found]
    relative = [
        replace(one, span=_with_copula(normal, one.span))
        for one in _read_relative_words(normal)
        if not _overlaps(one.span, spans)
    ]
    preferences = tuple(sorted((*near, *relative), key=lambda one: one.span))
    if not ranges and not preferences:
        return SaidQuantities(text)
    return SaidQuantities(normal, ranges, preferences)


def _with_copula(text: str, span: Span) -> Span:
    """Return a place with "that is" before it."""
    found = _COPULA.search(text[max(span[0] - MAX_CONTEXT_CHARS, 0) : span[0]])
    return span if found is None else (span[0] - len(found[0]), span[1])


_COPULA = re.compile(
    r"(?<![^\W_])(?:(?:that|which|who)(?: is| are|'s| isn't)?|(?:das|die|der) (?:ist|sind)"
    r"|qui (?:est|sont)|que (?:sea|sean|es)|should be|must be)\s*\Z",
    re.IGNORECASE,
)


@cache
def _edge_links() -> re.Pattern[str]:
    """Pattern of words between two objects, at the ends of one."""
    words_between = f"{ALTERNATIVES}|{ADDITIONS}"
    return re.compile(rf"^(?:{words_between})|(?:{words_between})$|^的", re.IGNORECASE)


def _overlaps(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end in others)


def _tidy(text: str) -> str:
    """Return a text without doubled blanks and marks; empty if it names nothing."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*([,;，；、])(?:\s*[,;，；、])+", r"\1", text)
    text = re.sub(r"\s+([,.;!?，。；！？])", r"\1", text).strip(" ,;，；、-:：")
    named = [word for word in re.findall(r"\w+", text) if word.lower() not in words.BARE_NOUNS]
    return text if any(has_content(word) for word in named) else ""


@dataclass(frozen=True)
class _Found:
    """An amount, or a range of two, with what stands beside it."""

    low: Amount
    high: Amount
    is_range: bool = False
    start: int = 0
    end: int = 0


def _read_amounts(text: str) -> list[QuantityRange | QuantityPreference]:
    read: list[QuantityRange | QuantityPreference] = []
    at = 0
    for found in _pair_amounts(find_amounts(text), text):
        one = _read_bound(found, text, at)
        if one is not None:
            read.append(one)
            at = one.span[1]
    return read


def _pair_amounts(amounts: Sequence[Amount], text: str) -> list[_Found]:
    """Return amounts, two of which that are a range as one."""
    paired: list[_Found] = []
    row = 0
    while row < len(amounts):
        first = amounts[row]
        second = amounts[row + 1] if row + 1 < len(amounts) else None
        merged = None if second is None else _as_range(first, second, text)
        paired.append(merged or _Found(first, first, start=first.start, end=first.end))
        row += 2 if merged else 1
    return paired


def _as_range(first: Amount, second: Amount, text: str) -> _Found | None:
    """Return two amounts as a range; None: they are none."""
    gap = text[first.end : second.start]
    is_joined = _full(words.RANGE_JOIN).fullmatch(_without_article(gap)) is not None
    is_weak = _full(words.RANGE_JOIN_WEAK).fullmatch(_without_article(gap)) is not None
    before, after = (
        text[max(first.start - MAX_CONTEXT_CHARS, 0) : first.start],
        text[second.end :],
    )
    is_opened = bool(
        words_before(words.RANGE_START, words.RANGE_START_UNSPACED).search(before)
        or words_after("", words.RANGE_AFTER_UNSPACED).match(after)
    )
    if not (is_joined or (is_weak and is_opened)):
        return None
    first, second = _share_unit(first, second), _share_unit(second, first)
    if first.quantity != second.quantity or first.low > second.high:
        return None
    if first.is_decade != second.is_decade and first.quantity != "year":
        return None
    has_unit = first.has_unit or second.has_unit
    names_time = first.quantity == "year" and _names_time(before, after)
    if not (has_unit or is_opened or names_time):
        return None
    return _Found(first, second, is_range=True, start=first.start, end=second.end)


def _without_article(gap: str) -> str:
    return re.sub(r"(?i)\s(?:the|den|die|los|les|the year)\s$", " ", gap)


def _share_unit(amount: Amount, other: Amount) -> Amount:
    """Return an amount with the unit of the other one, if it has none."""
    if (
        amount.quantity == "year"
        and not amount.has_unit
        and other.quantity not in {None, "year"}
    ):
        amount = replace(amount, quantity=None)
    if amount.quantity is not None or other.quantity in {None, "year"}:
        return amount
    low = amount.low * other.factor
    return replace(amount, quantity=other.quantity, low=low, high=low)


def _names_time(before: str, after: str) -> bool:
    """Return whether a noun of media stands beside a year."""
    nouns = words_before(words.MEDIA_NOUNS, words.UNSPACED_MEDIA_NOUNS)
    follows = words_after(words.MEDIA_NOUNS, f"的?(?:{words.UNSPACED_MEDIA_NOUNS})")
    return bool(nouns.search(before) or follows.match(after))


def _read_bound(
    found: _Found, text: str, earliest: int
) -> QuantityRange | QuantityPreference | None:
    """Return what an amount says; None: it is no bound.

    Args:
        found: The amount.
        text: The sentence.
        earliest: Position before which the words belong to another bound.
    """
    first = max(earliest, found.start - MAX_CONTEXT_CHARS)
    context = AmountContext(
        text[first : found.start], text[found.end : found.end + MAX_CONTEXT_CHARS]
    )
    is_time = found.low.quantity == "year"
    read = _read_time(found, context) if is_time else None
    if read is None and not found.low.is_decade and not (is_time and found.low.has_unit):
        read = _read_value(found, context, text)
    if read is None:
        return None
    if isinstance(read, QuantityRange) and context.take_negation():
        read = replace(read, is_excluded=True)
    context.take_carriers()
    said = text[first + len(context.before) : found.end + context.n_after]
    context.take_glue()
    span = (first + len(context.before), found.end + context.n_after)
    return replace(read, phrase=said.strip(" ,，"), span=span)


def _read_time(
    found: _Found, context: AmountContext
) -> QuantityRange | QuantityPreference | None:
    """Return what a year or a decade says; None: it says nothing about when."""
    if context.has_before(words.TOPIC_TIME, words.UNSPACED_TOPIC_TIME):
        return None
    one_sided = None if found.is_range else _read_one_sided_time(found, context)
    if one_sided is not None:
        return one_sided
    if found.is_range:
        context.take_before(words.RANGE_START, words.RANGE_START_UNSPACED)
        context.take_after("", words.RANGE_AFTER_UNSPACED)
    elif not found.low.is_decade:
        return _read_single_year(found, context)
    elif context.has_before(_AMOUNT_ONLY):  # "under 30s" are seconds
        return None
    else:
        _take_time_words(context)
    return QuantityRange("year", found.low.low, found.high.high)


def _read_one_sided_time(found: _Found, context: AmountContext) -> QuantityRange | None:
    low, high = found.low.low, found.high.high
    kept = context.before
    _take_article(context)
    is_year = found.low.has_unit  # otherwise 前 and 后 may be anything
    unspaced = words.BEFORE_TIME_AFTER_UNSPACED if is_year else r"之前|以前"
    if context.take_before(words.SINCE_TIME) or context.take_after(
        words.SINCE_TIME_AFTER, words.SINCE_TIME_AFTER_UNSPACED if is_year else "以来|至今"
    ):
        context.take_before("from|von|de|aus", "从|自")
        context.take_after("on|onwards?|an")
        return QuantityRange("year", low=low)
    if context.take_before(words.BEFORE_TIME) or context.take_after("", unspaced):
        context.take_before("", "在")
        return QuantityRange("year", high=low, includes_high=False)
    if context.take_after(words.BEFORE_TIME_AFTER):
        _take_time_words(context)
        return QuantityRange("year", high=high)
    unspaced = words.AFTER_TIME_AFTER_UNSPACED if is_year else "之后|以后"
    if context.take_before(words.AFTER_TIME) or context.take_after("", unspaced):
        context.take_before("", "在")
        return QuantityRange("year", low=high, includes_low=False)
    if context.has_before(words.UNTIL_TIME) and not context.has_before(
        words.AT_MOST_BEFORE + "x"
    ):
        context.take_before(words.UNTIL_TIME)
        return QuantityRange("year", high=high)
    context.before = kept
    return None


def _read_single_year(
    found: _Found, context: AmountContext
) -> QuantityRange | QuantityPreference | None:
    """Return one year, if the sentence says that something is of it, or about as old."""
    if context.take_before(words.AROUND_TIME):
        context.take_before("from|von|de|aus")
        return QuantityPreference("year", "near", found.low.low)
    year, before, after = found.low.low, context.before, context.after
    of_time = words_before(words.IN_TIME, "").search(before)
    if found.low.has_unit:  # 1995年的电影
        follows = words_after(
            "",
            rf"(?:上映|发行|出版|播出|的)?的?(?:{words.UNSPACED_MEDIA_NOUNS})|上映|发行|出版|播出",
        )
        if not follows.match(after):
            return None
    elif of_time is None or not (
        words_before(f"(?:{words.MEDIA_NOUNS})", words.UNSPACED_MEDIA_NOUNS).search(
            before[: of_time.start()]
        )
        or re.search(
            r"(?i)(?:released|made|shot|published) in\s*$|from the year\s*$|aus dem jahr\s*$",
            before,
        )
    ):
        return None
    _take_time_words(context)
    return QuantityRange("year", year, year)


def _take_time_words(context: AmountContext) -> None:
    _take_article(context)
    context.take_before(words.IN_TIME, "在")
    _take_article(context)
    context.take_after("", "的")


def _take_article(context: AmountContext) -> None:
    context.take_before(
        "the|den|dem|die|der|los|las|les|gli|the year|dem jahr|early|late|mid", "在"
    )


_AMOUNT_ONLY = f"{words.BELOW_BEFORE}|{words.ABOVE_BEFORE}|at most|at least"


def _read_value(
    found: _Found, context: AmountContext, text: str
) -> QuantityRange | QuantityPreference | None:
    """Return what a price, a duration, a rating or a number without a unit says."""
    low, high = found.low.low, found.high.high
    quantity = None if found.low.quantity == "year" else found.low.quantity
    if found.is_range:
        is_clear = context.has_before(words.RANGE_START_OF_GUESS, words.RANGE_START_UNSPACED)
        context.take_before(words.RANGE_START, words.RANGE_START_UNSPACED)
        is_clear |= context.take_after("", words.RANGE_AFTER_UNSPACED)
        if quantity is None and not (is_clear or context.carrier()):
            return None
        read: QuantityRange | QuantityPreference | None = QuantityRange("price", low, high)
    else:
        read = read_one_sided(low, context) or _read_approximate(low, quantity, context)
    if read is None:
        return None
    named = quantity or context.carrier()
    if named is not None:
        return replace(read, quantity=named)
    return replace(read, is_guess=True) if _may_be_price(found, read, context, text) else None


def read_one_sided(value: float, context: AmountContext) -> QuantityRange | None:
    """Return the bound that words beside a number make it, and take them; None: they do not.

    Args:
        value: The number.
        context: Text before and after it.
    """
    kept = context.before
    context.take_before(words.ABOUT_BEFORE, words.ABOUT_UNSPACED)
    for spaced, unspaced, bound in _BOUNDS_BEFORE:
        if context.take_before(spaced, unspaced):
            return _bound_of(bound, value)
    context.before = kept
    for spaced, unspaced, bound in _BOUNDS_AFTER:
        if context.take_after(spaced, unspaced):
            return _bound_of(bound, value)
    return None


_BOUNDS_BEFORE = (
    (words.AT_MOST_BEFORE, words.AT_MOST_UNSPACED, "at most"),
    (words.AT_LEAST_BEFORE, words.AT_LEAST_UNSPACED, "at least"),
    (words.BELOW_BEFORE, words.BELOW_UNSPACED, "below"),
    (words.ABOVE_BEFORE, words.ABOVE_UNSPACED, "above"),
)
_BOUNDS_AFTER = (
    (words.AT_MOST_AFTER, words.AT_MOST_AFTER_UNSPACED, "at most"),
    (words.AT_LEAST_AFTER, words.AT_LEAST_AFTER_UNSPACED, "at least"),
)


def _bound_of(bound: str, value: float) -> QuantityRange:
    """Return a bound; its quantity is still to be set."""
    if bound in {"at most", "below"}:
        return QuantityRange("price", high=value, includes_high=bound == "at most")
    return QuantityRange("price", low=value, includes_low=bound == "at least")


def _read_approximate(
    value: float, quantity: Quantity | None, context: AmountContext
) -> QuantityPreference | None:
    is_about = context.take_before(words.ABOUT_BEFORE, words.ABOUT_UNSPACED)
    is_about |= context.take_after(words.ABOUT_AFTER, words.ABOUT_AFTER_UNSPACED)
    if not is_about and quantity == "price":
        is_about = context.take_before(words.PAID_BEFORE) or context.take_after("", "的")
    if not is_about and quantity == "duration" and value <= MAX_FILM_MINUTES:
        is_about = bool(words_after(words.MEDIA_NOUNS, "的").match(context.after))
    return QuantityPreference("price", "near", value) if is_about else None


def _may_be_price(
    found: _Found, read: QuantityRange | QuantityPreference, context: AmountContext, text: str
) -> bool:
    """Return whether a number without a unit may be a price: "a gift under 20"."""
    if not _CLAUSE_END.match(context.after) or _counts().search(text):
        return False
    if isinstance(read, QuantityPreference):
        return context.n_after > 0  # 100左右
    if found.is_range or (math.isfinite(read.high) and read.high > 0):
        return not _people_before().search(context.before)
    names_people = context.has_before("for|from|ab|für|de|à partir de") and read.low < MAX_AGE
    return not names_people and not _people_before().search(context.before)


_CLAUSE_END = re.compile(
    r"\s*(?:$|[,.;:!?，。；！？)的]|(?:and|but|or|und|aber|et|y)\b)", re.IGNORECASE
)


def _read_relative_words(text: str) -> list[QuantityPreference]:
    names = [found.span() for found in _names().finditer(text)]
    directions: tuple[Direction, Direction] = ("low", "high")
    found = [
        (match.span(), quantity, directions[is_high])
        for quantity, is_high, spaced, unspaced in RELATIVE_WORDS
        for match in _anywhere(spaced, unspaced).finditer(text)
        if not _overlaps(match.span(), names)
    ]
    kept: list[QuantityPreference] = []
    for span, quantity, direction in sorted(found, key=lambda one: one[0][0] - one[0][1]):
        if not _overlaps(span, [one.span for one in kept]):
            phrase = text[span[0] : span[1]].strip()
            kept.append(QuantityPreference(quantity, direction, phrase=phrase, span=span))
    return kept


@cache
def _anywhere(spaced: str, unspaced: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?<!-)(?:{spaced})(?![^\W_])|(?:{unspaced})", re.IGNORECASE)


@cache
def _full(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@cache
def _counts() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![^\W_])(?:{words.COUNT_WORDS})(?![^\W_])|{words.UNSPACED_COUNT_WORDS}",
        re.IGNORECASE,
    )


@cache
def _people_before() -> re.Pattern[str]:
    """Pattern of people before a bound, which is then one of their age."""
    return re.compile(rf"(?<![^\W_])(?:{PERSONS})\s*\Z", re.IGNORECASE)


@cache
def _names() -> re.Pattern[str]:
    return re.compile(NAMES_WITH_RELATIVE_WORDS, re.IGNORECASE)
