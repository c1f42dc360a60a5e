"""gorse's lists: recommended, for sessions, neighbours, popular, latest."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.errors import DataError
from daybreak.ranking.rules import Rules
from daybreak.server.gorse.pages import events_of
from daybreak.server.gorse.queries import (
    ListQuery,
    RecommendQuery,
    SharedListQuery,
    Version,
)
from daybreak.server.gorse.replies import said, scores
from daybreak.server.gorse.rows import event_row
from daybreak.server.gorse.schemas import Score, SessionFeedback
from daybreak.server.guarded import Guarded, needs
from daybreak.server.routes.recommend import check_n
from daybreak.server.state import State, state_of
from daybreak.service.live import Answered, Ask

Events: TypeAlias = Sequence[Mapping[str, Any]]

router = APIRouter(route_class=Guarded, tags=["gorse"])


@router.get(
    "/recommend/{user_id:id}",
    response_model=list[Score] | list[str],
    openapi_extra=needs("read"),
)
@router.get("/recommend/{user_id:id}/", openapi_extra=needs("read"), include_in_schema=False)
async def recommend(
    request: Request,
    user_id: str,
    query: Annotated[RecommendQuery, Query()],
    version: Version = 1,
) -> Response:
    """Recommend to a user; ids alone, or with `X-API-Version: 2` their scores too."""
    return await _recommend(request, user_id, query, version)


@router.get(
    "/recommend/{user_id:id}/{category:id}",
    response_model=list[Score] | list[str],
    openapi_extra=needs("read"),
)
async def recommend_of(
    request: Request,
    user_id: str,
    category: str,
    query: Annotated[RecommendQuery, Query()],
    version: Version = 1,
) -> Response:
    """Recommend items of a category to a user."""
    query.category = [*query.category, category]
    return await _recommend(request, user_id, query, version)


@router.post("/session/recommend", response_model=list[Score], openapi_extra=needs("read"))
async def recommend_to_session(
    request: Request, feedback: list[SessionFeedback], query: Annotated[ListQuery, Query()]
) -> Response:
    """Recommend to somebody of whom only this feedback is known; nothing of it is kept."""
    state = state_of(request)
    events = tuple(event_row(one) for one in feedback)
    answer = await _ask(state, query, events=events)
    return said(scores(answer.items, query.offset))


@router.post(
    "/session/recommend/{category:id}",
    response_model=list[Score],
    openapi_extra=needs("read"),
)
async def recommend_of_to_session(
    request: Request,
    category: str,
    feedback: list[SessionFeedback],
    query: Annotated[ListQuery, Query()],
) -> Response:
    """Recommend items of a category to somebody of whom only this feedback is known."""
    query.category = [*query.category, category]
    return await recommend_to_session(request, feedback, query)


@router.get(
    "/item/{item_id:id}/neighbors", response_model=list[Score], openapi_extra=needs("read")
)
@router.get(
    "/item/{item_id:id}/neighbors/", openapi_extra=needs("read"), include_in_schema=False
)
async def neighbours(
    request: Request, item_id: str, query: Annotated[ListQuery, Query()]
) -> Response:
    """Return the items most like an item."""
    state = state_of(request)
    check_n(state, query.end)
    where = _has(query.category)
    found = await run_in_threadpool(
        state.live.similar, item_id=item_id, n=query.end, where=where
    )
    return said(scores(found, query.offset))


@router.get(
    "/item/{item_id:id}/neighbors/{category:id}",
    response_model=list[Score],
    openapi_extra=needs("read"),
)
async def neighbours_of(
    request: Request, item_id: str, category: str, query: Annotated[ListQuery, Query()]
) -> Response:
    """Return the items of a category most like an item."""
    query.category = [*query.category, category]
    return await neighbours(request, item_id, query)


@router.get("/popular", response_model=list[Score], openapi_extra=needs("read"))
async def popular(request: Request, query: Annotated[SharedListQuery, Query()]) -> Response:
    """Return what most people chose."""
    return await _shared(request, "popular", query)


@router.get("/popular/{category:id}", response_model=list[Score], openapi_extra=needs("read"))
async def popular_of(
    request: Request, category: str, query: Annotated[SharedListQuery, Query()]
) -> Response:
    """Return what most people chose of a category."""
    query.category = [*query.category, category]
    return await _shared(request, "popular", query)


@router.get("/latest", response_model=list[Score], openapi_extra=needs("read"))
async def latest(request: Request, query: Annotated[SharedListQuery, Query()]) -> Response:
    """Return what came last."""
    return await _shared(request, "latest", query)


@router.get("/latest/{category:id}", response_model=list[Score], openapi_extra=needs("read"))
async def latest_of(
    request: Request, category: str, query: Annotated[SharedListQuery, Query()]
) -> Response:
    """Return what came last of a category."""
    query.category = [*query.category, category]
    return await _shared(request, "latest", query)


def in_all(categories: Sequence[str]) -> Rules:
    """Return the rules of a list whose items are in every one of some categories.

    Example:
        >>> in_all(["tea"]).categories, in_all(["tea", "Earl's"]).where
        (('tea',), "has(categories, 'tea') and has(categories, 'Earl''s')")
    """
    named = [name for name in categories if name]
    return Rules(categories=tuple(named)) if len(named) < 2 else Rules(where=_has(named))


def _has(categories: Sequence[str]) -> str:
    quoted = (name.replace("'", "''") for name in categories)
    return " and ".join(f"has(categories, '{name}')" for name in quoted)


async def _recommend(
    request: Request, user_id: str, query: RecommendQuery, version: int
) -> Response:
    state = state_of(request)
    if query.write_back_type:
        _check_delay(query.write_back_delay)
        state.gate.admit(request.scope, "write")
    answer = await _ask(state, query, user_id=user_id)
    found = scores(answer.items, query.offset)
    if query.write_back_type:
        rows = [
            {
                "user_id": user_id,
                "item_id": one.id,
                "event_type": query.write_back_type,
                "recommendation_id": answer.recommendation_id,
            }
            for one in found
        ]
        await run_in_threadpool(state.live.add_events, rows)
    return said(found if version >= 2 else [one.id for one in found])


def _check_delay(text: str) -> None:
    """Refuse what cannot be kept: feedback that begins to exist later."""
    if text.strip("0hms. "):
        raise DataError(
            f"write-back-delay {text!r} is not possible: feedback is written at once; "
            "leave it out, or send the feedback yourself later"
        )


async def _ask(
    state: State, query: ListQuery, user_id: str | None = None, events: Events = ()
) -> Answered:
    check_n(state, query.end)
    rules = in_all(query.category)
    ask = Ask(user_id=user_id, n=query.end, events=events, rules=rules)
    waiting = await run_in_threadpool(state.live.submit, ask)
    answer = await asyncio.wrap_future(waiting)
    state.metrics.recommended(answer)
    return answer


async def _shared(request: Request, name: str, query: SharedListQuery) -> Response:
    state = state_of(request)
    check_n(state, query.end)
    rules = in_all(query.category)
    if query.user_id is not None:
        seen = await run_in_threadpool(_seen, state, query.user_id)
        rules = replace(rules, exclude=seen)
    found = await run_in_threadpool(getattr(state.live, name), query.end, rules)
    return said(scores(found, query.offset))


def _seen(state: State, user_id: str) -> tuple[str, ...]:
    """Return the items that a user has feedback on."""
    rows = events_of(state.live, user=user_id)
    return tuple(dict.fromkeys(row["item_id"] for row in rows))
