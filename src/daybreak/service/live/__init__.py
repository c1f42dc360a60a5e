"""The live service in one class: events and items in, better answers in the same second."""

from daybreak.service.ingest.values import IngestResult, RejectedRow
from daybreak.service.serving.requests import (
    RecommendationReason,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.serving.service import RecommenderService, ServiceOptions

__all__ = [
    "IngestResult",
    "RecommendResponse",
    "RecommendRequest",
    "RecommenderService",
    "ServiceOptions",
    "RecommendationReason",
    "RecommendedItem",
    "RejectedRow",
]
