"""Find the values of attributes in a sentence: ``a scary comedy`` names ``genre=comedy``."""

from collections.abc import Iterable, Sequence

from daybreak.encoders.tokens import tokens

LONGEST = 5
"""Values of more words than this are not looked for."""
SHORTEST = 3
"""Values of fewer letters are too common by chance: sizes, ratings, "no"."""


class Phrases:
    """Attribute terms by the words of their value.

    Example:
        >>> found = Phrases(["genre=science fiction", "genre=war", "price=..5"], {"genre"})
        >>> found.terms_in(["a", "science", "fiction", "about", "no", "price"])
        ['genre=science fiction']
    """

    def __init__(self, terms: Iterable[str], names: set[str]) -> None:
        self._terms: dict[tuple[str, ...], list[str]] = {}
        for term in terms:
            name, _, value = term.partition("=")
            words = tuple(tokens(value)) if name in names else ()
            if 0 < len(words) <= LONGEST and _telling("".join(words)):
                self._terms.setdefault(words, []).append(term)

    def terms_in(self, words: Sequence[str]) -> list[str]:
        """Return the terms whose value stands in the words, each once, in their order."""
        found: dict[str, None] = {}
        for start in range(len(words)):
            for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
                found |= dict.fromkeys(self._terms.get(tuple(words[start:end]), ()))
        return list(found)


def _telling(value: str) -> bool:
    """Return whether a value is long enough: two Chinese characters are, not two letters."""
    if value.isdecimal():
        return len(value) == 4  # a year, not a size
    return len(value) > 1 and len(value.encode("utf-8")) >= SHORTEST
