"""The language model of a server: loaded once, and lent to one request at a time."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
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
from daybreak.language_models.loading import NO_MODEL

log = logging.getLogger(__name__)


class ServedLanguageModel:
    """Lends the language model of the settings, with the budget of one request.

    While a request has the model, others do without it, so that requests never wait for each
    other. The weights are loaded with the first request.

    Args:
        settings: Name of the model, budget of a request, and what may be sent.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allowed = parse_sent_fields(settings.language_model_sends)
        self._busy = Lock()

    @property
    def is_set(self) -> bool:
        """Whether the settings name a model."""
        return self._settings.language_model not in {NO_MODEL, ""}

    @cached_property
    def _model(self) -> LanguageModel | None:
        settings = self._settings
        return load_language_model(settings.language_model, threads=settings.threads or None)

    @contextmanager
    def lend(self) -> Iterator[LanguageModel | None]:
        """Yield the model; None: there is none, or another request has it."""
        if not self.is_set or not self._busy.acquire(blocking=False):
            yield None
            return
        try:
            yield self._metered()
        finally:
            self._busy.release()

    def _metered(self) -> LanguageModel | None:
        try:
            model = self._model
        except DaybreakError as error:
            log.warning("templates are used instead of the language model: %s", error)
            return None
        if model is None:
            return None
        budget = TokenBudget(self._settings.language_model_tokens)
        return MeteredLanguageModel(model, budget=budget, allowed=self._allowed)

    def close(self) -> None:
        """Release the model."""
        if "_model" in vars(self) and self._model is not None:
            self._model.close()
