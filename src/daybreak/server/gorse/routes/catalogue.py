"""gorse's items: ``/api/item``, ``/api/items``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.queries import PageQuery
from daybreak.server.gorse.replies import said, taken
from daybreak.server.gorse.rows import gorse_item, item_row
from daybreak.server.gorse.schemas import Item, ItemPatch, Items, Success
from daybreak.server.guarded import Guarded, needs
from daybreak.server.state import state_of

router = APIRouter(route_class=Guarded, tags=["gorse"])


@router.post("/item", response_model=Success, openapi_extra=needs("write"))
async def insert_item(request: Request, item: Item) -> Response:
    """Add an item, or replace it."""
    return await _put(request, [item])


@router.post("/items", response_model=Success, openapi_extra=needs("write"))
async def insert_items(request: Request, items: list[Item]) -> Response:
    """Add items, or replace those that are there."""
    return await _put(request, items)


@router.get("/items", response_model=Items, openapi_extra=needs("read"))
async def list_items(request: Request, query: Annotated[PageQuery, Query()]) -> Response:
    """Return items, page by page; with `q`, those that fit the words."""
    live = state_of(request).live
    if query.q:
        found = await run_in_threadpool(live.similar, text=query.q, n=query.n)
        rows = [{**one.properties, "item_id": one.item_id} for one in found]
        return said(Items(cursor="", items=[gorse_item(row) for row in rows]))
    page = await run_in_threadpool(live.items, query.cursor or None, query.n)
    return said(Items(cursor=page.cursor or "", items=[gorse_item(row) for row in page.rows]))


@router.get("/item/{item_id:id}", response_model=Item, openapi_extra=needs("read"))
async def get_item(request: Request, item_id: str) -> Response:
    """Return one item."""
    row = await run_in_threadpool(state_of(request).live.item, item_id)
    return said(gorse_item({**row, "item_id": item_id}))


@router.patch("/item/{item_id:id}", response_model=Success, openapi_extra=needs("write"))
async def modify_item(request: Request, item_id: str, patch: ItemPatch) -> Response:
    """Change some fields of an item."""
    live = state_of(request).live
    await run_in_threadpool(live.item, item_id)
    return taken(
        await run_in_threadpool(live.put_items, [item_row(item_id, patch)], partial=True)
    )


@router.delete("/item/{item_id:id}", response_model=Success, openapi_extra=needs("write"))
async def delete_item(request: Request, item_id: str) -> Response:
    """Delete an item and its feedback."""
    gone = await run_in_threadpool(state_of(request).live.delete_item, item_id)
    return said(Success(row_affected=int(gone)))


@router.put(
    "/item/{item_id:id}/category/{category:id}",
    response_model=Success,
    openapi_extra=needs("write"),
)
async def insert_category(request: Request, item_id: str, category: str) -> Response:
    """Put an item into a category."""
    return await _categorise(request, item_id, category, inside=True)


@router.delete(
    "/item/{item_id:id}/category/{category:id}",
    response_model=Success,
    openapi_extra=needs("write"),
)
async def delete_category(request: Request, item_id: str, category: str) -> Response:
    """Take an item out of a category."""
    return await _categorise(request, item_id, category, inside=False)


async def _categorise(
    request: Request, item_id: str, category: str, *, inside: bool
) -> Response:
    live = state_of(request).live
    row = await run_in_threadpool(live.item, item_id)
    known = gorse_item({**row, "item_id": item_id}).categories or []
    others = [name for name in known if name != category]
    patch = item_row(item_id, ItemPatch(categories=[*others, *([category] * inside)]))
    return taken(await run_in_threadpool(live.put_items, [patch], partial=True))


async def _put(request: Request, items: list[Item]) -> Response:
    state = state_of(request)
    if len(items) > state.options.batch:
        raise DataError(f"at most {state.options.batch:,} items at once, got {len(items):,}")
    rows = [item_row(item.item_id, item) for item in items]
    return taken(await run_in_threadpool(state.live.put_items, rows))
