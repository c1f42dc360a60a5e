"""Events: ``/events``, and ``/feedback``, which is the same."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.problems import Refused
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.rows import refused_alone, rows_of
from daybreak.server.schemas.rows import (
    AcceptedOut,
    DeletedOut,
    DeleteEventsBody,
    EventPageQuery,
    EventRows,
    EventsOut,
)
from daybreak.server.state import state_of

router = interface("events")


@router.post("/events", response_model=AcceptedOut, openapi_extra=needs("write"))
@router.post("/feedback", openapi_extra=needs("write"), include_in_schema=False)
async def add_events(request: Request, body: EventRows) -> Response:
    """Add events; they are on disk when this answers, and count in the next list.

    An event with an `event_id` that is there already is a duplicate and changes nothing, so it
    is safe to send events again. A bad row costs nothing but itself.
    """
    state = state_of(request)
    rows = rows_of(state, "events", body)
    outcome = await run_in_threadpool(state.live.add_events, rows)
    state.metrics.posted(rows, outcome)
    if rows == [body] and (refused := refused_alone(outcome)):
        raise refused
    return reply(vars(outcome))


@router.get(
    "/events", response_model=EventsOut, openapi_extra=needs("read", query=EventPageQuery)
)
@router.get(
    "/feedback", openapi_extra=needs("read", query=EventPageQuery), include_in_schema=False
)
async def events(request: Request) -> Response:
    """Return events, page by page: all, of a user, of an item, or of both."""
    query = query_of(request, EventPageQuery)
    live = state_of(request).live
    page = await run_in_threadpool(
        live.events, query.user_id, query.item_id, query.cursor or None, query.n
    )
    return reply({"events": page.rows, "cursor": page.cursor})


@router.delete("/events", response_model=DeletedOut, openapi_extra=needs("write"))
@router.delete("/feedback", openapi_extra=needs("write"), include_in_schema=False)
async def delete_events(request: Request, body: DeleteEventsBody) -> Response:
    """Delete events by their ids, or all of a user, of an item, or of both."""
    live = state_of(request).live
    if not (body.event_ids or body.user_id or body.item_id):
        raise Refused("invalid", "name event_ids, user_id or item_id")
    gone = await run_in_threadpool(
        live.delete_events, event_ids=body.event_ids, user=body.user_id, item=body.item_id
    )
    return reply({"deleted": gone})
