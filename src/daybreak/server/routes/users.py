"""Users: ``/users``, with erasure, export and merge."""

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.languages import all_in_language, rows_in_language
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import list_rows, put_row, put_rows
from daybreak.server.schemas.rows import (
    AcceptedOut,
    FieldsBody,
    MergeBody,
    MergedOut,
    ProofOut,
    RowOut,
    RowPageQuery,
    UserRows,
    UsersOut,
)
from daybreak.server.state import state_of

router = api_router("users")


@router.post("/users", response_model=AcceptedOut, openapi_extra=require_role("write"))
async def put_users(request: Request, body: UserRows) -> Response:
    """Add or replace users."""
    return await put_rows(request, state_of(request).service.users.put, "users", body)


@router.get(
    "/users", response_model=UsersOut, openapi_extra=require_role("read", query=RowPageQuery)
)
async def users(request: Request) -> Response:
    """Return a page of users: all in the order of their arrival, or those that match."""
    return await list_rows(request, state_of(request).service.users, "users")


@router.get("/users/{user_id:id}", response_model=RowOut, openapi_extra=require_role("read"))
async def user(request: Request, user_id: str) -> Response:
    """Return the attributes of a user."""
    return json_response(await run_in_threadpool(state_of(request).service.users.get, user_id))


@router.put(
    "/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def put_user(request: Request, user_id: str, body: FieldsBody) -> Response:
    """Add or replace a user."""
    put = state_of(request).service.users.put
    return await put_row(put, "user_id", user_id, body, partial=False)


@router.patch(
    "/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def patch_user(request: Request, user_id: str, body: FieldsBody) -> Response:
    """Change some attributes of a user; the others keep their values."""
    put = state_of(request).service.users.put
    return await put_row(put, "user_id", user_id, body, partial=True)


@router.delete(
    "/users/{user_id:id}", response_model=ProofOut, openapi_extra=require_role("write")
)
async def erase_user(request: Request, user_id: str) -> Response:
    """Erase a user everywhere, and return a report of the erasure."""
    report = await run_in_threadpool(state_of(request).service.users.erase, user_id)
    proof = report.to_dict()
    notes = all_in_language(proof["notes"])
    traces = rows_in_language(proof["traces"], "place")
    return json_response(proof | {"notes": notes, "traces": traces})


@router.get(
    "/users/{user_id:id}/export",
    response_model=RowOut,
    openapi_extra=require_role("admin", cost="store"),
)
async def export_user(request: Request, user_id: str) -> Response:
    """Return all data that is stored about a user: attributes, events and logged lists."""
    return json_response(
        await run_in_threadpool(state_of(request).service.users.export, user_id)
    )


@router.post(
    "/users/{user_id:id}/merge", response_model=MergedOut, openapi_extra=require_role("write")
)
async def merge(request: Request, user_id: str, body: MergeBody) -> Response:
    """Move the events of an anonymous visitor to a user."""
    n_moved = await run_in_threadpool(
        state_of(request).service.users.merge, body.source, user_id
    )
    return json_response({"user_id": user_id, "events": n_moved})
