"""Users: ``/users``, what is known of one, erasing, exporting, merging."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import put_row, rows_from_body
from daybreak.server.schemas.rows import (
    AcceptedOut,
    FieldsBody,
    MergeBody,
    MergedOut,
    PageQuery,
    ProofOut,
    RowOut,
    UserRows,
    UsersOut,
)
from daybreak.server.state import state_of

router = api_router("users")


@router.post("/users", response_model=AcceptedOut, openapi_extra=require_role("write"))
async def put_users(request: Request, body: UserRows) -> Response:
    """Add users, or replace what is known of those that are there."""
    state = state_of(request)
    rows = rows_from_body(state, "users", body)
    return json_response(vars(await run_in_threadpool(state.service.put_users, rows)))


@router.get(
    "/users", response_model=UsersOut, openapi_extra=require_role("read", query=PageQuery)
)
async def users(request: Request) -> Response:
    """Return all users, page by page."""
    query = parse_query(request, PageQuery)
    live = state_of(request).service
    page = await run_in_threadpool(live.users, query.cursor or None, query.n)
    return json_response({"users": page.rows, "cursor": page.cursor})


@router.get("/users/{user_id:id}", response_model=RowOut, openapi_extra=require_role("read"))
async def user(request: Request, user_id: str) -> Response:
    """Return what is known of a user."""
    return json_response(await run_in_threadpool(state_of(request).service.user, user_id))


@router.put(
    "/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def put_user(request: Request, user_id: str, body: FieldsBody) -> Response:
    """Add a user, or replace what is known."""
    put = state_of(request).service.put_users
    return await put_row(put, "user_id", user_id, body, partial=False)


@router.patch(
    "/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def patch_user(request: Request, user_id: str, body: FieldsBody) -> Response:
    """Change some of what is known of a user; the rest stays."""
    put = state_of(request).service.put_users
    return await put_row(put, "user_id", user_id, body, partial=True)


@router.delete(
    "/users/{user_id:id}", response_model=ProofOut, openapi_extra=require_role("write")
)
async def erase_user(request: Request, user_id: str) -> Response:
    """Erase a user everywhere, and return the proof."""
    proof = await run_in_threadpool(state_of(request).service.erase_user, user_id)
    return json_response(proof.to_dict())


@router.get(
    "/users/{user_id:id}/export", response_model=RowOut, openapi_extra=require_role("admin")
)
async def export_user(request: Request, user_id: str) -> Response:
    """Return everything that is kept of a user: profile, events, answers."""
    return json_response(
        await run_in_threadpool(state_of(request).service.export_user, user_id)
    )


@router.post(
    "/users/{user_id:id}/merge", response_model=MergedOut, openapi_extra=require_role("write")
)
async def merge(request: Request, user_id: str, body: MergeBody) -> Response:
    """Give the events of a visitor to the user who he turned out to be."""
    moved = await run_in_threadpool(state_of(request).service.merge_users, body.source, user_id)
    return json_response({"user_id": user_id, "events": moved})
