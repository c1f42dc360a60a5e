"""Questions to new users: ``/onboarding``."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.query_params import parse_query
from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routes.recommend import check_list_length
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.recommend import OnboardingOut, OnboardingQuery
from daybreak.server.state import state_of

router = api_router("recommend")


@router.get(
    "/onboarding",
    response_model=OnboardingOut,
    openapi_extra=require_role("read", query=OnboardingQuery),
)
async def onboarding(request: Request) -> Response:
    """Return the questions whose answers are expected to improve the list most."""
    query = parse_query(request, OnboardingQuery)
    state = state_of(request)
    check_list_length(state, query.k)
    questions = await run_in_threadpool(
        state.service.onboarding,
        query.k,
        yes=query.yes,
        asked=query.asked,
        attributes=query.attributes,
        text=query.text,
    )
    return json_response(
        {"questions": [_question_to_dict(row) for row in questions.iter_rows(named=True)]}
    )


def _question_to_dict(row: Mapping[str, Any]) -> dict[str, Any]:
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
