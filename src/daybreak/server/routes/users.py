"""Users: ``/users``, what is known of one, erasing, exporting, merging."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.rows import put_one, rows_of
from daybreak.server.schemas.rows import (
    AcceptedOut,
    Fields,
    MergeBody,
    MergedOut,
    PageQuery,
    ProofOut,
    RowOut,
    UserRows,
    UsersOut,
)
from daybreak.server.state import state_of

router = interface("users")


@router.post("/users", response_model=AcceptedOut, openapi_extra=needs("write"))
async def put_users(request: Request, body: UserRows) -> Response:
    """Add users, or replace what is known of those that are there."""
    state = state_of(request)
    rows = rows_of(state, "users", body)
    return reply(vars(await run_in_threadpool(state.live.put_users, rows)))


@router.get("/users", response_model=UsersOut, openapi_extra=needs("read", query=PageQuery))
async def users(request: Request) -> Response:
    """Return all users, page by page."""
    query = query_of(request, PageQuery)
    live = state_of(request).live
    page = await run_in_threadpool(live.users, query.cursor or None, query.n)
    return reply({"users": page.rows, "cursor": page.cursor})


@router.get("/users/{user_id:id}", response_model=RowOut, openapi_extra=needs("read"))
async def user(request: Request, user_id: str) -> Response:
    """Return what is known of a user."""
    return reply(await run_in_threadpool(state_of(request).live.user, user_id))


@router.put("/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=needs("write"))
async def put_user(request: Request, user_id: str, body: Fields) -> Response:
    """Add a user, or replace what is known."""
    put = state_of(request).live.put_users
    return await put_one(put, "user_id", user_id, body, partial=False)


@router.patch("/users/{user_id:id}", response_model=AcceptedOut, openapi_extra=needs("write"))
async def patch_user(request: Request, user_id: str, body: Fields) -> Response:
    """Change some of what is known of a user; the rest stays."""
    put = state_of(request).live.put_users
    return await put_one(put, "user_id", user_id, body, partial=True)


@router.delete("/users/{user_id:id}", response_model=ProofOut, openapi_extra=needs("write"))
async def erase_user(request: Request, user_id: str) -> Response:
    """Erase a user everywhere, and return the proof."""
    proof = await run_in_threadpool(state_of(request).live.erase_user, user_id)
    return reply(proof.to_dict())


@router.get("/users/{user_id:id}/export", response_model=RowOut, openapi_extra=needs("admin"))
async def export_user(request: Request, user_id: str) -> Response:
    """Return everything that is kept of a user: profile, events, answers."""
    return reply(await run_in_threadpool(state_of(request).live.export_user, user_id))


@router.post(
    "/users/{user_id:id}/merge", response_model=MergedOut, openapi_extra=needs("write")
)
async def merge(request: Request, user_id: str, body: MergeBody) -> Response:
    """Give the events of a visitor to the user who he turned out to be."""
    moved = await run_in_threadpool(state_of(request).live.merge, body.source, user_id)
    return reply({"user_id": user_id, "events": moved})
