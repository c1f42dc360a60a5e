"""Interviews of the service: the next question, and the recorded list after the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.turns import InterviewRequest, InterviewStep
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import RecommendRequest, RecommendResponse


@dataclass(frozen=True)
class InterviewResponse:
    """What was understood and the next question, with the list after the answers so far."""

    step: InterviewStep
    list: RecommendResponse


def hold_interview(
    releases: ReleaseManager,
    engine: RecommendEngine,
    interview: InterviewRequest,
    request: RecommendRequest,
) -> InterviewResponse:
    """Return the next question of an interview, and the list after the answers so far.

    Args:
        releases: Releases in memory.
        engine: Answers the request for the list.
        interview: The turns so far.
        request: Length and rules of the list; what the answers say is added.

    Raises:
        DataError: An answer is invalid.
        FilterError: A filter of the rules cannot be parsed.
    """
    step = conduct_interview(releases.current, interview)
    liked = tuple({"item_id": item} for item in step.understood.liked)
    listed = replace(
        request,
        profile=_with_text(request.profile, step.text),
        events=(*request.events, *liked),
        rules=step.rules(request.rules),
        explore=False,
        experiment=False,
    )
    return InterviewResponse(step, engine.submit(listed).result())


def _with_text(profile: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """Return a profile with further words of the user."""
    said = ", ".join(part for part in (str(profile.get("text") or ""), text) if part)
    return {**profile, "text": said} if said else profile
