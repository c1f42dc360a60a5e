"""gorse's dumps as JSON Lines: ``/api/bulk/users``, ``items`` and ``feedback``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from daybreak.errors import DataError
from daybreak.server.bodies import chunks, parse
from daybreak.server.gorse.lines import lines_of
from daybreak.server.gorse.pages import AT_ONCE, all_of
from daybreak.server.gorse.replies import MOST_NAMED, said
from daybreak.server.gorse.rows import (
    event_row,
    gorse_feedback,
    gorse_item,
    gorse_user,
    item_row,
    user_row,
)
from daybreak.server.gorse.schemas import Feedback, Item, Success, User
from daybreak.server.guarded import Guarded, needs
from daybreak.server.problems import Refused
from daybreak.server.replies import to_json
from daybreak.server.state import state_of
from daybreak.service.live import Accepted

router = APIRouter(route_class=Guarded, tags=["gorse"])
TOGETHER = 1_000
"""Lines that are stored together."""

T = TypeVar("T", bound=BaseModel)
_FILE: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/jsonl": {"schema": {"type": "string"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        }
    }
}


@router.get("/bulk/users", response_class=Response, openapi_extra=needs("read", long=True))
async def export_users(request: Request) -> Response:
    """Return all users as JSON Lines."""
    live = state_of(request).live
    return _file("users", map(gorse_user, all_of(lambda cursor: live.users(cursor, AT_ONCE))))


@router.get("/bulk/items", response_class=Response, openapi_extra=needs("read", long=True))
async def export_items(request: Request) -> Response:
    """Return all items as JSON Lines."""
    live = state_of(request).live
    return _file("items", map(gorse_item, all_of(lambda cursor: live.items(cursor, AT_ONCE))))


@router.get("/bulk/feedback", response_class=Response, openapi_extra=needs("read", long=True))
async def export_feedback(request: Request) -> Response:
    """Return all feedback as JSON Lines, one line an event."""
    live = state_of(request).live
    rows = all_of(lambda cursor: live.events(None, None, cursor, AT_ONCE))
    return _file("feedback", (gorse_feedback([row])[0] for row in rows))


@router.post(
    "/bulk/users",
    response_model=Success,
    openapi_extra=needs("write", long=True, **_FILE),
)
async def import_users(request: Request) -> Response:
    """Add users from JSON Lines, in the body or as the file of a form."""
    live = state_of(request).live

    def store(users: Sequence[User]) -> Accepted:
        return live.put_users([user_row(user.user_id, user) for user in users])

    return await _import(request, User, store)


@router.post(
    "/bulk/items",
    response_model=Success,
    openapi_extra=needs("write", long=True, **_FILE),
)
async def import_items(request: Request) -> Response:
    """Add items from JSON Lines, in the body or as the file of a form."""
    live = state_of(request).live

    def store(items: Sequence[Item]) -> Accepted:
        return live.put_items([item_row(item.item_id, item) for item in items])

    return await _import(request, Item, store)


@router.post(
    "/bulk/feedback",
    response_model=Success,
    openapi_extra=needs("write", long=True, **_FILE),
)
async def import_feedback(request: Request) -> Response:
    """Add feedback from JSON Lines, in the body or as the file of a form."""
    live = state_of(request).live

    def store(feedback: Sequence[Feedback]) -> Accepted:
        return live.add_events([event_row(one) for one in feedback])

    return await _import(request, Feedback, store)


async def _import(
    request: Request, kind: type[T], store: Callable[[Sequence[T]], Accepted]
) -> Response:
    """Store lines in parts; the first bad line ends it, as in gorse."""
    options = state_of(request).options
    parts = chunks(request, options.upload_bytes)
    taken, number = 0, 0
    waiting: list[T] = []
    async for line in lines_of(parts, request.headers.get("content-type", "")):
        number += 1
        waiting.append(_row(kind, line, number, taken, options.depth))
        if len(waiting) == TOGETHER:
            taken += await _store(store, waiting, taken)
            waiting = []
    if waiting:
        taken += await _store(store, waiting, taken)
    return said(Success(row_affected=taken))


async def _store(
    store: Callable[[Sequence[T]], Accepted], rows: Sequence[T], before: int
) -> int:
    outcome = await run_in_threadpool(store, rows)
    if outcome.rejected:
        named = "; ".join(
            f"line {before + one.row + 1}: {one.field} {one.reason}"
            for one in outcome.rejected[:MOST_NAMED]
        )
        raise DataError(f"{named}; {before + outcome.accepted:,} other lines are stored")
    return len(rows)


def _row(kind: type[T], line: bytes, number: int, taken: int, depth: int) -> T:
    try:
        return kind.model_validate(parse(line, depth))
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except Refused as error:
        why = str(error.detail)
    raise DataError(f"line {number}: {why}; the first {taken:,} lines are stored")


def _file(name: str, rows: Iterator[BaseModel]) -> Response:
    headers = {"Content-Disposition": f"attachment;filename={name}.jsonl"}
    return StreamingResponse(_lines(rows), media_type="application/jsonl", headers=headers)


def _lines(rows: Iterator[BaseModel]) -> Iterator[bytes]:
    for row in rows:
        said_: dict[str, Any] = row.model_dump(by_alias=True)
        yield to_json(said_) + b"\n"
