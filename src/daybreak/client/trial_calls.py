"""Every request about experiments, as a value."""

from typing import Any

from daybreak.client.calls import Call, path_of
from daybreak.client.endpoints import as_kind, nothing
from daybreak.client.results import Row
from daybreak.client.trials import Experiment, Experiments, Online, Report

_ALL = "experiments"


def listed() -> Call[Experiments]:
    """Ask for all."""
    return Call("GET", path_of(_ALL), as_kind(Experiments))


def get(id: str) -> Call[Experiment]:
    """Ask for one."""
    return Call("GET", path_of(_ALL, id), as_kind(Experiment))


def create(plan: Row) -> Call[Experiment]:
    """Write down a plan; the second time its id is taken."""
    read = as_kind(Experiment)
    return Call("POST", path_of(_ALL), read, body=dict(plan), repeatable=False)


def change(id: str, fields: dict[str, Any]) -> Call[Experiment]:
    """Change a plan; the second time changes nothing."""
    return Call("PATCH", path_of(_ALL, id), as_kind(Experiment), body=fields)


def start(id: str) -> Call[Experiment]:
    """Let it run; the second time it is no draft any more."""
    return Call("POST", path_of(_ALL, id, "start"), as_kind(Experiment), repeatable=False)


def stop(id: str) -> Call[Experiment]:
    """Let it take no more requests; the second time it does not run."""
    return Call("POST", path_of(_ALL, id, "stop"), as_kind(Experiment), repeatable=False)


def delete(id: str) -> Call[None]:
    """Forget one."""
    return Call("DELETE", path_of(_ALL, id), nothing)


def report(id: str) -> Call[Report]:
    """Ask what it has found."""
    return Call("GET", path_of(_ALL, id, "report"), as_kind(Report))


def online(since: float, until: float | None, every_h: float) -> Call[Online]:
    """Ask how the service does over time."""
    params = {"since": since, "until": until, "every_h": every_h}
    return Call("GET", path_of("online"), as_kind(Online), params)
