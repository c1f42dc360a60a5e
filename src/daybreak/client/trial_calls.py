"""Every request about experiments, as a value."""

from typing import Any

from daybreak.client.calls import ApiCall, path_of
from daybreak.client.endpoints import decoder_of, ignore_body
from daybreak.client.results import (
    ExperimentInfo,
    ExperimentList,
    ExperimentResult,
    OnlineResult,
    Row,
)

_COLLECTION = "experiments"


def listed() -> ApiCall[ExperimentList]:
    """Ask for all."""
    return ApiCall("GET", path_of(_COLLECTION), decoder_of(ExperimentList))


def get(id: str) -> ApiCall[ExperimentInfo]:
    """Ask for one."""
    return ApiCall("GET", path_of(_COLLECTION, id), decoder_of(ExperimentInfo))


def create(plan: Row) -> ApiCall[ExperimentInfo]:
    """Write down a plan; the second time its id is taken."""
    read = decoder_of(ExperimentInfo)
    return ApiCall("POST", path_of(_COLLECTION), read, body=dict(plan), repeatable=False)


def change(id: str, fields: dict[str, Any]) -> ApiCall[ExperimentInfo]:
    """Change a plan; the second time changes nothing."""
    return ApiCall("PATCH", path_of(_COLLECTION, id), decoder_of(ExperimentInfo), body=fields)


def start(id: str) -> ApiCall[ExperimentInfo]:
    """Let it run; the second time it is no draft any more."""
    return ApiCall(
        "POST", path_of(_COLLECTION, id, "start"), decoder_of(ExperimentInfo), repeatable=False
    )


def stop(id: str) -> ApiCall[ExperimentInfo]:
    """Let it take no more requests; the second time it does not run."""
    return ApiCall(
        "POST", path_of(_COLLECTION, id, "stop"), decoder_of(ExperimentInfo), repeatable=False
    )


def delete(id: str) -> ApiCall[None]:
    """Forget one."""
    return ApiCall("DELETE", path_of(_COLLECTION, id), ignore_body)


def report(id: str) -> ApiCall[ExperimentResult]:
    """Ask what it has found."""
    return ApiCall("GET", path_of(_COLLECTION, id, "report"), decoder_of(ExperimentResult))


def online(since: float, until: float | None, every_h: float) -> ApiCall[OnlineResult]:
    """Ask how the service does over time."""
    params = {"since": since, "until": until, "every_h": every_h}
    return ApiCall("GET", path_of("online"), decoder_of(OnlineResult), params)
