"""Interviews of the service: the next question, and the recorded list after the answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from daybreak.service.interview.conduct import conduct_interview
from daybreak.service.interview.model import InterviewModel, remember_answers
from daybreak.service.interview.turns import InterviewRequest, InterviewStep
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.requests import RecommendRequest, RecommendResponse
from daybreak.service.serving.served_model import ServedLanguageModel

MAX_INTERVIEW_S = 10.0
"""Time after which a language model is not asked any more in one request [s]."""


@dataclass(frozen=True)
class InterviewResponse:
    """What was understood and the next question, with the list after the answers so far."""

    step: InterviewStep
    list: RecommendResponse


class InterviewHolder:
    """Holds the interviews of a server.

    While the language model words or reads for one request, templates and rules do for others.

    Args:
        releases: Releases in memory.
        engine: Answers the requests for lists.
        model: Language model of the server.
    """

    def __init__(
        self, releases: ReleaseManager, engine: RecommendEngine, model: ServedLanguageModel
    ) -> None:
        self._releases, self._engine, self._model = releases, engine, model
        self._answers = remember_answers()

    def hold(self, interview: InterviewRequest, request: RecommendRequest) -> InterviewResponse:
        """Return the next question of an interview, and the list after the answers so far.

        Args:
            interview: The turns so far.
            request: Length and rules of the list; what the answers say is added.

        Raises:
            DataError: An answer is invalid.
            FilterError: A filter of the rules cannot be parsed.
        """
        step = self._conduct(interview)
        liked = tuple({"item_id": item} for item in step.understood.liked)
        listed = replace(
            request,
            profile=_with_text(request.profile, step.text),
            events=(*request.events, *liked),
            rules=step.rules(request.rules),
            explore=False,
            experiment=False,
        )
        return InterviewResponse(step, self._engine.submit(listed).result())

    def _conduct(self, interview: InterviewRequest) -> InterviewStep:
        state = self._releases.current
        if not (interview.use_model and self._model.is_set):
            return conduct_interview(state, interview)
        with self._model.lend() as model:
            helper = None
            if model is not None:
                helper = InterviewModel(model, self._answers, MAX_INTERVIEW_S)
            return conduct_interview(state, interview, model=helper)


def _with_text(profile: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """Return a profile with further words of the user."""
    said = ", ".join(part for part in (str(profile.get("text") or ""), text) if part)
    return {**profile, "text": said} if said else profile
