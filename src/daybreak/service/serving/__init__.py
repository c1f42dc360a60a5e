"""The running service: from a request to its response, over one store and its releases.

It may import every other package of ``service``; the server and the command line import it.
Start reading at :class:`~daybreak.service.serving.service.RecommenderService`.

One request for recommendations has six forms, in this order:

1. the body of the HTTP request (``daybreak.server.schemas.recommend``),
2. :class:`RecommendRequest`: typed and checked,
3. ``PendingRequest``: with keys, parsed events, and the variant of an experiment,
4. ``QueryBatch``: all waiting requests as arrays (``daybreak.service.state.query_builder``),
5. ``RankedLists``: the lists as arrays (``daybreak.service.state.ranker``), also explored,
6. :class:`RecommendResponse`, which the server writes as JSON.

The library has the last three in common: :meth:`daybreak.Recommender.recommend` turns frames
into a ``QueryBatch``, and ``RankedLists`` into a frame.
"""

from daybreak.encoders.cache import CACHE_STATS
from daybreak.ranking.exploration.exposure import ExposureBudget
from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.service.ingest.values import IngestResult, RejectedRow
from daybreak.service.serving.requests import (
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)
from daybreak.service.serving.resources import RowPage
from daybreak.service.serving.service import RecommenderService, ServiceOptions
from daybreak.service.state.explain import RecommendationReason
from daybreak.store import Release

__all__ = [
    "CACHE_STATS",
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
    "RowPage",
    "Rules",
    "ServiceOptions",
]
