"""Conducts an interview: reads the answers so far and chooses the next question.

The conversation is held by its caller: each request has all turns so far. The posterior of the
models chooses what to ask; templates word it; rules and the text encoder read the answers. A
language model may word a question and add to what the rules read.
"""

from dataclasses import replace

from daybreak.service.interview.likings import liking_offsets
from daybreak.service.interview.model import InterviewModel
from daybreak.service.interview.reading import AnswerReader, join_readings
from daybreak.service.interview.selection import InterviewSelector, SelectedQuestion
from daybreak.service.interview.turns import (
    AnswerReading,
    InterviewQuestion,
    InterviewRequest,
    InterviewStep,
    QuestionKind,
)
from daybreak.service.interview.vocabulary import InterviewVocabulary
from daybreak.service.interview.wording import word_question
from daybreak.service.state.serving_state import ServingState

MAX_EXCLUDED_SHARE = 0.9
"""Largest share of the catalogue that unwanted values may leave out; with more, none do."""


def conduct_interview(
    state: ServingState,
    request: InterviewRequest,
    *,
    prefer_attributes: bool = False,
    model: InterviewModel | None = None,
) -> InterviewStep:
    """Return what the answers say, and the next question.

    Args:
        state: State that answers.
        request: The turns so far.
        prefer_attributes: Whether an attribute is asked about, if there is any.
        model: Words the question and reads the answers; None: templates ask and rules read.

    Raises:
        DataError: An answer is invalid.
    """
    vocabulary = InterviewVocabulary.from_state(state)
    reader = AnswerReader(vocabulary)
    if model is None:
        readings = tuple(reader.read(turn) for turn in request.turns)
    else:
        readings = tuple(model.read(reader, turn, request.language) for turn in request.turns)
    understood = join_readings(readings)
    excluded = _excluded_items(vocabulary, understood)
    question = None
    if len(request.turns) < request.max_questions:
        selector = InterviewSelector(vocabulary, understood, request.turns, excluded)
        question = _worded(selector.next_question(request, prefer_attributes), request)
        question = _reworded(question, request, model)
    offsets = liking_offsets(vocabulary, understood.wanted, request.language)
    return InterviewStep(question, request.turns, readings, understood, excluded, offsets)


def _excluded_items(
    vocabulary: InterviewVocabulary, understood: AnswerReading
) -> tuple[str, ...]:
    """Return disliked items and those with an unwanted value."""
    unwanted = vocabulary.items_with(understood.unwanted)
    if len(unwanted) > MAX_EXCLUDED_SHARE * len(vocabulary.state.catalogue.items):
        unwanted = []
    return tuple(dict.fromkeys([*understood.disliked, *unwanted]))


def _worded(
    selected: SelectedQuestion | None, request: InterviewRequest
) -> InterviewQuestion | None:
    """Return a question in words; an open one if nothing can be asked, once."""
    if selected is None:
        if any(turn.kind == "open" for turn in request.turns):
            return None
        return InterviewQuestion("open", "", word_question("open", "", (), request.language))
    kind: QuestionKind = "attribute" if selected.kind == "attribute" else "items"
    text = word_question(kind, selected.name, selected.choices, request.language)
    return InterviewQuestion(kind, selected.name, text, selected.choices, selected.gain)


def _reworded(
    question: InterviewQuestion | None, request: InterviewRequest, model: InterviewModel | None
) -> InterviewQuestion | None:
    """Return a question in the words of the model, if there are any that pass the checks."""
    if question is None or model is None:
        return question
    text = model.word(question, request.language)
    return question if text is None else replace(question, text=text, source="model")
