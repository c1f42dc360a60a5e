"""Deprecated names of :mod:`daybreak.service.serving`."""

from daybreak.deprecation import deprecated_names

_SERVING = "daybreak.service.serving"

__getattr__ = deprecated_names(
    __name__,
    {
        "Accepted": f"{_SERVING}.IngestResult",
        "Answered": f"{_SERVING}.RecommendResponse",
        "Ask": f"{_SERVING}.RecommendRequest",
        "Live": f"{_SERVING}.RecommenderService",
        "LiveOptions": f"{_SERVING}.ServiceOptions",
        "Reason": f"{_SERVING}.RecommendationReason",
        "Recommended": f"{_SERVING}.RecommendedItem",
        "Rejected": f"{_SERVING}.RejectedRow",
    },
)
