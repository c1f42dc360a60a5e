"""What a caller gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Reason:
    """One piece of evidence; the values of an item's reasons add up to its score."""

    kind: str
    """As in :class:`daybreak.ranking.reasons.Reason`, or ``boost`` and ``rule``."""
    name: str
    title: str
    """What to call it."""
    value: float


@dataclass(frozen=True)
class Recommended:
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
    reasons: tuple[Reason, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    """Attributes of the item."""
    rule: str | None = None
    """By which rule it was moved: ``boost``, ``diversity`` or ``quota``; None: by none."""


@dataclass(frozen=True)
class Answered:
    """One answer; ``recommendation_id`` in later events says what came of it."""

    recommendation_id: str
    user_id: str | None
    user_temperature: str
    """``hot`` has events, ``warm`` has a profile or said something, ``cold`` neither."""
    release: str
    """Empty before anything has been trained."""
    items: tuple[Recommended, ...]
    experiment: str | None = None
    variant: str | None = None
    notes: tuple[str, ...] = ()
    """What a careful caller should know."""
    took_ms: float = field(default=0.0, compare=False)
