"""Releases and trainings: ``/models``, ``/train``, ``/tasks``, and the state of the service."""

from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.errors import NotFittedError
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import (
    ModelOut,
    ModelsOut,
    StatusOut,
    TaskOut,
    TasksOut,
)
from daybreak.server.state import state_of
from daybreak.store import Release

router = api_router("models")


@router.get("/models", response_model=ModelsOut, openapi_extra=require_role("read"))
async def models(request: Request) -> Response:
    """Return all releases, the newest first."""
    found = await run_in_threadpool(state_of(request).service.releases)
    return json_response({"models": [_release_to_dict(one) for one in found]})


@router.post(
    "/models/{id:id}/activate", response_model=ModelOut, openapi_extra=require_role("admin")
)
async def activate(request: Request, id: str) -> Response:
    """Let a release answer from now on; one that cannot be loaded changes nothing."""
    return await _change_release(request, "activate", id)


@router.post("/models/rollback", response_model=ModelOut, openapi_extra=require_role("admin"))
async def rollback(request: Request) -> Response:
    """Let the release before the one in use answer again."""
    return await _change_release(request, "rollback")


@router.post(
    "/train", response_model=TaskOut, status_code=202, openapi_extra=require_role("admin")
)
async def train(request: Request) -> Response:
    """Start a training in a process of its own; requests go on being answered."""
    task = await run_in_threadpool(state_of(request).service.retrain)
    return json_response({"id": task, "kind": "train", "status": "running", "note": ""}, 202)


@router.get("/tasks", response_model=TasksOut, openapi_extra=require_role("read"))
async def tasks(request: Request) -> Response:
    """Return trainings, the newest first."""
    found = await run_in_threadpool(state_of(request).service.tasks)
    return json_response({"tasks": found})


@router.get("/status", response_model=StatusOut, openapi_extra=require_role("read"))
async def status(request: Request) -> Response:
    """Return what the service knows of itself."""
    return json_response(await run_in_threadpool(state_of(request).service.status))


async def _change_release(request: Request, action: str, *args: str) -> Response:
    live = state_of(request).service
    await run_in_threadpool(getattr(live, action), *args)
    found = await run_in_threadpool(live.releases)
    active = next((one for one in found if one.active), None)
    if active is None:
        raise NotFittedError("no release is in use")
    return json_response(_release_to_dict(active))


def _release_to_dict(one: Release) -> dict[str, Any]:
    return {
        "id": one.id,
        "created_at": one.created_at,
        "active": one.active,
        "metadata": dict(one.metadata),
    }
