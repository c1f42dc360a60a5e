"""What can be asked.

What is answered.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from daybreak.ranking.reranking.rules import Boost, Quota, Rules
from daybreak.server.schemas.common import (
    Attributes,
    Count,
    FiniteFloat,
    Id,
    RequestModel,
    ResponseModel,
    ShortText,
    Text,
    with_example,
)
from daybreak.service.serving import RecommendRequest

Share = Annotated[float, Field(ge=0, le=1)]
Filter = Annotated[str, Field(max_length=10_000)]
Ids = Annotated[list[Id], Field(max_length=10_000)]

FILTER_DESCRIPTION = (
    "Which items, as in `price < 20 and brand = 'Acme'`; see the page on rules."
)


class BoostBody(RequestModel):
    """More, or less, of what fits a filter."""

    where: Filter
    factor: FiniteFloat = 1.0
    add: FiniteFloat = 0.0


class QuotaBody(RequestModel):
    """At most, or at least, so many of a kind among the first places."""

    where: Filter = ""
    each: ShortText = ""
    at_most: int | None = None
    at_least: int | None = None
    of: int | None = None


class RuleFields(RequestModel):
    """What is wanted of a list beside good scores."""

    filter: Filter = Field("", description=FILTER_DESCRIPTION)
    exclude_seen: bool = Field(True, description="Leave out what the user has events with.")
    diversity: Share = Field(0.0, description="0: by score; 1: as unlike as possible.")
    distinct: ShortText | None = Field(
        None, description="A column of which no value comes twice."
    )
    alike: Share | None = Field(
        None, description="Likeness from which two items count as the same."
    )
    at: FiniteFloat | None = Field(None, description="Time of the list, epoch [s].")

    def extra_rules(self) -> dict[str, Any]:
        """Return the fields of ``Rules`` that only some bodies have."""
        return {}

    def build_rules(self) -> Rules | None:
        """Return the rules; None: none were asked for."""
        rules = Rules(
            where=self.filter,
            exclude_seen=self.exclude_seen,
            diversity=self.diversity,
            distinct=self.distinct,
            alike=self.alike,
            at=self.at,
            **self.extra_rules(),
        )
        return None if rules == _NO_RULES else rules


_NO_RULES = Rules()


class RecommendFields(RuleFields):
    """What belongs to every request for recommendations."""

    n: Count = Field(10, description="Items wanted.")
    session_id: Id | None = Field(None, description="Of a visitor.")
    explore: bool | None = Field(None, description="Whether new items may be tried out.")
    explain: bool = Field(False, description="Whether items come with reasons.")
    scenario: ShortText | None = Field(None, description="Where the answer is shown.")
    experiment: bool = Field(True, description="Whether experiments may choose the variant.")

    def to_request(self, **more: Any) -> RecommendRequest:
        """Return the request as the service knows it."""
        return RecommendRequest(
            n=self.n,
            session_id=self.session_id,
            explore=self.explore,
            explain=self.explain,
            scenario=self.scenario,
            experiment=self.experiment,
            rules=self.build_rules(),
            **more,
        )


class RecommendQuery(RecommendFields):
    """Options in the address of a request."""

    category: Ids = Field([], description="Items must be in one of these; repeatable.")
    exclude: Ids = Field([], description="Items not wanted; repeatable.")

    def extra_rules(self) -> dict[str, Any]:
        """Return what only this form has."""
        return {"categories": tuple(self.category), "exclude": tuple(self.exclude)}


class KnownEvent(RequestModel):
    """An event that is known right now; it counts for this answer and is not kept."""

    item_id: Id
    event_type: ShortText | None = None
    value: FiniteFloat | None = None
    timestamp: FiniteFloat | ShortText | None = Field(None, description="ISO 8601 or epoch.")


class RecommendBody(RecommendFields):
    """A request with everything that can be said."""

    user_id: Id | None = Field(None, description="Known or not; else nobody in particular.")
    profile: Attributes = Field(
        default_factory=dict,
        description="Attributes, and `text`: what is known right now; nothing of it is kept.",
        examples=[{"text": "gifts for a tea lover", "country": "UK"}],
    )
    events: list[KnownEvent] = Field([], max_length=1_000)
    categories: Ids = Field([])
    items: Ids | None = Field(None, description="The only candidates.")
    exclude: Ids = Field([])
    boosts: list[BoostBody] = Field([], max_length=50)
    quotas: list[QuotaBody] = Field([], max_length=50)

    model_config = with_example(
        {
            "session_id": "visitor-7",
            "profile": {"text": "gifts for a tea lover"},
            "events": [{"item_id": "84879", "event_type": "view"}],
            "filter": "price < 20",
            "n": 5,
            "explain": True,
        }
    )

    def extra_rules(self) -> dict[str, Any]:
        """Return what only this form has."""
        return {
            "categories": tuple(self.categories),
            "exclude": tuple(self.exclude),
            "items": None if self.items is None else tuple(self.items),
            "boosts": tuple(Boost(**dict(boost)) for boost in self.boosts),
            "quotas": tuple(Quota(**dict(quota)) for quota in self.quotas),
        }

    def to_full_request(self) -> RecommendRequest:
        """Return the request as the service knows it."""
        return self.to_request(
            user_id=self.user_id,
            profile=_flatten_profile(self.profile),
            events=tuple(event.model_dump(exclude_none=True) for event in self.events),
        )


class RankBody(RecommendBody):
    """A request to put given items in order."""

    items: Ids | None = Field(..., description="What to put in order.", min_length=1)

    model_config = with_example({"user_id": "12748", "items": ["84879", "22423", "21212"]})


class NextBody(RequestModel):
    """Where to go on."""

    recommendation_id: Id = Field(examples=["5f0c"])
    n: Count = 10


class SimilarQuery(RequestModel):
    """How much is wanted."""

    n: Count = Field(10, description="Items wanted.")
    filter: Filter = Field("", description=FILTER_DESCRIPTION)


class SimilarBody(SimilarQuery):
    """An item or words that others should be like."""

    item_id: Id | None = None
    text: Text | None = None

    model_config = with_example({"text": "red retrospot mug", "n": 5})

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.item_id is None) == (self.text is None):
            raise ValueError("give either item_id or text")
        return self


class ListQuery(SimilarQuery):
    """Options of a list that is for nobody in particular."""

    category: Ids = Field([], description="Items must be in one of these; repeatable.")

    def build_rules(self) -> Rules:
        """Return the rules of the list."""
        return Rules(where=self.filter, categories=tuple(self.category))


class EmbedBody(RequestModel):
    """Texts to encode."""

    texts: list[Text] = Field(
        min_length=1, max_length=1_000, examples=[["red retrospot mug", "green tea"]]
    )


def _flatten_profile(profile: Attributes) -> Attributes:
    """Return a profile whose ``attributes`` may stand apart from its ``text``."""
    inner = profile.get("attributes")
    if not isinstance(inner, dict):
        return profile
    return {**inner, **{name: value for name, value in profile.items() if name != "attributes"}}


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


class RecommendationsOut(ResponseModel):
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


class ListOut(ResponseModel):
    """A list for nobody in particular."""

    items: list[ListItemOut]


class ExplanationOut(ResponseModel):
    """Every piece of evidence of one score; the values add up to it."""

    user_id: str
    item_id: str
    score: float | None
    reasons: list[ReasonOut]


class VectorsOut(ResponseModel):
    """One vector a text."""

    vectors: list[list[float]]
    dimension: int
    model: str
