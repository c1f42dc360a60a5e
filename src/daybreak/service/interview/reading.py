"""Reads answers into items and attributes of the catalogue, without a language model.

Wanted and unwanted clauses are told apart by :mod:`daybreak.encoders.clauses`. In each clause,
titles and values of attributes are found by their words, then by the text encoder. What is
neither stays as a wish in the user's own words.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

import numpy as np

from daybreak.encoders.clauses import drop_small_talk, has_content, split_clauses
from daybreak.encoders.content import ATTRIBUTES, MEANING, WORDS
from daybreak.encoders.named_items import fold_title, strip_year
from daybreak.service.interview.phrases import (
    chosen_numbers,
    drop_unspaced_talk,
    general_words,
    is_all,
    is_no,
    is_none,
    is_yes,
)
from daybreak.service.interview.turns import AnswerReading, InterviewTurn
from daybreak.service.interview.vocabulary import WORDS_FIELD, InterviewVocabulary
from daybreak.types import Floats

MIN_MEANING_SIMILARITY = 0.6
"""Smallest cosine of an answer and a value for the text encoder to take it for the value."""
MIN_SHOWN_SIMILARITY = 0.8
"""Smallest share of common letters of an answer and an offered choice that is misspelt."""
MIN_UNSPACED_CHARS = 3
"""Smallest length of a title that is found inside a text without spaces [characters]."""
MAX_MATCHES = 20
"""Maximum number of items, and of values, that one answer names."""

_QUOTED = re.compile(r"《([^》]{1,200})》|[“\"「『]([^”\"」』]{1,200})[”\"」』]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_PARTS = re.compile(r"\s*(?:[,;，；、。.!?！？\n]|\band\b|\bor\b|以及|还有|和|或)\s*")


@dataclass
class _Findings:
    """What the clauses of an answer name, in their order."""

    items: dict[str, bool] = field(default_factory=dict)
    """Id of an item to whether it is liked."""
    values: dict[tuple[str, str], bool] = field(default_factory=dict)
    """Attribute and value to whether it is wanted."""
    wishes: list[str] = field(default_factory=list)

    def add_items(self, ids: Iterable[str], *, liked: bool) -> None:
        """Add items; a dislike counts where both are said."""
        for id_ in ids:
            self.items[id_] = liked and self.items.get(id_, True)

    def add_values(self, pairs: Iterable[tuple[str, str]], *, wanted: bool) -> None:
        """Add values; an unwanted one counts where both are said."""
        for pair in pairs:
            self.values[pair] = wanted and self.values.get(pair, True)


class AnswerReader:
    """Reads the answers of one user.

    Args:
        vocabulary: Attributes, values and titles of the catalogue.
    """

    def __init__(self, vocabulary: InterviewVocabulary) -> None:
        self.vocabulary = vocabulary
        self._content = vocabulary.state.trained.content
        self._ids = vocabulary.state.catalogue.items.ids

    def read(self, turn: InterviewTurn) -> AnswerReading:
        """Return what an answer says."""
        found = _Findings()
        self._read_choices(turn, found)
        text = turn.text.strip()
        source = "rules" if text else "choice"
        if text and not is_none(text) and not self._read_short_answer(turn, text, found):
            self._read_sentence(turn, text, found)
        return _to_reading(found, source)

    def has_sentence(self, turn: InterviewTurn) -> bool:
        """Return whether an answer has words other than yes, no, none, all and numbers."""
        text = turn.text.strip()
        return bool(text) and not (
            is_none(text) or self._read_short_answer(turn, text, _Findings())
        )

    def _read_choices(self, turn: InterviewTurn, found: _Findings) -> None:
        for ids, positive in ((turn.chosen, True), (turn.rejected, False)):
            if turn.kind == "attribute":
                pairs = [self._known_pair(turn.name, value) for value in ids]
                found.add_values((pair for pair in pairs if pair is not None), wanted=positive)
            else:
                known = [id_ for id_ in ids if self.vocabulary.state.catalogue.row(id_) >= 0]
                found.add_items(known, liked=positive)

    def _read_short_answer(self, turn: InterviewTurn, text: str, found: _Findings) -> bool:
        """Read yes, no, all, numbers and names of choices; return whether it is one of them."""
        numbers = chosen_numbers(text, len(turn.shown))
        if is_all(text) and turn.shown:
            numbers = tuple(range(len(turn.shown)))
        elif is_yes(text) and len(turn.shown) == 1:
            numbers = (0,)
        if numbers:
            chosen = tuple(turn.shown[n] for n in numbers)
            self._read_choices(InterviewTurn(turn.kind, turn.name, chosen=chosen), found)
            return True
        if is_no(text):
            if turn.kind == "items" and len(turn.shown) == 1:
                found.add_items(self._known_items(turn.shown), liked=False)
            return True
        return is_yes(text)

    def _known_items(self, ids: Sequence[str]) -> list[str]:
        return [id_ for id_ in ids if self.vocabulary.state.catalogue.row(id_) >= 0]

    def _read_sentence(self, turn: InterviewTurn, text: str, found: _Findings) -> None:
        rest = self._read_quantities(text, found)
        for title, quoted in _quoted(text):
            rows = self.vocabulary.titles.get(fold_title(strip_year(title)), ())
            if rows:
                rest = rest.replace(quoted, f" {_TITLE_MARK} ")
                found.add_items(self._first(rows), liked=_is_wanted(text, quoted))
        clauses = split_clauses(rest.replace(_TITLE_MARK, " "))
        wanted = [clauses.wanted] if clauses.wanted else []
        pieces = [piece.text for piece in clauses.pieces] or wanted
        for said, positive in ((pieces, True), (clauses.unwanted, False)):
            for clause in said:
                self._read_clause(turn, clause, found, positive=positive)

    def _read_quantities(self, text: str, found: _Findings) -> str:
        """Keep prices, years and the like as wishes; return the other words."""
        stated = self.vocabulary.state.ranker.rule_compiler.quantity_reader.read(text)
        if stated is None or not stated.has_effect:
            return text
        found.wishes += [one.phrase for one in stated.bounds]
        found.wishes += [one.phrase for one in stated.preferences]
        return stated.topic

    def _read_clause(
        self, turn: InterviewTurn, clause: str, found: _Findings, *, positive: bool
    ) -> None:
        """Read one clause; what names nothing of the catalogue is a wish."""
        for part in _parts(clause):
            rows, rest = self._titles_in(turn, part)
            found.add_items(self._ids_of(rows), liked=positive)
            if not has_content(rest) or not drop_unspaced_talk(rest):
                continue
            pairs = self._values_in(turn, rest)
            found.add_values(pairs, wanted=positive)
            if not self._names_choices(turn, rest, pairs):
                wish = self._with_written_out(rest.strip())
                found.wishes.append(wish if positive else f"no {wish}")

    def _names_choices(
        self, turn: InterviewTurn, part: str, pairs: Sequence[tuple[str, str]]
    ) -> bool:
        """Return whether a part of a clause only names choices of the question.

        Then it is an answer like a click. Anything else that somebody says stays a wish in the
        own words, beside the values that were read from it: it is the strongest evidence.
        """
        shown = {value.lower() for value in turn.shown}
        if turn.kind != "attribute" or not all(value.lower() in shown for _, value in pairs):
            return False
        rest = drop_unspaced_talk(fold_title(drop_small_talk(part)))
        for value in sorted({fold_title(value) for _, value in pairs}, key=len, reverse=True):
            rest = rest.replace(value, " ")
        left = set(rest.split()) - general_words()
        return bool(pairs) and not any(has_content(word) for word in left)

    def _titles_in(self, turn: InterviewTurn, part: str) -> tuple[list[int], str]:
        """Return the rows of the titles in a part of a clause, and the part without them."""
        folded = fold_title(strip_year(drop_small_talk(part)))
        exact = self.vocabulary.titles.get(folded) or self._misspelt_choice(turn, folded)
        if exact and not self._is_value(folded):
            return [self._first_row(exact)], ""
        if _UNSPACED.search(part):
            return self._unspaced_titles(part)
        return self._spaced_titles(part)

    def _is_value(self, folded: str) -> bool:
        """Return whether a word is also a value of an attribute, such as ``drama``."""
        return any(folded == fold_title(value) for _, value in self.vocabulary.pairs)

    def _spaced_titles(self, part: str) -> tuple[list[int], str]:
        words = fold_title(part).split()
        rows: list[int] = []
        kept: list[str] = []
        start = 0
        while start < len(words):
            size = self._longest_title(words, start)
            if size:
                title = " ".join(words[start : start + size])
                rows.append(self._first_row(self.vocabulary.titles[title]))
            else:
                kept.append(words[start])
            start += max(size, 1)
        return (rows, " ".join(kept)) if rows else ([], part)

    def _longest_title(self, words: Sequence[str], start: int) -> int:
        """Return the number of words of the longest title at a position; one word is none."""
        longest = min(self.vocabulary.max_title_words, len(words) - start)
        for size in range(longest, 1, -1):
            title = " ".join(words[start : start + size])
            if title in self.vocabulary.titles and has_content(title):
                return size
        return 0

    def _unspaced_titles(self, part: str) -> tuple[list[int], str]:
        folded, rows = fold_title(part), []
        contained = [
            title
            for title in self.vocabulary.titles
            if len(title) >= MIN_UNSPACED_CHARS and _UNSPACED.search(title) and title in folded
        ]
        for title in sorted(contained, key=len, reverse=True):
            if title in folded:
                folded = folded.replace(title, " ")
                rows.append(self._first_row(self.vocabulary.titles[title]))
        return (rows, drop_small_talk(folded)) if rows else ([], part)

    def _misspelt_choice(self, turn: InterviewTurn, folded: str) -> tuple[int, ...]:
        """Return the row of the offered item that a text names with a slip; else nothing."""
        if turn.kind != "items" or not folded:
            return ()
        ratios = []
        for id_ in self._known_items(turn.shown):
            title = fold_title(strip_year(self.vocabulary.state.ranker.title(id_)))
            ratio = SequenceMatcher(None, title, folded).ratio()
            ratios.append((ratio, self.vocabulary.state.catalogue.row(id_)))
        best = max(ratios, default=(0.0, -1))
        return (best[1],) if best[0] >= MIN_SHOWN_SIMILARITY else ()

    def _values_in(self, turn: InterviewTurn, part: str) -> list[tuple[str, str]]:
        """Return the values that a part of a clause names, those of the question first."""
        named = self._named_values(part)
        if named:
            return named
        return self._meant_values(turn, part)

    def _named_values(self, part: str) -> list[tuple[str, str]]:
        """Return the values whose words a text contains."""
        terms = self._content.block_terms
        found: list[tuple[str, str]] = []
        for block in self._content.texts([part]):
            if block.name not in (ATTRIBUTES, WORDS):
                continue
            matrix: Any = block.matrix
            weights = np.asarray(matrix.todense()).ravel()
            for column in np.flatnonzero(weights > 0).tolist():
                name, _, value = terms[block.name][column].rpartition("=")
                pair = self._known_pair(
                    name if block.name == ATTRIBUTES else WORDS_FIELD, value
                )
                if pair is not None:
                    found.append(pair)
        return list(dict.fromkeys([*found, *self._abbreviated_values(part)]))[:MAX_MATCHES]

    def _abbreviated_values(self, part: str) -> list[tuple[str, str]]:
        """Return the values whose words begin the words of a text: ``Sci-Fi``."""
        words = fold_title(part).split()
        return [
            pair
            for pair, short in self._abbreviations
            if any(
                is_abbreviation(short, words[start : start + len(short)])
                for start in range(len(words) - len(short) + 1)
            )
        ]

    def _with_written_out(self, part: str) -> str:
        """Return a text in which a value stands for the words that it abbreviates."""
        for (_, value), short in self._abbreviations:
            pattern = r"\W+".join(rf"{re.escape(word)}\w+" for word in short)
            literal = value.replace("\\", r"\\")
            part = re.sub(rf"(?i)\b{pattern}\b", literal, part)
        return part

    @cached_property
    def _abbreviations(self) -> list[tuple[tuple[str, str], list[str]]]:
        """Values of several short words."""
        folded = [(pair, fold_title(pair[1]).split()) for pair in self.vocabulary.pairs]
        return [(pair, words) for pair, words in folded if len(words) > 1]

    def _meant_values(self, turn: InterviewTurn, part: str) -> list[tuple[str, str]]:
        """Return the value of the asked attribute that a text means by the text encoder."""
        columns = self.vocabulary.fields.get(turn.name)
        if columns is None or turn.name == WORDS_FIELD:
            return []
        said = self._meaning_of([drop_small_talk(part)])
        if said is None:
            return []
        pairs = [self.vocabulary.pairs[column] for column in columns.tolist()]
        likeness = self._value_meanings(pairs) @ said[0]
        best = int(np.argmax(likeness))
        return [pairs[best]] if likeness[best] >= MIN_MEANING_SIMILARITY else []

    def _value_meanings(self, pairs: Sequence[tuple[str, str]]) -> Floats:
        found = self._meaning_of([value for _, value in pairs])
        return np.zeros((len(pairs), 1), np.float32) if found is None else found

    def _meaning_of(self, texts: Sequence[str]) -> Floats | None:
        blocks: list[Any] = [b.matrix for b in self._content.texts(texts) if b.name == MEANING]
        return np.asarray(blocks[0]) if blocks else None

    def _known_pair(self, name: str, value: str) -> tuple[str, str] | None:
        """Return a pair of the vocabulary as it is written there; None: it has no such pair."""
        column = self.vocabulary.columns.get((name, value.lower()))
        return None if column is None else self.vocabulary.pairs[column]

    def _first(self, rows: Sequence[int]) -> list[str]:
        return self._ids_of([self._first_row(rows)])

    def _first_row(self, rows: Sequence[int]) -> int:
        """Return the row that most users chose, of items with the same title."""
        counts = self._event_counts
        return max(rows, key=lambda row: (counts[row] if row < len(counts) else 0, -row))

    @cached_property
    def _event_counts(self) -> Any:
        state = self.vocabulary.state
        items = state.histories.positive.item
        return np.bincount(items, minlength=len(state.catalogue.items))

    def _ids_of(self, rows: Sequence[int]) -> list[str]:
        return [self._ids.ids[row] for row in rows[:MAX_MATCHES]]


_TITLE_MARK = "\u241f"
"""Stands for a quoted title while the rest of the sentence is read."""


def _quoted(text: str) -> Iterator[tuple[str, str]]:
    """Yield quoted titles, without and with their marks."""
    for match in _QUOTED.finditer(text):
        yield next(group for group in match.groups() if group), match.group(0)


def _is_wanted(text: str, quoted: str) -> bool:
    """Return whether a quoted title is not in an unwanted clause."""
    unwanted = split_clauses(text.replace(quoted, " xtitlex ")).unwanted
    return not any("xtitlex" in clause for clause in unwanted)


def _parts(clause: str) -> list[str]:
    """Return the parts of a clause between commas and conjunctions; a title may hold one."""
    parts = [part for part in _PARTS.split(clause) if part.strip()]
    return parts or ([clause] if clause.strip() else [])


def is_abbreviation(short: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether each word begins with a shorter one, of two letters or more.

    Example:
        >>> is_abbreviation(["sci", "fi"], ["science", "fiction"])
        True
        >>> is_abbreviation(["sci", "fi"], ["scissors"])
        False
    """
    return len(short) == len(words) and all(
        2 <= len(part) < len(word) and word.startswith(part)
        for part, word in zip(short, words, strict=True)
    )


def _to_reading(found: _Findings, source: str) -> AnswerReading:
    reading = AnswerReading(
        tuple(id_ for id_, liked in found.items.items() if liked),
        tuple(id_ for id_, liked in found.items.items() if not liked),
        tuple(pair for pair, wanted in found.values.items() if wanted),
        tuple(pair for pair, wanted in found.values.items() if not wanted),
        ", ".join(dict.fromkeys(found.wishes)),
    )
    says_nothing = reading == AnswerReading()
    return AnswerReading(
        reading.liked,
        reading.disliked,
        reading.wanted,
        reading.unwanted,
        reading.text,
        says_nothing,
        source,
    )


def join_readings(readings: Sequence[AnswerReading]) -> AnswerReading:
    """Return all answers together; of two that contradict each other, the later one counts.

    Example:
        >>> first = AnswerReading(liked=("heat",), wanted=(("genre", "war"),))
        >>> joined = join_readings([first, AnswerReading(unwanted=(("genre", "war"),))])
        >>> joined.liked, joined.wanted, joined.unwanted
        (('heat',), (), (('genre', 'war'),))
    """
    items: dict[str, bool] = {}
    values: dict[tuple[str, str], bool] = {}
    for one in readings:
        items |= dict.fromkeys(one.liked, True) | dict.fromkeys(one.disliked, False)
        values |= dict.fromkeys(one.wanted, True) | dict.fromkeys(one.unwanted, False)
    return AnswerReading(
        tuple(id_ for id_, liked in items.items() if liked),
        tuple(id_ for id_, liked in items.items() if not liked),
        tuple(pair for pair, wanted in values.items() if wanted),
        tuple(pair for pair, wanted in values.items() if not wanted),
        ", ".join(one.text for one in readings if one.text),
        all(one.is_none for one in readings),
        "model" if any(one.source == "model" for one in readings) else "rules",
    )
