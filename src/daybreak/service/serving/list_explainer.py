"""Sentences about the items of a response, by the language model of the settings."""

from collections.abc import Callable
from dataclasses import replace

from daybreak.service.serving.requests import RecommendedItem, RecommendResponse
from daybreak.service.serving.served_model import ServedLanguageModel
from daybreak.service.state.explainer import SentenceWriter

MAX_EXPLANATION_S = 10.0
"""Time after which the model is not asked for further sentences of a list [s]."""


class ListExplainer:
    """Adds sentences to responses.

    While the model writes for one list, other lists get the sentences of the template.

    Args:
        model: Language model of the server.
    """

    def __init__(self, model: ServedLanguageModel) -> None:
        self._model = model

    def add_to(
        self, response: RecommendResponse, language: str, title_of: Callable[[str], str]
    ) -> RecommendResponse:
        """Return a response with sentences.

        Args:
            response: Response whose items have reasons.
            language: ``en`` or ``zh``.
            title_of: Returns the title of an item.
        """
        with self._model.lend() as model:
            writer = SentenceWriter(model, language, limit_s=MAX_EXPLANATION_S)
            items = tuple(_with_words(item, title_of, writer) for item in response.items)
        return replace(response, items=items)


def _with_words(
    item: RecommendedItem, title_of: Callable[[str], str], writer: SentenceWriter
) -> RecommendedItem:
    sentence = writer.write(title_of(item.item_id), item.reasons)
    return replace(item, explanation=sentence.text, explanation_source=sentence.source)
