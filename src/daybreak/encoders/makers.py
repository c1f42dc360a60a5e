"""People and publishers that a sentence names by a part of their names: "by Hitchcock".

A value of a catalogue is found by all of its words. Of people, the family name is said, and of
newspapers the name without its article, so that these are found as well, in columns whose name
says that they hold people or publishers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from daybreak.encoders.lexical import LexicalEncoder, tokenize

_PEOPLE = """
    directors? actors? actress(?:es)? cast stars? starring writers? screenwriters? authors?
    artists? performers? singers? musicians? composers? creators? producers? narrators? readers?
    illustrators? photographers? designers? players? speakers? instructors? teachers? people
    persons? crew regisseur(?:e|in)? regie schauspieler(?:in)? darsteller autor(?:en|in)?
    künstler(?:in)? komponist(?:en)? sänger(?:in)? réalisateurs? acteurs? auteurs? artistes?
    compositeurs? director(?:es) actor(?:es) autor(?:es)? artistas? compositor(?:es)? registi?a?
    attor[ei] autor[ei] artist[ai] compositor[ei] 导演 演员 主演 作者 歌手 艺人 作家 編劇 编剧
"""
_PUBLISHERS = """
    publishers? brands? manufacturers? makers? studios? labels? networks? channels? sources?
    newspapers? vendors? developers? verlag zeitung quelle marke hersteller éditeurs? marques?
    editorial marca editore 品牌 出版社 来源
"""
BY_WORDS = frozenset({"by", "starring", "featuring", "feat"})
"""Words before the name of somebody or of a publisher."""
MIN_SHARE_OF_MOST_FREQUENT = 0.25
"""Smallest number of items of somebody, relative to the most frequent one of the same family
name: "by Allen" asks for those of whom there are many."""
MIN_SHARE_OF_TEXTS = 1.0
"""Smallest number of items of people of a family name, relative to those with the word in their
texts, from which it is a name without *by*: "black comedies" are not by Jack Black."""
MIN_NAME_CHARS = 3
MAX_NAME_WORDS = 4
"""Words of the longest name of somebody or of a publisher."""
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv"})
_ARTICLES = frozenset(
    {
        "the",
        "der",
        "die",
        "das",
        "le",
        "la",
        "les",
        "el",
        "los",
        "las",
        "il",
        "lo",
        "gli",
        "het",
    }
)
_IN_PARENTHESES = re.compile(r"\s*[(\[（].*?[)\]）]\s*")


@dataclass(frozen=True)
class MakerTerms:
    """Attribute terms of people and publishers by what is said of their names.

    Attributes:
        people: Terms ``name=value`` by family name, each with the given name.
        publishers: Terms by the words of their names without an article.
        shares: Relative number of items of each term.
        word_shares: Relative number of items of words of texts that are family names.

    Example:
        >>> terms = {"directors=alfred hitchcock": 0.3, "publisher=der spiegel (hamburg)": 0.2}
        >>> makers = MakerTerms.of(terms, None)
        >>> makers.find(["thriller", "hitchcock"]), makers.find(["by", "spiegel"])
        (['directors=alfred hitchcock'], ['publisher=der spiegel (hamburg)'])
        >>> makers.find(["spiegel"])
        []
    """

    people: Mapping[str, tuple[tuple[str, str], ...]]
    publishers: Mapping[tuple[str, ...], tuple[str, ...]]
    shares: Mapping[str, float] = field(repr=False)
    word_shares: Mapping[str, float] = field(repr=False)

    @classmethod
    def of(cls, terms: Mapping[str, float], words: LexicalEncoder | None) -> "MakerTerms":
        """Return the terms of a catalogue.

        Args:
            terms: Relative numbers of items by term ``name=value``.
            words: Words of its texts.
        """
        people: dict[str, list[tuple[str, str]]] = {}
        publishers: dict[tuple[str, ...], list[str]] = {}
        for term in sorted(terms):
            name, _, value = term.partition("=")
            said = tuple(tokenize(_IN_PARENTHESES.sub(" ", value)))
            if is_people_column(name) and (parts := _name_parts(said)):
                people.setdefault(parts[1], []).append((parts[0], term))
            if is_publisher_column(name) and said:
                short = said[1:] if said[0] in _ARTICLES and len(said) > 1 else said
                publishers.setdefault(short, []).append(term)
        known = words.columns if words is not None else {}
        idf = words.idf if words is not None else np.empty(0)
        counts = {one: float(np.exp(-idf[known[one]])) for one in people if one in known}
        return cls(
            {word: tuple(found) for word, found in people.items()},
            {said: tuple(found) for said, found in publishers.items()},
            {term: terms[term] for found in people.values() for _, term in found},
            counts,
        )

    def find(self, words: Sequence[str], named: Iterable[str] = ()) -> list[str]:
        """Return the terms of people and publishers that words name, each once.

        Args:
            words: Words of a text.
            named: Terms that the text names with all of their words.
        """
        if not self.people and not self.publishers:
            return []
        taken = {word for term in named for word in tokenize(term.partition("=")[2])}
        found: dict[str, None] = {}
        after = False
        for position, word in enumerate(words):
            if word not in taken:
                before = words[position - 1] if position else ""
                found |= dict.fromkeys(self._people_of(word, before, is_said_by=after))
            if word in BY_WORDS:
                after = True
                found |= dict.fromkeys(self._publisher_at(words, position + 1))
        return list(found)

    def _people_of(self, word: str, before: str, *, is_said_by: bool) -> list[str]:
        """Return the terms of people with a family name.

        Args:
            word: The word.
            before: The word before it, which may be a given name.
            is_said_by: Whether it stands after *by*.
        """
        people = self.people.get(word, ())
        given = {one for one, _ in people}
        if before in given:
            people = tuple(pair for pair in people if pair[0] == before)
        terms = [term for _, term in people]
        total = sum(self.shares[term] for term in terms)
        in_texts = self.word_shares.get(word, 0.0)
        if not terms or (not is_said_by and total < MIN_SHARE_OF_TEXTS * in_texts):
            return []
        most = max(self.shares[term] for term in terms)
        return [one for one in terms if self.shares[one] >= MIN_SHARE_OF_MOST_FREQUENT * most]

    def _publisher_at(self, words: Sequence[str], start: int) -> tuple[str, ...]:
        """Return the terms of the longest name of a publisher that begins at a position."""
        for end in range(min(start + MAX_NAME_WORDS, len(words)), start, -1):
            found = self.publishers.get(tuple(words[start:end]))
            if found:
                return found
        return ()


def is_people_column(name: str) -> bool:
    """Return whether the name of a column says that it holds people.

    Example:
        >>> is_people_column("Main Author"), is_people_column("tags")
        (True, False)
    """
    return _has_word(name, _PEOPLE)


def is_publisher_column(name: str) -> bool:
    """Return whether the name of a column says that it holds publishers or brands."""
    return _has_word(name, _PUBLISHERS)


def _has_word(name: str, patterns: str) -> bool:
    parts = re.split(r"[\W_]+|(?<=[a-z])(?=[A-Z])", name)
    every = "|".join(patterns.split())
    return any(re.fullmatch(every, part.casefold()) for part in parts)


def _name_parts(words: Sequence[str]) -> tuple[str, str] | None:
    """Return the given name and the family name of somebody; None: it has one word only.

    Example:
        >>> _name_parts(["robert", "downey", "jr"])
        ('robert', 'downey')
    """
    kept = list(words)
    while kept and kept[-1] in _SUFFIXES:
        del kept[-1]
    if not 1 < len(kept) <= MAX_NAME_WORDS or len(kept[-1]) < MIN_NAME_CHARS:
        return None
    return kept[0], kept[-1]
