"""The catalogue: ``/items``."""

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.rows import put_one, rows_of
from daybreak.server.schemas.rows import (
    AcceptedOut,
    DeletedOut,
    Fields,
    ItemRows,
    ItemsOut,
    PageQuery,
    RowOut,
)
from daybreak.server.state import state_of

router = interface("items")


@router.post("/items", response_model=AcceptedOut, openapi_extra=needs("write"))
async def put_items(request: Request, body: ItemRows) -> Response:
    """Add items, or replace those that are there; they are recommendable at once."""
    state = state_of(request)
    rows = rows_of(state, "items", body)
    return reply(vars(await run_in_threadpool(state.live.put_items, rows)))


@router.get("/items", response_model=ItemsOut, openapi_extra=needs("read", query=PageQuery))
async def items(request: Request) -> Response:
    """Return the catalogue, page by page."""
    query = query_of(request, PageQuery)
    live = state_of(request).live
    page = await run_in_threadpool(live.items, query.cursor or None, query.n)
    return reply({"items": page.rows, "cursor": page.cursor})


@router.get("/items/{item_id:id}", response_model=RowOut, openapi_extra=needs("read"))
async def item(request: Request, item_id: str) -> Response:
    """Return one item."""
    return reply(await run_in_threadpool(state_of(request).live.item, item_id))


@router.put("/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=needs("write"))
async def put_item(request: Request, item_id: str, body: Fields) -> Response:
    """Add an item, or replace it."""
    put = state_of(request).live.put_items
    return await put_one(put, "item_id", item_id, body, partial=False)


@router.patch("/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=needs("write"))
async def patch_item(request: Request, item_id: str, body: Fields) -> Response:
    """Change some fields of an item; the others stay."""
    put = state_of(request).live.put_items
    return await put_one(put, "item_id", item_id, body, partial=True)


@router.delete("/items/{item_id:id}", response_model=DeletedOut, openapi_extra=needs("write"))
async def delete_item(request: Request, item_id: str) -> Response:
    """Delete an item with its events; it is gone from the next answer on."""
    gone = await run_in_threadpool(state_of(request).live.delete_item, item_id)
    return reply({"deleted": int(gone)})
