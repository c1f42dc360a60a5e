"""What a caller asks: for whom, what is known right now, and under which rules.

What a caller gets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from daybreak.errors import ConfigError, DataError
from daybreak.service.ingest.values import SESSION_PREFIX
from daybreak.service.inputs.frames import check_k

if TYPE_CHECKING:
    from daybreak.ranking.reranking.rules import Rules


@dataclass(frozen=True, kw_only=True)
class RecommendRequest:
    """One request for recommendations; every field may be left out.

    Example:
        >>> RecommendRequest(session_id="s1").user_or_session
        'session:s1'
        >>> RecommendRequest(user_id="ann", session_id="s1").user_or_session
        'ann'
    """

    user_id: str | None = None
    """Known or not."""
    session_id: str | None = None
    """Of a visitor; what the session did counts beside what the user did."""
    n: int = 10
    """Items wanted."""
    profile: Mapping[str, Any] = field(default_factory=dict)
    """Attributes, and ``text``: what is known right now; nothing of it is kept."""
    events: Sequence[Mapping[str, Any]] = ()
    """Events known right now, ``item_id`` and if known ``event_type, value, timestamp``;
    nothing of them is kept."""
    rules: "Rules | None" = None
    """Filters, boosts, quotas, diversity."""
    explore: bool | None = None
    """Whether new items may be tried out on this asker; None: as the service is set up."""
    explain: bool = False
    """Whether every item comes with reasons."""
    scenario: str | None = None
    """Where the answer is shown: ``home``, ``basket``; kept in the log."""
    experiment: bool = True
    """Whether running experiments may choose the variant."""

    def __post_init__(self) -> None:
        """Check what can be checked without data."""
        check_k(self.n)
        for name in ("user_id", "session_id", "scenario"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigError(f"{name} must be text, got {value!r}")
        if not isinstance(self.profile, Mapping):
            raise DataError(f"a profile must be an object, got {self.profile!r:.60}")

    @property
    def user_or_session(self) -> str | None:
        """Who asks: the user, else the session, else nobody."""
        if self.user_id is not None:
            return self.user_id
        return None if self.session_id is None else SESSION_PREFIX + self.session_id


@dataclass(frozen=True)
class RecommendationReason:
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    """As in :class:`daybreak.ranking.explain.Reason`, or ``boost`` and ``rule``."""
    name: str
    title: str
    """What to call it."""
    value: float


@dataclass(frozen=True)
class RecommendedItem:
    """One item of an answer."""

    item_id: str
    rank: int
    """From 1."""
    score: float
    strategy: str
    """Which strategy counts most for such a user and such an item."""
    temperature: str
    """Of the item: ``hot`` has events, ``warm`` is described, ``cold`` neither."""
    propensity: float = 1.0
    """With what chance it was shown; 1: it was not left to chance."""
    explored: bool = False
    """Whether it stands there to be tried out."""
    reasons: tuple[RecommendationReason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the item."""
    rule: str | None = None
    """By which rule it was moved: ``boost``, ``diversity`` or ``quota``; None: by none."""


@dataclass(frozen=True)
class RecommendResponse:
    """One answer; ``recommendation_id`` in later events says what came of it."""

    recommendation_id: str
    user_id: str | None
    user_temperature: str
    """``hot`` has events, ``warm`` has a profile or said something, ``cold`` neither."""
    release: str
    """Empty before anything has been trained."""
    items: tuple[RecommendedItem, ...]
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    """What a careful caller should know."""
    took_ms: float = field(default=0.0, compare=False)
