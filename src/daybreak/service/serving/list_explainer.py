"""Sentences about the items of a response, by the language model of the settings."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from threading import Lock

from daybreak.config import Settings
from daybreak.errors import DaybreakError
from daybreak.language_models import (
    LanguageModel,
    MeteredLanguageModel,
    TokenBudget,
    load_language_model,
    parse_sent_fields,
)
from daybreak.service.serving.requests import RecommendedItem, RecommendResponse
from daybreak.service.state.explainer import SentenceWriter

log = logging.getLogger(__name__)

MAX_EXPLANATION_S = 10.0
"""Time after which the model is not asked for further sentences of a list [s]."""


class ListExplainer:
    """Adds sentences to responses; the weights of a model are loaded with the first one.

    While the model writes for one list, other lists get the sentences of the template, so that
    requests never wait for each other.

    Args:
        settings: Name of the model, budget of a list, and what may be sent.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allowed = parse_sent_fields(settings.language_model_sends)
        self._busy = Lock()

    @cached_property
    def _model(self) -> LanguageModel | None:
        settings = self._settings
        return load_language_model(settings.language_model, threads=settings.threads or None)

    def add_to(
        self, response: RecommendResponse, language: str, title_of: Callable[[str], str]
    ) -> RecommendResponse:
        """Return a response with sentences.

        Args:
            response: Response whose items have reasons.
            language: ``en`` or ``zh``.
            title_of: Returns the title of an item.
        """
        with self._writer(language) as writer:
            items = tuple(_with_words(item, title_of, writer) for item in response.items)
        return replace(response, items=items)

    @contextmanager
    def _writer(self, language: str) -> Iterator[SentenceWriter]:
        """Yield a writer with the model, or without it if it is busy."""
        if self._settings.language_model == "none" or not self._busy.acquire(blocking=False):
            yield SentenceWriter(None, language)
            return
        try:
            yield SentenceWriter(self._metered(), language, limit_s=MAX_EXPLANATION_S)
        finally:
            self._busy.release()

    def _metered(self) -> LanguageModel | None:
        """Return the model with the budget of one list."""
        try:
            model = self._model
        except DaybreakError as error:
            log.warning("explanations are written by the template: %s", error)
            return None
        if model is None:
            return None
        budget = TokenBudget(self._settings.language_model_tokens)
        return MeteredLanguageModel(model, budget=budget, allowed=self._allowed)

    def close(self) -> None:
        """Release the model."""
        if "_model" in vars(self) and self._model is not None:
            self._model.close()


def _with_words(
    item: RecommendedItem, title_of: Callable[[str], str], writer: SentenceWriter
) -> RecommendedItem:
    sentence = writer.write(title_of(item.item_id), item.reasons)
    return replace(item, explanation=sentence.text, explanation_source=sentence.source)
