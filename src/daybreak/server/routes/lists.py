"""Lists for nobody in particular: similar, popular, latest, trending; and vectors."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routes.recommend import check_list_length, item_to_dict
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.recommend import (
    EmbedBody,
    ListOut,
    ListQuery,
    SimilarBody,
    SimilarQuery,
    VectorsOut,
)
from daybreak.server.state import state_of
from daybreak.service.serving import RecommendedItem

router = api_router("lists")


@router.get(
    "/items/{item_id:id}/similar",
    response_model=ListOut,
    openapi_extra=require_role("read", query=SimilarQuery),
)
async def similar_to_item(request: Request, item_id: str) -> Response:
    """Return the items most like an item, new or not."""
    query = parse_query(request, SimilarQuery)
    return await _similar(request, SimilarBody(item_id=item_id, n=query.n, filter=query.filter))


@router.post("/similar", response_model=ListOut, openapi_extra=require_role("read"))
async def similar(request: Request, body: SimilarBody) -> Response:
    """Return the items most like an item, or like words."""
    return await _similar(request, body)


@router.get(
    "/popular", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def popular(request: Request) -> Response:
    """Return what most people chose."""
    query = parse_query(request, ListQuery)
    return await _top_list(request, "popular", query)


@router.get(
    "/latest", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def latest(request: Request) -> Response:
    """Return what came last."""
    query = parse_query(request, ListQuery)
    return await _top_list(request, "latest", query)


@router.get(
    "/trending", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def trending(request: Request) -> Response:
    """Return what is chosen more than it used to be."""
    query = parse_query(request, ListQuery)
    return await _top_list(request, "trending", query)


@router.post("/embed", response_model=VectorsOut, openapi_extra=require_role("read"))
async def embed(request: Request, body: EmbedBody) -> Response:
    """Return the vectors of texts, as the release in use sees them."""
    found = await run_in_threadpool(state_of(request).service.embed, body.texts)
    return json_response(found)


async def _similar(request: Request, body: SimilarBody) -> Response:
    state = state_of(request)
    check_list_length(state, body.n)
    found = await run_in_threadpool(
        state.service.similar, item_id=body.item_id, text=body.text, n=body.n, where=body.filter
    )
    return json_response({"items": _items_to_dicts(found)})


async def _top_list(request: Request, name: str, query: ListQuery) -> Response:
    state = state_of(request)
    check_list_length(state, query.n)
    call = getattr(state.service, name)
    return json_response(
        {"items": _items_to_dicts(await run_in_threadpool(call, query.n, query.build_rules()))}
    )


def _items_to_dicts(found: Iterable[RecommendedItem]) -> list[Mapping[str, Any]]:
    return [item_to_dict(item) for item in found]
