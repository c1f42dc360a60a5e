"""Body and response of ``/interview``."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import Count, Id, RequestModel, ShortText, with_example
from daybreak.server.schemas.recommend import (
    FIELDS_DESCRIPTION,
    FILTER_DESCRIPTION,
    FieldNames,
    Filter,
    Names,
    RecommendationsOut,
)
from daybreak.service.interview.turns import (
    MAX_CHOICES,
    MAX_QUESTIONS,
    InterviewRequest,
    InterviewTurn,
    Language,
    QuestionKind,
)
from daybreak.service.serving import RecommendRequest, Rules

ChoiceIds = Annotated[list[Id], Field(max_length=MAX_CHOICES)]


class InterviewTurnBody(RequestModel):
    """A question that was asked, and its answer; without choices and words: skipped."""

    kind: QuestionKind
    name: ShortText = Field("", description="`name` of the question.")
    shown: ChoiceIds = Field([], description="Ids of the choices that were offered.")
    chosen: ChoiceIds = Field([], description="Ids of the choices that the user likes.")
    rejected: ChoiceIds = Field([], description="Ids of choices that the user does not want.")
    text: ShortText = Field("", description="The answer in the user's own words.")

    def to_turn(self) -> InterviewTurn:
        """Return the turn of the service."""
        return InterviewTurn(
            self.kind,
            self.name,
            tuple(self.shown),
            tuple(self.chosen),
            tuple(self.rejected),
            self.text,
        )


class InterviewBody(RequestModel):
    """An interview so far; nothing of it is stored."""

    turns: list[InterviewTurnBody] = Field([], max_length=MAX_QUESTIONS)
    language: Language = Field("en", description="Language of the questions.")
    n_choices: int = Field(6, ge=1, le=MAX_CHOICES, description="Choices of a question.")
    max_questions: int = Field(
        MAX_QUESTIONS, ge=0, le=MAX_QUESTIONS, description="Questions of the interview."
    )
    attributes: bool = Field(True, description="Whether to ask about attributes of items.")
    undo: int = Field(
        0, ge=0, le=MAX_QUESTIONS, description="Number of latest turns that are taken back."
    )
    use_model: bool = Field(
        False,
        description="Whether the language model of the settings words questions and reads "
        "answers; what it writes is checked.",
    )
    k: Count = Field(10, description="Number of items; also accepted as `n`.")
    where: Filter = Field("", description=FILTER_DESCRIPTION)
    categories: Names = Field([], description="An item must be in one of them.")
    fields: FieldNames = Field([], description=FIELDS_DESCRIPTION)
    session_id: Id | None = Field(None, description="Session of the visitor.")
    record: bool = Field(True, description="Whether the list counts as shown.")

    model_config = with_example(
        {"turns": [{"kind": "open", "text": "red mugs, but no plastic"}], "k": 5}
    )

    def to_interview(self) -> InterviewRequest:
        """Return the turns and their options."""
        return InterviewRequest(
            tuple(turn.to_turn() for turn in self.turns),
            self.language,
            self.n_choices,
            self.max_questions,
            self.attributes,
            self.undo,
            self.use_model,
        )

    def to_request(self) -> RecommendRequest:
        """Return the request for the list."""
        rules = Rules(where=self.where, categories=tuple(self.categories))
        return RecommendRequest(
            session_id=self.session_id,
            n=self.k,
            rules=rules,
            explain=True,
            record=self.record,
        )


class InterviewChoiceOut(BaseModel):
    """One answer that a question offers."""

    id: str
    label: str = Field(description="Name for display: text of the catalogue, as data.")
    chance: float = Field(description="Probability that the user chooses it.")


class InterviewQuestionOut(BaseModel):
    """A question; an answer in words is always possible."""

    kind: QuestionKind
    name: str = Field(description="Attribute of the items; empty for other questions.")
    text: str
    choices: list[InterviewChoiceOut]
    gain: float = Field(description="Expected improvement of the list [DCG@10].")
    source: str = Field(description="`template` or `model`: who worded the question.")


class InterviewReadingOut(BaseModel):
    """What an answer says, in items and attributes of the catalogue."""

    liked: list[str] = Field(description="Ids of items.")
    disliked: list[str]
    wanted: list[tuple[str, str]] = Field(description="Attributes and values.")
    unwanted: list[tuple[str, str]]
    text: str = Field(description="Words of the answer that stand for neither, as a wish.")
    is_none: bool = Field(description='Whether it is "none of these", or nothing.')
    source: str = Field(description="`choice`, `rules` or `model`: who read the answer.")


class InterviewOut(RecommendationsOut):
    """The next question, what was understood, and the list after the answers so far."""

    question: InterviewQuestionOut | None = Field(description="Null: the interview is over.")
    turns: list[dict[str, Any]] = Field(description="The turns that count.")
    understood: InterviewReadingOut = Field(description="All answers together.")
    readings: list[InterviewReadingOut] = Field(description="What each answer says.")
