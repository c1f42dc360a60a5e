"""A short conversation with a new user: ``/interview``."""

from dataclasses import asdict

from fastapi import Request
from starlette.responses import Response

from daybreak.server.http.responses import json_response
from daybreak.server.ops.pools import run_in_threadpool
from daybreak.server.routes.recommend import check_list_length, recommendation_fields
from daybreak.server.routing import api_router, require_role
from daybreak.server.schemas.interview import InterviewBody, InterviewOut
from daybreak.server.state import state_of

router = api_router("recommend")


@router.post("/interview", response_model=InterviewOut, openapi_extra=require_role("read"))
async def interview(request: Request, body: InterviewBody) -> Response:
    """Return the next question to a new user, and the list after the answers so far."""
    state = state_of(request)
    check_list_length(state, body.k)
    found = await run_in_threadpool(
        state.service.interview, body.to_interview(), body.to_request()
    )
    step = found.step
    return json_response(
        {
            **recommendation_fields(state, found.list, body.fields),
            "question": None if step.question is None else asdict(step.question),
            "turns": [asdict(turn) for turn in step.turns],
            "understood": asdict(step.understood),
            "readings": [asdict(reading) for reading in step.readings],
        }
    )
