"""Files in and out: ``/import``, ``/export``, ``/dump``, ``/restore``."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response, StreamingResponse

from daybreak.data import ImportResult
from daybreak.errors import DaybreakError, NotFoundError
from daybreak.server.http.bodies import iter_gzip_lines, receive_file
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import FILE_BODY, ImportedOut, ImportQuery, RestoredOut
from daybreak.server.state import state_of
from daybreak.service.api_keys import KEY_RECORD_KIND as KEYS
from daybreak.service.ingest.files import Sources, parse_columns
from daybreak.service.serving import RecommenderService
from daybreak.service.serving.service import ingest_import
from daybreak.service.training.retraining import TASK_RECORDS as TASKS
from daybreak.store import WriteResult
from daybreak.store.dumping import NotEmptyError
from daybreak.store.dumping import dump as write_dump
from daybreak.store.dumping import restore as read_dump

router = api_router("files")

MAX_LISTED_REJECTS = 100
"""Rejects that an answer lists."""
EXPORT_CHUNK_ROWS = 5_000
"""Rows that are written at a time."""
_NDJSON_TYPE = "application/x-ndjson"
_NDJSON_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON Lines.",
        "content": {_NDJSON_TYPE: {"schema": {"type": "string"}}},
    }
}
_GZIP_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON Lines, packed with gzip.",
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/import",
    response_model=ImportedOut,
    openapi_extra=require_role("admin", query=ImportQuery, long=True, requestBody=FILE_BODY),
)
async def import_file(request: Request) -> Response:
    """Read a file of events, items or users: CSV, TSV or JSON Lines, also packed with gzip.

    Columns are recognised as by `daybreak import`. Reading the same file again adds nothing.
    """
    query, state = parse_query(request, ImportQuery), state_of(request)
    columns = parse_columns(query.column)
    async with receive_file(request, state.options.upload_bytes) as path:
        sources = Sources({query.table: path}, columns)
        read, written = await run_in_threadpool(_import, state.service, sources)
    return json_response(
        {
            "read": read.rows_read.get(query.table, 0),
            "new": getattr(written, query.table),
            "rejected": len(read.rejects),
            "rejects": [asdict(one) for one in read.rejects.rows[:MAX_LISTED_REJECTS]],
            "notes": read.notes,
        }
    )


@router.get(
    "/export/{table:id}",
    response_class=Response,
    responses=_NDJSON_RESPONSES,
    openapi_extra=require_role("admin", long=True),
)
async def export(request: Request, table: str) -> Response:
    """Return all events, items or users as JSON Lines; `POST /import` reads them."""
    if table not in {"events", "items", "users"}:
        raise NotFoundError(f"no table {table!r:.40}; there are events, items and users")
    tables = await run_in_threadpool(state_of(request).service.store.tables)
    frame = getattr(tables, table)

    def parts() -> Iterator[str]:
        for part in frame.iter_slices(EXPORT_CHUNK_ROWS):
            yield part.write_ndjson()

    return StreamingResponse(parts(), media_type=_NDJSON_TYPE)


@router.get(
    "/dump",
    response_class=Response,
    responses=_GZIP_RESPONSES,
    openapi_extra=require_role("admin", long=True),
)
async def dump(request: Request) -> Response:
    """Return the whole store as one file, as it is at one moment; see `daybreak store dump`.

    It has everything but vectors, which can be computed again, also hashes of keys.
    """
    folder = tempfile.TemporaryDirectory(prefix="daybreak-")
    path = Path(folder.name) / "shop.jsonl.gz"
    try:
        await run_in_threadpool(write_dump, state_of(request).service.store, path)
    except BaseException:
        folder.cleanup()
        raise
    after = BackgroundTask(folder.cleanup)
    return FileResponse(path, media_type="application/gzip", background=after)


@router.post(
    "/restore",
    response_model=RestoredOut,
    openapi_extra=require_role("admin", long=True, requestBody=FILE_BODY),
)
async def restore(request: Request) -> Response:
    """Read a dump into a store that is empty: all of it, or nothing if anything is wrong.

    Keys that are there, such as the one that asks, stay; those of the dump come beside them.
    """
    state = state_of(request)
    async with receive_file(request, state.options.upload_bytes, keep_packed=True) as path:
        await run_in_threadpool(_check_empty, state.service)
        await run_in_threadpool(_check_folders, path, state.options.upload_bytes)
        rows = await run_in_threadpool(_restore, path, state.service)
    return json_response({"rows": rows})


def _import(live: RecommenderService, sources: Sources) -> tuple[ImportResult, WriteResult]:
    read = sources.read()
    return read, ingest_import(live, read)


def _restore(path: Path, live: RecommenderService) -> dict[str, int]:
    try:
        return read_dump(path, live.store, beside=(KEYS, TASKS))
    except NotEmptyError as error:
        raise HttpProblem("not_empty", str(error)) from error
    except DaybreakError as error:
        raise type(error)(str(error).replace(repr(str(path)), "the file")) from error


def _check_empty(live: RecommenderService) -> None:
    status = live.status()
    if any(status.get(name) for name in ("users", "items", "events")):
        raise HttpProblem(
            "not_empty", "a dump is restored into an empty store, and this is none"
        )


def _check_folders(path: Path, largest: int) -> None:
    """Refuse a dump whose releases would lie anywhere but beside the store."""
    for line in iter_gzip_lines(path, largest):
        if not line.startswith(b'{"releases"'):
            continue
        try:
            folder = PurePosixPath(json.loads(line)["releases"]["folder"])
        except (ValueError, LookupError, TypeError) as error:
            raise HttpProblem("bad_request", "the dump has a release that is none") from error
        if folder.is_absolute() or ".." in folder.parts:
            raise HttpProblem("bad_request", "the dump has a release outside of its place")
