"""The catalogue: ``/items``."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import put_row, rows_from_body
from daybreak.server.schemas.rows import (
    AcceptedOut,
    DeletedOut,
    FieldsBody,
    ItemRows,
    ItemsOut,
    PageQuery,
    RowOut,
)
from daybreak.server.state import state_of

router = api_router("items")


@router.post("/items", response_model=AcceptedOut, openapi_extra=require_role("write"))
async def put_items(request: Request, body: ItemRows) -> Response:
    """Add items, or replace those that are there; they are recommendable at once."""
    state = state_of(request)
    rows = rows_from_body(state, "items", body)
    return json_response(vars(await run_in_threadpool(state.service.put_items, rows)))


@router.get(
    "/items", response_model=ItemsOut, openapi_extra=require_role("read", query=PageQuery)
)
async def items(request: Request) -> Response:
    """Return the catalogue, page by page."""
    query = parse_query(request, PageQuery)
    live = state_of(request).service
    page = await run_in_threadpool(live.items, query.cursor or None, query.n)
    return json_response({"items": page.rows, "cursor": page.cursor})


@router.get("/items/{item_id:id}", response_model=RowOut, openapi_extra=require_role("read"))
async def item(request: Request, item_id: str) -> Response:
    """Return one item."""
    return json_response(await run_in_threadpool(state_of(request).service.item, item_id))


@router.put(
    "/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def put_item(request: Request, item_id: str, body: FieldsBody) -> Response:
    """Add an item, or replace it."""
    put = state_of(request).service.put_items
    return await put_row(put, "item_id", item_id, body, partial=False)


@router.patch(
    "/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def patch_item(request: Request, item_id: str, body: FieldsBody) -> Response:
    """Change some fields of an item; the others stay."""
    put = state_of(request).service.put_items
    return await put_row(put, "item_id", item_id, body, partial=True)


@router.delete(
    "/items/{item_id:id}", response_model=DeletedOut, openapi_extra=require_role("write")
)
async def delete_item(request: Request, item_id: str) -> Response:
    """Delete an item with its events; it is gone from the next answer on."""
    gone = await run_in_threadpool(state_of(request).service.delete_item, item_id)
    return json_response({"deleted": int(gone)})
