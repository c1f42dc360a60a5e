"""Results of the methods for operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KeyInfo:
    """An API key."""

    id: str
    role: str
    """``read``, ``write`` or ``admin``."""
    name: str
    created_at: float
    """Time, epoch [s]."""
    key: str | None = None
    """Text of a new key, which cannot be read again."""


@dataclass(frozen=True)
class KeyList:
    """API keys that are not revoked, the oldest first."""

    keys: tuple[KeyInfo, ...]
    needed: bool = False
    """Whether the server asks for keys."""


@dataclass(frozen=True)
class PolicyInfo:
    """Rules of all lists, when to retrain, and how long events are kept."""

    where: str = ""
    boosts: tuple[Mapping[str, Any], ...] = ()
    retrain: str | None = None
    """``auto``, ``off`` or conditions; None: as the server was started."""
    retention_days: float | None = None
    """0: forever; None: as the server was started [days]."""
    started_with_retrain: bool = False
    started_with_retention_days: float | None = None


@dataclass(frozen=True)
class RuleEffect:
    """Items that one rule of a policy applies to."""

    kind: str
    """``where``: it hides them; ``boost``: it moves them."""
    filter: str
    factor: float | None
    """Factor of a boost; None: the rule hides."""
    n_items: int
    item_ids: tuple[str, ...]
    """The first of them."""


@dataclass(frozen=True)
class PolicyPreview:
    """What rules would do to the catalogue."""

    rules: tuple[RuleEffect, ...]


@dataclass(frozen=True)
class StoredDataReport:
    """What the stored data are like, and what they allow."""

    findings: tuple[Mapping[str, str], ...]
    """``level``, ``code`` and ``message`` of each."""
    strategies: tuple[Mapping[str, Any], ...]
    event_types: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class TrainingPlanInfo:
    """What a training would learn, and how much time and memory it would take."""

    n_users: int
    """Users with positive events."""
    n_items: int
    n_sold: int
    """Items with positive events."""
    n_events: int
    """Pairs of user and item with a positive event."""
    form: str
    """Form of item-item matrices: ``dense``, ``users`` or ``nearest``."""
    strategies: tuple[Mapping[str, Any], ...]
    """``name``, ``model``, ``held_bytes`` and ``left_out`` of each."""
    peak_bytes: tuple[int, ...]
    """Largest memory of the process [bytes]: expected, low, high."""
    seconds: tuple[float, ...]
    """Time on one core of the server [s]: expected, low, high."""
    parts: tuple[Mapping[str, Any], ...] = ()
    """``name``, ``seconds`` and ``peak_bytes`` of each part."""
    memory_bytes: int | None = None
    """Bound of the settings [bytes]; None: none."""
    notes: tuple[str, ...] = ()
    """What the bound changes."""


@dataclass(frozen=True)
class WarmUpStatus:
    """How an item warms up."""

    item_id: str
    temperature: str
    users: int
    """Users who have chosen it."""
    impressions: int
    """Times that it was shown while it was new."""
    promised: int
    """Impressions that exploration gives a new item."""
    since: float | None
    """Time since which the item is new, epoch [s]; None: it is not known as new."""
    days: float
    """Age up to which an item is new [days]."""
    is_new: bool
    """Whether exploration still gives it impressions."""


@dataclass(frozen=True)
class CatalogueMap:
    """Places of items in two dimensions, as parallel columns."""

    release: str
    version: int
    """Changes when all items get new places."""
    total: int
    """Number of items of the map, for ``after``."""
    ids: tuple[str, ...]
    x: tuple[float, ...]
    """From -1 to 1; similar items are close to each other."""
    y: tuple[float, ...]
    users: tuple[int, ...]
    """Users who have chosen each item."""
    temperature: tuple[int, ...]
    """0: cold, 1: warm, 2: hot."""
    category: tuple[int, ...]
    """Row of ``categories``; -1: none."""
    categories: tuple[str, ...]
