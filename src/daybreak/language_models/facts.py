"""Whether a text states nothing but what is in its sources."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files

from daybreak.language_models.prompts import check_language

_WORD_RE = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)?")
_HAN_RE = re.compile(r"[\u3400-\u9fff]")


def unsupported_parts(text: str, names: Iterable[str], language: str = "en") -> list[str]:
    """Return the parts of a text that are neither a given name nor a connecting word.

    A name counts only as a whole, so that a text cannot use the words of a name to say
    something else. The connecting words are a list of the package, which has no praise, no
    numbers and no calls to act.

    Args:
        text: Text to check.
        names: Names, values and numbers that the text may contain.
        language: ``en`` or ``zh``.

    Returns:
        Words, and runs of Chinese characters, in the order of the text.

    Example:
        >>> unsupported_parts("Because you chose Tea cup.", ["Tea cup"])
        []
        >>> unsupported_parts("Because you chose 3 tea pots, the best.", ["Tea cup"])
        ['3', 'tea', 'pots', 'best']
        >>> unsupported_parts("因为你选过《红色地球仪》，全场最低价", ["红色地球仪"], "zh")
        ['全场最低价']
    """
    folded = blank_names(text, names)
    connecting = connecting_words(language)
    parts: list[str] = []
    for word in _WORD_RE.findall(folded):
        if word in connecting:
            continue
        parts += _uncovered_runs(word, connecting) if _HAN_RE.search(word) else [word]
    return parts


def blank_names(text: str, names: Iterable[str]) -> str:
    """Return the folded text with a space for each whole name, the longest names first.

    Example:
        >>> blank_names("You chose Tea cup and tea.", ["Tea cup"])
        'you chose   and tea.'
    """
    folded = text.casefold()
    for name in sorted({name.casefold() for name in names if name.strip()}, key=len)[::-1]:
        folded = _blank_whole(folded, name)
    return folded


@lru_cache(maxsize=8)
def connecting_words(language: str) -> frozenset[str]:
    """Return the words that a sentence may use beside the given names.

    Example:
        >>> "because" in connecting_words("en"), "因为" in connecting_words("zh")
        (True, True)
    """
    file = files("daybreak.language_models") / "words" / f"{check_language(language)}.txt"
    return frozenset(file.read_text("utf-8").split())


def _blank_whole(text: str, name: str) -> str:
    """Replace a name by a space where it is not a part of a longer word."""
    pattern = re.escape(name)
    if name[0].isalnum() and not _HAN_RE.match(name[0]):
        pattern = rf"(?<![^\W_]){pattern}"
    if name[-1].isalnum() and not _HAN_RE.match(name[-1]):
        pattern = rf"{pattern}(?![^\W_])"
    return re.sub(pattern, " ", text)


def _uncovered_runs(word: str, connecting: frozenset[str]) -> Sequence[str]:
    """Return the runs of a word without spaces that no sequence of connecting words covers."""
    longest = max(map(len, connecting))
    runs: list[str] = []
    position = run_end = 0
    while position < len(word):
        ends = range(min(len(word), position + longest), position, -1)
        end = next((end for end in ends if word[position:end] in connecting), None)
        if end is None:
            if runs and run_end == position:
                runs[-1] += word[position]
            else:
                runs.append(word[position])
            position += 1
            run_end = position
        else:
            position = end
    return runs
