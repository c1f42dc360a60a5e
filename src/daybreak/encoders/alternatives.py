"""Several wishes in one sentence: "candles, or a necklace" asks for two kinds of items.

:func:`split_parts` cuts a sentence where a further wish may begin. Whether two parts are
wishes of their own or one ("red and white cups") can be decided only with the items of a
catalogue, see :mod:`daybreak.ranking.several_wishes`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

from daybreak.encoders.clause_words import ASKING_WORDS, PRONOUNS
from daybreak.encoders.clauses import WantedPiece, has_content
from daybreak.encoders.conjunctions import (
    ADDITIONS,
    ALTERNATIVES,
    ARTICLES,
    PREPOSITIONS,
    ROMANCE_WORDS,
    SHORT_ADDITIONS,
    SHORT_ALTERNATIVES,
)
from daybreak.encoders.patterns import pattern_of
from daybreak.encoders.synonyms import quality_words

MAX_PARTS = 6
"""Largest number of parts; a sentence of more parts is one wish, or a list of ten would have
hardly any place for each."""
MAX_WISH_CHARS = 300
"""Number of characters of the longest text that is split; longer ones are descriptions."""

Link = Literal["alternative", "addition"]


@dataclass(frozen=True)
class WantedPart:
    """A part of what a sentence asks for.

    Attributes:
        text: Its words.
        link: ``alternative`` if it is a wish of its own, ``addition`` if it may also belong to
            the part before.
        has_article: Whether it begins with an indefinite article.
        is_romance: Whether the word before it is of a language whose adjectives follow their
            noun.
    """

    text: str
    link: Link = "addition"
    has_article: bool = False
    is_romance: bool = False


def split_parts(pieces: Sequence[WantedPiece]) -> tuple[WantedPart, ...]:
    """Return the parts of a sentence in which it may ask for different items.

    Parts that cannot stand alone are joined to the one before: those that begin with a
    preposition, and statements about oneself.

    Args:
        pieces: What a sentence asks for, cut at punctuation; see :attr:`.Clauses.pieces`.

    Returns:
        One part for a text that asks for one thing, or for too many.

    Example:
        >>> pieces = [WantedPiece("candles"), WantedPiece(" or a necklace")]
        >>> [(part.text, part.link) for part in split_parts(pieces)]
        [('candles', 'addition'), ('necklace', 'alternative')]
        >>> [part.text for part in split_parts([WantedPiece("a mug with cats and dogs")])]
        ['mug with cats and dogs']
        >>> [(part.text, part.link) for part in split_parts([WantedPiece("a lamp and a mug")])]
        [('lamp', 'addition'), ('mug', 'alternative')]
    """
    whole = WantedPart(" ".join(piece.text for piece in pieces))
    if sum(len(piece.text) for piece in pieces) > MAX_WISH_CHARS:
        return (whole,)
    parts: list[WantedPart] = []
    for piece in pieces:
        if parts and piece.is_limit:
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text} {piece.text.strip()}")
            continue
        for part in _split_piece(piece.text):
            _append(parts, part)
    parts = _spread_last_link(_give_qualities(parts))
    if not 0 < len(parts) <= MAX_PARTS:
        return (whole,)
    return tuple(parts)


def has_article(part: WantedPart) -> bool:
    """Return whether a part has an indefinite article, at its start or later.

    Example:
        >>> has_article(WantedPart("I want a lamp")), has_article(WantedPart("lamps"))
        (True, False)
    """
    return part.has_article or bool(_inner_articles().search(part.text))


def before_preposition(text: str) -> str:
    """Return what stands before the first preposition, empty if there is none.

    Example:
        >>> before_preposition("mug with cats"), before_preposition("lamp")
        ('mug', '')
    """
    found = _prepositions().search(text)
    return text[: found.start()].strip() if found else ""


def split_words(text: str) -> list[str]:
    """Return the words of a text; in Chinese, 的 ends a word that describes the next one.

    Example:
        >>> split_words("blue lamp"), split_words("蓝色的灯")
        (['blue', 'lamp'], ['蓝色', '灯'])
    """
    return [word for word in re.split(r"[\s的]+", text) if word]


def _split_piece(piece: str) -> list[WantedPart]:
    """Split a piece without punctuation at words between wishes."""
    found = list(_links().finditer(piece))
    starts = [0, *(match.end() for match in found)]
    ends = [*(match.start() for match in found), len(piece)]
    words = ["", *(match[0].strip().lower() for match in found)]
    parts: list[WantedPart] = []
    for start, end, word in zip(starts, ends, words, strict=True):
        text = piece[start:end].strip()
        article = pattern_of(ARTICLES).match(text)
        link: Link = "addition"
        if word and (_alternatives().fullmatch(word) or article or word in _SHORT):
            link = "alternative"
        rest = text[article.end() :].strip() if article else text
        parts.append(WantedPart(rest, link, bool(article), word in ROMANCE_WORDS))
    return _rejoin(parts, [match[0] for match in found])


def _rejoin(parts: Sequence[WantedPart], words: Sequence[str]) -> list[WantedPart]:
    """Join parts without content, and further objects of a preposition, to the part before."""
    joined = [parts[0]]
    for part, word in zip(parts[1:], words, strict=True):
        before = joined[-1]
        continues = part.link == "addition" and _prepositions().search(before.text)
        if not has_content(part.text):
            continue
        if not has_content(before.text):
            joined[-1] = part
        elif continues or _is_bound(part.text):
            joined[-1] = replace(before, text=f"{before.text} {word.strip()} {part.text}")
        else:
            joined.append(part)
    return joined


def _append(parts: list[WantedPart], part: WantedPart) -> None:
    """Append a part, or join it to the one before if it cannot stand alone."""
    if not has_content(part.text):
        # "candles, or" and "a necklace" are cut by punctuation
        return
    if parts and (_is_bound(part.text) or _is_about_oneself(parts[-1].text)):
        before = parts.pop()
        part = replace(before, text=f"{before.text} {part.text}")
    parts.append(part)


def _is_bound(text: str) -> bool:
    return bool(_prepositions().match(text))


def _is_about_oneself(text: str) -> bool:
    """Return whether a part only says who somebody is: "I run a tea room"."""
    words = {word.lower() for word in re.findall(r"[^\W_]+(?:'[^\W_]+)?", text)}
    return bool(words & PRONOUNS) and not pattern_of(ASKING_WORDS).search(text)


def _give_qualities(parts: list[WantedPart]) -> list[WantedPart]:
    """Return a thing with each of the colours that it may have: "a sofa, grey or blue"."""
    if len(parts) < 3 or parts[-1].link != "alternative" or _quality(parts[0].text):
        return parts
    found = [_quality(part.text) for part in parts[1:]]
    if not all(found):
        return parts
    qualities = [one[0] for one in found if one]
    ends = " ".join(one[1] for one in found if one)
    subject = pattern_of(rf"(?:{ARTICLES})").sub("", parts[0].text, count=1)
    texts = [" ".join(f"{quality} {subject} {ends}".split()) for quality in qualities]
    return [
        WantedPart(text, "alternative" if row else "addition", has_article=True)
        for row, text in enumerate(texts)
    ]


def _quality(text: str) -> tuple[str, str] | None:
    """Return a colour or material and what follows it; None if a text begins with no such word.

    Example:
        >>> _quality("blue"), _quality("either red for women"), _quality("blue lamps")
        (('blue', ''), ('red', 'for women'), None)
    """
    subject = before_preposition(text) or ("" if _is_bound(text) else text)
    words = [word for word in split_words(subject.lower()) if word not in _EITHER]
    if len(words) != 1 or words[0] not in quality_words():
        return None
    return words[0], text[text.find(subject) + len(subject) :].strip()


_EITHER = frozenset({"either", "entweder", "soit", "in"})


def _spread_last_link(parts: list[WantedPart]) -> list[WantedPart]:
    """Make all parts of a list alternatives if the last one is: "candles, rings or lamps"."""
    if len(parts) > 2 and parts[-1].link == "alternative":
        return [parts[0], *(replace(part, link="alternative") for part in parts[1:])]
    return parts


_SHORT = frozenset({"o", "of", "u", "en", "i"})


@cache
def _links() -> re.Pattern[str]:
    joined = "|".join((ALTERNATIVES, SHORT_ALTERNATIVES, ADDITIONS, SHORT_ADDITIONS))
    return re.compile(joined, re.IGNORECASE)


@cache
def _alternatives() -> re.Pattern[str]:
    # Alone, the word has nothing around it that the full pattern could look at.
    return re.compile(rf"か|이?나|또는|혹은|아니면|{ALTERNATIVES}", re.IGNORECASE)


@cache
def _inner_articles() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{ARTICLES})", re.IGNORECASE)


@cache
def _prepositions() -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{PREPOSITIONS})(?=\s)", re.IGNORECASE)
