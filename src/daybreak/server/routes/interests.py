"""Interests that move: ``/users/{user_id}/interests`` and ``/interests/flow``."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.interests import (
    InterestFlowOut,
    InterestsQuery,
    UserInterestsOut,
)
from daybreak.server.state import state_of

router = api_router("interests")


@router.get(
    "/users/{user_id:id}/interests",
    response_model=UserInterestsOut,
    openapi_extra=require_role("read", query=InterestsQuery),
)
async def interests(request: Request, user_id: str) -> Response:
    """Return the interests of a user over time, and what is expected next."""
    query = parse_query(request, InterestsQuery)
    found = await run_in_threadpool(
        state_of(request).service.interests.of_user, user_id, query.topics, query.points
    )
    return json_response(found.to_dict())


@router.get(
    "/interests/flow",
    response_model=InterestFlowOut,
    openapi_extra=require_role("read", query=InterestsQuery),
)
async def flow(request: Request) -> Response:
    """Return where the interest of the audience is moving."""
    query = parse_query(request, InterestsQuery)
    found = await run_in_threadpool(
        state_of(request).service.interests.flow, query.topics, query.points
    )
    return json_response(found.to_dict())
