"""Daybreak services from Python: typed results, clear errors, and attempts that do no harm."""

from daybreak.client.blocking import Client
from daybreak.client.errors import (
    AnsweredError,
    DeniedError,
    FaultError,
    MissingError,
    OverloadedError,
    Problem,
    RejectedError,
    UnexpectedError,
    UnreachableError,
)
from daybreak.client.event_ids import with_event_ids
from daybreak.client.nonblocking import AsyncClient
from daybreak.client.results import (
    Accepted,
    Asker,
    Explanation,
    Merged,
    Model,
    Question,
    Ranking,
    Reason,
    Recommendations,
    Recommended,
    Rejected,
    Task,
)
from daybreak.client.retrying import Retries

__all__ = [
    "Accepted",
    "AnsweredError",
    "Asker",
    "AsyncClient",
    "Client",
    "DeniedError",
    "Explanation",
    "FaultError",
    "Merged",
    "MissingError",
    "Model",
    "OverloadedError",
    "Problem",
    "Question",
    "Ranking",
    "Reason",
    "Recommendations",
    "Recommended",
    "Rejected",
    "RejectedError",
    "Retries",
    "Task",
    "UnexpectedError",
    "UnreachableError",
    "with_event_ids",
]
