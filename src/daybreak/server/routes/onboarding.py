"""What to ask somebody new: ``/onboarding``."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from daybreak.server.guarded import interface, needs
from daybreak.server.queries import query_of
from daybreak.server.replies import reply
from daybreak.server.routes.recommend import check_n
from daybreak.server.schemas.experiments import OnboardingOut, OnboardingQuery
from daybreak.server.state import state_of

router = interface("recommend")


@router.get(
    "/onboarding",
    response_model=OnboardingOut,
    openapi_extra=needs("read", query=OnboardingQuery),
)
async def onboarding(request: Request) -> Response:
    """Return the questions whose answers are expected to improve the list most."""
    query = query_of(request, OnboardingQuery)
    state = state_of(request)
    check_n(state, query.n)
    found = await run_in_threadpool(
        state.live.onboarding,
        query.n,
        yes=query.yes,
        asked=query.asked,
        attributes=query.attributes,
    )
    return reply({"questions": [_question(row) for row in found.iter_rows(named=True)]})


def _question(row: Mapping[str, Any]) -> dict[str, Any]:
    about_item = row["kind"] == "item"
    return {
        "rank": row["rank"],
        "kind": row["kind"],
        "name": row["name"],
        "item_id": row["name"] if about_item else None,
        "title": row["title"],
        "values": row["values"],
        "chance": row["chance"],
        "score": row["gain"],
    }
