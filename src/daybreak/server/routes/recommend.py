"""Lists for somebody: ``/recommend``, ``/recommend/next``, ``/rank``, ``/explain``."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.problems import Refused
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.schemas.answers import ExplanationOut, RecommendationsOut
from daybreak.server.schemas.asking import NextBody, RankBody, RecommendBody, RecommendQuery
from daybreak.server.state import State, state_of
from daybreak.service.live import Answered, Ask, Reason, Recommended

router = interface("recommend")


@router.get(
    "/recommend/{user_id:id}",
    response_model=RecommendationsOut,
    openapi_extra=needs("read", query=RecommendQuery),
)
async def recommend_to(request: Request, user_id: str) -> Response:
    """Recommend to a user, known or not."""
    query = query_of(request, RecommendQuery)
    state = state_of(request)
    check_n(state, query.n)
    return shown(state, await _answer(state, query.ask(user_id=user_id)))


@router.post("/recommend", response_model=RecommendationsOut, openapi_extra=needs("read"))
async def recommend(request: Request, body: RecommendBody) -> Response:
    """Recommend to anybody: a user, a session, somebody described in words."""
    state = state_of(request)
    check_n(state, body.n)
    return shown(state, await _answer(state, body.whole_ask()))


@router.post("/recommend/next", response_model=RecommendationsOut, openapi_extra=needs("read"))
async def recommend_next(request: Request, body: NextBody) -> Response:
    """Go on with a list: the items that come next, none of them twice."""
    state = state_of(request)
    check_n(state, body.n)
    more = await run_in_threadpool(state.live.more, body.recommendation_id, body.n)
    return shown(state, more)


@router.post("/rank", response_model=RecommendationsOut, openapi_extra=needs("read"))
async def rank(request: Request, body: RankBody) -> Response:
    """Put given items in the best order for somebody; unknown items come last or not at all."""
    state = state_of(request)
    check_n(state, len(body.items or ()))
    ranked = await run_in_threadpool(state.live.rank, body.whole_ask(), tuple(body.items or ()))
    return shown(state, ranked)


@router.get(
    "/explain/{user_id:id}/{item_id:id}",
    response_model=ExplanationOut,
    openapi_extra=needs("read"),
)
async def explain(request: Request, user_id: str, item_id: str) -> Response:
    """Say in numbers that add up why an item has its score for a user."""
    found = await run_in_threadpool(state_of(request).live.explain, user_id, item_id)
    reasons = [_reason(reason) for reason in found]
    score = sum(reason.value for reason in found)
    return reply({"user_id": user_id, "item_id": item_id, "score": score, "reasons": reasons})


async def _answer(state: State, ask: Ask) -> Answered:
    """Return the answer to a request; those that come at the same time are answered together.

    What a request brings along takes time to read, so that is done beside the event loop.
    """
    submit = state.live.submit
    brings = bool(ask.profile or ask.events)
    waiting = await run_in_threadpool(submit, ask) if brings else submit(ask)
    return await asyncio.wrap_future(waiting)


def check_n(state: State, n: int) -> None:
    """Refuse lists that are longer than this server makes them.

    Raises:
        Refused: It is.
    """
    if n > state.options.longest:
        raise Refused(
            "invalid", f"a list may have {state.options.longest} items, asked for {n}"
        )


def shown(state: State, answer: Answered) -> Response:
    """Return a list as JSON, and count it."""
    state.metrics.recommended(answer)
    return reply(
        {
            "recommendation_id": answer.recommendation_id,
            "user": {"id": answer.user_id, "temperature": answer.user_temperature},
            "model": answer.release,
            "experiment": answer.experiment,
            "variant": answer.variant,
            "items": [item_as_json(item) for item in answer.items],
            "notes": answer.notes,
            "took_ms": round(answer.took_ms, 2),
        }
    )


def item_as_json(item: Recommended) -> Mapping[str, Any]:
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
        "reasons": [_reason(reason) for reason in item.reasons],
        "properties": item.properties,
    }


def _reason(reason: Reason) -> Mapping[str, Any]:
    return {
        "kind": reason.kind,
        "name": reason.name,
        "title": reason.title,
        "value": reason.value,
    }
