"""Notes on texts of which neither the catalogue nor its text model knows anything."""

import warnings
from collections.abc import Iterable

import numpy as np
import polars as pl

from daybreak.data.media.pictures import KeptPicture
from daybreak.encoders import MULTILINGUAL_MODEL
from daybreak.encoders.languages import foreign_words, knows_english_only
from daybreak.errors import UnreadTextWarning
from daybreak.service.state.query_builder import QueryBatch
from daybreak.service.state.serving_state import ServingState

MAX_SHOWN_CHARS = 40
"""Largest part of a text that a note repeats [characters]."""
MAX_WARNINGS = 5
"""Largest number of texts that one call warns of."""


def unread_texts(batch: QueryBatch) -> dict[int, str]:
    """Return the texts that have no effect on the lists, by position in the batch."""
    if not batch.context.texts:
        return {}
    has_wish = batch.queries.has_wish
    return {
        row: text
        for row, text in batch.context.texts.items()
        if not has_wish[row] and not _has_bound(batch, row, text)
    }


def _has_bound(batch: QueryBatch, position: int, text: str) -> bool:
    """Return whether words of a topic are a bound as well: the age of a child."""
    stated = batch.rules[position].stated
    return stated is not None and any(one.phrase in text for one in stated.bounds)


def quantity_notes(batch: QueryBatch, position: int) -> tuple[str, ...]:
    """Return notes on bounds of a user's words that could not be applied as they are said.

    Args:
        batch: Batch of the query.
        position: Position of the query.
    """
    stated = batch.rules[position].stated
    return () if stated is None else stated.notes(batch.k[position])


def warn_of_quantities(batch: QueryBatch, stacklevel: int) -> None:
    """Warn of bounds in texts that could not be applied as they are said.

    Args:
        batch: Batch of queries.
        stacklevel: Number of calls up to the code of the user, this one excluded.
    """
    notes = (note for row in batch.context.stated for note in quantity_notes(batch, row))
    for note in list(dict.fromkeys(notes))[:MAX_WARNINGS]:
        warnings.warn(note, UnreadTextWarning, stacklevel=stacklevel + 1)


def unread_descriptions(
    state: ServingState, texts: Iterable[str], answer: pl.DataFrame
) -> list[str]:
    """Return the descriptions to which no item is similar, because nothing of them is known.

    Args:
        state: State that answers.
        texts: Descriptions; pictures are skipped.
        answer: Similar items, with the column ``query``.
    """
    answered = set(answer["query"])
    words = (text for text in texts if not isinstance(text, KeptPicture))
    open_texts = [text for text in words if text not in answered]
    if not open_texts:
        return []
    known = np.zeros(len(open_texts), dtype=bool)
    for block in state.trained.content.texts(open_texts):
        known |= np.asarray(abs(block.matrix).sum(axis=1)).ravel() > 0
    return [text for text, is_known in zip(open_texts, known, strict=True) if not is_known]


def notes_on_unread_texts(state: ServingState, texts: Iterable[str]) -> tuple[str, ...]:
    """Return a note for each text that has no effect on a list, blank ones excepted.

    Args:
        state: State that answers.
        texts: Texts of which nothing is known, see :func:`unread_texts`.
    """
    distinct = (text for text in dict.fromkeys(texts) if text.strip())
    return tuple(_describe_unread(state, text) for text in distinct)


def warn_of_unread_texts(state: ServingState, texts: Iterable[str], stacklevel: int) -> None:
    """Warn of texts that have no effect on a list.

    Args:
        state: State that answers.
        texts: Texts of which nothing is known.
        stacklevel: Number of calls up to the code of the user, this one excluded.
    """
    for note in notes_on_unread_texts(state, texts)[:MAX_WARNINGS]:
        warnings.warn(note, UnreadTextWarning, stacklevel=stacklevel + 1)


def warn_of_unread_descriptions(
    state: ServingState, texts: Iterable[str], answer: pl.DataFrame, stacklevel: int
) -> None:
    """Warn of descriptions to which no item is similar; see :func:`unread_descriptions`."""
    warn_of_unread_texts(state, unread_descriptions(state, texts, answer), stacklevel + 1)


def _describe_unread(state: ServingState, text: str) -> str:
    shown = text if len(text) <= MAX_SHOWN_CHARS else f"{text[:MAX_SHOWN_CHARS]}…"
    words = "no item has any of its words"
    if len(state.catalogue.items) > len(state.trained.items):
        words = (
            "no item of the last training has any of its words (the next training reads those "
            "of newer items)"
        )
    start = f"the text {shown!r} has no effect: {words}"
    meaning = state.trained.content.meaning
    if meaning is None:
        why = "and there is no text model that knows other words"
    elif not meaning.encoder.reads(text):
        why = "and the text model has not learned its script"
    elif foreign_words(text) and knows_english_only(meaning.encoder):
        why = "and the text model has not learned its language"
    else:
        return f"{start}, and it asks for nothing"
    return (
        f"{start}, {why}; a release with a multilingual text model, such as "
        f"{MULTILINGUAL_MODEL}, reads it"
    )
