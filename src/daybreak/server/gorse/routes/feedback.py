"""gorse's feedback: ``/api/feedback``, and that of a user or of an item."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.errors import DataError, NotFoundError
from daybreak.server.gorse.convert import (
    accepted_response,
    event_row,
    gorse_feedback,
    gorse_response,
)
from daybreak.server.gorse.feedback import filter_by_type, iter_events, replace_feedback
from daybreak.server.gorse.schemas import (
    GorseFeedback,
    GorseFeedbacks,
    GorsePageQuery,
    GorseSuccess,
)
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import ServerState, state_of

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])


@router.post("/feedback", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_feedback(request: Request, feedback: list[GorseFeedback]) -> Response:
    """Add feedback; the values of the same type, user and item add up."""
    state = state_of(request)
    _check_batch_size(state, feedback)
    rows = [event_row(one) for one in feedback]
    outcome = await run_in_threadpool(state.service.add_events, rows)
    state.metrics.count_events(rows, outcome)
    return accepted_response(outcome)


@router.put("/feedback", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def overwrite_feedback(request: Request, feedback: list[GorseFeedback]) -> Response:
    """Add feedback in the place of that of the same type, user and item."""
    state = state_of(request)
    _check_batch_size(state, feedback)
    return accepted_response(await run_in_threadpool(replace_feedback, state.service, feedback))


@router.get("/feedback", response_model=GorseFeedbacks, openapi_extra=require_role("read"))
async def list_feedback(
    request: Request, query: Annotated[GorsePageQuery, Query()]
) -> Response:
    """Return feedback, page by page."""
    return await _page(request, query, None)


@router.get(
    "/feedback/{kind:id}", response_model=GorseFeedbacks, openapi_extra=require_role("read")
)
async def list_feedback_of_type(
    request: Request, kind: str, query: Annotated[GorsePageQuery, Query()]
) -> Response:
    """Return feedback of a type, page by page; a page may hold less than was asked for."""
    return await _page(request, query, kind)


@router.get(
    "/feedback/{user_id:id}/{item_id:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read"),
)
async def get_feedback(request: Request, user_id: str, item_id: str) -> Response:
    """Return the feedback of a user on an item."""
    return gorse_response(await _feedback(request, user_id, item_id, None))


@router.get(
    "/feedback/{kind:id}/{user_id:id}/{item_id:id}",
    response_model=GorseFeedback,
    openapi_extra=require_role("read"),
)
async def get_feedback_of_type(
    request: Request, kind: str, user_id: str, item_id: str
) -> Response:
    """Return the feedback of a type of a user on an item."""
    found = await _feedback(request, user_id, item_id, kind)
    if not found:
        raise NotFoundError(f"no feedback {kind!r} of user {user_id!r} on item {item_id!r}")
    return gorse_response(found[0])


@router.delete(
    "/feedback/{user_id:id}/{item_id:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def delete_feedback(request: Request, user_id: str, item_id: str) -> Response:
    """Delete the feedback of a user on an item."""
    live = state_of(request).service
    gone = await run_in_threadpool(live.delete_events, user=user_id, item=item_id)
    return gorse_response(GorseSuccess(row_affected=gone))


@router.delete(
    "/feedback/{kind:id}/{user_id:id}/{item_id:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def delete_feedback_of_type(
    request: Request, kind: str, user_id: str, item_id: str
) -> Response:
    """Delete the feedback of a type of a user on an item."""
    live = state_of(request).service
    gone = await run_in_threadpool(live.delete_events, user=user_id, item=item_id, kind=kind)
    return gorse_response(GorseSuccess(row_affected=gone))


@router.get(
    "/user/{user_id:id}/feedback",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read"),
)
@router.get(
    "/user/{user_id:id}/feedback/", openapi_extra=require_role("read"), include_in_schema=False
)
async def feedback_of_user(request: Request, user_id: str) -> Response:
    """Return the feedback of a user."""
    return gorse_response(await _feedback(request, user_id, None, None))


@router.get(
    "/user/{user_id:id}/feedback/{kind:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read"),
)
async def feedback_of_user_of_type(request: Request, user_id: str, kind: str) -> Response:
    """Return the feedback of a type of a user."""
    return gorse_response(await _feedback(request, user_id, None, kind))


@router.get(
    "/item/{item_id:id}/feedback",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read"),
)
@router.get(
    "/item/{item_id:id}/feedback/", openapi_extra=require_role("read"), include_in_schema=False
)
async def feedback_on_item(request: Request, item_id: str) -> Response:
    """Return the feedback on an item."""
    return gorse_response(await _feedback(request, None, item_id, None))


@router.get(
    "/item/{item_id:id}/feedback/{kind:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read"),
)
async def feedback_on_item_of_type(request: Request, item_id: str, kind: str) -> Response:
    """Return the feedback of a type on an item."""
    return gorse_response(await _feedback(request, None, item_id, kind))


def _check_batch_size(state: ServerState, feedback: list[GorseFeedback]) -> None:
    if len(feedback) > state.options.batch:
        most = state.options.batch
        raise DataError(f"at most {most:,} feedback at once, got {len(feedback):,}")


async def _feedback(
    request: Request, user: str | None, item: str | None, kind: str | None
) -> list[GorseFeedback]:
    live = state_of(request).service
    return await run_in_threadpool(
        lambda: gorse_feedback(filter_by_type(iter_events(live, user=user, item=item), kind))
    )


async def _page(request: Request, query: GorsePageQuery, kind: str | None) -> Response:
    live = state_of(request).service
    page = await run_in_threadpool(live.events, None, None, query.cursor or None, query.n)
    found = gorse_feedback(filter_by_type(page.rows, kind))
    return gorse_response(GorseFeedbacks(cursor=page.cursor or "", feedback=found))
