"""Users in gorse's API: ``/api/user`` and ``/api/users``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.convert import (
    accepted_response,
    gorse_response,
    gorse_user,
    user_row,
)
from daybreak.server.gorse.schemas import (
    GorsePageQuery,
    GorseSuccess,
    GorseUser,
    GorseUserPatch,
    GorseUsers,
)
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import state_of

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])


@router.post("/user", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_user(request: Request, user: GorseUser) -> Response:
    """Add or replace a user."""
    return await _put(request, [user])


@router.post("/users", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_users(request: Request, users: list[GorseUser]) -> Response:
    """Add or replace users."""
    return await _put(request, users)


@router.get("/users", response_model=GorseUsers, openapi_extra=require_role("read"))
async def list_users(request: Request, query: Annotated[GorsePageQuery, Query()]) -> Response:
    """Return a page of users."""
    service = state_of(request).service
    page = await run_in_threadpool(service.users.page, query.cursor or None, query.n)
    return gorse_response(
        GorseUsers(cursor=page.cursor or "", users=[gorse_user(row) for row in page.rows])
    )


@router.get("/user/{user_id:id}", response_model=GorseUser, openapi_extra=require_role("read"))
async def get_user(request: Request, user_id: str) -> Response:
    """Return one user."""
    row = await run_in_threadpool(state_of(request).service.users.get, user_id)
    return gorse_response(gorse_user({**row, "user_id": user_id}))


@router.patch(
    "/user/{user_id:id}", response_model=GorseSuccess, openapi_extra=require_role("write")
)
async def modify_user(request: Request, user_id: str, patch: GorseUserPatch) -> Response:
    """Change some fields of a user."""
    service = state_of(request).service
    await run_in_threadpool(service.users.get, user_id)
    return accepted_response(
        await run_in_threadpool(service.users.put, [user_row(user_id, patch)], partial=True)
    )


@router.delete(
    "/user/{user_id:id}", response_model=GorseSuccess, openapi_extra=require_role("write")
)
async def delete_user(request: Request, user_id: str) -> Response:
    """Erase a user and all feedback of the user."""
    await run_in_threadpool(state_of(request).service.users.erase, user_id)
    return gorse_response(GorseSuccess(row_affected=1))


async def _put(request: Request, users: list[GorseUser]) -> Response:
    state = state_of(request)
    if len(users) > state.options.batch:
        raise DataError(f"at most {state.options.batch:,} users at once, got {len(users):,}")
    rows = [user_row(user.user_id, user) for user in users]
    return accepted_response(await run_in_threadpool(state.service.users.put, rows))
