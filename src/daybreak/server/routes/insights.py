"""Items in detail: ``/reach``, ``/items/{item_id}/exposure`` and ``/map``."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.insights import (
    ExposureOut,
    MapOut,
    MapQuery,
    ReachBody,
    ReachOut,
)
from daybreak.server.state import state_of

router = api_router("items")


@router.post("/reach", response_model=ReachOut, openapi_extra=require_role("read"))
async def reach(request: Request, body: ReachBody) -> Response:
    """Return how many users an item, or a text that describes one, is expected to reach."""
    service = state_of(request).service
    estimate = await run_in_threadpool(service.insights.reach, body.item_id, body.text)
    return json_response(vars(estimate))


@router.get(
    "/items/{item_id:id}/exposure",
    response_model=ExposureOut,
    openapi_extra=require_role("read"),
)
async def exposure(request: Request, item_id: str) -> Response:
    """Return how an item warms up: impressions, users, and what exploration promises it."""
    service = state_of(request).service
    found = await run_in_threadpool(service.insights.exposure, item_id)
    return json_response({"item_id": item_id, **vars(found)})


@router.get(
    "/map",
    response_model=MapOut,
    openapi_extra=require_role("read", query=MapQuery, cost="report"),
)
async def item_map(request: Request) -> Response:
    """Return the catalogue in two dimensions; the first request of a release computes it."""
    query = parse_query(request, MapQuery)
    service = state_of(request).service
    return json_response(vars(await run_in_threadpool(service.insights.map, query.after)))
