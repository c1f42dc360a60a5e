"""Typing errors in sentences: "umbrela" is read as "umbrella".

A word is corrected if neither the catalogue nor the text model knows it, and a word that the
catalogue has, or a word for a genre, differs by one letter.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from daybreak.encoders.clause_words import FILLERS

MIN_CHARS = 5
"""Characters of the shortest word that is corrected; shorter ones have too many neighbours."""
MIN_CHARS_FOR_OTHER_LETTER = 6
"""Characters from which on a wrong letter is corrected as well, and not only a missing, doubled
or exchanged one."""
MIN_KNOWN_SHARE = 0.5
"""Share of the other words of a sentence that must be known: a sentence in another language has
words that only look like those of the catalogue."""

_WORD = re.compile(r"[^\W\d_]+")
_ALIKE = tuple(map(set, ("ck", "sz", "iy", "vw", "fv", "gj")))
"""Letters that are mistaken for each other by ear."""
CandidatesFn = Callable[[Sequence[str]], Iterable[Sequence[str]]]
"""Returns words of the catalogue that resemble each of some words, the most frequent first."""


def correct_spelling(
    text: str, is_known: Callable[[str], bool], candidates: CandidatesFn
) -> str:
    """Return a text in which words with a typing error are replaced.

    Args:
        text: Text of a person.
        is_known: Whether a word in lower case is one of the catalogue or the text model.
        candidates: Finds similar words.

    Example:
        >>> words = ["umbrella", "red"]
        >>> find = lambda asked: [words for _ in asked]
        >>> correct_spelling("a red umbrela", words.__contains__, find)
        'a red umbrella'
    """
    shorter = _drop_wrong_asking(text, is_known)
    is_shorter, text = shorter != text, shorter
    words = [found[0].lower() for found in _WORD.finditer(text)]
    named = [word for word in words if word not in FILLERS]
    wrong = [word for word in dict.fromkeys(named) if _may_be_wrong(word, is_known)]
    n_known = sum(is_known(word) for word in named)
    n_others = len(named) - sum(word in wrong for word in named)
    if not wrong or n_known < MIN_KNOWN_SHARE * n_others:
        return text
    is_alone = not n_others and not is_shorter
    meant = {
        word: best
        for word, found in zip(wrong, candidates(wrong), strict=True)
        if (best := _first_neighbour(word, found)) is not None
        and (not is_alone or _is_sure(word, best))
    }
    return _WORD.sub(lambda found: meant.get(found[0].lower(), found[0]), text)


def _drop_wrong_asking(text: str, is_known: Callable[[str], bool]) -> str:
    """Return a text without words that only ask and have a typing error: "scary moveis".

    A text of nothing else is returned as it is.
    """

    def is_asking(word: str) -> bool:
        if len(word) < MIN_CHARS_FOR_OTHER_LETTER or word in FILLERS:
            return False
        meant = _first_neighbour(word, _long_fillers().get(word[0], ()))
        return meant is not None and _may_be_wrong(word, is_known)

    kept = _WORD.sub(lambda found: "" if is_asking(found[0].lower()) else found[0], text)
    return kept.strip() if _WORD.search(kept) and len(kept) < len(text) else text


@cache
def _long_fillers() -> Mapping[str, list[str]]:
    """Words of asking that are long enough to be recognised, by their first letter."""
    found: dict[str, list[str]] = {}
    for word in sorted(FILLERS):
        if len(word) >= MIN_CHARS and word.isascii() and word.isalpha():
            found.setdefault(word[0], []).append(word)
    return found


def is_one_error(word: str, other: str) -> bool:
    """Return whether two words differ by one letter: missing, added, exchanged or another.

    Another letter counts in long words only, or if the two letters often sound alike; the first
    letters must be equal.

    Source:
        Damerau 1964, "A technique for computer detection and correction of spelling errors".

    Example:
        >>> is_one_error("umbrela", "umbrella"), is_one_error("kicthen", "kitchen")
        (True, True)
        >>> is_one_error("house", "mouse"), is_one_error("cable", "table")
        (False, False)
        >>> is_one_error("skary", "scary"), is_one_error("share", "shame")
        (True, False)
    """
    if word[:1] != other[:1] or abs(len(word) - len(other)) > 1 or word == other:
        return False
    start = next((n for n, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), None)
    if start is None:  # one word begins with the other
        return True
    a, b = word[start:], other[start:]
    if len(word) != len(other):
        return a[1:] == b if len(word) > len(other) else a == b[1:]
    if a[:2] == b[1::-1] and a[2:] == b[2:]:
        return True
    may_differ = len(word) >= MIN_CHARS_FOR_OTHER_LETTER or {a[0], b[0]} in _ALIKE
    return may_differ and a[1:] == b[1:]


def _may_be_wrong(word: str, is_known: Callable[[str], bool]) -> bool:
    return len(word) >= MIN_CHARS and word.isascii() and not is_known(word)


def _is_sure(word: str, other: str) -> bool:
    """Return whether a word alone is another one with an error.

    A short one is with a letter too few or too many, or exchanged ones, before the last letter;
    a word of another language often has another end: *Tasse* is no tassel.

    Example:
        >>> _is_sure("jaket", "jacket"), _is_sure("wstern", "western")
        (True, True)
        >>> _is_sure("tasse", "tassel"), _is_sure("mouse", "moose")
        (False, False)
    """
    if len(word) > MIN_CHARS_FOR_OTHER_LETTER:
        return True
    return word[-1] == other[-1] and (len(word) != len(other) or sorted(word) == sorted(other))


def _first_neighbour(word: str, found: Iterable[str]) -> str | None:
    return next((one for one in found if is_one_error(word, one)), None)
