"""Words of a sentence in the words of a catalogue: a *flashlight* is a *torch*, a *Kerze* too.

A word that no item has is replaced by what the catalogue calls the thing; one that few items
have gets the other words of its own language beside it. The words are in
:mod:`.synonym_words`; start at :class:`Synonyms`.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TypeAlias

from daybreak.encoders.clause_words import FILLERS
from daybreak.encoders.inflections import inflections
from daybreak.encoders.synonym_words import SYNONYM_LINES

MAX_OTHER_WORDS = 3
"""Words of the catalogue that stand for one of a sentence, at most."""
MIN_RATIO = 2.0
"""How many times as many items must have another word as have that of the sentence."""
MIN_FOREIGN_RATIO = 5.0
"""The same for a word of another language: of films, one is called *Un chien andalou*."""
MIN_CHARS_OF_FORMS = 5
"""Characters of the shortest foreign form, such as a plural, that is read as well."""
MIN_COMPOUND_CHARS = 4
"""Characters of the shortest word that is looked for at the end of compounds."""
MIN_COMPOUND_START = 3
"""Characters of the shortest beginning of a compound."""

MIN_HEAD_CHARS, MIN_SURE_HEAD_CHARS = 3, 5
"""Characters of the shortest word of the table that may end a compound of a sentence: *Uhr* in
*Küchenuhr*, where the beginning is one of its words as well, and otherwise."""
_LINKS = ("s", "n", "en", "es", "er", "e", "")
"""Letters between the parts of German compounds."""

_QUALITY_NAMES = """
    wool wood leather silver gold red blue green yellow black white pink purple brown grey
    colourful
"""
_QUALITIES = frozenset(_QUALITY_NAMES.split())
"""Words of the things that are colours and materials."""

_WORD = re.compile(r"[^\W_]+")
_HAN = re.compile("[\u3400-\u9fff]")
Phrase: TypeAlias = tuple[str, ...]
FormsFn: TypeAlias = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class _Thing:
    """Words for one thing.

    Attributes:
        english: English words that may stand for others.
        asking: English words that only ask.
        foreign: Words of other languages.
        doubtful: Those that are English words as well, or mean something else.
    """

    english: tuple[str, ...]
    asking: tuple[str, ...]
    foreign: tuple[str, ...]
    doubtful: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Synonyms:
    """Says sentences in the words of a catalogue.

    Attributes:
        shares: Relative numbers of items by word.

    Example:
        >>> shop = Synonyms({"torch": 0.1, "candle": 0.2, "biscuit": 0.3, "cookie": 0.1})
        >>> shop.say("a small flashlight"), shop.say("une bougie rouge")
        ('a small torch', 'une candle rouge')
        >>> shop.say("cookies"), shop.say("biscuits"), shop.say("torch")
        ('cookies biscuit', 'biscuits', 'torch')
    """

    shares: Mapping[str, float]
    _compounds: dict[str, float] = field(default_factory=dict, repr=False)

    def say(self, text: str, *, is_foreign: bool = False) -> str:
        """Return a text with the words of the catalogue in place of others, or beside them.

        Args:
            text: What somebody says.
            is_foreign: Whether it has words by which it is in another language than English.
        """
        if not self.shares:
            return text
        if not text.isascii() and _HAN.search(text):
            text = _unspaced().sub(lambda found: self._say_unspaced(found[0]), text)
        return self._say_spaced(text, is_foreign=is_foreign)

    def _say_unspaced(self, word: str) -> str:
        listed = _things_by_word()
        things = listed[word,] if (word,) in listed else listed[_short_han()[word],]
        others = self._others(things, (word,), 0.0)
        is_known = any(word in known for known in self.shares)
        return word if is_known or not others else f" {' '.join(others)} "

    def _say_spaced(self, text: str, *, is_foreign: bool) -> str:
        text = unicodedata.normalize("NFC", text)
        found = list(_WORD.finditer(text))
        words = [one[0].lower() for one in found]
        said, end, place = "", 0, 0
        while place < len(words):
            length, others, is_known = self._find(words[place:], is_foreign=is_foreign)
            if others:
                start = found[place].start()
                stop = found[place + length - 1].end()
                own = [text[start:stop]] if is_known else []
                said += text[end:start] + " ".join([*own, *others])
                end = stop
            place += max(length, 1)
        return said + text[end:] if said else text

    def _find(
        self, words: Sequence[str], *, is_foreign: bool
    ) -> tuple[int, Sequence[str], bool]:
        """Return how many first words name a thing, its names, and whether it is known."""
        for length in range(min(_longest(), len(words)), 0, -1):
            phrase = tuple(words[:length])
            things = [
                (thing, language)
                for thing, language in _things_by_word().get(phrase, ())
                if language != "doubtful" or is_foreign
            ]
            if not things:
                continue
            is_foreign_word = all(language != "english" for _, language in things)
            forms = _foreign_forms if is_foreign_word else _forms
            share = self._share(phrase, forms) + self._share_of_compounds(phrase)
            others = self._others(things, phrase, share)
            if others or share:
                return length, others, share > 0
        others, is_whole = self._say_compound(words[0])
        return 1, others, not is_whole

    def _say_compound(self, word: str) -> tuple[list[str], bool]:
        """Return the names of the parts of a compound of things, and whether all are named.

        The last part says what it is: *Schreibtischlampe* is a lamp. Compounds that the
        catalogue has stay as they are.

        Args:
            word: Word of a sentence in lower case.
        """
        if self._share((word,)) or not word.isalpha() or not word.islower():
            return [], False
        for start in range(MIN_COMPOUND_START, len(word) - MIN_HEAD_CHARS + 1):
            head = self._say_part(word[start:])
            if not head:
                continue
            whole = word[:start]
            beginnings = (whole.removesuffix(one) for one in _LINKS if whole.endswith(one))
            first = next((said for one in beginnings if (said := self._say_part(one))), [])
            if first or len(word) - start >= MIN_SURE_HEAD_CHARS:
                return list(dict.fromkeys([*first, *head])), bool(first)
        return [], False

    def _say_part(self, word: str) -> list[str]:
        """Return the names of a thing by a foreign word for it that stands in a compound."""
        found = _things_by_word().get((word,), ())
        things = [one for one in found if one[1] != "english"]
        return self._others(things, (word,), 0.0) if len(word) >= MIN_HEAD_CHARS else []

    def _others(
        self, things: Sequence[tuple[_Thing, str]], phrase: Phrase, share: float
    ) -> list[str]:
        """Return the words of the catalogue for things.

        Args:
            things: Things, each with the language in which a sentence names it.
            phrase: Words of the sentence for them.
            share: Share of items that have these; other words must be more frequent.
        """
        found: list[str] = []
        covered = set(phrase) if share else set()
        for thing, language in things:
            is_own = language == "english" and share > 0
            least = share * (MIN_RATIO if is_own else MIN_FOREIGN_RATIO)
            for member in thing.english if is_own else (*thing.english, *thing.foreign):
                words = _split(member)
                forms = _forms if member in thing.english else _foreign_forms
                own = self._share(words, forms)
                is_new = not covered.issuperset(words) and covered.isdisjoint(forms(words[-1]))
                if own and own >= least and is_new:
                    found.append(self._as_known(words, forms))
                    covered.update(words)
        return found[:MAX_OTHER_WORDS]

    def _share(self, phrase: Phrase, forms: FormsFn | None = None) -> float:
        """Return the share of items that have all words of a phrase, at most."""
        of = forms or _forms
        return min(sum(self.shares.get(one, 0.0) for one in of(word)) for word in phrase)

    def _as_known(self, phrase: Phrase, forms: FormsFn) -> str:
        """Return a phrase in the forms that most items have."""
        return " ".join(
            max(forms(word), key=lambda one: self.shares.get(one, 0.0)) for word in phrase
        )

    def _share_of_compounds(self, phrase: Phrase) -> float:
        """Return the share of items with compounds of a word: *Kerze* in *Duftkerzen*."""
        word = phrase[0]
        if len(phrase) > 1 or len(word) < MIN_COMPOUND_CHARS:
            return 0.0
        if word not in self._compounds:
            ends, n = tuple(_forms(word)), len(word) + MIN_COMPOUND_START
            longer = (known for known in self.shares if len(known) >= n)
            self._compounds[word] = sum(
                self.shares[known] for known in longer if known.endswith(ends)
            )
        return self._compounds[word]


@cache
def quality_words() -> frozenset[str]:
    """Return the words for colours and materials, in several languages.

    Example:
        >>> {"blue", "rotes", "wooden", "noire"} <= quality_words(), "lamp" in quality_words()
        (True, False)
    """
    found = (one for one in _things() if not _QUALITIES.isdisjoint(one.english))
    words = (word for one in found for word in (*one.english, *one.foreign, *one.doubtful))
    return frozenset(word for word in words if "_" not in word)


def _without_accents(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word)
    return "".join(one for one in apart if not unicodedata.combining(one))


@cache
def _split(member: str) -> Phrase:
    return tuple(_WORD.findall(member.replace("_", " ").lower()))


@cache
def _forms(word: str) -> tuple[str, ...]:
    return (word, *inflections(word))


@cache
def _foreign_forms(word: str) -> tuple[str, ...]:
    """Return a foreign word and its longer forms: *kiss* is none of *Kissen*."""
    return (word, *(one for one in inflections(word) if len(one) >= len(word)))


@cache
def _things() -> tuple[_Thing, ...]:
    things = []
    for line in SYNONYM_LINES.strip().replace("\n    ", " ").splitlines():
        english, _, foreign = line.partition(" :")
        own, others = english.split(), foreign.split()
        things.append(
            _Thing(
                tuple(word for word in own if word[0] not in "?~"),
                tuple(word[1:] for word in own if word[0] == "?"),
                tuple(word for word in others if word[0] != "~"),
                tuple(word[1:] for word in (*own, *others) if word[0] == "~"),
            )
        )
    return tuple(things)


@cache
def _things_by_word() -> Mapping[Phrase, list[tuple[_Thing, str]]]:
    """Things by their phrases, each with the language it is said in.

    Forms that follow from another word count where they are no words of the table themselves.
    """
    listed: dict[Phrase, list[tuple[_Thing, str]]] = {}
    derived: dict[Phrase, list[tuple[_Thing, str]]] = {}
    for thing in _things():
        groups = (
            (thing.english, "english"),
            (thing.asking, "english"),
            (thing.foreign, "foreign"),
            (thing.doubtful, "doubtful"),
        )
        for words, language in groups:
            for word in words:
                phrase = _split(word)
                _add(listed, phrase, thing, language)
                for form in _phrase_forms(phrase, language):
                    _add(derived, form, thing, language)
    return {**derived, **listed}


def _add(
    found: dict[Phrase, list[tuple[_Thing, str]]], phrase: Phrase, thing: _Thing, language: str
) -> None:
    known = found.setdefault(phrase, [])
    if all(other is not thing for other, _ in known):
        known.append((thing, language))


def _phrase_forms(phrase: Phrase, language: str) -> Collection[Phrase]:
    """Return other forms of a phrase: other numbers, no accents, no words that only ask."""
    forms = {(*phrase[:-1], form) for form in inflections(phrase[-1])}
    forms |= {(form, *phrase[1:]) for form in inflections(phrase[0])}
    if language != "english":  # "low" is no form of "Löwe"
        forms = {one for one in forms if len("".join(one)) >= MIN_CHARS_OF_FORMS}
    shorter = (tuple(word for word in one if word not in FILLERS) for one in (phrase, *forms))
    forms |= {one for one in shorter if len(one) > 1}
    plain = {tuple(map(_without_accents, one)) for one in (phrase, *forms)}
    forms |= {one for one in plain if len("".join(one)) >= MIN_CHARS_OF_FORMS}
    return forms - {phrase}


@cache
def _longest() -> int:
    return max(len(phrase) for phrase in _things_by_word())


@cache
def _unspaced() -> re.Pattern[str]:
    words = [phrase[0] for phrase in _things_by_word() if _HAN.search(phrase[0])]
    short = "".join(_short_han())
    at_end = rf"(?<=[\u3400-\u9fff])[{short}](?=$|[^\u3400-\u9fff]|的)"
    return re.compile("|".join([*sorted(words, key=len, reverse=True), at_end]))


@cache
def _short_han() -> Mapping[str, str]:
    """Words such as 椅子 by what they are at the end of others: 办公椅."""
    words = (phrase[0] for phrase in _things_by_word())
    return {word[0]: word for word in words if len(word) == 2 and word[1] == "子"}
