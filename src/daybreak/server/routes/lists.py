"""Lists for all users, similar items, audiences, matches of titles, and vectors of texts."""

from base64 import b64encode
from collections.abc import Callable, Iterable
from typing import TypeAlias

from fastapi import Request
from starlette.responses import Response

from daybreak.data.media.columns import decode_picture
from daybreak.data.media.pictures import MAX_MEDIA_BYTES
from daybreak.server.http.forms import receive_media
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routes.recommend import check_list_length, items_to_dicts
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.recommend import (
    AudienceBody,
    AudienceOut,
    AudienceQuery,
    EmbedBody,
    ListOut,
    ListQuery,
    SimilarBody,
    SimilarItemQuery,
    VectorsOut,
)
from daybreak.server.schemas.rows import describe_media_body
from daybreak.server.schemas.titles import MatchBody, MatchesOut
from daybreak.server.state import state_of
from daybreak.service.serving import RecommendedItem

router = api_router("lists")

TopItemsFn: TypeAlias = Callable[..., Iterable[RecommendedItem]]
"""Method of the service that returns the top items of all users."""


@router.get(
    "/items/{item_id:id}/similar",
    response_model=ListOut,
    openapi_extra=require_role("read", query=SimilarItemQuery),
)
async def similar_to_item(request: Request, item_id: str) -> Response:
    """Return the items most similar to an item; the item may be new."""
    query = parse_query(request, SimilarItemQuery)
    return await _similar(request, SimilarBody(item_id=item_id, **query.model_dump()))


@router.post("/similar", response_model=ListOut, openapi_extra=require_role("read"))
async def similar(request: Request, body: SimilarBody) -> Response:
    """Return the items most similar to an item, to a text or to a picture."""
    return await _similar(request, body)


@router.post(
    "/similar/image",
    response_model=ListOut,
    openapi_extra=require_role(
        "read", query=SimilarItemQuery, requestBody=describe_media_body("image")
    ),
)
async def similar_to_image(request: Request) -> Response:
    """Return the items most similar to a picture: the body is its file, or a form with it."""
    query = parse_query(request, SimilarItemQuery)
    max_bytes = min(state_of(request).options.upload_bytes, MAX_MEDIA_BYTES)
    data = await receive_media(request, "image", max_bytes)
    body = SimilarBody.model_construct(
        item_id=None, text=None, image=b64encode(data).decode("ascii"), **query.model_dump()
    )
    return await _similar(request, body)


@router.get(
    "/items/{item_id:id}/audience",
    response_model=AudienceOut,
    openapi_extra=require_role("read", query=AudienceQuery),
)
async def audience_of_item(request: Request, item_id: str) -> Response:
    """Return the known users with the highest scores for an item, which may be new."""
    query = parse_query(request, AudienceQuery)
    return await _audience(request, AudienceBody(item_id=item_id, **query.model_dump()))


@router.post("/audience", response_model=AudienceOut, openapi_extra=require_role("read"))
async def audience(request: Request, body: AudienceBody) -> Response:
    """Return the known users with the highest scores for an item or a text."""
    return await _audience(request, body)


@router.get(
    "/popular", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def popular(request: Request) -> Response:
    """Return the items with the most users."""
    return await _top_list(request, state_of(request).service.lists.popular)


@router.get(
    "/latest", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def latest(request: Request) -> Response:
    """Return the newest items."""
    return await _top_list(request, state_of(request).service.lists.latest)


@router.get(
    "/trending", response_model=ListOut, openapi_extra=require_role("read", query=ListQuery)
)
async def trending(request: Request) -> Response:
    """Return the items with the most users lately."""
    return await _top_list(request, state_of(request).service.lists.trending)


@router.post(
    "/match", response_model=MatchesOut, openapi_extra=require_role("read", cost="report")
)
async def match(request: Request, body: MatchBody) -> Response:
    """Return the item of each title of a list from elsewhere, to be confirmed by the user."""
    service = state_of(request).service
    matches = await run_in_threadpool(service.lists.match_titles, body.text)
    return json_response({"matches": matches})


@router.post("/embed", response_model=VectorsOut, openapi_extra=require_role("read"))
async def embed(request: Request, body: EmbedBody) -> Response:
    """Return the vectors of texts, made by the text encoder of the active release."""
    vectors = await run_in_threadpool(state_of(request).service.lists.embed, body.texts)
    return json_response(vectors)


async def _similar(request: Request, body: SimilarBody) -> Response:
    state = state_of(request)
    check_list_length(state, body.k)

    def find() -> Iterable[RecommendedItem]:
        picture = None if body.image is None else decode_picture(body.image)
        return state.service.lists.similar(
            item_id=body.item_id,
            text=body.text if picture is None else picture,
            n=body.k,
            where=body.where,
            explain=body.explain,
        )

    def find_with_notes() -> tuple[Iterable[RecommendedItem], tuple[str, ...]]:
        found = tuple(find())
        if found or body.text is None:
            return found, ()
        return found, state.service.lists.notes_on_text(body.text)

    items, notes = await run_in_threadpool(find_with_notes)
    return json_response({"items": items_to_dicts(items, body.fields), "notes": notes})


async def _audience(request: Request, body: AudienceBody) -> Response:
    state = state_of(request)
    check_list_length(state, body.k)
    users = await run_in_threadpool(
        state.service.lists.audience,
        item_id=body.item_id,
        text=body.text,
        n=body.k,
        explain=body.explain,
    )
    return json_response({"users": users})


async def _top_list(request: Request, top_items: TopItemsFn) -> Response:
    query = parse_query(request, ListQuery)
    check_list_length(state_of(request), query.k)
    items = await run_in_threadpool(top_items, query.k, query.build_rules())
    return json_response({"items": items_to_dicts(items, query.fields)})
