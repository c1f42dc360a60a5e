"""What a service answers, as frozen values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Reason:
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
    reasons: tuple[Reason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    rule: str | None = None
    """By which rule it was moved: ``boost``, ``diversity`` or ``quota``; None: by none."""


@dataclass(frozen=True)
class Asker:
    """Whom an answer is for."""

    id: str | None = None
    temperature: str = ""


class Listed:
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
class Recommendations(Listed):
    """One answer: a sequence of items, and where it comes from.

    Example:
        >>> answer = Recommendations("r1", (Recommended("tea", 0.9, 1),))
        >>> answer.ids, len(answer), [item.score for item in answer]
        (('tea',), 1, [0.9])
    """

    recommendation_id: str
    """Put it into the events that come of it."""
    items: tuple[Recommended, ...]
    user: Asker = field(default_factory=Asker)
    model: str = ""
    """The release that answered; empty before anything has been trained."""
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    took_ms: float = field(default=0.0, compare=False)
    request_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Ranking(Listed):
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

    reasons: tuple[Reason, ...]
    score: float | None = None


@dataclass(frozen=True)
class Question:
    """One item to ask a new user about."""

    item_id: str
    rank: int = 0
    score: float | None = None
    """What the answer is expected to tell."""
    title: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Questions:
    """What to ask a new user, the most telling first."""

    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Merged:
    """What became of an anonymous history."""

    user_id: str
    events: int
    """How many changed owner."""


@dataclass(frozen=True)
class Page:
    """Some rows, and where to go on."""

    rows: tuple[Row, ...]
    cursor: str | None = None
    """None: these were the last."""


@dataclass(frozen=True)
class Model:
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
    note: str = ""


@dataclass(frozen=True)
class Models:
    """The releases, the newest first."""

    models: tuple[Model, ...]


@dataclass(frozen=True)
class Tasks:
    """Trainings, the newest first."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Vectors:
    """Vectors of texts, in their order."""

    vectors: tuple[tuple[float, ...], ...]
    model: str = ""
