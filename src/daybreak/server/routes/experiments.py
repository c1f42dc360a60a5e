"""Experiments and online metrics: ``/experiments`` and ``/online``."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from fastapi import Request
from starlette.responses import Response

from daybreak.deadline import time_limit
from daybreak.errors import ConfigError
from daybreak.server.http.languages import all_in_language, in_language
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.experiments import (
    ExperimentChangesBody,
    ExperimentOut,
    ExperimentPlanBody,
    ExperimentsOut,
    OnlineOut,
    OnlineQuery,
    ReportOut,
)
from daybreak.server.schemas.rows import DeletedOut
from daybreak.server.state import ServerState, state_of
from daybreak.service.experiments import ExperimentManager, ExperimentPlan

router = api_router("experiments")
T = TypeVar("T")
MAX_REPORT_DAYS = 1_100
"""Longest time that a report over HTTP covers [days]; three years fit."""
_SECONDS_PER_DAY = 86_400
MAX_REPORT_ANSWERS = 2_000_000
"""Largest number of recommendations that a report over HTTP covers."""
_EXPERIMENT_PATH = "/experiments/{id:id}"


@router.get(
    "/experiments",
    response_model=ExperimentsOut,
    openapi_extra=require_role("read", cost="store"),
)
async def experiments(request: Request) -> Response:
    """Return all experiments, the oldest first."""
    plans = await run_in_threadpool(_manager(request).list)
    return json_response({"experiments": [plan.to_dict() for plan in plans]})


@router.post(
    "/experiments",
    response_model=ExperimentOut,
    status_code=201,
    openapi_extra=require_role("admin"),
)
async def create(request: Request, body: ExperimentPlanBody) -> Response:
    """Store a plan as a draft; users take part after the start."""
    return _experiment_response(await run_in_threadpool(_manager(request).create, body), 201)


@router.get(
    _EXPERIMENT_PATH,
    response_model=ExperimentOut,
    openapi_extra=require_role("read", cost="store"),
)
async def experiment(request: Request, id: str) -> Response:
    """Return one experiment."""
    return _experiment_response(await run_in_threadpool(_manager(request).get, id))


@router.patch(
    _EXPERIMENT_PATH, response_model=ExperimentOut, openapi_extra=require_role("admin")
)
async def change(request: Request, id: str, body: ExperimentChangesBody) -> Response:
    """Change a plan: every field of a draft; share and note while it runs."""
    return _experiment_response(await run_in_threadpool(_manager(request).change, id, body))


@router.delete(_EXPERIMENT_PATH, response_model=DeletedOut, openapi_extra=require_role("admin"))
async def delete(request: Request, id: str) -> Response:
    """Delete an experiment that does not run."""
    await run_in_threadpool(_manager(request).delete, id)
    return json_response({"deleted": 1})


@router.post(
    f"{_EXPERIMENT_PATH}/start",
    response_model=ExperimentOut,
    openapi_extra=require_role("admin"),
)
async def start(request: Request, id: str) -> Response:
    """Start an experiment."""
    return _experiment_response(await run_in_threadpool(_manager(request).start, id))


@router.post(
    f"{_EXPERIMENT_PATH}/stop",
    response_model=ExperimentOut,
    openapi_extra=require_role("admin"),
)
async def stop(request: Request, id: str) -> Response:
    """Stop an experiment for good."""
    return _experiment_response(await run_in_threadpool(_manager(request).stop, id))


@router.get(
    f"{_EXPERIMENT_PATH}/report",
    response_model=ReportOut,
    openapi_extra=require_role("read", cost="report"),
)
async def report(request: Request, id: str) -> Response:
    """Return results so far; the intervals stay valid however often you look."""
    report = partial(_manager(request).report, id, max_answers=MAX_REPORT_ANSWERS)
    results = await run_in_threadpool(_call_in_time, state_of(request), report)
    found = results.to_dict()
    notes = all_in_language(found["notes"])
    return json_response(found | {"notes": notes, "verdict": in_language(found["verdict"])})


@router.get(
    "/online",
    response_model=OnlineOut,
    openapi_extra=require_role("read", query=OnlineQuery, cost="report"),
)
async def online(request: Request) -> Response:
    """Return clicks, conversions, satisfaction, coverage and diversity over time."""
    query = parse_query(request, OnlineQuery)
    now = time.time()
    since = query.since if query.since >= 0 else now + query.since
    _check_range(since, now if query.until is None else query.until)
    online = partial(
        _manager(request).online,
        since,
        until=query.until,
        every_h=query.every_h,
        max_answers=MAX_REPORT_ANSWERS,
    )
    metrics = await run_in_threadpool(_call_in_time, state_of(request), online)
    return json_response(metrics.to_dict())


def _check_range(since: float, until: float) -> None:
    """Raise an error for a report that covers too long a time."""
    days = (until - since) / _SECONDS_PER_DAY
    if days > MAX_REPORT_DAYS:
        raise ConfigError(
            f"the report covers {days:,.0f} days, at most {MAX_REPORT_DAYS:,}; choose a "
            "shorter time, or make the report with the command line"
        )


def _call_in_time(state: ServerState, report: Callable[[], T]) -> T:
    """Make a report; stop early if the response would not come in time.

    Raises:
        OutOfTimeError: The report would take longer than a request may.
    """
    with time_limit(state.options.timeout_s):
        return report()


def _manager(request: Request) -> ExperimentManager:
    return state_of(request).service.experiments


def _experiment_response(plan: ExperimentPlan, status: int = 200) -> Response:
    return json_response(plan.to_dict(), status)
