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
class Questions:
    """What to ask somebody new, the most telling first."""

    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Merged:
    """What became of an anonymous history."""

    user_id: str
    events: int
    """How many changed owner."""


@dataclass(frozen=True)
class Deleted:
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
