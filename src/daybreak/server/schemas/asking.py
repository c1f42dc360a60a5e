"""What can be asked."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from daybreak.ranking.rules import Boost, Quota, Rules
from daybreak.server.schemas.basics import (
    Attributes,
    Count,
    Finite,
    Given,
    Id,
    Short,
    Text,
    example,
)
from daybreak.service.live import Ask

Share = Annotated[float, Field(ge=0, le=1)]
Filter = Annotated[str, Field(max_length=10_000)]
Ids = Annotated[list[Id], Field(max_length=10_000)]

FILTER = "Which items, as in `price < 20 and brand = 'Acme'`; see the page on rules."


class BoostBody(Given):
    """More, or less, of what fits a filter."""

    where: Filter
    factor: Finite = 1.0
    add: Finite = 0.0


class QuotaBody(Given):
    """At most, or at least, so many of a kind among the first places."""

    where: Filter = ""
    each: Short = ""
    at_most: int | None = None
    at_least: int | None = None
    of: int | None = None


class RuleFields(Given):
    """What is wanted of a list beside good scores."""

    filter: Filter = Field("", description=FILTER)
    exclude_seen: bool = Field(True, description="Leave out what the user has events with.")
    diversity: Share = Field(0.0, description="0: by score; 1: as unlike as possible.")
    distinct: Short | None = Field(None, description="A column of which no value comes twice.")
    alike: Share | None = Field(
        None, description="Likeness from which two items count as the same."
    )
    at: Finite | None = Field(None, description="Time of the list, epoch [s].")

    def more_rules(self) -> dict[str, Any]:
        """Return the fields of ``Rules`` that only some bodies have."""
        return {}

    def rules(self) -> Rules | None:
        """Return the rules; None: none were asked for."""
        rules = Rules(
            where=self.filter,
            exclude_seen=self.exclude_seen,
            diversity=self.diversity,
            distinct=self.distinct,
            alike=self.alike,
            at=self.at,
            **self.more_rules(),
        )
        return None if rules == _NO_RULES else rules


_NO_RULES = Rules()


class AskFields(RuleFields):
    """What belongs to every request for recommendations."""

    n: Count = Field(10, description="Items wanted.")
    session_id: Id | None = Field(None, description="Of a visitor.")
    explore: bool | None = Field(None, description="Whether new items may be tried out.")
    explain: bool = Field(False, description="Whether items come with reasons.")
    scenario: Short | None = Field(None, description="Where the answer is shown.")
    experiment: bool = Field(True, description="Whether experiments may choose the variant.")

    def ask(self, **more: Any) -> Ask:
        """Return the request as the service knows it."""
        return Ask(
            n=self.n,
            session_id=self.session_id,
            explore=self.explore,
            explain=self.explain,
            scenario=self.scenario,
            experiment=self.experiment,
            rules=self.rules(),
            **more,
        )


class RecommendQuery(AskFields):
    """Options in the address of a request."""

    category: Ids = Field([], description="Items must be in one of these; repeatable.")
    exclude: Ids = Field([], description="Items not wanted; repeatable.")

    def more_rules(self) -> dict[str, Any]:
        """Return what only this form has."""
        return {"categories": tuple(self.category), "exclude": tuple(self.exclude)}


class KnownEvent(Given):
    """An event that is known right now; it counts for this answer and is not kept."""

    item_id: Id
    event_type: Short | None = None
    value: Finite | None = None
    timestamp: Finite | Short | None = Field(None, description="ISO 8601 or epoch.")


class RecommendBody(AskFields):
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

    model_config = example(
        {
            "session_id": "visitor-7",
            "profile": {"text": "gifts for a tea lover"},
            "events": [{"item_id": "84879", "event_type": "view"}],
            "filter": "price < 20",
            "n": 5,
            "explain": True,
        }
    )

    def more_rules(self) -> dict[str, Any]:
        """Return what only this form has."""
        return {
            "categories": tuple(self.categories),
            "exclude": tuple(self.exclude),
            "items": None if self.items is None else tuple(self.items),
            "boosts": tuple(Boost(**dict(boost)) for boost in self.boosts),
            "quotas": tuple(Quota(**dict(quota)) for quota in self.quotas),
        }

    def whole_ask(self) -> Ask:
        """Return the request as the service knows it."""
        return self.ask(
            user_id=self.user_id,
            profile=_flat(self.profile),
            events=tuple(event.model_dump(exclude_none=True) for event in self.events),
        )


class RankBody(RecommendBody):
    """A request to put given items in order."""

    items: Ids | None = Field(..., description="What to put in order.", min_length=1)

    model_config = example({"user_id": "12748", "items": ["84879", "22423", "21212"]})


class NextBody(Given):
    """Where to go on."""

    recommendation_id: Id = Field(examples=["5f0c"])
    n: Count = 10


class SimilarQuery(Given):
    """How much is wanted."""

    n: Count = Field(10, description="Items wanted.")
    filter: Filter = Field("", description=FILTER)


class SimilarBody(SimilarQuery):
    """An item or words that others should be like."""

    item_id: Id | None = None
    text: Text | None = None

    model_config = example({"text": "red retrospot mug", "n": 5})

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.item_id is None) == (self.text is None):
            raise ValueError("give either item_id or text")
        return self


class ListQuery(SimilarQuery):
    """Options of a list that is for nobody in particular."""

    category: Ids = Field([], description="Items must be in one of these; repeatable.")

    def rules(self) -> Rules:
        """Return the rules of the list."""
        return Rules(where=self.filter, categories=tuple(self.category))


class EmbedBody(Given):
    """Texts to encode."""

    texts: list[Text] = Field(
        min_length=1, max_length=1_000, examples=[["red retrospot mug", "green tea"]]
    )


def _flat(profile: Attributes) -> Attributes:
    """Return a profile whose ``attributes`` may stand apart from its ``text``."""
    inner = profile.get("attributes")
    if not isinstance(inner, dict):
        return profile
    return {**inner, **{name: value for name, value in profile.items() if name != "attributes"}}
