"""Lists for somebody: ``/recommend``, ``/recommend/next``, ``/rank``, ``/explain``."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.http.problems import HttpProblem
from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.recommend import (
    ExplanationOut,
    NextBody,
    RankBody,
    RecommendationsOut,
    RecommendBody,
    RecommendQuery,
)
from daybreak.server.state import ServerState, state_of
from daybreak.service.serving import (
    RecommendationReason,
    RecommendedItem,
    RecommendRequest,
    RecommendResponse,
)

router = api_router("recommend")


@router.get(
    "/recommend/{user_id:id}",
    response_model=RecommendationsOut,
    openapi_extra=require_role("read", query=RecommendQuery),
)
async def recommend_to(request: Request, user_id: str) -> Response:
    """Recommend to a user, known or not."""
    query = parse_query(request, RecommendQuery)
    state = state_of(request)
    check_list_length(state, query.n)
    return recommendation_response(
        state, await _submit(state, query.to_request(user_id=user_id))
    )


@router.post(
    "/recommend", response_model=RecommendationsOut, openapi_extra=require_role("read")
)
async def recommend(request: Request, body: RecommendBody) -> Response:
    """Recommend to anybody: a user, a session, somebody described in words."""
    state = state_of(request)
    check_list_length(state, body.n)
    return recommendation_response(state, await _submit(state, body.to_full_request()))


@router.post(
    "/recommend/next", response_model=RecommendationsOut, openapi_extra=require_role("read")
)
async def recommend_next(request: Request, body: NextBody) -> Response:
    """Go on with a list: the items that come next, none of them twice."""
    state = state_of(request)
    check_list_length(state, body.n)
    more = await run_in_threadpool(state.service.next_page, body.recommendation_id, body.n)
    return recommendation_response(state, more)


@router.post("/rank", response_model=RecommendationsOut, openapi_extra=require_role("read"))
async def rank(request: Request, body: RankBody) -> Response:
    """Put given items in the best order for somebody; unknown items come last or not at all."""
    state = state_of(request)
    check_list_length(state, len(body.items or ()))
    ranked = await run_in_threadpool(
        state.service.rank, body.to_full_request(), tuple(body.items or ())
    )
    return recommendation_response(state, ranked)


@router.get(
    "/explain/{user_id:id}/{item_id:id}",
    response_model=ExplanationOut,
    openapi_extra=require_role("read"),
)
async def explain(request: Request, user_id: str, item_id: str) -> Response:
    """Say in numbers that add up why an item has its score for a user."""
    found = await run_in_threadpool(state_of(request).service.explain, user_id, item_id)
    reasons = [_reason_to_dict(reason) for reason in found]
    score = sum(reason.value for reason in found)
    return json_response(
        {"user_id": user_id, "item_id": item_id, "score": score, "reasons": reasons}
    )


async def _submit(state: ServerState, ask: RecommendRequest) -> RecommendResponse:
    """Return the answer to a request; those that come at the same time are answered together.

    What a request brings along takes time to read, so that is done beside the event loop.
    """
    submit = state.service.submit
    brings = bool(ask.profile or ask.events)
    waiting = await run_in_threadpool(submit, ask) if brings else submit(ask)
    return await asyncio.wrap_future(waiting)


def check_list_length(state: ServerState, n: int) -> None:
    """Refuse lists that are longer than this server makes them.

    Raises:
        Refused: It is.
    """
    if n > state.options.longest:
        raise HttpProblem(
            "invalid", f"a list may have {state.options.longest} items, asked for {n}"
        )


def recommendation_response(state: ServerState, answer: RecommendResponse) -> Response:
    """Return a list as JSON, and count it."""
    state.metrics.count_recommendation(answer)
    return json_response(
        {
            "recommendation_id": answer.recommendation_id,
            "user": {"id": answer.user_id, "temperature": answer.user_temperature},
            "model": answer.release,
            "experiment": answer.experiment,
            "variant": answer.variant,
            "items": [item_to_dict(item) for item in answer.items],
            "notes": answer.notes,
            "took_ms": round(answer.took_ms, 2),
        }
    )


def item_to_dict(item: RecommendedItem) -> Mapping[str, Any]:
    """Return one item; by hand, since this runs for every place of every list."""
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
    }


def _reason_to_dict(reason: RecommendationReason) -> Mapping[str, Any]:
    return {
        "kind": reason.kind,
        "name": reason.name,
        "title": reason.title,
        "value": reason.value,
    }
