"""Explanations in words, in the library."""

from daybreak.language_models import LanguageModel
from daybreak.service.moving import InterestRecommender
from daybreak.service.state.explainer import SentenceWriter


class ExplainingRecommender(InterestRecommender):
    """Base of :class:`Recommender`: writes sentences about recommended items."""

    language_model: LanguageModel | None = None
    """Writes the sentences of ``explain="text"``; each is checked against the reasons. None: a
    template writes."""

    def _sentence_writer(self, language: str) -> SentenceWriter:
        return SentenceWriter(self.language_model, language)
