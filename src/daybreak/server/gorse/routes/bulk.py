"""gorse's dumps as JSON Lines: ``/api/bulk/users``, ``items`` and ``feedback``.

The body of an import is JSON Lines, or a form with a file of JSON Lines.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import Response, StreamingResponse

from daybreak.errors import DataError
from daybreak.server.gorse.convert import (
    MAX_NAMED_REJECTS,
    event_row,
    gorse_feedback,
    gorse_item,
    gorse_response,
    gorse_user,
    item_row,
    user_row,
)
from daybreak.server.gorse.paging import PAGE_ROWS, iter_rows
from daybreak.server.gorse.schemas import GorseFeedback, GorseItem, GorseSuccess, GorseUser
from daybreak.server.http.bodies import iter_body, parse_json
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.responses import to_json
from daybreak.server.ops.pools import iterate_in_threadpool, run_in_threadpool
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import state_of
from daybreak.service.serving import IngestResult

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])

_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
MAX_LINE_BYTES = 1_000_000
"""Longest line [bytes]."""
BATCH_LINES = 1_000
"""Number of lines that are stored together."""

T = TypeVar("T", bound=BaseModel)
_JSONL_BODY: dict[str, Any] = {
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


@router.get(
    "/bulk/users", response_class=Response, openapi_extra=require_role("read", long=True)
)
async def export_users(request: Request) -> Response:
    """Return all users as JSON Lines."""
    service = state_of(request).service
    return _jsonl_response(
        "users",
        map(gorse_user, iter_rows(lambda cursor: service.users.page(cursor, PAGE_ROWS))),
    )


@router.get(
    "/bulk/items", response_class=Response, openapi_extra=require_role("read", long=True)
)
async def export_items(request: Request) -> Response:
    """Return all items as JSON Lines."""
    service = state_of(request).service
    return _jsonl_response(
        "items",
        map(gorse_item, iter_rows(lambda cursor: service.catalogue.page(cursor, PAGE_ROWS))),
    )


@router.get(
    "/bulk/feedback", response_class=Response, openapi_extra=require_role("read", long=True)
)
async def export_feedback(request: Request) -> Response:
    """Return all feedback as JSON Lines, one line for each event."""
    service = state_of(request).service
    rows = iter_rows(lambda cursor: service.events.page(None, None, cursor, PAGE_ROWS))
    return _jsonl_response("feedback", (gorse_feedback([row])[0] for row in rows))


@router.post(
    "/bulk/users",
    response_model=GorseSuccess,
    openapi_extra=require_role("write", long=True, **_JSONL_BODY),
)
async def import_users(request: Request) -> Response:
    """Add users from JSON Lines, in the body or as the file of a form."""
    service = state_of(request).service

    def store(users: Sequence[GorseUser]) -> IngestResult:
        return service.users.put([user_row(user.user_id, user) for user in users])

    return await _import(request, GorseUser, store)


@router.post(
    "/bulk/items",
    response_model=GorseSuccess,
    openapi_extra=require_role("write", long=True, **_JSONL_BODY),
)
async def import_items(request: Request) -> Response:
    """Add items from JSON Lines, in the body or as the file of a form."""
    service = state_of(request).service

    def store(items: Sequence[GorseItem]) -> IngestResult:
        return service.catalogue.put([item_row(item.item_id, item) for item in items])

    return await _import(request, GorseItem, store)


@router.post(
    "/bulk/feedback",
    response_model=GorseSuccess,
    openapi_extra=require_role("write", long=True, **_JSONL_BODY),
)
async def import_feedback(request: Request) -> Response:
    """Add feedback from JSON Lines, in the body or as the file of a form."""
    service = state_of(request).service

    def store(feedback: Sequence[GorseFeedback]) -> IngestResult:
        return service.events.add([event_row(row) for row in feedback])

    return await _import(request, GorseFeedback, store)


async def _import(
    request: Request, kind: type[T], store: Callable[[Sequence[T]], IngestResult]
) -> Response:
    """Store lines in batches; the first invalid line ends the import, as in gorse."""
    options = state_of(request).options
    chunks = iter_body(request, options.upload_bytes)
    n_stored, number = 0, 0
    batch: list[T] = []
    async for line in iter_jsonl_lines(chunks, request.headers.get("content-type", "")):
        number += 1
        batch.append(_parse_line(kind, line, number, n_stored, options.depth))
        if len(batch) == BATCH_LINES:
            n_stored += await _store_batch(store, batch, n_stored)
            batch = []
    if batch:
        n_stored += await _store_batch(store, batch, n_stored)
    return gorse_response(GorseSuccess(row_affected=n_stored))


async def _store_batch(
    store: Callable[[Sequence[T]], IngestResult], rows: Sequence[T], n_before: int
) -> int:
    outcome = await run_in_threadpool(store, rows)
    if outcome.rejected:
        faults = "; ".join(
            f"line {n_before + row.row + 1}: {row.field} {row.reason}"
            for row in outcome.rejected[:MAX_NAMED_REJECTS]
        )
        raise DataError(f"{faults}; {n_before + outcome.accepted:,} other lines are stored")
    return len(rows)


def _parse_line(kind: type[T], line: bytes, number: int, n_stored: int, depth: int) -> T:
    try:
        return kind.model_validate(parse_json(line, depth))
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except HttpProblem as error:
        reason = str(error.detail)
    raise DataError(f"line {number}: {reason}; the first {n_stored:,} lines are stored")


def _jsonl_response(name: str, rows: Iterator[BaseModel]) -> Response:
    headers = {"Content-Disposition": f"attachment;filename={name}.jsonl"}
    lines = iterate_in_threadpool(_iter_jsonl(rows))
    return StreamingResponse(lines, media_type="application/jsonl", headers=headers)


def _iter_jsonl(rows: Iterator[BaseModel]) -> Iterator[bytes]:
    for row in rows:
        yield to_json(row.model_dump(by_alias=True)) + b"\n"


async def iter_jsonl_lines(
    chunks: AsyncIterator[bytes], content_type: str
) -> AsyncIterator[bytes]:
    """Yield the lines of the body that are not empty.

    A form is read line by line, too, because a line of JSON never starts like a boundary.

    Args:
        chunks: Body in chunks of any size.
        content_type: Content type of the request; any type but a form is read as JSON Lines.

    Raises:
        HttpProblem: A line is too long, or the form has no boundary.
    """
    boundary = _form_boundary(content_type)
    in_content = boundary is None
    async for line in _iter_lines(chunks):
        if boundary is not None and line.startswith(boundary):
            in_content = False
        elif in_content:
            if line:
                yield line
        elif not line:
            in_content = True  # an empty line ends the headers of a part of a form


def _form_boundary(content_type: str) -> bytes | None:
    if not content_type.lower().startswith("multipart/"):
        return None
    match = _BOUNDARY.search(content_type)
    if match is None:
        raise HttpProblem("bad_request", "the form has no boundary")
    return b"--" + match[1].strip().encode()


async def _iter_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    unfinished = b""
    async for chunk in chunks:
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        for line in lines:
            yield line.strip()
        if len(unfinished) > MAX_LINE_BYTES:
            raise HttpProblem("too_large", f"a line may have {MAX_LINE_BYTES:,} bytes")
    if unfinished.strip():
        yield unfinished.strip()
