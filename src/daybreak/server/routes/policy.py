"""The policy of a shop: ``/policy`` and ``/policy/preview``."""

from dataclasses import asdict

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.policy import (
    PolicyBody,
    PolicyOut,
    PolicyPreviewOut,
    PolicyRulesBody,
)
from daybreak.server.state import state_of
from daybreak.service.serving.policy import PolicyManager

router = api_router("models")


@router.get("/policy", response_model=PolicyOut, openapi_extra=require_role("admin"))
async def policy(request: Request) -> Response:
    """Return the rules of all lists, when to retrain, and how long events are kept."""
    return _policy_response(state_of(request).service.policy)


@router.put("/policy", response_model=PolicyOut, openapi_extra=require_role("admin"))
async def put_policy(request: Request, body: PolicyBody) -> Response:
    """Replace the policy; this server follows it at once, others within seconds."""
    manager = state_of(request).service.policy
    await run_in_threadpool(lambda: manager.put(body.to_policy()))
    return _policy_response(manager)


@router.post(
    "/policy/preview", response_model=PolicyPreviewOut, openapi_extra=require_role("admin")
)
async def preview(request: Request, body: PolicyRulesBody) -> Response:
    """Return which items rules would hide or move; nothing is changed."""
    manager = state_of(request).service.policy
    found = await run_in_threadpool(lambda: manager.preview(body.to_policy()))
    return json_response({"rules": [asdict(one) for one in found]})


def _policy_response(manager: PolicyManager) -> Response:
    retention = manager.retention
    return json_response(
        manager.current.to_dict()
        | {
            "started_with_retrain": manager.retrain is not None,
            "started_with_retention_days": None if retention is None else retention.days,
        }
    )
