"""Lists for nobody in particular: similar, popular, latest, trending; and vectors."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.routes.recommend import check_n, item_as_json
from daybreak.server.schemas.answers import ListOut, VectorsOut
from daybreak.server.schemas.asking import (
    EmbedBody,
    ListQuery,
    SimilarBody,
    SimilarQuery,
)
from daybreak.server.state import state_of
from daybreak.service.live import Recommended

router = interface("lists")


@router.get(
    "/items/{item_id:id}/similar",
    response_model=ListOut,
    openapi_extra=needs("read", query=SimilarQuery),
)
async def similar_to_item(request: Request, item_id: str) -> Response:
    """Return the items most like an item, new or not."""
    query = query_of(request, SimilarQuery)
    return await _similar(request, SimilarBody(item_id=item_id, n=query.n, filter=query.filter))


@router.post("/similar", response_model=ListOut, openapi_extra=needs("read"))
async def similar(request: Request, body: SimilarBody) -> Response:
    """Return the items most like an item, or like words."""
    return await _similar(request, body)


@router.get("/popular", response_model=ListOut, openapi_extra=needs("read", query=ListQuery))
async def popular(request: Request) -> Response:
    """Return what most people chose."""
    query = query_of(request, ListQuery)
    return await _list(request, "popular", query)


@router.get("/latest", response_model=ListOut, openapi_extra=needs("read", query=ListQuery))
async def latest(request: Request) -> Response:
    """Return what came last."""
    query = query_of(request, ListQuery)
    return await _list(request, "latest", query)


@router.get("/trending", response_model=ListOut, openapi_extra=needs("read", query=ListQuery))
async def trending(request: Request) -> Response:
    """Return what is chosen more than it used to be."""
    query = query_of(request, ListQuery)
    return await _list(request, "trending", query)


@router.post("/embed", response_model=VectorsOut, openapi_extra=needs("read"))
async def embed(request: Request, body: EmbedBody) -> Response:
    """Return the vectors of texts, as the release in use sees them."""
    found = await run_in_threadpool(state_of(request).live.embed, body.texts)
    return reply(found)


async def _similar(request: Request, body: SimilarBody) -> Response:
    state = state_of(request)
    check_n(state, body.n)
    found = await run_in_threadpool(
        state.live.similar, item_id=body.item_id, text=body.text, n=body.n, where=body.filter
    )
    return reply({"items": _items(found)})


async def _list(request: Request, name: str, query: ListQuery) -> Response:
    state = state_of(request)
    check_n(state, query.n)
    call = getattr(state.live, name)
    return reply({"items": _items(await run_in_threadpool(call, query.n, query.rules()))})


def _items(found: Iterable[Recommended]) -> list[Mapping[str, Any]]:
    return [item_as_json(item) for item in found]
