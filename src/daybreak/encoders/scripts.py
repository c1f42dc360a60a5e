"""Scripts of texts, and those that a text model has learned.

Models of one language turn other scripts into vectors as well, but these say nothing.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

MIN_TOKENS_OF_SCRIPT = 600
"""Tokens of a script in the vocabulary of a model that has learned it. English models have at
most 488 (Chinese characters); multilingual-e5-small has at least 719 of each of its scripts."""
MIN_FOREIGN_SHARE = 0.5
"""Share of letters of unknown scripts from which a text is not read."""
SCRIPT_OF_ALL = "LATIN"
"""Script that every model has learned, also one with few tokens."""


def known_scripts(tokens: Iterable[str]) -> frozenset[str]:
    """Return the scripts that a vocabulary has enough tokens of.

    Args:
        tokens: Tokens of the model; marks of word pieces before the first letter are skipped.

    Example:
        >>> sorted(known_scripts(["##a", *(chr(0x4E00 + n) for n in range(700))]))
        ['CJK', 'LATIN']
    """
    counts = Counter(_script(letter) for token in tokens if (letter := _first_letter(token)))
    known = {name for name, count in counts.items() if count >= MIN_TOKENS_OF_SCRIPT}
    return frozenset(known | {SCRIPT_OF_ALL})


def is_written_in(text: str, scripts: frozenset[str]) -> bool:
    """Return whether more than half of the letters of a text are of known scripts.

    Texts without letters are.

    Example:
        >>> latin = frozenset({"LATIN"})
        >>> [is_written_in(text, latin) for text in ("comedy", "喜剧", "комедия", "12")]
        [True, False, False, True]
    """
    letters = [_script(character) for character in text if character.isalpha()]
    foreign = sum(script not in scripts for script in letters)
    return foreign < MIN_FOREIGN_SHARE * len(letters) or not letters


def _first_letter(token: str) -> str:
    return next((character for character in token if character.isalpha()), "")


@cache
def _script(letter: str) -> str:
    """Return the first word of the name of a letter, as ``LATIN``, ``CJK``, ``CYRILLIC``."""
    return unicodedata.name(letter, "").replace("-", " ").partition(" ")[0]
