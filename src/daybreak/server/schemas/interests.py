"""Queries and bodies of ``/users/{user_id}/interests`` and ``/interests/flow``."""

from pydantic import BaseModel, Field

from daybreak.server.schemas.common import RequestModel, ResponseModel
from daybreak.service.state.interests import (
    DEFAULT_POINTS,
    DEFAULT_TOPICS,
    MAX_POINTS,
    MAX_TOPICS,
)


class InterestsQuery(RequestModel):
    """Numbers of topics and of points in time."""

    topics: int = Field(
        DEFAULT_TOPICS, ge=2, le=MAX_TOPICS, description="Largest number of topics."
    )
    points: int = Field(
        DEFAULT_POINTS, ge=1, le=MAX_POINTS, description="Largest number of points in time."
    )


class TopicBody(BaseModel):
    """A group of items."""

    topic: int = Field(description="Position in lists of shares, from 0.")
    name: str = Field(description="Its most typical terms, or titles of its popular items.")
    n_items: int
    items: list[str] = Field(description="Ids of its most popular items.")


class InterestPointBody(BaseModel):
    """Shares of the topics at one time."""

    at: float | None = Field(description="Epoch seconds; null: unknown.")
    events: int = Field(
        description="Events up to this time; of the audience, in the period that ends then."
    )
    shares: list[float] = Field(description="Share of each topic; they sum to 1.")


class InterestMoveBody(BaseModel):
    """People of one topic who turn to another."""

    source: int
    target: int
    share: float = Field(description="Net share of all next events that moves.")


class UserInterestsOut(ResponseModel):
    """Interests of a user over time, the last point now."""

    user_id: str
    topics: list[TopicBody]
    points: list[InterestPointBody]
    expected: list[float] = Field(description="Shares that are expected of the next event.")
    step: float = Field(description="By how much one event moves the interest; learned.")
    beta: float = Field(description="Share of the transitions in what is expected next.")


class InterestFlowOut(ResponseModel):
    """Where the interest of the audience is moving."""

    topics: list[TopicBody]
    points: list[InterestPointBody] = Field(description="Shares of events in periods.")
    current: list[float] = Field(description="Mean interest of the users now.")
    expected: list[float] = Field(description="Mean interest that is expected next.")
    moves: list[InterestMoveBody] = Field(description="The largest net moves between topics.")
    step: float
    beta: float
