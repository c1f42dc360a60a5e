"""What a service answers, as frozen values.

Experiments and what they found, as frozen values.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class ItemReason:
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    name: str
    title: str
    value: float


@dataclass(frozen=True)
class Recommended:
    """One item of an answer."""

    item_id: str
    score: float | None
    """None: it is there for another reason than its score."""
    rank: int = 0
    """From 1."""
    strategy: str = ""
    """Which strategy counts most for such a user and such an item."""
    temperature: str = ""
    """``hot`` has events, ``warm`` is described, ``cold`` neither."""
    propensity: float = 1.0
    """With what chance it was shown; 1: it was not left to chance."""
    explored: bool = False
    reasons: tuple[ItemReason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None
    """By which rule it was moved: ``boost``, ``diversity`` or ``quota``; None: by none."""


@dataclass(frozen=True)
class UserInfo:
    """Whom an answer is for."""

    id: str | None = None
    temperature: str = ""


class ItemSequence:
    """Something with items, the best first: a sequence of them."""

    items: tuple[Recommended, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The items' ids, the best first."""
        return tuple(item.item_id for item in self.items)

    def __iter__(self) -> Iterator[Recommended]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class Recommendations(ItemSequence):
    """One answer: a sequence of items, and where it comes from.

    Example:
        >>> answer = Recommendations("r1", (Recommended("tea", 0.9, 1),))
        >>> answer.ids, len(answer), [item.score for item in answer]
        (('tea',), 1, [0.9])
    """

    recommendation_id: str
    """Put it into the events that come of it."""
    items: tuple[Recommended, ...]
    user: UserInfo = field(default_factory=UserInfo)
    model: str = ""
    """The release that answered; empty before anything has been trained."""
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    took_ms: float = field(default=0.0, compare=False)
    request_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Ranking(ItemSequence):
    """Items in an order that is for nobody in particular; the best first."""

    items: tuple[Recommended, ...]


@dataclass(frozen=True)
class Rejected:
    """One row that was not taken; all others were."""

    row: int
    """Position in what was sent, from 0."""
    reason: str
    field: str = ""
    value: Any = None
    code: str = ""


@dataclass(frozen=True)
class Accepted:
    """What became of rows; the accepted ones are stored for good."""

    accepted: int
    duplicates: int = 0
    """Events that were there already, such as those of a first attempt without an answer."""
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why one item has its score for one user; the values add up to it."""

    reasons: tuple[ItemReason, ...]
    score: float | None = None


@dataclass(frozen=True)
class OnboardingQuestion:
    """One question to somebody new."""

    name: str
    """Of the item or of the attribute; what ``yes`` and ``asked`` take."""
    kind: str = "item"
    """``item``: do you like it? ``attribute``: which of its values is yours?"""
    item_id: str | None = None
    """None: it is about an attribute."""
    rank: int = 0
    """From 1."""
    title: str | None = None
    values: tuple[str, ...] = ()
    """Possible answers to a question about an attribute."""
    chance: float | None = None
    """That the answer tells something."""
    score: float | None = None
    """By how much the list is expected to improve [DCG@10]."""


@dataclass(frozen=True)
class QuestionList:
    """What to ask somebody new, the most telling first."""

    questions: tuple[OnboardingQuestion, ...]


@dataclass(frozen=True)
class Merged:
    """What became of an anonymous history."""

    user_id: str
    events: int
    """How many changed owner."""


@dataclass(frozen=True)
class DeletedCount:
    """How much is gone."""

    deleted: int


@dataclass(frozen=True)
class Trace:
    """One place where a user was looked for."""

    place: str
    """``store events``, ``live profiles`` and so on."""
    before: int
    """Rows that were found there."""
    after: int
    """Rows that are left."""


@dataclass(frozen=True)
class Proof:
    """What was erased of one user, and whether anything is left."""

    complete: bool
    """Whether nothing is left in any place."""
    digest: str = ""
    """SHA-256 of the id: the proof itself does not name the user."""
    at: float = 0.0
    """Epoch [s]."""
    traces: tuple[Trace, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> bool:
        """Whether there was anything of the user when the answered attempt began."""
        return any(trace.before for trace in self.traces)


@dataclass(frozen=True)
class RowsPage:
    """Some rows, and where to go on."""

    rows: tuple[Row, ...]
    cursor: str | None = None
    """None: these were the last."""


@dataclass(frozen=True)
class ModelInfo:
    """One release."""

    id: str
    created_at: float | None = None
    active: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Task:
    """One training or other long work."""

    id: str
    kind: str = ""
    status: str = ""
    """``running``, ``done``, ``failed``, ``refused`` or ``lost``."""
    note: str = ""
    reason: str = ""
    """Why it began."""
    started_at: float | None = None
    """Epoch [s]."""
    ended_at: float | None = None
    """None: it has not ended."""
    release: str = ""
    """What it made; empty: nothing until now."""


@dataclass(frozen=True)
class ModelList:
    """The releases, the newest first."""

    models: tuple[ModelInfo, ...]


@dataclass(frozen=True)
class TaskList:
    """Trainings, the newest first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class TextVectors:
    """Vectors of texts, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""


@dataclass(frozen=True)
class VariantInfo:
    """One way to answer."""

    name: str
    weight: float = 1.0
    release: str | None = None
    """Which answers; None: the one in use."""
    ask: Mapping[str, Any] = field(default_factory=dict)
    """What it changes about a request."""
    shadow: bool = False
    """Whether it is only written down, and never shown."""


@dataclass(frozen=True)
class ExperimentInfo:
    """Variants that are compared; the first is the one the others are held against."""

    id: str
    variants: tuple[VariantInfo, ...]
    status: str = "draft"
    """``draft``, ``running`` or ``stopped``."""
    share: float = 1.0
    """Of all people who take part."""
    metric: str = "ctr"
    """The one that decides."""
    effect: float | None = None
    """The smallest difference of the metric that matters; None: the usual one."""
    alpha: float = 0.05
    unit: str = "user"
    scenario: str | None = None
    attribution: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    created_at: float = 0.0
    """Epoch [s], as the other times."""
    started_at: float | None = None
    stopped_at: float | None = None


@dataclass(frozen=True)
class ExperimentList:
    """All of a service, the oldest first."""

    experiments: tuple[ExperimentInfo, ...]


@dataclass(frozen=True)
class Measurement:
    """A measure of one variant; the interval holds at any time. None: not known yet."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class VariantResult:
    """What came of a variant that people saw."""

    name: str
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int = 0
    """Impressions of which people said something."""
    opinion: float | None = None
    """Mean of what was said, from -1 to 1."""
    items: int = 0
    """Different items that were shown."""
    coverage: float | None = None
    measures: Mapping[str, Measurement] = field(default_factory=dict)
    """By name: ``ctr``, ``conversion``, ``satisfaction``, ``diversity`` and others."""


@dataclass(frozen=True)
class ShadowVariant:
    """What a variant would have shown."""

    name: str
    answers: int
    items: int = 0
    coverage: float | None = None
    diversity: float | None = None
    cold_exposure: float | None = None
    explored: float | None = None
    agreement: float | None = None
    """Share of its places whose item the person was really shown."""
    clicks_kept: float | None = None
    """Share of the clicked items that it would have shown too."""


@dataclass(frozen=True)
class VariantDifference:
    """A variant less the first one, of one measure. None: not known yet."""

    variant: str
    measure: str
    word: str
    """``better``, ``worse``, ``no difference that matters``, ``open`` or ``too early``."""
    difference: float | None = None
    low: float | None = None
    """End of the interval that holds at any time, whoever looks how often."""
    high: float | None = None
    once_low: float | None = None
    """End of the usual interval, for a single look."""
    once_high: float | None = None
    level: float | None = None
    first: float | None = None
    value: float | None = None
    effect: float | None = None
    people_needed: float | None = None


@dataclass(frozen=True)
class SampleRatio:
    """Whether people came to the variants as planned; if not, nothing can be compared."""

    planned: Mapping[str, float]
    people: Mapping[str, int]
    p_value: float
    sound: bool


@dataclass(frozen=True)
class ExperimentResult:
    """What an experiment has found until now."""

    experiment: ExperimentInfo
    at: float
    """Epoch [s]."""
    shown: tuple[VariantResult, ...]
    differences: tuple[VariantDifference, ...]
    """The measure that decides comes first."""
    split: SampleRatio
    verdict: str
    """In plain words."""
    shadows: tuple[ShadowVariant, ...] = ()
    crossed: int = 0
    """People who saw more than one variant; they count for the one they saw first."""
    notes: tuple[str, ...] = ()
    method: str = ""
    """How sure the intervals are."""


@dataclass(frozen=True)
class OnlinePeriod:
    """What came of the answers of some time."""

    since: float
    """Epoch [s]."""
    until: float
    answers: int
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int = 0
    opinion: float | None = None
    items: int = 0
    coverage: float | None = None
    ctr: float | None = None
    conversion: float | None = None
    satisfaction: float | None = None
    diversity: float | None = None
    cold_exposure: float | None = None
    explored: float | None = None


@dataclass(frozen=True)
class OnlineResult:
    """How the service did over time."""

    total: OnlinePeriod
    periods: tuple[OnlinePeriod, ...]
