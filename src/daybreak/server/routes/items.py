"""Items: ``/items``."""

from base64 import b64encode

from fastapi import Request
from starlette.responses import Response

from daybreak.data.media.pictures import MAX_MEDIA_BYTES
from daybreak.server.http.forms import receive_media
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.rows import (
    list_rows,
    put_row,
    put_rows,
    rows_from_body,
    single_row_problem,
)
from daybreak.server.schemas.rows import (
    AcceptedOut,
    DeletedOut,
    FieldsBody,
    ItemRows,
    ItemsOut,
    ReplacedOut,
    RowOut,
    RowPageQuery,
    describe_media_body,
)
from daybreak.server.state import state_of

router = api_router("items")


@router.post("/items", response_model=AcceptedOut, openapi_extra=require_role("write"))
async def put_items(request: Request, body: ItemRows) -> Response:
    """Add or replace items; they can be recommended at once."""
    return await put_rows(request, state_of(request).service.catalogue.put, "items", body)


@router.get(
    "/items", response_model=ItemsOut, openapi_extra=require_role("read", query=RowPageQuery)
)
async def items(request: Request) -> Response:
    """Return a page of items: all in the order of their arrival, or those that match."""
    return await list_rows(request, state_of(request).service.catalogue, "items")


@router.put("/items", response_model=ReplacedOut, openapi_extra=require_role("write"))
async def replace_items(request: Request, body: ItemRows) -> Response:
    """Replace the catalogue: items that the body does not have leave it and keep their events.

    All rows are stored, or none of them. Items that have left come back when they are put.
    """
    state = state_of(request)
    rows = rows_from_body(state, "items", body)
    outcome = await run_in_threadpool(state.service.catalogue.replace, rows)
    if problem := single_row_problem(outcome):
        raise problem
    return json_response(vars(outcome))


@router.get("/items/{item_id:id}", response_model=RowOut, openapi_extra=require_role("read"))
async def item(request: Request, item_id: str) -> Response:
    """Return one item."""
    return json_response(
        await run_in_threadpool(state_of(request).service.catalogue.get, item_id)
    )


@router.put(
    "/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def put_item(request: Request, item_id: str, body: FieldsBody) -> Response:
    """Add or replace an item."""
    put = state_of(request).service.catalogue.put
    return await put_row(put, "item_id", item_id, body, partial=False)


@router.patch(
    "/items/{item_id:id}", response_model=AcceptedOut, openapi_extra=require_role("write")
)
async def patch_item(request: Request, item_id: str, body: FieldsBody) -> Response:
    """Change some fields of an item of the catalogue; the others keep their values."""
    catalogue = state_of(request).service.catalogue
    # a late change puts nothing on sale
    await run_in_threadpool(catalogue.require_listed, item_id)
    return await put_row(catalogue.put, "item_id", item_id, body, partial=True)


@router.put(
    "/items/{item_id:id}/image",
    response_model=AcceptedOut,
    openapi_extra=require_role("write", requestBody=describe_media_body("image")),
)
async def put_item_image(request: Request, item_id: str) -> Response:
    """Set the picture of an item; the body is the file, or a form with it, at most 20 MB."""
    return await _put_media(request, item_id, "image")


@router.put(
    "/items/{item_id:id}/audio",
    response_model=AcceptedOut,
    openapi_extra=require_role("write", requestBody=describe_media_body("audio")),
)
async def put_item_audio(request: Request, item_id: str) -> Response:
    """Set the sound of an item; the body is the file, or a form with it, at most 20 MB."""
    return await _put_media(request, item_id, "audio")


@router.delete(
    "/items/{item_id:id}", response_model=DeletedOut, openapi_extra=require_role("write")
)
async def delete_item(request: Request, item_id: str) -> Response:
    """Delete an item and its events; it is not in any later list."""
    was_known = await run_in_threadpool(state_of(request).service.catalogue.delete, item_id)
    return json_response({"deleted": int(was_known)})


async def _put_media(request: Request, item_id: str, column: str) -> Response:
    """Set the picture or the sound of an item to the file of a request.

    Args:
        request: Request with the file.
        item_id: Item.
        column: ``image`` or ``audio``.
    """
    catalogue = state_of(request).service.catalogue
    await run_in_threadpool(catalogue.require_listed, item_id)
    max_bytes = min(state_of(request).options.upload_bytes, MAX_MEDIA_BYTES)
    data = await receive_media(request, column, max_bytes)
    body = {column: f"data:{column}/*;base64,{b64encode(data).decode('ascii')}"}
    return await put_row(catalogue.put, "item_id", item_id, body, partial=True)
