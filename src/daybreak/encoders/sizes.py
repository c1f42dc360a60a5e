"""Sizes of clothes and shoes in sentences: *a dress in M*, *size 42*, *Größe S*, *XL码*.

Such values are too short to be looked for among all words of a sentence: *s* and *42* would be
found by chance. They count where a word for sizes, or their spelling, says that they are sizes.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

MIN_LETTER_SIZES = 2
"""Smallest number of different sizes in letters that a column of sizes has."""

_SIZE_NAMES = (
    r"sizes?|größen?|groessen?|grössen?|gr|tailles?|pointures?|tallas?|taglie?|misure?|maat"
    r"|konfektionsgröße|schuhgröße|尺码|尺碼|尺寸|サイズ|사이즈"
)
_LETTERS = r"(?:\d{1,2}x|x{0,4})(?:s|l)|m"
_NUMBERS = r"\d{1,3}(?:[.,]5)?"


@dataclass(frozen=True)
class SizeTerms:
    """Attribute terms of the sizes of a catalogue.

    Attributes:
        terms: Terms ``name=value`` by size in lower case.

    Example:
        >>> shop = SizeTerms.of(["size=s", "size=xl", "size=42", "colour=red"])
        >>> shop.find("black jeans in XL"), shop.find("Jeans Größe 42"), shop.find("S's jeans")
        (['size=xl'], ['size=42'], [])
        >>> shop.find("a dress, size s"), shop.find("Samuel S. Fox"), shop.find("42 dresses")
        (['size=s'], [], [])
    """

    terms: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, terms: Iterable[str]) -> "SizeTerms":
        """Return the sizes of a catalogue: of columns that are called so, or have several.

        Args:
            terms: Terms ``name=value`` of its categories.
        """
        by_column: dict[str, dict[str, str]] = {}
        for term in terms:
            name, _, value = term.partition("=")
            if _size().fullmatch(value):
                by_column.setdefault(name, {})[value.casefold()] = term
        found: dict[str, tuple[str, ...]] = {}
        for name, values in by_column.items():
            letters = sum(not value[0].isdigit() or value[-1].isalpha() for value in values)
            if letters >= MIN_LETTER_SIZES or _name().search(name):
                for value, term in values.items():
                    found[value] = (*found.get(value, ()), term)
        return cls(found)

    def find(self, text: str) -> list[str]:
        """Return the terms of the sizes that a text names, each once."""
        if not self.terms:
            return []
        sizes = (found[found.lastgroup or 0] for found in _said().finditer(text))
        terms = (term for size in sizes for term in self.terms.get(size.casefold(), ()))
        return list(dict.fromkeys(terms))


@cache
def _size() -> re.Pattern[str]:
    return re.compile(rf"{_LETTERS}|{_NUMBERS}", re.IGNORECASE)


@cache
def _name() -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{_SIZE_NAMES})(?![^\W_])", re.IGNORECASE)


@cache
def _said() -> re.Pattern[str]:
    """Pattern of sizes in a sentence: named, unlike any word, or in capitals of their own."""
    end = r"(?![\w'’]|[.,-]\w)"
    return re.compile(
        rf"(?<![^\W_])(?i:{_SIZE_NAMES})[\s.:=]*(?P<named>(?i:{_LETTERS})|{_NUMBERS}){end}"
        r"|(?<![\w'’&-])(?P<clear>(?i:x{1,4}[sl]|\d{1,2}x[sl]))(?![A-Za-z0-9'’])"
        r"|(?<![\w'’&.-])(?<!\d\s)(?P<letter>[SML])(?![A-Za-z0-9'’&.])"
        r"|(?<!\w)in (?P<number>\d{2})(?=\s*(?:$|[,;.!?]))"
    )
