"""How a variant differs from the first one, and how sure that is.

What an experiment has found so far.

What an experiment has found, in plain words.
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
"""In each variant, below which nothing is judged: errors are not reliable yet."""
MIN_NONZERO_PEOPLE = 20
"""People in both together of whom the measure says anything, below which it is not judged."""

DifferenceOutcome = Literal[
    "better", "worse", "no difference that matters", "open", "too early"
]


@dataclass(frozen=True)
class VariantDifference:
    """A variant less the first one, of one measure."""

    variant: str
    measure: str
    first: float
    """Value of the first variant."""
    value: float
    """Value of this one."""
    difference: float
    low: float
    """End of the interval that holds at any time, whoever looks how often."""
    high: float
    once_low: float
    """End of the usual interval, for one look at a time fixed before the start."""
    once_high: float
    level: float
    """Of both intervals."""
    effect: float
    """Smallest difference that matters."""
    word: DifferenceOutcome
    people_needed: float | None
    """In both together, until a difference of ``effect`` would show; None: not known."""


def compare_variants(
    name: str,
    metric: RatioMetric,
    unit_sums: tuple[pl.DataFrame, pl.DataFrame],
    alpha: float,
    min_effect: float,
) -> VariantDifference:
    """Compare the people of the first variant with those of another.

    Both intervals rest on the same error: that of the two ratios, people being independent of
    each other and what one person does being not.

    Args:
        name: Of the other variant.
        measure: What is compared.
        pair: Sums of the people of the first and of the other variant.
        alpha: Chance to be wrong, after correction for the number of comparisons.
        effect: The smallest difference that matters.
    """
    first, other = (metric.estimate(sums) for sums in unit_sums)
    gap, error = other.value - first.value, math.hypot(first.error, other.error)
    known = 0 < error < math.inf  # an error of 0 comes from people who are all alike so far
    reach = always_valid_half_width(error, alpha, min_effect) if known else math.inf
    once = fixed_time_half_width(error, alpha) if known else math.inf
    people = sum(sums.height for sums in unit_sums)
    witnesses = sum(int((sums[metric.numerator] != 0).sum()) for sums in unit_sums)
    early = min(map(len, unit_sums)) < MIN_PEOPLE or witnesses < MIN_NONZERO_PEOPLE
    return VariantDifference(
        variant=name,
        measure=metric.name,
        first=first.value,
        value=other.value,
        difference=gap,
        low=gap - reach,
        high=gap + reach,
        once_low=gap - once,
        once_high=gap + once,
        level=1 - alpha,
        effect=min_effect,
        word="too early" if early else _decide_outcome(gap, reach, min_effect),
        people_needed=required_sample_size(people, error, alpha, min_effect) if known else None,
    )


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


INTERVAL_METHOD = (
    "Intervals 'at any time' hold for whoever looks, how often and whenever they like: "
    "asymptotic confidence sequences, Waudby-Smith et al. 2021, Theorem 2.2, with errors "
    "clustered by person. Intervals 'once' are the usual ones, good for a single look at a "
    "time fixed before the start."
)
SAMPLE_RATIO_ALPHA = 0.001
"""Chance that a sound split is ever called broken."""


@dataclass(frozen=True)
class MetricValue:
    """A measure of one variant, with the interval that holds at any time."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class VariantResult:
    """What came of a variant that people saw."""

    name: str
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int
    """Impressions of which people said something: like, dislike, hide, rating, dwell."""
    opinion: float | None
    """Mean of what was said, from -1 to 1; None: nothing was."""
    items: int
    """Different items that were shown."""
    coverage: float | None
    """The same as a share of the catalogue; None: not known how large it is."""
    measures: dict[str, MetricValue]


@dataclass(frozen=True)
class ShadowResult:
    """What a variant would have shown."""

    name: str
    answers: int
    items: int
    coverage: float | None
    diversity: float | None
    cold_exposure: float
    explored: float
    agreement: float | None
    """Share of its places whose item the person was really shown."""
    clicks_kept: float | None
    """Share of the clicked items that it would have shown too; None: no clicks. What people
    would have clicked among its other items, nobody knows."""


@dataclass(frozen=True)
class SampleRatioCheck:
    """Whether people came to the variants as planned."""

    planned: dict[str, float]
    people: dict[str, int]
    p_value: float
    """Of a test that may be looked at all the time; Lindon and Malek 2022."""
    sound: bool


@dataclass(frozen=True)
class ExperimentReport:
    """All that is known of an experiment at one time."""

    experiment: ExperimentPlan
    at: float
    """Epoch [s]."""
    shown: tuple[VariantResult, ...]
    shadows: tuple[ShadowResult, ...]
    differences: tuple[VariantDifference, ...]
    split: SampleRatioCheck
    crossed: int
    """People who saw more than one variant; they count for the one they saw first."""
    verdict: str
    """In plain words."""
    notes: tuple[str, ...] = ()
    method: str = INTERVAL_METHOD

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON; numbers that are not known are None."""
        rows: dict[str, Any] = _json_values(asdict(self))
        return rows | {"experiment": self.experiment.to_dict()}


def _json_values(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _json_values(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json_values(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def describe_verdict(
    plan: ExperimentPlan, differences: Sequence[VariantDifference], split: SampleRatioCheck
) -> str:
    """Return one sentence for each variant; or why nothing can be said.

    Only the measure that was chosen before the start decides.
    """
    if not any(split.people.values()):
        return "Nobody has been shown anything yet."
    if not split.sound:
        came = ", ".join(f"{name} {n:,}" for name, n in split.people.items())
        share = ", ".join(f"{name} {part:.1%}" for name, part in split.planned.items())
        return (
            f"The split is broken: {came} people, planned {share} (p {split.p_value:.1g}, "
            f"below {SAMPLE_RATIO_ALPHA}). Do not read the differences; find who is lost on the way."
        )
    deciding = [line for line in differences if line.measure == plan.metric]
    if not deciding:
        return "Only shadows are compared; nobody saw them, so nothing is better or worse."
    return " ".join(
        _describe_difference(line, plan.shown_variants[0].name) for line in deciding
    )


def describe_caveats(
    plan: ExperimentPlan, crossed: int, item_facts: ItemFacts
) -> tuple[str, ...]:
    """Return what a careful reader should know."""
    said = []
    if crossed:
        said.append(
            f"people who saw more than one variant, as when a session is merged into a user, "
            f"count for the one they saw first: {crossed:,}"
        )
    if len(plan.shown_variants) > 2:
        said.append(
            f"{len(plan.shown_variants) - 1} variants are compared with the first, so each interval has "
            f"level {1 - plan.alpha / (len(plan.shown_variants) - 1):.2%} (Bonferroni)"
        )
    if plan.shadow_variants:
        said.append(
            "what people would have done with the lists of a shadow is not known; only how "
            "much they agree with what was shown"
        )
    if item_facts.content is None:
        said.append("no diversity: the content of the items is not known here")
    return tuple(said)


def _describe_difference(line: VariantDifference, first: str) -> str:
    label = RATIO_METRICS[line.measure].label
    numbers = (
        f"{label} {_percent(line.value)} against {_percent(line.first)}, a difference of "
        f"{_percentage_points(line.difference)} [{_percentage_points(line.low)}, {_percentage_points(line.high)}] "
        f"that holds at any time with {line.level:.4g}"
    )
    if line.word == "too early":
        return (
            f"Too early to judge {line.variant!r}: it takes {MIN_PEOPLE} people in each variant, "
            f"and {MIN_NONZERO_PEOPLE} in both with a {label} other than 0."
        )
    if line.word in {"better", "worse"}:
        return f"{line.variant!r} is {line.word} than {first!r}: {numbers}."
    if line.word == "open":
        return f"Not decided between {line.variant!r} and {first!r}: {numbers}{_describe_people_needed(line)}."
    return f"{line.variant!r} is as good as {first!r}, within {line.effect:g}: {numbers}."


def _describe_people_needed(line: VariantDifference) -> str:
    if line.people_needed is None:
        return ""
    return (
        f"; a difference of {_percentage_points(line.effect)} would show after about "
        f"{line.people_needed:,.0f} people in both"
    )


def _percent(value: float) -> str:
    return f"{value:.2%}"


def _percentage_points(value: float) -> str:
    return f"{100 * value:+.2f}"
