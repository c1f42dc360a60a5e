"""Lists, explanations, onboarding questions and vectors of texts."""

from dataclasses import fields
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from daybreak.server.schemas.common import (
    Attributes,
    Count,
    FiniteFloat,
    Id,
    Name,
    RequestModel,
    ResponseModel,
    ShortText,
    Text,
    with_example,
)
from daybreak.service.serving import Boost, Quota, RecommendRequest, Rules
from daybreak.types import ExplainMode, UnknownItems

MAX_IMAGE_CHARS = 30_000_000
"""Length of a picture in a JSON body; the size of the body is limited as well [characters]."""

Share = Annotated[float, Field(ge=0, le=1)]
Filter = Annotated[str, Field(max_length=10_000)]
Ids = Annotated[list[Id], Field(max_length=10_000)]
Names = Annotated[list[Name], Field(max_length=10_000)]

FILTER_DESCRIPTION = (
    "Filter of items, such as `price < 20 and brand = 'Acme'`; also accepted as `filter`."
)


def _split_names(names: Any) -> Any:
    """Return names of which one text may hold several, separated by commas."""
    if isinstance(names, str):
        return names.split(",")
    if not isinstance(names, list):
        return names
    texts = (name.split(",") if isinstance(name, str) else [name] for name in names)
    return [name for parts in texts for name in parts]


FieldNames = Annotated[list[ShortText], Field(max_length=100), BeforeValidator(_split_names)]
FIELDS_DESCRIPTION = (
    "Fields of the items in the response, such as `title`: of the fields described here, or of "
    "the attributes in `properties`; repeatable, or separated by commas. `item_id` is always "
    "there. Default: all."
)


class BoostBody(RequestModel):
    """Score change of the items that match a filter."""

    where: Filter
    factor: FiniteFloat = 1.0
    add: FiniteFloat = 0.0


class QuotaBody(RequestModel):
    """Smallest or largest number of items of a kind among the first items."""

    where: Filter = ""
    each: ShortText = ""
    at_most: int | None = None
    at_least: int | None = None
    of: int | None = None


class RuleFields(RequestModel):
    """Rules of a list."""

    where: Filter = Field("", description=FILTER_DESCRIPTION)
    exclude_seen: bool | None = Field(
        None,
        description="Whether to leave out items that the user has, as by a purchase; default: "
        "yes, unless people usually take the same items again.",
    )
    exclude_events: Names | None = Field(
        None,
        description="The only types of events that leave out their items; default: the rule of "
        "the shop.",
    )
    diversity: Share = Field(
        0.0, description="Weight of diversity; 0: by score only, 1: as dissimilar as possible."
    )
    novelty: Share = Field(
        0.0,
        description="Weight of novelty; 0: by score only, 1: by score relative to the share of "
        "users who have chosen an item, among the best items.",
    )
    distinct: ShortText | None = Field(
        None, description="Column of items of which each value may occur once."
    )
    alike: Share | None = Field(
        None, description="Similarity from which two items count as the same."
    )
    at: FiniteFloat | None = Field(
        None, description="Time for which availability is checked, epoch [s]; default: now."
    )

    popularity: Share | None = Field(
        None,
        description="From 0, lists show the taste of a history most clearly, to 1, they have "
        "what is chosen most often; default: as the service or the release is set.",
    )

    unknown_items: UnknownItems | None = Field(
        None,
        description="Whether items that only events know, and not the catalogue, may be in the "
        "list; default: as the service is set.",
    )

    def extra_rules(self) -> dict[str, Any]:
        """Return the arguments of ``Rules`` that only some requests have."""
        return {}

    def build_rules(self) -> Rules | None:
        """Return the rules; None: no rule differs from its default."""
        if self.model_fields_set.isdisjoint(_RULE_NAMES):
            return None
        rules = Rules(
            where=self.where,
            exclude_seen=self.exclude_seen,
            diversity=self.diversity,
            novelty=self.novelty,
            distinct=self.distinct,
            alike=self.alike,
            at=self.at,
            exclude_events=(
                None if self.exclude_events is None else tuple(self.exclude_events)
            ),
            popularity=self.popularity,
            unknown_items=self.unknown_items,
            **self.extra_rules(),
        )
        return None if rules == _NO_RULES else rules


_NO_RULES = Rules()
_RULE_NAMES = frozenset(field.name for field in fields(Rules))
"""Names of rules, which the fields of requests have as well."""


class RecommendFields(RuleFields):
    """Fields of every request for recommendations."""

    k: Count = Field(10, description="Number of items; also accepted as `n`.")
    fields: FieldNames = Field([], description=FIELDS_DESCRIPTION)
    session_id: Id | None = Field(None, description="Session of a visitor.")
    explore: bool | None = Field(
        None,
        description="Whether exploration may add new items; default: as the service is set.",
    )
    explain: ExplainMode = Field(
        False, description="Whether items have reasons; `text`: and a sentence, `explanation`."
    )
    language: Literal["en", "zh"] = Field("en", description="Language of the sentences.")
    scenario: ShortText | None = Field(
        None, description="Name of the place where the list is shown."
    )
    experiment: bool = Field(True, description="Whether an experiment may choose the variant.")
    record: bool = Field(
        True,
        description="Whether the list counts as shown; false for a trial that no report and no "
        "experiment shall count and that is not continued.",
    )

    def to_request(self, **fields: Any) -> RecommendRequest:
        """Return the request of the service."""
        return RecommendRequest(
            n=self.k,
            session_id=self.session_id,
            explore=self.explore,
            explain=self.explain,
            language=self.language,
            scenario=self.scenario,
            experiment=self.experiment,
            record=self.record,
            rules=self.build_rules(),
            **fields,
        )


class RecommendQuery(RecommendFields):
    """Query parameters of a request for recommendations."""

    categories: Names = Field(
        [], description="Category; an item must be in one of them; repeatable."
    )
    exclude: Ids = Field([], description="Item to leave out; repeatable.")

    def extra_rules(self) -> dict[str, Any]:
        """Return the arguments of ``Rules`` that only this request has."""
        return {"categories": tuple(self.categories), "exclude": tuple(self.exclude)}


class KnownEvent(RequestModel):
    """Recent event, for this list only; it is not stored."""

    item_id: Id
    event_type: ShortText | None = None
    value: FiniteFloat | None = None
    timestamp: FiniteFloat | ShortText | None = Field(None, description="ISO 8601 or epoch.")


class RecommendBody(RecommendFields):
    """Request for recommendations."""

    user_id: Id | None = Field(
        None, description="User, who may be unknown; default: an anonymous visitor."
    )
    profile: Attributes = Field(
        default_factory=dict,
        description="Attributes and `text` of the user, for this list only; not stored.",
        examples=[{"text": "gifts for a tea lover", "country": "UK"}],
    )
    events: list[KnownEvent] = Field([], max_length=1_000)
    categories: Names = Field([])
    items: Ids | None = Field(None, description="Candidates; default: all items.")
    exclude: Ids = Field([])
    boosts: list[BoostBody] = Field([], max_length=50)
    quotas: list[QuotaBody] = Field([], max_length=50)
    release: Id | None = Field(
        None,
        description="Release that answers instead of the active one; only with `record: false` "
        "and a key that may write, because the server loads it.",
    )
    strategy: ShortText | None = Field(
        None, description="Only strategy that scores the items; only with `record: false`."
    )

    model_config = with_example(
        {
            "session_id": "visitor-7",
            "profile": {"text": "gifts for a tea lover"},
            "events": [{"item_id": "84879", "event_type": "view"}],
            "where": "price < 20",
            "k": 5,
            "explain": True,
        }
    )

    def extra_rules(self) -> dict[str, Any]:
        """Return the arguments of ``Rules`` that only this request has."""
        return {
            "categories": tuple(self.categories),
            "exclude": tuple(self.exclude),
            "items": None if self.items is None else tuple(self.items),
            "boosts": tuple(Boost(**dict(boost)) for boost in self.boosts),
            "quotas": tuple(Quota(**dict(quota)) for quota in self.quotas),
        }

    def to_full_request(self) -> RecommendRequest:
        """Return the request of the service."""
        return self.to_request(
            user_id=self.user_id,
            release=self.release,
            strategy=self.strategy,
            profile=_flatten_profile(self.profile),
            events=tuple(event.model_dump(exclude_none=True) for event in self.events),
        )


class WhyBody(RecommendBody):
    """Request for recommendations, and the item of which the place is asked."""

    item_id: Id

    model_config = with_example(
        {"profile": {"text": "gifts for a tea lover"}, "k": 10, "item_id": "84879"}
    )


class RankBody(RecommendBody):
    """Request to rank given items."""

    items: Ids | None = Field(..., description="Items to rank.", min_length=1)

    model_config = with_example({"user_id": "12748", "items": ["84879", "22423", "21212"]})


class NextBody(RequestModel):
    """Request for the items that follow an earlier list."""

    recommendation_id: Id = Field(examples=["5f0c"])
    k: Count = 10
    fields: FieldNames = Field([], description=FIELDS_DESCRIPTION)


class SimilarQuery(RequestModel):
    """Length and filter of a list."""

    k: Count = Field(10, description="Number of items; also accepted as `n`.")
    where: Filter = Field("", description=FILTER_DESCRIPTION)
    fields: FieldNames = Field([], description=FIELDS_DESCRIPTION)


class SimilarItemQuery(SimilarQuery):
    """Query parameters of the items similar to an item."""

    explain: bool = Field(False, description="Whether items have reasons.")


class AudienceQuery(RequestModel):
    """Query parameters of the audience of an item."""

    k: Count = Field(10, description="Number of users; also accepted as `n`.")
    explain: bool = Field(False, description="Whether users have reasons.")


class ItemOrText(RequestModel):
    """An item or a text."""

    item_id: Id | None = None
    text: Text | None = None

    @model_validator(mode="after")
    def _check_exactly_one(self) -> Self:
        if (self.item_id is None) == (self.text is None):
            raise ValueError("exactly one of item_id and text is required")
        return self


class SimilarBody(SimilarItemQuery):
    """Item, text or picture to which items should be similar."""

    item_id: Id | None = None
    text: Text | None = None
    image: str | None = Field(
        None,
        max_length=MAX_IMAGE_CHARS,
        description="Picture as a data URI: `data:image/jpeg;base64,…`.",
    )

    @model_validator(mode="after")
    def _check_exactly_one(self) -> Self:
        if [self.item_id, self.text, self.image].count(None) != 2:
            raise ValueError("exactly one of item_id, text and image is required")
        return self

    model_config = with_example({"text": "red retrospot mug", "k": 5})


class AudienceBody(AudienceQuery, ItemOrText):
    """Item or text for which users are wanted."""

    model_config = with_example({"text": "red retrospot mug", "k": 5, "explain": True})


class ListQuery(SimilarQuery):
    """Query parameters of a list that is the same for all users."""

    categories: Names = Field(
        [], description="Category; an item must be in one of them; repeatable."
    )

    def build_rules(self) -> Rules:
        """Return the rules of the list."""
        return Rules(where=self.where, categories=tuple(self.categories))


class EmbedBody(RequestModel):
    """Texts to encode."""

    texts: list[Text] = Field(
        min_length=1, max_length=1_000, examples=[["red retrospot mug", "green tea"]]
    )


def _flatten_profile(profile: Attributes) -> Attributes:
    """Return a profile without nesting: its ``attributes`` may be an object of their own."""
    inner = profile.get("attributes")
    if not isinstance(inner, dict):
        return profile
    return {**inner, **{name: value for name, value in profile.items() if name != "attributes"}}


class ReasonOut(BaseModel):
    """One reason; the values of all reasons of an item add up to its score."""

    kind: str
    name: str
    title: str
    value: float
    text: str = Field("", description="What the reason says, for display.")


class ItemOut(BaseModel):
    """One item of a list; a request may ask for some of the fields with `fields`."""

    item_id: str
    score: float | None = None
    rank: int = Field(0, description="Position, from 1.")
    strategy: str = Field(
        "",
        description="Strategy with the largest weight for the user and the item.",
        examples=["personal/ease"],
    )
    temperature: str = Field(
        "", description="`hot`: has events; `warm`: has attributes only; `cold`: has neither."
    )
    propensity: float = Field(
        1.0, description="Probability with which the item was shown at this rank."
    )
    explored: bool = Field(
        default=False, description="Whether exploration put the item into the list."
    )
    rule: str | None = Field(
        None,
        description="Rule that moved the item: `boost`, `diversity`, `novelty` or `quota`.",
    )
    reasons: list[ReasonOut] = []
    explanation: str = Field(
        "", description="Why the item is recommended, as a sentence; with `explain=text` only."
    )
    explanation_source: str = Field(
        "", description="Who wrote the sentence: `template` or `model`."
    )
    properties: dict[str, Any] = Field({}, description="Attributes of the item.")


class AskerOut(BaseModel):
    """User for whom a list was made."""

    id: str | None
    temperature: str


class RecommendationsOut(ResponseModel):
    """Recommended items."""

    recommendation_id: str = Field(
        description="Id of the list; send it with the events that result from the list."
    )
    user_id: str | None
    user: AskerOut = Field(description="`id` is the same as `user_id`.")
    model: str = Field(description="Id of the release; empty before the first training.")
    experiment: str | None
    variant: str | None
    items: list[ItemOut]
    notes: list[str]
    popularity: float | None = Field(
        None, description="Setting of the list if it is not the default of the release."
    )
    took_ms: float


class ListItemOut(BaseModel):
    """One item of a list that is the same for all users."""

    item_id: str
    score: float | None = None
    rank: int = 0
    strategy: str = ""
    temperature: str = ""
    reasons: list[ReasonOut] = []
    properties: dict[str, Any] = {}


class ListOut(ResponseModel):
    """Items in an order that is the same for all users."""

    items: list[ListItemOut]
    notes: list[str] = Field([], description="Warnings, as sentences.")


class AudienceUserOut(BaseModel):
    """One user of an audience."""

    user_id: str
    rank: int
    score: float
    strategy: str
    reasons: list[ReasonOut]


class AudienceOut(ResponseModel):
    """Known users with the highest scores for an item."""

    users: list[AudienceUserOut]


class ExplanationOut(ResponseModel):
    """Reasons for one score; their values add up to it."""

    user_id: str
    item_id: str
    score: float | None
    reasons: list[ReasonOut]


class PlacementOut(ResponseModel):
    """Place of an item in a list, and what keeps it out."""

    item_id: str
    rank: int | None = Field(description="Rank in the list; null: it is not in it.")
    score: float | None = Field(description="Score; null: no strategy can score the item.")
    score_rank: int | None = Field(
        description="Rank by score among all items that the rules allow; null: they do not."
    )
    n_candidates: int = Field(description="Number of items that the rules allow.")
    last_score: float | None = Field(description="Score of the last item of the list.")
    obstacles: list[str] = Field(
        description="What keeps the item out: names of rules (`where`, `categories`, `items`, "
        "`exclude`, `exclude_seen`, `self`, `quotas`, `distinct`, `alike`, `diversity`, "
        "`novelty`, `unknown_items`), `is_hidden`, `availability`, `no_score`, `quantity` (a "
        "price, year or duration that the user's text rules out), or `outscored` by others."
    )
    reasons: list[ReasonOut] = Field(
        description="All evidence for and against the item; the values add up to the score."
    )


class VectorsOut(ResponseModel):
    """One vector for each text."""

    vectors: list[list[float]]
    dimension: int
    model: str


class OnboardingQuery(RequestModel):
    """Answers of a new user so far."""

    k: Count = Field(5, description="Number of questions; also accepted as `n`.")
    yes: list[str] = Field([], description="Item that the user likes; repeatable.")
    asked: list[str] = Field(
        [],
        description="Item or attribute that was asked about and not chosen; repeatable.",
    )
    attributes: bool = Field(False, description="Whether to ask about attributes, too.")
    text: ShortText = Field("", description="What the user says.")


class QuestionBody(BaseModel):
    """One question to a new user."""

    rank: int
    kind: str = Field(
        description="`item`: do you like it? `attribute`: which of the values is yours?"
    )
    name: str
    item_id: str | None = Field(description="Item of a question about an item.")
    title: str | None
    values: list[str] = Field(description="Possible answers to a question about an attribute.")
    chance: float | None = Field(description="Probability of an informative answer.")
    score: float | None = Field(description="Expected improvement of the list [DCG@10].")


class OnboardingOut(ResponseModel):
    """Questions to a new user, the most informative first."""

    questions: list[QuestionBody]
