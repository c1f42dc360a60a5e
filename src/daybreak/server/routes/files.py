"""Files and data: ``/import``, ``/data``, ``/export``, ``/dump`` and ``/restore``."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response, StreamingResponse

from daybreak.data.column_aliases import TableRole
from daybreak.data.formats import ValueFormats
from daybreak.data.readers import OpenedTable
from daybreak.data.readers.zip_files import members_of
from daybreak.errors import DataError
from daybreak.server.http.bodies import iter_gzip_lines, receive_file
from daybreak.server.http.languages import all_in_language, in_language, rows_in_language
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import iterate_in_threadpool, run_in_threadpool
from daybreak.server.ops.temporary import create_temporary_folder, remove_temporary_folder
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.admin import (
    FILE_BODY,
    DataReportOut,
    ImportedOut,
    ImportQuery,
    PreviewOut,
    PreviewQuery,
    RestoredOut,
)
from daybreak.server.state import ServerState, state_of
from daybreak.service.backup import (
    InvalidDumpError,
    NotEmptyError,
    dump_store,
    export_table,
    restore_store,
)
from daybreak.service.ingest.files import Sources, find_files, parse_columns
from daybreak.service.ingest.preview import preview_file, report_data

router = api_router("files")

MAX_LISTED_REJECTS = 100
"""Largest number of rejected rows in a response."""
_NDJSON_TYPE = "application/x-ndjson"
_NDJSON_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON Lines.",
        "content": {_NDJSON_TYPE: {"schema": {"type": "string"}}},
    }
}
_GZIP_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON Lines, compressed with gzip.",
        "content": {"application/gzip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "/import",
    response_model=ImportedOut,
    openapi_extra=require_role("admin", query=ImportQuery, long=True, requestBody=FILE_BODY),
)
async def import_file(request: Request) -> Response:
    """Import a file of events, items or users: CSV, TSV or JSON Lines, also with gzip.

    A zip file or a workbook may hold a file for each table. What its files unpack to may be as
    large as a file that is sent alone.

    Columns are recognised by name and values. Importing the same file again adds nothing. If
    more than a tenth of the rows is rejected, nothing is stored (`too_many_rejects`), unless
    `max_rejected` allows it.
    """
    query, state = parse_query(request, ImportQuery), state_of(request)
    columns = parse_columns(query.column)
    async with receive_file(request, state.options.upload_bytes) as path:
        formats = ValueFormats.of(query.date_format, query.decimal, strict=query.strict)
        imported = await run_in_threadpool(_import, state, path, columns, formats, query)
    rejects = rows_in_language(imported["rejects"], "reason")
    notes = all_in_language(imported["notes"])
    return json_response(imported | {"rejects": rejects, "notes": notes})


@router.post(
    "/import/preview",
    response_model=PreviewOut,
    openapi_extra=require_role("admin", query=PreviewQuery, long=True, requestBody=FILE_BODY),
)
async def preview_import(request: Request) -> Response:
    """Return what a file would be read as, without storing anything."""
    query, state = parse_query(request, PreviewQuery), state_of(request)
    columns = parse_columns(query.column)
    formats = ValueFormats.of(query.date_format, query.decimal, strict=query.strict)
    async with receive_file(request, state.options.upload_bytes) as path:
        found = await run_in_threadpool(
            preview_file, path, query.name, query.table, columns, formats
        )
    preview = found.to_dict()
    return json_response(
        preview
        | {
            "rejects": rows_in_language(preview["rejects"], "reason"),
            "notes": all_in_language(preview["notes"]),
            "problem": in_language(preview["problem"]),
        }
    )


@router.get(
    "/data",
    response_model=DataReportOut,
    openapi_extra=require_role("read", cost="report"),
)
async def data_report(request: Request) -> Response:
    """Return checks of the stored data, what they allow, and how event types count."""
    store = state_of(request).service.store
    report = await run_in_threadpool(lambda: report_data(store.tables()))
    found = report.to_dict()
    findings = rows_in_language(found["findings"], "message")
    return json_response(found | {"findings": findings})


@router.get(
    "/export/{table:id}",
    response_class=Response,
    responses=_NDJSON_RESPONSES,
    openapi_extra=require_role("admin", long=True),
)
async def export(request: Request, table: str) -> Response:
    """Return all events, items or users as JSON Lines, which `POST /import` reads."""
    lines = await run_in_threadpool(export_table, state_of(request).service, table)
    return StreamingResponse(iterate_in_threadpool(lines), media_type=_NDJSON_TYPE)


@router.get(
    "/dump",
    response_class=Response,
    responses=_GZIP_RESPONSES,
    openapi_extra=require_role("admin", long=True),
)
async def dump(request: Request) -> Response:
    """Return the whole store, as it is at one moment, as one file, which `POST /restore` reads.

    The file has everything, also the hashes of API keys, except vectors, which can be computed
    again.
    """
    folder = create_temporary_folder()
    path = folder / "shop.jsonl.gz"
    try:
        await run_in_threadpool(dump_store, state_of(request).service, path)
    except BaseException:
        remove_temporary_folder(folder)
        raise
    cleanup = BackgroundTask(remove_temporary_folder, folder)
    return FileResponse(path, media_type="application/gzip", background=cleanup)


@router.post(
    "/restore",
    response_model=RestoredOut,
    openapi_extra=require_role("admin", long=True, requestBody=FILE_BODY),
)
async def restore(request: Request) -> Response:
    """Restore a dump into an empty store: all of it, or nothing if anything is invalid.

    API keys that exist, such as the one of this request, stay; those of the dump are added.
    """
    state = state_of(request)
    max_bytes = state.options.upload_bytes
    async with receive_file(request, max_bytes, keep_packed=True) as path:
        rows = await run_in_threadpool(_restore, state, path, max_bytes)
    return json_response({"rows": rows})


def _import(
    state: ServerState,
    path: Path,
    columns: Mapping[str, str | None],
    formats: ValueFormats,
    query: ImportQuery,
) -> dict[str, Any]:
    files = _find_tables(path, query.table, columns)
    if query.replace is not None and query.replace not in files:
        raise HttpProblem("invalid", f"replace={query.replace} needs table={query.replace}")
    read = Sources(files, columns, formats=formats).read()
    read.check_rejects(query.max_rejected)
    written = state.service.ingest_import(read, replace_items=query.replace == "items")
    tables = {
        role: {"read": read.rows_read.get(role, 0), "new": getattr(written, role)}
        for role in files
    }
    return {
        "read": sum(table["read"] for table in tables.values()),
        "new": sum(table["new"] for table in tables.values()),
        "rejected": len(read.rejects),
        "rejects": [asdict(row) for row in read.rejects.rows[:MAX_LISTED_REJECTS]],
        "notes": list(read.notes),
        "left": written.items_left,
        "tables": tables,
    }


def _find_tables(
    path: Path, table: TableRole | None, columns: Mapping[str, str | None]
) -> Mapping[TableRole, Path | OpenedTable]:
    """Return the file of each table of an archive, or of the one that is named."""
    if table is not None and len(members_of(path)) <= 1:
        return {table: path}
    found = find_files([path], None, columns)
    if table is None:
        return found
    if table not in found:
        raise DataError(f"the file has no table of {table}; it has {', '.join(found)}")
    return {table: found[table]}


def _restore(state: ServerState, path: Path, max_bytes: int) -> dict[str, int]:
    try:
        return restore_store(state.service, path, iter_gzip_lines(path, max_bytes))
    except NotEmptyError as error:
        raise HttpProblem("not_empty", str(error)) from error
    except InvalidDumpError as error:
        raise HttpProblem("bad_request", str(error)) from error
