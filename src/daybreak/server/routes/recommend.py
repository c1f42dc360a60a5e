"""Lists for a user: ``/recommend``, ``/recommend/next``, ``/rank`` and ``/explain``."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.languages import all_in_language
from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_common_query
from daybreak.server.http.responses import json_response, list_response
from daybreak.server.ops.completions import result_of
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.recommend import (
    ExplanationOut,
    NextBody,
    PlacementOut,
    RankBody,
    RecommendationsOut,
    RecommendBody,
    RecommendQuery,
    WhyBody,
)
from daybreak.server.state import ServerState, state_of
from daybreak.service.serving import (
    RecommendationReason,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)

router = api_router("recommend")

MAX_INLINE_EVENTS = 20
"""Largest number of events of a request that are parsed on the event loop."""


@router.get(
    "/recommend/{user_id:id}",
    response_model=RecommendationsOut,
    openapi_extra=require_role("read", query=RecommendQuery),
)
async def recommend_to(request: Request, user_id: str) -> Response:
    """Recommend items to a user, who may be unknown."""
    query = parse_common_query(request, RecommendQuery)
    state = state_of(request)
    check_list_length(state, query.k)
    asked = query.to_request(user_id=user_id)
    response = await put_in_words(state, asked, await submit_request(state, asked))
    return recommendation_response(state, response, query.fields)


@router.post(
    "/recommend", response_model=RecommendationsOut, openapi_extra=require_role("read")
)
async def recommend(request: Request, body: RecommendBody) -> Response:
    """Recommend items to a user, a session, a profile, or an anonymous visitor."""
    state = state_of(request)
    check_list_length(state, body.k)
    check_release_choice(request, body)
    asked = body.to_full_request()
    response = await put_in_words(state, asked, await submit_request(state, asked))
    return recommendation_response(state, response, body.fields)


@router.post(
    "/recommend/next",
    response_model=RecommendationsOut,
    openapi_extra=require_role("read", cost="store"),
)
async def recommend_next(request: Request, body: NextBody) -> Response:
    """Return the items that follow an earlier list; no item is repeated."""
    state = state_of(request)
    check_list_length(state, body.k)
    next_page = state.service.next_page if state.links is None else state.links.next_page
    response = await run_in_threadpool(next_page, body.recommendation_id, body.k)
    return recommendation_response(state, response, body.fields)


@router.post("/rank", response_model=RecommendationsOut, openapi_extra=require_role("read"))
async def rank(request: Request, body: RankBody) -> Response:
    """Rank the given items for a user; unknown items are left out."""
    state = state_of(request)
    check_list_length(state, len(body.items or ()))
    check_release_choice(request, body)
    response = await run_in_threadpool(
        state.service.rank, body.to_full_request(), tuple(body.items or ())
    )
    return recommendation_response(state, response, body.fields)


@router.get(
    "/explain/{user_id:id}/{item_id:id}",
    response_model=ExplanationOut,
    openapi_extra=require_role("read"),
)
async def explain(request: Request, user_id: str, item_id: str) -> Response:
    """Return the reasons for the score of an item for a user; their values add up to it."""
    reasons = await run_in_threadpool(state_of(request).service.explain, user_id, item_id)
    score = sum(reason.value for reason in reasons)
    rows = [_reason_to_dict(reason) for reason in reasons]
    return json_response(
        {"user_id": user_id, "item_id": item_id, "score": score, "reasons": rows}
    )


@router.post("/why", response_model=PlacementOut, openapi_extra=require_role("read"))
async def why(request: Request, body: WhyBody) -> Response:
    """Return the place of an item in a list, what keeps it out, and all evidence for it."""
    state = state_of(request)
    check_list_length(state, body.k)
    check_release_choice(request, body)
    full_request = body.to_full_request()
    placed = await run_in_threadpool(state.service.place, full_request, body.item_id)
    reasons = [_reason_to_dict(reason) for reason in placed.reasons]
    return json_response({"item_id": body.item_id, **vars(placed), "reasons": reasons})


async def submit_request(state: ServerState, request: RecommendRequest) -> RecommendResponse:
    """Return the response to a request; the service answers concurrent requests together.

    Parsing a profile or many events, or loading a release, takes time; such a request is
    therefore submitted from a thread.
    """
    submit = state.service.submit
    has_many = len(request.events) > MAX_INLINE_EVENTS
    if has_many or request.profile or request.release or request.strategy:
        return await result_of(await run_in_threadpool(submit, request))
    return await result_of(submit(request))


def check_release_choice(request: Request, body: RecommendBody) -> None:
    """Check that a request that names a release may make the server load it.

    Raises:
        HttpProblem: The key has not the role ``write``.
    """
    if body.release:
        state_of(request).access.authorize_change(request.scope)


async def put_in_words(
    state: ServerState, request: RecommendRequest, response: RecommendResponse
) -> RecommendResponse:
    """Return the response with sentences if the request asks for them; they may take time."""
    if request.explain != "text":
        return response
    return await run_in_threadpool(state.service.put_in_words, request, response)


def check_list_length(state: ServerState, n: int) -> None:
    """Check the length of a list.

    Raises:
        HttpProblem: The list is longer than this server allows.
    """
    max_items = state.options.longest
    if n > max_items:
        raise HttpProblem("invalid", f"a list may have {max_items:,} items, got {n:,}")


def recommendation_response(
    state: ServerState, response: RecommendResponse, fields: Sequence[str] = ()
) -> Response:
    """Return a list as a JSON response, and count it.

    Args:
        state: State of the server.
        response: The list.
        fields: Fields of the items in the response; empty: all.
    """
    return list_response(recommendation_fields(state, response, fields))


def recommendation_fields(
    state: ServerState, response: RecommendResponse, fields: Sequence[str] = ()
) -> dict[str, Any]:
    """Return a list as the fields of a JSON response, and count it.

    Args:
        state: State of the server.
        response: The list.
        fields: Fields of the items in the response; empty: all.
    """
    state.metrics.count_recommendation(response)
    return {
        "recommendation_id": response.recommendation_id,
        "user_id": response.user_id,
        "user": {"id": response.user_id, "temperature": response.user_temperature},
        "model": response.release,
        "experiment": response.experiment,
        "variant": response.variant,
        "items": items_to_dicts(response.items, fields),
        "notes": all_in_language(response.notes),
        "popularity": response.popularity,
        "took_ms": round(response.took_ms, 2),
    }


def items_to_dicts(
    items: Iterable[RecommendedItem], fields: Sequence[str] = ()
) -> list[Mapping[str, Any]]:
    """Return items as plain values.

    Args:
        items: The items.
        fields: Names of fields or of attributes of the items; empty: all.
    """
    dicts = [_item_to_dict(item) for item in items]
    return [select_fields(item, fields) for item in dicts] if fields else dicts


def select_fields(item: Mapping[str, Any], fields: Sequence[str]) -> Mapping[str, Any]:
    """Return some fields of an item, and its id; a name may be that of an attribute.

    Example:
        >>> item = {"item_id": "tea", "rank": 1, "properties": {"title": "Tea", "price": 4}}
        >>> select_fields(item, ["title"])
        {'item_id': 'tea', 'properties': {'title': 'Tea'}}
    """
    chosen = {name: value for name, value in item.items() if name in {"item_id", *fields}}
    properties = item["properties"]
    named = {name: properties[name] for name in fields if name in properties}
    return {**chosen, "properties": named} if named and "properties" not in chosen else chosen


def _item_to_dict(item: RecommendedItem) -> Mapping[str, Any]:
    """Return an item as plain values; explicit, because it runs for each item of each list."""
    words = {} if not item.explanation else _words_to_dict(item)
    return {
        "item_id": item.item_id,
        "score": item.score,
        "rank": item.rank,
        "strategy": item.strategy,
        "temperature": item.temperature,
        "propensity": item.propensity,
        "explored": item.explored,
        "rule": item.rule,
        "reasons": [_reason_to_dict(reason) for reason in item.reasons],
        "properties": item.properties,
        **words,
    }


def _words_to_dict(item: RecommendedItem) -> Mapping[str, Any]:
    return {
        "explanation": item.explanation,
        "explanation_source": item.explanation_source,
    }


def _reason_to_dict(reason: RecommendationReason) -> Mapping[str, Any]:
    return {
        "kind": reason.kind,
        "name": reason.name,
        "title": reason.title,
        "value": reason.value,
        "text": reason.text,
    }
