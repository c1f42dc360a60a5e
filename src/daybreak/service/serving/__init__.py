"""The running service: from a request to an answer, over one store and its releases.

Imports everything below it in ``service``; the server and the command line import it. Start
reading at :class:`~daybreak.service.serving.service.RecommenderService`.
"""

from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.service.ingest.values import IngestResult, RejectedRow
from daybreak.service.serving.requests import (
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.serving.service import RecommenderService, ServiceOptions
from daybreak.service.state.explain import RecommendationReason
from daybreak.store import Release

__all__ = [
    "Boost",
    "ExposureBudget",
    "IngestResult",
    "Quota",
    "RecommendRequest",
    "RecommendResponse",
    "RecommendationReason",
    "RecommendedItem",
    "RecommenderService",
    "RejectedRow",
    "Release",
    "Rules",
    "ServiceOptions",
]
