"""What is answered."""

from typing import Any

from pydantic import BaseModel, Field

from daybreak.server.schemas.basics import Answer


class ReasonOut(BaseModel):
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    name: str
    title: str
    value: float


class ItemOut(BaseModel):
    """One item of a list."""

    item_id: str
    score: float | None
    rank: int = Field(description="From 1.")
    strategy: str = Field(description="What counts most here.", examples=["personal/ease"])
    temperature: str = Field(
        description="`hot` has events, `warm` is described, `cold` neither."
    )
    propensity: float = Field(description="With what chance it was shown.")
    explored: bool = Field(description="Whether it is there to be tried out.")
    rule: str | None = Field(
        description="By which rule it was moved: `boost`, `diversity` or `quota`."
    )
    reasons: list[ReasonOut]
    properties: dict[str, Any] = Field(description="Attributes of the item.")


class AskerOut(BaseModel):
    """Whom a list is for."""

    id: str | None
    temperature: str


class RecommendationsOut(Answer):
    """A list for somebody."""

    recommendation_id: str = Field(description="Put it into the events that come of the list.")
    user: AskerOut
    model: str = Field(description="The release that answered; empty before any training.")
    experiment: str | None
    variant: str | None
    items: list[ItemOut]
    notes: list[str]
    took_ms: float


class ListItemOut(BaseModel):
    """One item of a list that is for nobody in particular."""

    item_id: str
    score: float | None
    rank: int
    strategy: str
    temperature: str = ""
    properties: dict[str, Any] = {}


class ListOut(Answer):
    """A list for nobody in particular."""

    items: list[ListItemOut]


class ExplanationOut(Answer):
    """Every piece of evidence of one score; the values add up to it."""

    user_id: str
    item_id: str
    score: float | None
    reasons: list[ReasonOut]


class VectorsOut(Answer):
    """One vector a text."""

    vectors: list[list[float]]
    dimension: int
    model: str
