"""Releases, trainings and status: ``/models``, ``/train``, ``/tasks`` and ``/status``."""

from collections.abc import Callable
from typing import Any

from fastapi import Request
from starlette.responses import Response

from daybreak.errors import NotFittedError
from daybreak.server.http.languages import all_in_language, in_language, rows_in_language
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import (
    ActivityOut,
    ActivityQuery,
    MeasurementBody,
    ModelOut,
    ModelReportOut,
    ModelsOut,
    StatusOut,
    TaskOut,
    TasksOut,
    TrainingPlanOut,
)
from daybreak.server.state import state_of
from daybreak.service.serving import Release

router = api_router("models")


@router.get(
    "/models", response_model=ModelsOut, openapi_extra=require_role("read", cost="store")
)
async def models(request: Request) -> Response:
    """Return all releases, the newest first."""
    releases = await run_in_threadpool(state_of(request).service.releases.all)
    return json_response({"models": [_release_to_dict(release) for release in releases]})


@router.get(
    "/models/{id:id}/report",
    response_model=ModelReportOut,
    openapi_extra=require_role("read", cost="report"),
)
async def report(request: Request, id: str) -> Response:
    """Return what the training of a release measured, and the gate's verdict."""
    found = await run_in_threadpool(state_of(request).service.releases.report, id)
    return json_response({"id": id, **_report_in_language(found)})


@router.post(
    "/models/{id:id}/shop-curve",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def measure_shop(
    request: Request, id: str, body: MeasurementBody | None = None
) -> Response:
    """Start to measure the warm-up curve of the shop; the report of the release gets it."""
    sources = None if body is None else body.sources
    task = await run_in_threadpool(state_of(request).service.measure_shop, id, sources)
    return json_response(task, 202)


@router.post(
    "/models/{id:id}/evaluation",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def evaluate(request: Request, id: str, body: MeasurementBody | None = None) -> Response:
    """Start to evaluate the settings by slice; the report of the release gets the results."""
    sources = None if body is None else body.sources
    task = await run_in_threadpool(state_of(request).service.evaluate, id, sources)
    return json_response(task, 202)


@router.post(
    "/models/{id:id}/activate",
    response_model=ModelOut,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def activate(request: Request, id: str) -> Response:
    """Activate a release; if it cannot be loaded, the active one stays."""
    return await _change_release(request, state_of(request).service.releases.activate, id)


@router.post(
    "/models/rollback",
    response_model=ModelOut,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def rollback(request: Request) -> Response:
    """Activate the previous release again."""
    return await _change_release(request, state_of(request).service.releases.rollback)


@router.post(
    "/train",
    response_model=TaskOut,
    status_code=202,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def train(request: Request) -> Response:
    """Start a training in a separate process; the service keeps answering requests."""
    task = await run_in_threadpool(state_of(request).service.retrain)
    return json_response({"id": task, "kind": "train", "status": "running", "note": ""}, 202)


@router.get(
    "/train/plan",
    response_model=TrainingPlanOut,
    openapi_extra=require_role("read", cost="bulk"),
)
async def plan_training(request: Request) -> Response:
    """Return what a training would learn, and how much time and memory it would take."""
    found = await run_in_threadpool(state_of(request).service.plan_training)
    return json_response({**found, "notes": all_in_language(found["notes"])})


@router.get("/tasks", response_model=TasksOut, openapi_extra=require_role("read", cost="store"))
async def tasks(request: Request) -> Response:
    """Return trainings and other long operations, the newest first."""
    rows = await run_in_threadpool(state_of(request).service.tasks)
    for row in rows:
        if row["progress"] is not None:
            row["progress"] = {**row["progress"], "step": in_language(row["progress"]["step"])}
    return json_response({"tasks": rows_in_language(rows, "reason", "note")})


@router.post(
    "/tasks/{id:id}/cancel",
    response_model=TaskOut,
    openapi_extra=require_role("admin", cost="bulk"),
)
async def cancel_task(request: Request, id: str) -> Response:
    """Ask a task to end; it may run for some more seconds."""
    task = await run_in_threadpool(state_of(request).service.training.cancel, id)
    return json_response(task.to_dict())


@router.get(
    "/status", response_model=StatusOut, openapi_extra=require_role("read", cost="store")
)
async def status(request: Request) -> Response:
    """Return the state of the service."""
    found = await run_in_threadpool(state_of(request).service.status)
    return json_response({**found, "notes": all_in_language(found["notes"])})


async def _change_release(
    request: Request, change: Callable[..., object], *args: str
) -> Response:
    """Change the active release; return the new one."""
    service = state_of(request).service
    await run_in_threadpool(change, *args)
    releases = await run_in_threadpool(service.releases.all)
    active = next((release for release in releases if release.active), None)
    if active is None:
        raise NotFittedError("no release is active")
    return json_response(_release_to_dict(active))


def _report_in_language(found: dict[str, Any]) -> dict[str, Any]:
    """Return a report with its verdicts and notes in the language of the response."""
    report, gate = found["report"], found["gate"]
    candidates = report.get("candidates", {})
    verdicts = rows_in_language(candidates.values(), "left_out")
    report = {**report, "candidates": dict(zip(candidates, verdicts, strict=True))}
    if gate is not None:
        gate = {**gate, "notes": all_in_language(gate["notes"])}
    measured = {
        name: one and {**one, "notes": all_in_language(one["notes"]), **_drift_of(one)}
        for name, one in found.items()
        if name in {"shop_curve", "evaluation"}
    }
    return {**found, **measured, "report": report, "gate": gate}


def _drift_of(measured: dict[str, Any]) -> dict[str, Any]:
    """Return the drift of an evaluation with its sentences in the language of the response."""
    found = measured.get("drift")
    return {} if found is None else {"drift": rows_in_language(found, "sentence")}


def _release_to_dict(release: Release) -> dict[str, Any]:
    return {
        "id": release.id,
        "created_at": release.created_at,
        "active": release.active,
        "metadata": dict(release.metadata),
    }


@router.get(
    "/activity",
    response_model=ActivityOut,
    openapi_extra=require_role("read", query=ActivityQuery, cost="report"),
)
async def activity(request: Request) -> Response:
    """Return events, users and items over time, and how many of them were new."""
    query = parse_query(request, ActivityQuery)
    service = state_of(request).service
    return json_response((await run_in_threadpool(service.activity, query.periods)).to_dict())
