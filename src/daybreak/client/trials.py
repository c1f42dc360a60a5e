"""Experiments and what they found, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variant:
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
class Experiment:
    """Variants that are compared; the first is the one the others are held against."""

    id: str
    variants: tuple[Variant, ...]
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
class Experiments:
    """All of a service, the oldest first."""

    experiments: tuple[Experiment, ...]


@dataclass(frozen=True)
class Measured:
    """A measure of one variant; the interval holds at any time. None: not known yet."""

    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ShownVariant:
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
    measures: Mapping[str, Measured] = field(default_factory=dict)
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
class Difference:
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
class Split:
    """Whether people came to the variants as planned; if not, nothing can be compared."""

    planned: Mapping[str, float]
    people: Mapping[str, int]
    p_value: float
    sound: bool


@dataclass(frozen=True)
class Report:
    """What an experiment has found until now."""

    experiment: Experiment
    at: float
    """Epoch [s]."""
    shown: tuple[ShownVariant, ...]
    differences: tuple[Difference, ...]
    """The measure that decides comes first."""
    split: Split
    verdict: str
    """In plain words."""
    shadows: tuple[ShadowVariant, ...] = ()
    crossed: int = 0
    """People who saw more than one variant; they count for the one they saw first."""
    notes: tuple[str, ...] = ()
    method: str = ""
    """How sure the intervals are."""


@dataclass(frozen=True)
class Period:
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
class Online:
    """How the service did over time."""

    total: Period
    periods: tuple[Period, ...]
