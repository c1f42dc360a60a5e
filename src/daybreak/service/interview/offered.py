"""The closed vocabulary from which a language model reads one answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from daybreak.language_models.instructions import has_instructions
from daybreak.service.interview.turns import AnswerReading, InterviewTurn
from daybreak.service.interview.vocabulary import InterviewVocabulary
from daybreak.service.interview.wording import clean_label

MAX_OFFERED_NAMES = 24
"""Maximum number of names that a model is given with an answer."""


@dataclass(frozen=True)
class OfferedName:
    """A name that a model may use, and what it stands for: an item, or a value."""

    label: str
    """Name for display, one line."""
    item: str | None = None
    """Id of an item."""
    value: tuple[str, str] | None = None
    """Attribute and value."""


def fold_name(name: str) -> str:
    """Return a name as it is compared: in lower case, with single spaces.

    Example:
        >>> fold_name(" Sci-Fi ")
        'sci-fi'
    """
    return " ".join(name.split()).casefold()


def offered_names(
    vocabulary: InterviewVocabulary, turn: InterviewTurn, by_rules: AnswerReading
) -> dict[str, OfferedName]:
    """Return the names that a model may use, by their folded label.

    They are the choices of the question, what the rules read from the answer, and the values of
    attributes, those of the asked attribute first. Names that speak to a model are left out.

    Args:
        vocabulary: Attributes, values and titles of the catalogue.
        turn: Question and answer.
        by_rules: What the rules read.
    """
    found: dict[str, OfferedName] = {}
    for name in _candidates(vocabulary, turn, by_rules):
        key = fold_name(name.label)
        if key and key not in found and not has_instructions(name.label):
            found[key] = name
        if len(found) == MAX_OFFERED_NAMES:
            break
    return found


def _candidates(
    vocabulary: InterviewVocabulary, turn: InterviewTurn, by_rules: AnswerReading
) -> Iterator[OfferedName]:
    if turn.kind == "items":
        yield from _items(vocabulary, turn.shown)
    if turn.kind == "attribute":
        yield from _values(vocabulary, [(turn.name, value) for value in turn.shown])
    yield from _values(vocabulary, [*by_rules.wanted, *by_rules.unwanted])
    yield from _items(vocabulary, [*by_rules.liked, *by_rules.disliked])
    fields = sorted(vocabulary.fields, key=lambda name: name != turn.name)
    for name in fields:
        columns = vocabulary.fields[name].tolist()
        yield from _values(vocabulary, [vocabulary.pairs[column] for column in columns])


def _items(vocabulary: InterviewVocabulary, ids: Sequence[str]) -> Iterator[OfferedName]:
    state = vocabulary.state
    for id_ in ids:
        if state.catalogue.row(id_) >= 0:
            yield OfferedName(clean_label(state.ranker.title(id_)), item=id_)


def _values(
    vocabulary: InterviewVocabulary, pairs: Sequence[tuple[str, str]]
) -> Iterator[OfferedName]:
    for name, value in pairs:
        column = vocabulary.columns.get((name, value.lower()))
        if column is not None:
            pair = vocabulary.pairs[column]
            yield OfferedName(clean_label(pair[1]), value=pair)
