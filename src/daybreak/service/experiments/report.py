"""The report of an experiment: results of the variants, their differences, and a verdict.

:func:`compare_variants` compares two variants; :func:`describe_verdict` states the result in
words. :mod:`.report_builder` fills the report.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import polars as pl

from daybreak.estimates import (
    always_valid_half_width,
    fixed_time_half_width,
    required_sample_size,
)
from daybreak.service.experiments.experiment import ExperimentPlan
from daybreak.service.experiments.metrics import RATIO_METRICS, ItemFacts, RatioMetric

MIN_PEOPLE = 100
"""Units of each variant that a judgement needs; errors are unreliable below."""
MIN_NONZERO_PEOPLE = 20
"""Units of both variants with a metric other than 0 that a judgement needs."""
SAMPLE_RATIO_ALPHA = 0.001
"""Probability that a correct assignment is ever reported as broken."""
INTERVAL_METHOD = (
    "Intervals 'at any time' are valid no matter when and how often you look: asymptotic "
    "confidence sequences, Waudby-Smith et al. 2021, Theorem 2.2, with errors clustered by "
    "person. Intervals 'once' are the usual confidence intervals, valid for a single look at a "
    "time fixed before the start."
)

DifferenceOutcome = Literal[
    "better", "worse", "no difference that matters", "open", "too early"
]


@dataclass(frozen=True)
class MetricValue:
    """A metric of one variant, with an interval that is valid at any time."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class VariantResult:
    """Results of a variant that was shown."""

    name: str
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int
    """Impressions with a sentiment: like, dislike, hide, rating, dwell."""
    opinion: float | None
    """Mean sentiment, from -1 to 1; None without any."""
    items: int
    """Number of different items that were shown."""
    coverage: float | None
    """``items`` as a share of the catalogue; None if its size is unknown."""
    measures: dict[str, MetricValue]


@dataclass(frozen=True)
class ShadowResult:
    """Results of a shadow variant, which was logged but not shown."""

    name: str
    answers: int
    items: int
    coverage: float | None
    diversity: float | None
    cold_exposure: float
    explored: float
    agreement: float | None
    """Share of its items that the shown list of the same request also contains."""
    clicks_kept: float | None
    """Share of the clicked items that its lists also contain; None without clicks. Clicks on
    its other items are unknown."""


@dataclass(frozen=True)
class VariantDifference:
    """Difference between a variant and the control in one metric."""

    variant: str
    measure: str
    first: float
    """Value of the control."""
    value: float
    """Value of the variant."""
    difference: float
    low: float
    """Lower end of the interval that is valid at any time."""
    high: float
    once_low: float
    """Lower end of the usual interval, valid for one look at a time fixed before the start."""
    once_high: float
    level: float
    """Confidence level of both intervals."""
    effect: float
    """Smallest difference that matters."""
    word: DifferenceOutcome
    people_needed: float | None
    """Units of both variants until a difference of ``effect`` shows; None: unknown."""


@dataclass(frozen=True)
class SampleRatioCheck:
    """Whether units were assigned to the variants as planned."""

    planned: dict[str, float]
    people: dict[str, int]
    p_value: float
    """P-value that is valid at any time; Lindon and Malek 2022."""
    sound: bool


@dataclass(frozen=True)
class ExperimentReport:
    """Results of an experiment up to one time."""

    experiment: ExperimentPlan
    at: float
    """Epoch [s]."""
    shown: tuple[VariantResult, ...]
    shadows: tuple[ShadowResult, ...]
    differences: tuple[VariantDifference, ...]
    split: SampleRatioCheck
    crossed: int
    """Units that saw more than one variant; they count for the first one."""
    verdict: str
    """The result in words."""
    notes: tuple[str, ...] = ()
    method: str = INTERVAL_METHOD

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; unknown numbers are None."""
        values: dict[str, Any] = _json_values(asdict(self))
        return values | {"experiment": self.experiment.to_dict()}


def compare_variants(
    name: str,
    metric: RatioMetric,
    unit_sums: tuple[pl.DataFrame, pl.DataFrame],
    alpha: float,
    min_effect: float,
) -> VariantDifference:
    """Compare a variant with the control in one metric.

    Both intervals use the same standard error: that of the difference of two ratios whose
    units, but not whose impressions, are independent.

    Args:
        name: Name of the variant.
        metric: Metric to compare.
        unit_sums: Sums by unit of the control and of the variant.
        alpha: Probability of an error, corrected for the number of comparisons.
        min_effect: Smallest difference that matters.
    """
    control, variant = (metric.estimate(sums) for sums in unit_sums)
    difference = variant.value - control.value
    error = math.hypot(control.error, variant.error)
    is_known = 0 < error < math.inf  # the error is 0 while all units are alike
    half_width = always_valid_half_width(error, alpha, min_effect) if is_known else math.inf
    fixed_time = fixed_time_half_width(error, alpha) if is_known else math.inf
    units = sum(sums.height for sums in unit_sums)
    nonzero = sum(int((sums[metric.numerator] != 0).sum()) for sums in unit_sums)
    is_early = min(map(len, unit_sums)) < MIN_PEOPLE or nonzero < MIN_NONZERO_PEOPLE
    return VariantDifference(
        variant=name,
        measure=metric.name,
        first=control.value,
        value=variant.value,
        difference=difference,
        low=difference - half_width,
        high=difference + half_width,
        once_low=difference - fixed_time,
        once_high=difference + fixed_time,
        level=1 - alpha,
        effect=min_effect,
        word="too early" if is_early else _decide_outcome(difference, half_width, min_effect),
        people_needed=required_sample_size(units, error, alpha, min_effect)
        if is_known
        else None,
    )


def describe_verdict(
    plan: ExperimentPlan, differences: Sequence[VariantDifference], split: SampleRatioCheck
) -> str:
    """Return one sentence for each variant, or why there is no result.

    Only the primary metric counts, which was chosen before the start.
    """
    if not any(split.people.values()):
        return "No recommendations have been shown yet."
    if not split.sound:
        counts = ", ".join(f"{name} {n:,}" for name, n in split.people.items())
        planned = ", ".join(f"{name} {share:.1%}" for name, share in split.planned.items())
        return (
            f"The assignment is broken: {counts} people, planned {planned} "
            f"(p {split.p_value:.1g}, below {SAMPLE_RATIO_ALPHA}). Ignore the differences and "
            "find out which people are missing."
        )
    primary = [difference for difference in differences if difference.measure == plan.metric]
    if not primary:
        return (
            "All other variants are shadows; they were not shown, so none is better or worse."
        )
    control = plan.shown_variants[0].name
    return " ".join(_describe_difference(difference, control) for difference in primary)


def describe_caveats(
    plan: ExperimentPlan, crossed: int, item_facts: ItemFacts
) -> tuple[str, ...]:
    """Return notes on the limits of a report."""
    caveats = []
    if crossed:
        caveats.append(
            f"{crossed:,} people saw more than one variant, for example because a session was "
            "merged into a user; they count for the variant they saw first"
        )
    n_compared = len(plan.shown_variants) - 1
    if n_compared > 1:
        caveats.append(
            f"{n_compared} variants are compared with the first, so each interval has level "
            f"{1 - plan.alpha / n_compared:.2%} (Bonferroni)"
        )
    if plan.shadow_variants:
        caveats.append(
            "how people would react to the lists of a shadow is unknown; the report says only "
            "how much they agree with the shown lists"
        )
    if item_facts.content is None:
        caveats.append("no diversity: the content of the items is unknown")
    return tuple(caveats)


def _decide_outcome(
    difference: float, half_width: float, min_effect: float
) -> DifferenceOutcome:
    if difference - half_width > 0:
        return "better"
    if difference + half_width < 0:
        return "worse"
    if -min_effect < difference - half_width and difference + half_width < min_effect:
        return "no difference that matters"
    return "open"


def _describe_difference(result: VariantDifference, control: str) -> str:
    label = RATIO_METRICS[result.measure].label
    low, high = _percentage_points(result.low), _percentage_points(result.high)
    numbers = (
        f"{label} {result.value:.2%} against {result.first:.2%}, difference "
        f"{_percentage_points(result.difference)} percentage points [{low}, {high}], valid at "
        f"any time at level {result.level:.4g}"
    )
    if result.word == "too early":
        return (
            f"Too early to judge {result.variant!r}: at least {MIN_PEOPLE} people in each "
            f"variant and {MIN_NONZERO_PEOPLE} in both with a {label} other than 0 are needed."
        )
    if result.word in {"better", "worse"}:
        return f"{result.variant!r} is {result.word} than {control!r}: {numbers}."
    if result.word == "open":
        needed = _describe_people_needed(result)
        return f"Not decided between {result.variant!r} and {control!r}: {numbers}{needed}."
    return f"{result.variant!r} is as good as {control!r}, within {result.effect:g}: {numbers}."


def _describe_people_needed(result: VariantDifference) -> str:
    if result.people_needed is None:
        return ""
    return (
        f"; a difference of {_percentage_points(result.effect)} would show after about "
        f"{result.people_needed:,.0f} people in both variants"
    )


def _percentage_points(value: float) -> str:
    return f"{100 * value:+.2f}"


def _json_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_values(element) for name, element in value.items()}
    if isinstance(value, list | tuple):
        return [_json_values(element) for element in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
