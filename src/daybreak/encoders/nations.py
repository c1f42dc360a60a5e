"""Countries that a sentence names: "French films" asks for films from France.

The values of a catalogue say this in other words than people do: in a column of countries, in
one of languages, or among tags. Of each column that has words for several countries, the value
that most items have counts. Items with the values of all these columns come first: a film from
France in which French is spoken, before others in which it is spoken as well.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from daybreak.encoders.nation_words import nations

MIN_NATIONS = 3
"""Smallest number of countries with a value in a column that names countries; of the sorts of a
shop, *Turkey* is no country."""
_WORD = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*")


@dataclass(frozen=True)
class NationTerms:
    """Attribute terms of a catalogue by the country that they name.

    Attributes:
        terms: Terms ``name=value`` of each country, at most one for each column; that of the
            most items first.

    Example:
        >>> terms = {"country=France": 9, "country=Italy": 5, "country=Spain": 2,
        ...          "language=French": 30, "meat=Turkey": 4}
        >>> names = NationTerms.of(terms)
        >>> names.find("französische Filme"), names.find("turkish delight")
        (['country=France'], [])
    """

    terms: Mapping[int, tuple[str, ...]]

    @classmethod
    def of(cls, terms: Mapping[str, float]) -> "NationTerms":
        """Return the terms of a catalogue whose values name countries.

        Args:
            terms: Relative numbers of items by term ``name=value``.
        """
        columns: dict[str, dict[int, str]] = {}
        for term in sorted(terms, key=lambda one: (-terms[one], one)):
            name, _, value = term.partition("=")
            for nation in _by_word().get(value.casefold().strip(), ()):
                columns.setdefault(name, {}).setdefault(nation, term)
        found: dict[int, list[str]] = {}
        for name in sorted(columns):
            if len(columns[name]) >= MIN_NATIONS:
                for nation, term in columns[name].items():
                    found.setdefault(nation, []).append(term)
        return cls(
            {
                nation: tuple(sorted(some, key=lambda term: (-terms[term], term)))
                for nation, some in found.items()
            }
        )

    def find(self, text: str) -> list[str]:
        """Return the terms of the countries that a text names, each once.

        Args:
            text: What somebody says.
        """
        if not self.terms:
            return []
        return list(
            dict.fromkeys(
                term for one in find_nations(text) for term in self.terms.get(one, ())
            )
        )

    def narrow(self, terms: Iterable[str]) -> list[str]:
        """Return terms of which each country has the one of the fewest items only.

        "No French films" rules out those from France, and not all in which some French is
        spoken.

        Args:
            terms: Terms that a text rules out.
        """
        found = list(terms)
        wider = {
            term
            for own in self.terms.values()
            for term in [one for one in own if one in found][:-1]
        }
        return [term for term in found if term not in wider]


def find_nations(text: str) -> list[int]:
    """Return the numbers of the countries that a text names, ascending.

    Example:
        >>> [sorted(nations()[one])[0] for one in find_nations("a band from New Zealand")]
        ['neuseeland']
        >>> find_nations("法国电影") == find_nations("films français")
        True
    """
    words = _WORD.findall(text.casefold().replace("’", "'"))
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    said = [*words, *pairs]
    if not text.isascii():
        said += _unspaced().findall(text)
    by_word = _by_word()
    return sorted({nation for word in said for nation in by_word.get(word, ())})


@cache
def _by_word() -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, words in enumerate(nations()):
        for word in sorted(words):
            found.setdefault(word, []).append(number)
    return found


@cache
def _unspaced() -> re.Pattern[str]:
    words = (word for words in nations() for word in words)
    unspaced = sorted(
        (w for w in words if re.search("[\u3040-\u9fff\uac00-\ud7a3]", w)), key=len
    )
    return re.compile("|".join(reversed(unspaced)))
