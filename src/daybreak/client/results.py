"""Responses of a service as frozen values; fields that a newer service adds are ignored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeAlias

from pydantic import AliasChoices, Field

from daybreak.deprecation import deprecated_names

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
    """One piece of evidence; the values of all reasons of an item add up to its score."""

    kind: str
    name: str
    title: str
    value: float
    text: str = ""
    """What the reason says, for display."""


@dataclass(frozen=True)
class Recommended:
    """One item of a list."""

    item_id: str
    score: float | None = None
    """None: the item is in the list for another reason than its score."""
    rank: int = 0
    """Position, from 1."""
    strategy: str = ""
    """Name of the strategy with the largest weight for the user and the item."""
    temperature: str = ""
    """``hot``: has events; ``warm``: has attributes only; ``cold``: has neither."""
    propensity: float = 1.0
    """Probability with which the item was shown at this rank; 1: not drawn at random."""
    explored: bool = False
    """Whether exploration put the item into the list."""
    reasons: tuple[Reason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None
    """Rule that moved the item: ``boost``, ``diversity``, ``novelty`` or ``quota``; None: no
    rule."""
    explanation: str = ""
    """Why the item is recommended, as a sentence; with ``explain="text"`` only."""
    explanation_source: str = ""
    """Who wrote the sentence: ``template`` or ``model``."""


@dataclass(frozen=True)
class UserInfo:
    """User for whom a list was made."""

    id: str | None = None
    temperature: str = ""


class ItemSequence:
    """Sequence of items, the best first."""

    items: tuple[Recommended, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the items, the best first."""
        return tuple(item.item_id for item in self.items)

    def __iter__(self) -> Iterator[Recommended]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Recommendations(ItemSequence):
    """Recommended items, with the release and the experiment that they come from.

    Example:
        >>> answer = Recommendations("r1", (Recommended("tea", 0.9, 1),))
        >>> answer.ids, len(answer), [item.score for item in answer]
        (('tea',), 1, [0.9])
    """

    recommendation_id: str
    """Id of the list; send it with the events that result from the list."""
    items: tuple[Recommended, ...]
    user: UserInfo = field(default_factory=UserInfo)
    model: str = ""
    """Id of the release; empty before the first training."""
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    took_ms: float = field(default=0.0, compare=False)
    request_id: str = field(default="", compare=False)
    popularity: float | None = None
    """Setting of the list if it is not the default of the release."""
    user_id: str | None = None
    """User for whom the list was made; None: an anonymous visitor."""


@dataclass(frozen=True)
class Ranking(ItemSequence):
    """Items in an order that is the same for all users, the best first."""

    items: tuple[Recommended, ...]
    notes: tuple[str, ...] = ()  # warnings, as sentences


@dataclass(frozen=True)
class AudienceUser:
    """One user of an audience."""

    user_id: str
    rank: int  # position, from 1
    score: float
    strategy: str = ""
    """Name of the strategy with the largest weight for the user and the item."""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class Audience:
    """Known users with the highest scores for an item, the best first."""

    users: tuple[AudienceUser, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the users, the best first."""
        return tuple(user.user_id for user in self.users)


@dataclass(frozen=True)
class Rejected:
    """One row that was not stored."""

    row: int
    """Index among the rows that were sent, from 0."""
    reason: str
    field: str = ""
    value: Any = None
    code: str = ""


@dataclass(frozen=True)
class Accepted:
    """Numbers of stored and duplicate rows, and the rejected rows."""

    accepted: int
    duplicates: int = 0
    """Number of events that were stored before, as by an attempt whose response was lost."""
    rejected: tuple[Rejected, ...] = ()
    notes: tuple[str, ...] = field(default=(), kw_only=True)  # unknown items of events


@dataclass(frozen=True)
class ReplacedCatalogue(Accepted):
    """Numbers of the rows of a new catalogue, and of the items that have left it."""

    left: int = 0


@dataclass(frozen=True)
class Explanation:
    """Score of one item for one user; the values of the reasons add up to it."""

    reasons: tuple[Reason, ...]
    score: float | None = None


@dataclass(frozen=True)
class Placement:
    """Place of an item in a list, and what keeps it out."""

    item_id: str
    rank: int | None = None
    """Rank in the list; None: it is not in it."""
    score: float | None = None
    """None: no strategy can score the item."""
    score_rank: int | None = None
    """Rank by score among all items that the rules allow; None: they do not allow it."""
    n_candidates: int = 0
    """Number of items that the rules allow."""
    last_score: float | None = None
    """Score of the last item of the list."""
    obstacles: tuple[str, ...] = ()
    """What keeps the item out: names of rules, ``exclude_seen``, ``self``, ``is_hidden``,
    ``availability``, ``no_score``, ``quantity`` or ``outscored``; empty: it is listed."""
    reasons: tuple[Reason, ...] = ()
    """All evidence for and against the item; the values add up to the score."""


@dataclass(frozen=True)
class Reach:
    """Number of users that an item is expected to reach, as similar items did."""

    users: float
    """Median of the similar items, by similarity."""
    low: float
    """Tenth percentile."""
    high: float
    """Ninetieth percentile."""
    n_similar: int
    """Number of similar items with events."""
    similarity: float
    """Largest similarity, from 0 to 1."""


@dataclass(frozen=True)
class ActiveTime:
    """Events of one period."""

    since: float
    """Start, epoch [s]."""
    until: float
    events: int
    users: int
    """Users with an event."""
    new_users: int
    """Users whose first event is in the period."""
    items: int
    """Items with an event."""
    new_items: int
    """Items whose first event is in the period."""


@dataclass(frozen=True)
class Activity:
    """Events from the first to the latest one."""

    period_s: float
    """Length of a period [s]."""
    undated: int
    """Events without a time, which no period has."""
    periods: tuple[ActiveTime, ...]


@dataclass(frozen=True)
class Question:
    """One question to a new user."""

    name: str
    """Item id or attribute name; ``yes`` and ``asked`` take these."""
    kind: str = "item"
    """``item``: do you like this item? ``attribute``: which of these values is yours?"""
    item_id: str | None = None
    """None for a question about an attribute."""
    rank: int = 0
    """Position, from 1."""
    title: str | None = None
    values: tuple[str, ...] = ()
    """Possible answers to a question about an attribute."""
    chance: float | None = None
    """Probability of an informative answer."""
    score: float | None = None
    """Expected improvement of the list [DCG@10]."""


@dataclass(frozen=True)
class TopicInfo:
    """A group of items."""

    topic: int
    """Position in lists of shares, from 0."""
    name: str
    """Its most typical terms, or titles of its popular items."""
    n_items: int = 0
    items: tuple[str, ...] = ()
    """Ids of its most popular items."""


@dataclass(frozen=True)
class TopicShares:
    """Shares of the topics at one time."""

    at: float | None
    """Epoch seconds; None: unknown."""
    shares: tuple[float, ...]
    """Share of each topic; they sum to 1."""
    events: int = 0


@dataclass(frozen=True)
class TopicMove:
    """People of one topic who turn to another."""

    source: int
    target: int
    share: float
    """Net share of all next events that moves."""


@dataclass(frozen=True)
class InterestHistory:
    """Interests of a user over time, the last point now."""

    user_id: str
    topics: tuple[TopicInfo, ...]
    points: tuple[TopicShares, ...]
    expected: tuple[float, ...]
    """Shares that are expected of the next event."""
    step: float = 0.0
    """By how much one event moves the interest."""
    beta: float = 0.0
    """Share of the transitions in what is expected next."""


@dataclass(frozen=True)
class AudienceFlow:
    """Where the interest of the audience is moving."""

    topics: tuple[TopicInfo, ...]
    points: tuple[TopicShares, ...]
    """Shares of events in periods."""
    current: tuple[float, ...]
    """Mean interest of the users now."""
    expected: tuple[float, ...]
    """Mean interest that is expected next."""
    moves: tuple[TopicMove, ...]
    """The largest net moves between topics."""
    step: float = 0.0
    beta: float = 0.0


@dataclass(frozen=True)
class Merged:
    """Result of merging an anonymous history into that of a user."""

    user_id: str
    events: int
    """Number of events that were moved."""


@dataclass(frozen=True)
class Trace:
    """Search for data of a user in one place."""

    place: str
    """Name of the place, such as ``store events`` or ``live profiles``."""
    before: int
    """Number of rows before the erasure."""
    after: int
    """Number of rows after the erasure."""


@dataclass(frozen=True)
class Proof:
    """Report of the erasure of one user."""

    complete: bool
    """Whether no place holds data of the user any more."""
    digest: str = ""
    """SHA-256 of the user id; the report does not hold the id itself."""
    at: float = 0.0
    """Time, epoch [s]."""
    traces: tuple[Trace, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether any place held data of the user when the answered attempt began."""
        return any(trace.before for trace in self.traces)


@dataclass(frozen=True)
class ModelInfo:
    """One release."""

    id: str
    created_at: float | None = None
    active: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelReport:
    """What was measured for a release, in its training and on request; see the API.

    Attributes:
        report: Quality of simulated new users and items, weights and verdicts of strategies.
    """

    id: str
    report: Mapping[str, Any] = field(default_factory=dict)
    gate: Mapping[str, Any] | None = None
    strategies: tuple[Mapping[str, Any], ...] = ()
    shop_curve: Mapping[str, Any] | None = None
    evaluation: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Task:
    """One training, or another long operation."""

    id: str
    kind: str = ""
    status: str = ""
    """``running``, ``done``, ``failed``, ``refused``, ``cancelled`` or ``lost``."""
    note: str = ""
    reason: str = ""
    """Reason for the start."""
    started_at: float | None = None
    """Start, epoch [s]."""
    ended_at: float | None = None
    """End, epoch [s]; None: not ended."""
    release: str = ""
    """Id of the release that it made; empty: none yet."""
    heartbeat_age_s: float | None = None
    """Time since the last heartbeat of a running training [s]; None: it is not running."""
    encoder: str = ""
    """Id of the encoder that it makes; empty: it makes none."""
    progress: Mapping[str, Any] | None = None
    """``step``, ``done``, ``total`` and ``left_s``, the expected time to its end [s]."""


# Bodies of which the client returns only one field


@dataclass(frozen=True)
class DeletedCount:
    """Number of deleted rows."""

    deleted: int


@dataclass(frozen=True)
class RowsPage:
    """One page of rows."""

    rows: Annotated[
        tuple[Row, ...], Field(validation_alias=AliasChoices("items", "users", "events"))
    ]
    cursor: str | None = None
    """Cursor of the next page; None after the last one."""


@dataclass(frozen=True)
class QuestionList:
    """Questions to a new user, the most informative first."""

    questions: tuple[Question, ...]


@dataclass(frozen=True)
class ModelList:
    """Releases, the newest first."""

    models: tuple[ModelInfo, ...]


@dataclass(frozen=True)
class TaskList:
    """Trainings, the newest first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class TextVectors:
    """Vectors of texts, in the order of the texts."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""


__getattr__ = deprecated_names(
    __name__,
    {
        name: f"daybreak.client.experiment_results.{name}"
        for name in (
            "Variant",
            "Experiment",
            "ExperimentList",
            "Measurement",
            "ShownVariant",
            "ShadowVariant",
            "Difference",
            "SampleRatio",
            "ExperimentResult",
            "Period",
            "OnlineResult",
        )
    },
)
