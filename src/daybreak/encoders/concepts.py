"""Categories that a sentence asks for in other words: "make me laugh" asks for comedies.

A word of a sentence, or several, and a value of a category mean the same if both are in a group
of :mod:`daybreak.encoders.concept_words`. Without such a value in the catalogue, the words have
no other effect than before.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from daybreak.encoders.clause_words import FILLERS, LOVE
from daybreak.encoders.concept_words import (
    ASKED_VIOLENCE,
    concept_groups,
    n_asking_groups,
)
from daybreak.encoders.han_variants import simplify, simplify_all

_SEPARATORS = re.compile(r"\s*(?:[&/,+]|(?<!\w)(?:and|und|et|y|e)(?!\w))\s*")
_UNSPACED = re.compile("[\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
MAX_TERMS_OF_CONCEPT = 8
"""Largest number of values of a catalogue that one group stands for."""
MIN_SHARE_OF_MOST_FREQUENT = 0.25
"""Smallest number of items of such a value, relative to the most frequent one of the group."""
MIN_SHARE_OF_NAMED = 0.08
"""Smallest number of items of a value that a text names for which the other values of the group
are left out, relative to the most frequent one: fewer items would not fill a list. Of anime, 29
have the tag for *history* that people give, and 200 the category."""


@dataclass(frozen=True)
class ConceptTerms:
    """Attribute terms of a catalogue by the words that ask for them.

    Attributes:
        terms: Terms ``name=value`` of each group, the most frequent one first.
        shares: Relative number of items of each term of the catalogue.

    Example:
        >>> terms = ["genre=Comedy", "genre=Children's", "genre=War"]
        >>> concepts = ConceptTerms.of(dict.fromkeys(terms, 1))
        >>> concepts.find("please make me laugh"), concepts.find("etwas für meine Kinder")
        (['genre=Comedy'], ["genre=Children's"])
        >>> concepts.find("a warm lamp")
        []
    """

    terms: Mapping[int, tuple[str, ...]]
    shares: Mapping[str, float]

    @classmethod
    def of(cls, terms: Mapping[str, float]) -> "ConceptTerms":
        """Return the terms of a catalogue whose values name a group.

        A value that few items have, beside one that many have, is left out: it would count more
        than the other, and say no more.

        Args:
            terms: Relative numbers of items by term ``name=value``.
        """
        found: dict[int, list[str]] = {}
        by_name = _groups_by_name()
        for term in sorted(terms, key=lambda one: (-terms[one], one)):
            parts = _SEPARATORS.split(simplify(term.partition("=")[2].casefold()))
            groups = {group for part in parts for group in by_name.get(part.strip(), ())}
            for group in sorted(groups):
                kept = found.setdefault(group, [])
                if not kept or terms[term] >= MIN_SHARE_OF_MOST_FREQUENT * terms[kept[0]]:
                    kept.append(term)
        frequent = {group: tuple(some[:MAX_TERMS_OF_CONCEPT]) for group, some in found.items()}
        return cls(frequent, terms)

    def find(
        self, text: str, named: Iterable[str] = (), *, is_ruled_out: bool = False
    ) -> list[str]:
        """Return the terms that a text asks for, each once, in order of the groups.

        A group is left out if the text names a value with a word of the group that many items
        have: these come first. Of items that have the same in other words, those with few
        values would otherwise be the most similar ones.

        Args:
            text: What somebody says.
            named: Terms ``name=value`` of the values that the text names.
            is_ruled_out: Whether the text says what is unwanted: "no blood" rules out horror.

        Example:
            >>> genres = ConceptTerms.of({"genre=Historical": 200, "tags=历史": 29})
            >>> genres.find("历史题材"), genres.find("历史题材", named=["tags=历史"])
            (['genre=Historical'], [])

            Violence asks for some genres where nothing else is said.

            >>> films = ConceptTerms.of({"genre=Crime": 9, "genre=Comedy": 9})
            >>> films.find("violent"), films.find("violent robots")
            (['genre=Crime'], [])
        """
        if not self.terms:
            return []
        is_named = self._named_groups(named)
        is_whole = is_ruled_out or _asks_for_violence(text)
        last = None if is_whole else n_asking_groups()
        groups = (g for g in find_concepts(text, last) if g not in is_named)
        return list(dict.fromkeys(t for group in groups for t in self.terms.get(group, ())))

    def _named_groups(self, named: Iterable[str]) -> set[int]:
        """Return the groups with a word in a named value that many items have."""
        return {
            group
            for term in named
            for group in find_concepts(term.partition("=")[2], n_asking_groups())
            if group in self.terms
            and self.shares.get(term, 0.0)
            >= MIN_SHARE_OF_NAMED * self.shares[self.terms[group][0]]
        }


def _asks_for_violence(text: str) -> bool:
    """Return whether a text without small talk names violence and nothing else."""
    words = re.findall(r"[^\W_]+", text.casefold())
    return bool(words) and all(word in ASKED_VIOLENCE | FILLERS for word in words)


def find_concepts(text: str, n_groups: int | None = None) -> list[int]:
    """Return the numbers of the groups that a text has a word of, ascending.

    Args:
        text: A text.
        n_groups: Number of the first groups that count; default: all do.
    """
    by_word = _groups_by_word()
    found = _pattern().findall(simplify(text.casefold().replace("’", "'")))
    groups = {group for word in found for group in by_word[re.sub(r"\s+", " ", word)]}
    return sorted(groups if n_groups is None else (one for one in groups if one < n_groups))


def names_concept(text: str) -> bool:
    """Return whether a text is a word of a group and nothing else.

    Example:
        >>> names_concept("War"), names_concept("war of the worlds")
        (True, False)
    """
    groups = _groups_by_word().get(simplify(text.casefold()), ())
    return any(group < n_asking_groups() for group in groups)


@cache
def concept_vocabulary() -> tuple[str, ...]:
    """Return the words of all groups and their phrases in scripts with spaces, sorted."""
    words = {word for _, group in concept_groups() for text in group for word in text.split()}
    return tuple(sorted(word for word in words if word.isalpha() and not is_unspaced(word)))


def is_unspaced(word: str) -> bool:
    """Return whether a word is of a script that is written without spaces."""
    return bool(_UNSPACED.search(word))


def _by_word(groups: Sequence[Iterable[str]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        for word in sorted(group):
            found.setdefault(word, []).append(number)
    return found


@cache
def _groups_by_name() -> Mapping[str, list[int]]:
    return _by_word([simplify_all(names) for names, _ in concept_groups()])


@cache
def _groups_by_word() -> Mapping[str, list[int]]:
    groups = (words for _, words in concept_groups())
    return _by_word([simplify_all(words | _without_fillers(words)) for words in groups])


def _without_fillers(words: Iterable[str]) -> set[str]:
    """Return phrases as they are after :func:`.drop_small_talk`."""
    phrases = [text for text in words if not re.search(LOVE, text)]  # kept whole there
    kept = (" ".join(w for w in text.split() if w not in FILLERS) for text in phrases)
    return {text for text in kept if text}


@cache
def _pattern() -> re.Pattern[str]:
    words = sorted(_groups_by_word(), key=len, reverse=True)
    spaced = (re.escape(w).replace(r"\ ", r"\s+") for w in words if not is_unspaced(w))
    unspaced = (re.escape(w) for w in words if is_unspaced(w))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(spaced)})(?![^\W_])|{'|'.join(unspaced)}")
