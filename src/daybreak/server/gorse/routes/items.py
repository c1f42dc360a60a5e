"""Items in gorse's API: ``/api/item`` and ``/api/items``."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.convert import (
    accepted_response,
    gorse_item,
    gorse_response,
    item_row,
)
from daybreak.server.gorse.schemas import (
    GorseItem,
    GorseItemPatch,
    GorseItems,
    GorsePageQuery,
    GorseSuccess,
)
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import state_of

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])


@router.post("/item", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_item(request: Request, item: GorseItem) -> Response:
    """Add or replace an item."""
    return await _put(request, [item])


@router.post("/items", response_model=GorseSuccess, openapi_extra=require_role("write"))
async def insert_items(request: Request, items: list[GorseItem]) -> Response:
    """Add or replace items."""
    return await _put(request, items)


@router.get("/items", response_model=GorseItems, openapi_extra=require_role("read"))
async def list_items(request: Request, query: Annotated[GorsePageQuery, Query()]) -> Response:
    """Return a page of items; with `q`, the items most similar to a text."""
    service = state_of(request).service
    if query.q:
        found = await run_in_threadpool(service.lists.similar, text=query.q, n=query.n)
        rows = [{**one.properties, "item_id": one.item_id} for one in found]
        return gorse_response(GorseItems(cursor="", items=[gorse_item(row) for row in rows]))
    page = await run_in_threadpool(service.catalogue.page, query.cursor or None, query.n)
    return gorse_response(
        GorseItems(cursor=page.cursor or "", items=[gorse_item(row) for row in page.rows])
    )


@router.get("/item/{item_id:id}", response_model=GorseItem, openapi_extra=require_role("read"))
async def get_item(request: Request, item_id: str) -> Response:
    """Return one item."""
    row = await run_in_threadpool(state_of(request).service.catalogue.get, item_id)
    return gorse_response(gorse_item({**row, "item_id": item_id}))


@router.patch(
    "/item/{item_id:id}", response_model=GorseSuccess, openapi_extra=require_role("write")
)
async def modify_item(request: Request, item_id: str, patch: GorseItemPatch) -> Response:
    """Change some fields of an item."""
    service = state_of(request).service
    await run_in_threadpool(service.catalogue.require_listed, item_id)
    return accepted_response(
        await run_in_threadpool(service.catalogue.put, [item_row(item_id, patch)], partial=True)
    )


@router.delete(
    "/item/{item_id:id}", response_model=GorseSuccess, openapi_extra=require_role("write")
)
async def delete_item(request: Request, item_id: str) -> Response:
    """Delete an item and its feedback."""
    was_known = await run_in_threadpool(state_of(request).service.catalogue.delete, item_id)
    return gorse_response(GorseSuccess(row_affected=int(was_known)))


@router.put(
    "/item/{item_id:id}/category/{category:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def insert_category(request: Request, item_id: str, category: str) -> Response:
    """Add an item to a category."""
    return await _change_category(request, item_id, category, inside=True)


@router.delete(
    "/item/{item_id:id}/category/{category:id}",
    response_model=GorseSuccess,
    openapi_extra=require_role("write"),
)
async def delete_category(request: Request, item_id: str, category: str) -> Response:
    """Remove an item from a category."""
    return await _change_category(request, item_id, category, inside=False)


async def _change_category(
    request: Request, item_id: str, category: str, *, inside: bool
) -> Response:
    service = state_of(request).service
    await run_in_threadpool(service.catalogue.require_listed, item_id)
    row = await run_in_threadpool(service.catalogue.get, item_id)
    categories = gorse_item({**row, "item_id": item_id}).categories or []
    others = [name for name in categories if name != category]
    patch = item_row(item_id, GorseItemPatch(categories=[*others, *([category] * inside)]))
    return accepted_response(
        await run_in_threadpool(service.catalogue.put, [patch], partial=True)
    )


async def _put(request: Request, items: list[GorseItem]) -> Response:
    state = state_of(request)
    if len(items) > state.options.batch:
        raise DataError(f"at most {state.options.batch:,} items at once, got {len(items):,}")
    rows = [item_row(item.item_id, item) for item in items]
    return accepted_response(await run_in_threadpool(state.service.catalogue.put, rows))
