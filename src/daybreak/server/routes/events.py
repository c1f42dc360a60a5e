"""Events: ``/events``, and ``/feedback`` as another name of it."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import outcome_fields, rows_from_body, single_row_problem
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

MAX_SHARED_ROWS = 100
"""Largest number of rows of a request that is stored together with others; more would delay
them."""


@router.post("/events", response_model=AcceptedOut, openapi_extra=require_role("write"))
@router.post("/feedback", openapi_extra=require_role("write"), include_in_schema=False)
async def add_events(request: Request, body: EventRows) -> Response:
    """Add events; the response comes when they are on disk, and they count in the next list.

    An event whose `event_id` exists is a duplicate and changes nothing, so that it is safe to
    send events again. Invalid rows are rejected one by one; the others are stored.
    """
    state = state_of(request)
    rows = rows_from_body(state, "events", body)
    if len(rows) <= MAX_SHARED_ROWS:
        outcome = await state.events.run(rows)
    else:
        outcome = await run_in_threadpool(state.service.events.add, rows)
    state.metrics.count_events(rows, outcome)
    if rows == [body] and (problem := single_row_problem(outcome)):
        raise problem
    return json_response(outcome_fields(outcome))


@router.get(
    "/events",
    response_model=EventsOut,
    openapi_extra=require_role("read", query=EventPageQuery, cost="store"),
)
@router.get(
    "/feedback",
    openapi_extra=require_role("read", query=EventPageQuery, cost="store"),
    include_in_schema=False,
)
async def events(request: Request) -> Response:
    """Return a page of events: all, those of a user, of an item, or of both."""
    query = parse_query(request, EventPageQuery)
    service = state_of(request).service
    page = await run_in_threadpool(
        service.events.page, query.user_id, query.item_id, query.cursor or None, query.k
    )
    return json_response({"events": page.rows, "cursor": page.cursor})


@router.delete("/events", response_model=DeletedOut, openapi_extra=require_role("write"))
@router.delete("/feedback", openapi_extra=require_role("write"), include_in_schema=False)
async def delete_events(request: Request, body: DeleteEventsBody) -> Response:
    """Delete events by id, or all events of a user, of an item, or of both."""
    service = state_of(request).service
    if not (body.event_ids or body.user_id or body.item_id):
        raise HttpProblem(
            "invalid", "at least one of event_ids, user_id and item_id is required"
        )
    n_deleted = await run_in_threadpool(
        service.events.delete, event_ids=body.event_ids, user=body.user_id, item=body.item_id
    )
    return json_response({"deleted": n_deleted})
