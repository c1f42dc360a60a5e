"""Events: ``/events``, and ``/feedback``, which is the same."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import rows_from_body, single_row_problem
from daybreak.server.schemas.rows import (
    AcceptedOut,
    DeletedOut,
    DeleteEventsBody,
    EventPageQuery,
    EventRows,
    EventsOut,
)
from daybreak.server.state import state_of

router = api_router("events")


@router.post("/events", response_model=AcceptedOut, openapi_extra=require_role("write"))
@router.post("/feedback", openapi_extra=require_role("write"), include_in_schema=False)
async def add_events(request: Request, body: EventRows) -> Response:
    """Add events; they are on disk when this answers, and count in the next list.

    An event with an `event_id` that is there already is a duplicate and changes nothing, so it
    is safe to send events again. A bad row costs nothing but itself.
    """
    state = state_of(request)
    rows = rows_from_body(state, "events", body)
    outcome = await run_in_threadpool(state.service.add_events, rows)
    state.metrics.count_events(rows, outcome)
    if rows == [body] and (refused := single_row_problem(outcome)):
        raise refused
    return json_response(vars(outcome))


@router.get(
    "/events",
    response_model=EventsOut,
    openapi_extra=require_role("read", query=EventPageQuery),
)
@router.get(
    "/feedback",
    openapi_extra=require_role("read", query=EventPageQuery),
    include_in_schema=False,
)
async def events(request: Request) -> Response:
    """Return events, page by page: all, of a user, of an item, or of both."""
    query = parse_query(request, EventPageQuery)
    live = state_of(request).service
    page = await run_in_threadpool(
        live.events, query.user_id, query.item_id, query.cursor or None, query.n
    )
    return json_response({"events": page.rows, "cursor": page.cursor})


@router.delete("/events", response_model=DeletedOut, openapi_extra=require_role("write"))
@router.delete("/feedback", openapi_extra=require_role("write"), include_in_schema=False)
async def delete_events(request: Request, body: DeleteEventsBody) -> Response:
    """Delete events by their ids, or all of a user, of an item, or of both."""
    live = state_of(request).service
    if not (body.event_ids or body.user_id or body.item_id):
        raise HttpProblem("invalid", "name event_ids, user_id or item_id")
    gone = await run_in_threadpool(
        live.delete_events, event_ids=body.event_ids, user=body.user_id, item=body.item_id
    )
    return json_response({"deleted": gone})
