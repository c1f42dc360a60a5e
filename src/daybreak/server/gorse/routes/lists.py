"""Lists in gorse's API: recommendations, sessions, neighbours, popular and latest items."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.server.gorse.convert import event_row, gorse_response, to_scores
from daybreak.server.gorse.paging import iter_events
from daybreak.server.gorse.schemas import (
    ApiVersion,
    GorseListQuery,
    GorseRecommendQuery,
    GorseScore,
    GorseSessionFeedback,
    GorseSharedListQuery,
)
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routes.lists import TopItemsFn
from daybreak.server.routes.recommend import check_list_length, submit_request
from daybreak.server.routing import AuthenticatedRoute, require_role
from daybreak.server.state import ServerState, state_of
from daybreak.service.serving import RecommendRequest, RecommendResponse, Rules

EventRows: TypeAlias = Sequence[Mapping[str, Any]]

router = APIRouter(route_class=AuthenticatedRoute, tags=["gorse"])


@router.get(
    "/recommend/{user_id:id}",
    response_model=list[GorseScore] | list[str],
    openapi_extra=require_role("read"),
)
@router.get(
    "/recommend/{user_id:id}/", openapi_extra=require_role("read"), include_in_schema=False
)
async def recommend(
    request: Request,
    user_id: str,
    query: Annotated[GorseRecommendQuery, Query()],
    version: ApiVersion = 1,
) -> Response:
    """Recommend items to a user: ids, or with `X-API-Version: 2` ids and scores."""
    return await _recommend(request, user_id, query, version)


@router.get(
    "/recommend/{user_id:id}/{category:id}",
    response_model=list[GorseScore] | list[str],
    openapi_extra=require_role("read"),
)
async def recommend_of(
    request: Request,
    user_id: str,
    category: str,
    query: Annotated[GorseRecommendQuery, Query()],
    version: ApiVersion = 1,
) -> Response:
    """Recommend items of a category to a user."""
    query.category = [*query.category, category]
    return await _recommend(request, user_id, query, version)


@router.post(
    "/session/recommend", response_model=list[GorseScore], openapi_extra=require_role("read")
)
async def recommend_to_session(
    request: Request,
    feedback: list[GorseSessionFeedback],
    query: Annotated[GorseListQuery, Query()],
) -> Response:
    """Recommend items to a session with this feedback, which is not stored."""
    state = state_of(request)
    events = tuple(event_row(row) for row in feedback)
    response = await _submit(state, query, events=events)
    return gorse_response(to_scores(response.items, query.offset))


@router.post(
    "/session/recommend/{category:id}",
    response_model=list[GorseScore],
    openapi_extra=require_role("read"),
)
async def recommend_of_to_session(
    request: Request,
    category: str,
    feedback: list[GorseSessionFeedback],
    query: Annotated[GorseListQuery, Query()],
) -> Response:
    """Recommend items of a category to a session with this feedback."""
    query.category = [*query.category, category]
    return await recommend_to_session(request, feedback, query)


@router.get(
    "/item/{item_id:id}/neighbors",
    response_model=list[GorseScore],
    openapi_extra=require_role("read"),
)
@router.get(
    "/item/{item_id:id}/neighbors/", openapi_extra=require_role("read"), include_in_schema=False
)
async def neighbours(
    request: Request, item_id: str, query: Annotated[GorseListQuery, Query()]
) -> Response:
    """Return the items most similar to an item."""
    state = state_of(request)
    check_list_length(state, query.end)
    where = _category_filter(query.category)
    items = await run_in_threadpool(
        state.service.lists.similar, item_id=item_id, n=query.end, where=where
    )
    return gorse_response(to_scores(items, query.offset))


@router.get(
    "/item/{item_id:id}/neighbors/{category:id}",
    response_model=list[GorseScore],
    openapi_extra=require_role("read"),
)
async def neighbours_of(
    request: Request, item_id: str, category: str, query: Annotated[GorseListQuery, Query()]
) -> Response:
    """Return the items of a category most similar to an item."""
    query.category = [*query.category, category]
    return await neighbours(request, item_id, query)


@router.get("/popular", response_model=list[GorseScore], openapi_extra=require_role("read"))
async def popular(
    request: Request, query: Annotated[GorseSharedListQuery, Query()]
) -> Response:
    """Return the items with the most users."""
    return await _top_list(request, state_of(request).service.lists.popular, query)


@router.get(
    "/popular/{category:id}",
    response_model=list[GorseScore],
    openapi_extra=require_role("read"),
)
async def popular_of(
    request: Request, category: str, query: Annotated[GorseSharedListQuery, Query()]
) -> Response:
    """Return the items of a category with the most users."""
    query.category = [*query.category, category]
    return await _top_list(request, state_of(request).service.lists.popular, query)


@router.get("/latest", response_model=list[GorseScore], openapi_extra=require_role("read"))
async def latest(request: Request, query: Annotated[GorseSharedListQuery, Query()]) -> Response:
    """Return the newest items."""
    return await _top_list(request, state_of(request).service.lists.latest, query)


@router.get(
    "/latest/{category:id}", response_model=list[GorseScore], openapi_extra=require_role("read")
)
async def latest_of(
    request: Request, category: str, query: Annotated[GorseSharedListQuery, Query()]
) -> Response:
    """Return the newest items of a category."""
    query.category = [*query.category, category]
    return await _top_list(request, state_of(request).service.lists.latest, query)


def rules_for_categories(categories: Sequence[str]) -> Rules:
    """Return the rules of a list whose items are in all given categories.

    Example:
        >>> rules_for_categories(["tea"]).categories
        ('tea',)
        >>> rules_for_categories(["tea", "Earl's"]).where
        "has(categories, 'tea') and has(categories, 'Earl''s')"
    """
    names = [name for name in categories if name]
    if len(names) < 2:
        return Rules(categories=tuple(names))
    return Rules(where=_category_filter(names))


def _category_filter(categories: Sequence[str]) -> str:
    quoted = (name.replace("'", "''") for name in categories)
    return " and ".join(f"has(categories, '{name}')" for name in quoted)


async def _recommend(
    request: Request, user_id: str, query: GorseRecommendQuery, version: int
) -> Response:
    state = state_of(request)
    if query.write_back_type:
        _check_delay(query.write_back_delay)
        state.access.authorize_change(request.scope)
    response = await _submit(state, query, user_id=user_id)
    scores = to_scores(response.items, query.offset)
    if query.write_back_type:
        rows = [
            {
                "user_id": user_id,
                "item_id": item.id,
                "event_type": query.write_back_type,
                "recommendation_id": response.recommendation_id,
            }
            for item in scores
        ]
        await run_in_threadpool(state.service.events.add, rows)
    return gorse_response(scores if version >= 2 else [item.id for item in scores])


def _check_delay(text: str) -> None:
    """Reject a delay, because feedback is always stored at once."""
    if text.strip("0hms. "):
        raise DataError(
            f"write-back-delay {text!r} is not supported, because feedback is stored at once; "
            "omit it, or send the feedback later"
        )


async def _submit(
    state: ServerState,
    query: GorseListQuery,
    user_id: str | None = None,
    events: EventRows = (),
) -> RecommendResponse:
    check_list_length(state, query.end)
    rules = rules_for_categories(query.category)
    request = RecommendRequest(user_id=user_id, n=query.end, events=events, rules=rules)
    response = await submit_request(state, request)
    state.metrics.count_recommendation(response)
    return response


async def _top_list(
    request: Request, top_items: TopItemsFn, query: GorseSharedListQuery
) -> Response:
    state = state_of(request)
    check_list_length(state, query.end)
    rules = rules_for_categories(query.category)
    if query.user_id is not None:
        seen_items = await run_in_threadpool(_seen_items, state, query.user_id)
        rules = replace(rules, exclude=seen_items)
    items = await run_in_threadpool(top_items, query.end, rules)
    return gorse_response(to_scores(items, query.offset))


def _seen_items(state: ServerState, user_id: str) -> tuple[str, ...]:
    """Return the items that a user has feedback on."""
    rows = iter_events(state.service, user=user_id)
    return tuple(dict.fromkeys(row["item_id"] for row in rows))
