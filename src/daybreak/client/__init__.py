"""Client of Daybreak services: typed results, typed errors and safe retries.

The package imports nothing of Daybreak but :mod:`daybreak.errors`, so that an application stays
light. Start reading in ``async_client``; ``client`` is generated from it.
"""

from daybreak.client.async_client import AsyncClient
from daybreak.client.batches import with_event_ids
from daybreak.client.client import Client
from daybreak.client.errors import (
    DeniedError,
    OverloadedError,
    Problem,
    RejectedError,
    ResourceNotFoundError,
    ResponseError,
    ServerError,
    UnexpectedError,
    UnreachableError,
)
from daybreak.client.results import (
    Accepted,
    Difference,
    Experiment,
    ExperimentResult,
    Explanation,
    Measurement,
    Merged,
    ModelInfo,
    OnlineResult,
    Period,
    Proof,
    Question,
    Ranking,
    Reason,
    Recommendations,
    Recommended,
    Rejected,
    SampleRatio,
    ShadowVariant,
    ShownVariant,
    Task,
    Trace,
    UserInfo,
    Variant,
)
from daybreak.client.transport import Retries

__all__ = [
    "Accepted",
    "AsyncClient",
    "Client",
    "DeniedError",
    "Difference",
    "Experiment",
    "ExperimentResult",
    "Explanation",
    "Measurement",
    "Merged",
    "ModelInfo",
    "OnlineResult",
    "OverloadedError",
    "Period",
    "Problem",
    "Proof",
    "Question",
    "Ranking",
    "Reason",
    "Recommendations",
    "Recommended",
    "Rejected",
    "RejectedError",
    "ResourceNotFoundError",
    "ResponseError",
    "Retries",
    "SampleRatio",
    "ServerError",
    "ShadowVariant",
    "ShownVariant",
    "Task",
    "Trace",
    "UnexpectedError",
    "UnreachableError",
    "UserInfo",
    "Variant",
    "with_event_ids",
]
