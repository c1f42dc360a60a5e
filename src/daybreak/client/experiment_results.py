"""Results of the methods for experiments and for metrics over time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One variant of an experiment."""

    name: str
    weight: float = 1.0
    release: str | None = None
    """Id of the release that serves the variant; None: the active one."""
    ask: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the request that the variant changes."""
    shadow: bool = False
    """Whether the lists of the variant are only logged, and never shown."""


@dataclass(frozen=True)
class Experiment:
    """Plan and state of an experiment; the first variant is the baseline."""

    id: str
    variants: tuple[Variant, ...]
    status: str = "draft"
    """``draft``, ``running`` or ``stopped``."""
    share: float = 1.0
    """Share of users who take part, above 0 to 1."""
    metric: str = "ctr"
    """Metric that decides the experiment."""
    effect: float | None = None
    """Smallest relevant difference of the metric; None: the default of the metric."""
    alpha: float = 0.05
    unit: str = "user"
    scenario: str | None = None
    attribution: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    created_at: float = 0.0
    """Time, epoch [s], like the two below."""
    started_at: float | None = None
    stopped_at: float | None = None


@dataclass(frozen=True)
class ExperimentList:
    """Experiments of a service, the oldest first."""

    experiments: tuple[Experiment, ...]


@dataclass(frozen=True)
class Measurement:
    """Estimate of a metric of one variant; None: no estimate yet."""

    value: float | None = None
    low: float | None = None
    """Lower end of the interval, which is valid at any time."""
    high: float | None = None


@dataclass(frozen=True)
class ShownVariant:
    """Results of a variant that users saw."""

    name: str
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int = 0
    """Number of impressions with an opinion."""
    opinion: float | None = None
    """Mean opinion, from -1 to 1."""
    items: int = 0
    """Number of distinct items that were shown."""
    coverage: float | None = None
    measures: Mapping[str, Measurement] = field(default_factory=dict)
    """Metrics by name: ``ctr``, ``conversion``, ``satisfaction``, ``diversity`` and others."""


@dataclass(frozen=True)
class ShadowVariant:
    """Results of a variant whose lists were logged and not shown."""

    name: str
    answers: int
    items: int = 0
    coverage: float | None = None
    diversity: float | None = None
    cold_exposure: float | None = None
    explored: float | None = None
    agreement: float | None = None
    """Share of its items that the user was shown."""
    clicks_kept: float | None = None
    """Share of the clicked items that are in its lists, too."""


@dataclass(frozen=True)
class Difference:
    """Difference between a variant and the baseline in one metric; None: no estimate yet."""

    variant: str
    measure: str
    word: str
    """``better``, ``worse``, ``no difference that matters``, ``open`` or ``too early``."""
    difference: float | None = None
    low: float | None = None
    """Lower end of the interval that is valid at any time, however often you look."""
    high: float | None = None
    once_low: float | None = None
    """Lower end of the usual interval, which is valid for a single look."""
    once_high: float | None = None
    level: float | None = None
    first: float | None = None
    value: float | None = None
    effect: float | None = None
    people_needed: float | None = None


@dataclass(frozen=True)
class SampleRatio:
    """Check that users were assigned to the variants as planned.

    If they were not, the variants cannot be compared.
    """

    planned: Mapping[str, float]
    people: Mapping[str, int]
    p_value: float
    sound: bool


@dataclass(frozen=True)
class ExperimentResult:
    """Results of an experiment so far."""

    experiment: Experiment
    at: float
    """Time, epoch [s]."""
    shown: tuple[ShownVariant, ...]
    differences: tuple[Difference, ...]
    """Differences; those of the deciding metric come first."""
    split: SampleRatio
    verdict: str
    """Result in words."""
    shadows: tuple[ShadowVariant, ...] = ()
    crossed: int = 0
    """Number of users who saw several variants; each counts for the first one."""
    notes: tuple[str, ...] = ()
    method: str = ""
    """Method of the intervals."""


@dataclass(frozen=True)
class Period:
    """Results of the lists of one period."""

    since: float
    """Start, epoch [s]."""
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
    """Online metrics over time."""

    total: Period
    periods: tuple[Period, ...]
