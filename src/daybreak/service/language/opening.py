"""The language model of the settings, with the budget of a job and the cache of a store."""

import os
from collections.abc import Iterator

from daybreak.config import Settings
from daybreak.data import Finding
from daybreak.errors import DaybreakError
from daybreak.language_models import (
    LanguageModel,
    MeteredLanguageModel,
    SentField,
    TokenBudget,
    TokenPrice,
    load_language_model,
    parse_sent_fields,
)
from daybreak.language_models.endpoint import DEFAULT_KEY_VARIABLE
from daybreak.service.language.completions import StoreCompletions
from daybreak.store import DocumentStore


def open_language_model(
    settings: Settings, store: DocumentStore | None = None
) -> MeteredLanguageModel | None:
    """Return the language model of the settings, for one job; None: there is none.

    Args:
        settings: Name of the model, budget of the job, and what may be sent.
        store: Store of the answers; None: none are stored.

    Raises:
        NotFoundError: The model is not installed.
        ConfigError: A setting is invalid.

    Example:
        >>> open_language_model(Settings()) is None
        True
    """
    allowed = parse_sent_fields(settings.language_model_sends)
    TokenPrice.parse(settings.language_model_price)
    model = load_language_model(settings.language_model, threads=settings.threads or None)
    if model is None:
        return None
    return MeteredLanguageModel(
        model,
        budget=TokenBudget(settings.language_model_tokens),
        cache=None if store is None else StoreCompletions(store),
        allowed=allowed,
    )


def check_language_model(settings: Settings) -> Iterator[Finding]:
    """Report the language model, and which data would leave the machine; nothing is sent.

    Args:
        settings: The settings.
    """
    try:
        allowed = parse_sent_fields(settings.language_model_sends)
        TokenPrice.parse(settings.language_model_price)
        model = load_language_model(settings.language_model)
    except DaybreakError as error:
        yield Finding("FAIL", "language_model", str(error))
        return
    if model is None:
        yield Finding("PASS", "language_model", "none; texts are made from templates")
        return
    yield Finding("PASS", "language_model", _describe(model, settings))
    if not model.is_local:
        yield Finding("PASS", "language_model_sends", _describe_sending(allowed))


def _describe(model: LanguageModel, settings: Settings) -> str:
    budget = f"at most {settings.language_model_tokens:,} tokens a job"
    if model.is_local:
        return f"{model.name}, on this machine; nothing leaves it; {budget}"
    key = "with" if os.environ.get(DEFAULT_KEY_VARIABLE) else "without"
    return f"{model.name}, {key} a key in {DEFAULT_KEY_VARIABLE}; {budget}"


def _describe_sending(allowed: frozenset[SentField]) -> str:
    """Return which kinds of data would be sent, and which would not."""
    sent, kept = (
        ", ".join(field.value for field in SentField if (field in allowed) == is_sent)
        for is_sent in (True, False)
    )
    return f"would be sent: {sent or 'nothing'}; would not be sent: {kept or 'nothing'}"
