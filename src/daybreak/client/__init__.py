"""Client of Daybreak services: typed results, typed errors and safe retries.

The package imports only ``errors``, ``http_retry`` and ``deprecation`` of Daybreak, so that an
application stays light. Start reading in ``async_client``; ``client`` is generated from it.
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
from daybreak.client.experiment_results import (
    Difference,
    Experiment,
    ExperimentResult,
    Measurement,
    OnlineResult,
    Period,
    SampleRatio,
    ShadowVariant,
    ShownVariant,
    Variant,
)
from daybreak.client.interview_results import AskedQuestion, InterviewAnswer
from daybreak.client.results import (
    Accepted,
    ActiveTime,
    Activity,
    Audience,
    AudienceFlow,
    AudienceUser,
    Explanation,
    InterestHistory,
    Merged,
    ModelInfo,
    ModelReport,
    Placement,
    Proof,
    Question,
    Ranking,
    Reach,
    Reason,
    Recommendations,
    Recommended,
    Rejected,
    ReplacedCatalogue,
    Task,
    TopicInfo,
    TopicMove,
    TopicShares,
    Trace,
    UserInfo,
)
from daybreak.client.title_results import TitleMatch
from daybreak.deprecation import deprecated_names
from daybreak.http_retry import Retries

__all__ = [
    "Accepted",
    "ActiveTime",
    "Activity",
    "AskedQuestion",
    "AsyncClient",
    "Audience",
    "AudienceFlow",
    "AudienceUser",
    "Client",
    "DeniedError",
    "Difference",
    "Experiment",
    "ExperimentResult",
    "Explanation",
    "InterestHistory",
    "InterviewAnswer",
    "Measurement",
    "Merged",
    "ModelInfo",
    "ModelReport",
    "OnlineResult",
    "OverloadedError",
    "Period",
    "Placement",
    "Problem",
    "Proof",
    "Question",
    "Ranking",
    "Reach",
    "Reason",
    "Recommendations",
    "Recommended",
    "Rejected",
    "RejectedError",
    "ReplacedCatalogue",
    "ResourceNotFoundError",
    "ResponseError",
    "Retries",
    "SampleRatio",
    "ServerError",
    "ShadowVariant",
    "ShownVariant",
    "Task",
    "TitleMatch",
    "TopicInfo",
    "TopicMove",
    "TopicShares",
    "Trace",
    "UnexpectedError",
    "UnreachableError",
    "UserInfo",
    "Variant",
    "with_event_ids",
]

__getattr__ = deprecated_names(
    __name__,
    {
        old: f"daybreak.client.{new}"
        for old, new in {
            "AnsweredError": "ResponseError",
            "Asker": "UserInfo",
            "FaultError": "ServerError",
            "Measured": "Measurement",
            "MissingError": "ResourceNotFoundError",
            "Model": "ModelInfo",
            "Online": "OnlineResult",
            "Report": "ExperimentResult",
            "Split": "SampleRatio",
        }.items()
    },
)
