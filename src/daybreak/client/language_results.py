"""Results of the tasks with a language model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class EnrichmentJob:
    """What the last task wrote about items."""

    ended_at: float = 0.0
    """Time, epoch [s]."""
    sentence: str = ""
    """The result in words."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """Requests, tokens, dropped answers, cost."""
    gain: Any = None
    """Difference of NDCG@10 with its 95 % interval; None: not measured."""
    thin: int = 0
    """Items with thin text."""
    known: int = 0
    """Items that an earlier task has written about."""
    written: int = 0
    dropped: int = 0
    """Items without a usable answer."""
    hostile: int = 0
    """Items whose text speaks to a model."""
    used: bool = False
    """Whether trainings use the texts."""


@dataclass(frozen=True)
class EnrichmentStatus:
    """What the language model of a service has written about items."""

    items: int = 0
    """Items with a text."""
    used: bool = False
    """Whether items have the column ``written_by_model``."""
    latest: EnrichmentJob | None = None
    """None: there was no task."""


@dataclass(frozen=True)
class BuyersJob:
    """What the last task learned about guesses."""

    ended_at: float = 0.0
    """Time, epoch [s]."""
    sentence: str = ""
    """The result in words."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """Requests, tokens, dropped answers, cost."""
    gain: Any = None
    """Difference of NDCG@10 with its 95 % interval."""
    weight: float = 0.0
    """Weight of the guesses; 0: they are not used."""
    tried: float = 0.0
    """Weight with the highest NDCG@10."""
    n_items: int = 0
    """Known items on which it was learned."""
    yes_share: float | None = None
    """Share of yes among the guesses."""
    yes_hits: float | None = None
    """Share of right ones among the yes."""
    no_hits: float | None = None
    """Share of wrong ones among the no."""
    users: Mapping[str, Any] = field(default_factory=dict)
    """Users of the items of the task, the likeliest first."""


@dataclass(frozen=True)
class BuyersStatus:
    """The last task that imagined buyers."""

    latest: BuyersJob | None = None
    """None: there was no task."""
