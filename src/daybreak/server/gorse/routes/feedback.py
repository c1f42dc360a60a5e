"""Feedback in gorse's API: ``/api/feedback``, and the feedback of a user or of an item."""

import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from daybreak.errors import DataError, NotFoundError
from daybreak.server.gorse.convert import (
    accepted_response,
    event_row,
    gorse_feedback,
    gorse_response,
)
from daybreak.server.gorse.paging import Row, filter_by_type, iter_events
from daybreak.server.gorse.schemas import (
    GorseFeedback,
    GorseFeedbacks,
    GorsePageQuery,
    GorseSuccess,
)
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import ServerState, state_of
from daybreak.service.ingest.times import RequestTimes
from daybreak.service.ingest.values import InvalidValueError
from daybreak.service.serving import IngestResult

if TYPE_CHECKING:
    from daybreak.service.serving import RecommenderService

FeedbackKey: TypeAlias = tuple[str | None, str, str]
"""Type, user and item: gorse keeps one feedback for each."""

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])


@router.post("/feedback", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_feedback(request: Request, feedback: list[GorseFeedback]) -> Response:
    """Add feedback; values of the same type, user and item are added up."""
    state = state_of(request)
    _check_batch_size(state, feedback)
    rows = [event_row(row) for row in feedback]
    outcome = await run_in_threadpool(state.service.events.add, rows)
    state.metrics.count_events(rows, outcome)
    return accepted_response(outcome)


@router.put("/feedback", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def overwrite_feedback(request: Request, feedback: list[GorseFeedback]) -> Response:
    """Add feedback that replaces the feedback of the same type, user and item."""
    state = state_of(request)
    _check_batch_size(state, feedback)
    return accepted_response(await run_in_threadpool(replace_feedback, state.service, feedback))


@router.get(
    "/feedback", response_model=GorseFeedbacks, openapi_extra=require_role("read", cost="store")
)
async def list_feedback(
    request: Request, query: Annotated[GorsePageQuery, Query()]
) -> Response:
    """Return a page of feedback."""
    return await _page(request, query, None)


@router.get(
    "/feedback/{kind:id}",
    response_model=GorseFeedbacks,
    openapi_extra=require_role("read", cost="store"),
)
async def list_feedback_of_type(
    request: Request, kind: str, query: Annotated[GorsePageQuery, Query()]
) -> Response:
    """Return a page of feedback of one type; a page may have fewer rows than requested."""
    return await _page(request, query, kind)


@router.get(
    "/feedback/{user_id:id}/{item_id:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read", cost="store"),
)
async def get_feedback(request: Request, user_id: str, item_id: str) -> Response:
    """Return the feedback of a user on an item."""
    return gorse_response(await _feedback(request, user_id, item_id, None))


@router.get(
    "/feedback/{kind:id}/{user_id:id}/{item_id:id}",
    response_model=GorseFeedback,
    openapi_extra=require_role("read", cost="store"),
)
async def get_feedback_of_type(
    request: Request, kind: str, user_id: str, item_id: str
) -> Response:
    """Return the feedback of one type of a user on an item."""
    matching = await _feedback(request, user_id, item_id, kind)
    if not matching:
        raise NotFoundError(f"no feedback {kind!r} of user {user_id!r} on item {item_id!r}")
    return gorse_response(matching[0])


@router.delete(
    "/feedback/{user_id:id}/{item_id:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def delete_feedback(request: Request, user_id: str, item_id: str) -> Response:
    """Delete the feedback of a user on an item."""
    service = state_of(request).service
    n_deleted = await run_in_threadpool(service.events.delete, user=user_id, item=item_id)
    return gorse_response(GorseSuccess(row_affected=n_deleted))


@router.delete(
    "/feedback/{kind:id}/{user_id:id}/{item_id:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def delete_feedback_of_type(
    request: Request, kind: str, user_id: str, item_id: str
) -> Response:
    """Delete the feedback of one type of a user on an item."""
    service = state_of(request).service
    n_deleted = await run_in_threadpool(
        service.events.delete, user=user_id, item=item_id, kind=kind
    )
    return gorse_response(GorseSuccess(row_affected=n_deleted))


@router.get(
    "/user/{user_id:id}/feedback",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read", cost="store"),
)
@router.get(
    "/user/{user_id:id}/feedback/",
    openapi_extra=require_role("read", cost="store"),
    include_in_schema=False,
)
async def feedback_of_user(request: Request, user_id: str) -> Response:
    """Return the feedback of a user."""
    return gorse_response(await _feedback(request, user_id, None, None))


@router.get(
    "/user/{user_id:id}/feedback/{kind:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read", cost="store"),
)
async def feedback_of_user_of_type(request: Request, user_id: str, kind: str) -> Response:
    """Return the feedback of one type of a user."""
    return gorse_response(await _feedback(request, user_id, None, kind))


@router.get(
    "/item/{item_id:id}/feedback",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read", cost="store"),
)
@router.get(
    "/item/{item_id:id}/feedback/",
    openapi_extra=require_role("read", cost="store"),
    include_in_schema=False,
)
async def feedback_on_item(request: Request, item_id: str) -> Response:
    """Return the feedback on an item."""
    return gorse_response(await _feedback(request, None, item_id, None))


@router.get(
    "/item/{item_id:id}/feedback/{kind:id}",
    response_model=list[GorseFeedback],
    openapi_extra=require_role("read", cost="store"),
)
async def feedback_on_item_of_type(request: Request, item_id: str, kind: str) -> Response:
    """Return the feedback of one type on an item."""
    return gorse_response(await _feedback(request, None, item_id, kind))


def _check_batch_size(state: ServerState, feedback: list[GorseFeedback]) -> None:
    if len(feedback) > state.options.batch:
        max_rows = state.options.batch
        raise DataError(f"at most {max_rows:,} feedback at once, got {len(feedback):,}")


async def _feedback(
    request: Request, user: str | None, item: str | None, kind: str | None
) -> list[GorseFeedback]:
    service = state_of(request).service
    return await run_in_threadpool(
        lambda: gorse_feedback(filter_by_type(iter_events(service, user=user, item=item), kind))
    )


async def _page(request: Request, query: GorsePageQuery, kind: str | None) -> Response:
    service = state_of(request).service
    page = await run_in_threadpool(
        service.events.page, None, None, query.cursor or None, query.n
    )
    feedback = gorse_feedback(filter_by_type(page.rows, kind))
    return gorse_response(GorseFeedbacks(cursor=page.cursor or "", feedback=feedback))


def replace_feedback(
    service: "RecommenderService", feedback: Sequence[GorseFeedback]
) -> IngestResult:
    """Store feedback, the last one of each type, user and item; delete the older ones.

    The new feedback is stored before the old feedback is deleted, so that after a crash in
    between both exist.
    """
    new_events = {
        _feedback_key(row, row["user_id"]): row for row in _rows_with_timestamps(feedback)
    }
    users = dict.fromkeys(row.user_id for row in feedback)
    earlier_events = [
        (_feedback_key(row, user), row)
        for user in users
        for row in iter_events(service, user=user)
    ]
    outcome = service.events.add(list(new_events.values()))
    rejected = {row.row for row in outcome.rejected}
    stored = {
        key: row
        for number, (key, row) in enumerate(new_events.items())
        if number not in rejected
    }
    replaced = [
        row for key, row in earlier_events if key in stored and not _is_same(row, stored[key])
    ]
    if replaced:
        service.events.delete(equal_to=replaced)
    return outcome


def _feedback_key(row: Row, user: str) -> FeedbackKey:
    """Return the key of an event; ``user`` is the id that the caller uses."""
    return row.get("event_type"), user, row["item_id"]


def _is_same(first: Row, second: Row) -> bool:
    return all(first.get(name) == second.get(name) for name in ("timestamp", "value"))


def _rows_with_timestamps(feedback: Sequence[GorseFeedback]) -> list[dict[str, Any]]:
    """Return events with their times as numbers, so that they equal the stored events."""
    rows = [event_row(one) for one in feedback]
    times = RequestTimes(row.get("timestamp") for row in rows)
    now = time.time()
    for row in rows:
        if row.get("timestamp") is None:
            row["timestamp"] = now
            continue
        with suppress(InvalidValueError):  # storing the row rejects it
            row["timestamp"] = times.parse(row["timestamp"], "timestamp")
    return rows
