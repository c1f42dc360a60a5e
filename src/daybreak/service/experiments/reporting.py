"""Makes the report of an experiment from its answers and what came of them."""

import math
from dataclasses import dataclass
from typing import Any

import polars as pl

from daybreak.evaluation.sequential import any_time, split_evidence
from daybreak.service.experiments.attributing import attributed, places
from daybreak.service.experiments.comparing import Difference, difference
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import MEASURES, counts, enriched, sums_of
from daybreak.service.experiments.report import (
    SPLIT_ALPHA,
    ExperimentReport,
    Shadow,
    Shown,
    Split,
    Value,
)
from daybreak.service.experiments.verdict import notes_of, verdict_of
from daybreak.store.journal import Answer, Journal


def report_of(
    plan: Experiment, journal: Journal, known: Knowledge, at: float
) -> ExperimentReport:
    """Return what an experiment has found until now.

    People count for the variant that they saw first, whatever they saw later, so that who is
    compared with whom was decided by chance alone.

    Args:
        plan: The experiment.
        journal: Where its answers are.
        known: What is known of the items.
        at: What time it is, epoch [s].
    """
    answers = journal.answers(experiment=plan.id)
    seen = _Seen.of(plan, answers, journal.reactions(experiment=plan.id), known)
    shown = tuple(seen.shown(plan, known, variant.name) for variant in plan.shown)
    found = tuple(seen.differences(plan))
    split = seen.split(plan)
    hidden = [answer for answer in answers if answer.shadow]
    return ExperimentReport(
        experiment=plan,
        at=at,
        shown=shown,
        shadows=tuple(_shadow(v.name, hidden, seen.places, known, plan) for v in plan.shadows),
        differences=found,
        split=split,
        crossed=seen.crossed,
        verdict=verdict_of(plan, found, split),
        notes=notes_of(plan, seen.crossed, known),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What people saw, and who of them counts where."""

    places: pl.DataFrame
    """Attributed and enriched; ``group`` is the variant their person counts for."""
    order: pl.DataFrame
    """Each person once, ``unit`` and ``group``, in the order in which they came."""
    crossed: int

    @classmethod
    def of(
        cls, plan: Experiment, answers: list[Answer], reactions: pl.DataFrame, known: Knowledge
    ) -> "_Seen":
        """Bring answers and reactions together."""
        names = [variant.name for variant in plan.shown]
        mine = [answer for answer in answers if not answer.shadow and answer.variant in names]
        served = places(mine, plan.unit).filter(pl.col("unit").is_not_null())
        first = served.sort("at", maintain_order=True).group_by("unit", maintain_order=True)
        people = first.agg(group=pl.col("variant").first(), n=pl.col("variant").n_unique())
        full = enriched(
            attributed(served, reactions, plan.attribution), known, plan.attribution
        )
        joined = full.join(people.drop("n"), on="unit", how="left", maintain_order="left")
        return cls(joined, people.drop("n"), int((people["n"] > 1).sum()))

    def sums(self, variant: str) -> pl.DataFrame:
        """Return the sums of each person of a variant."""
        return sums_of(self.places.filter(pl.col("group") == variant), "unit")

    def shown(self, plan: Experiment, known: Knowledge, variant: str) -> Shown:
        """Return what came of a variant."""
        sums = self.sums(variant)
        total = counts(sums)
        items = self.places.filter(pl.col("variant") == variant)["item_id"].n_unique()
        told = total["told"]
        return Shown(
            name=variant,
            people=sums.height,
            impressions=int(total["impressions"]),
            clicks=int(total["clicks"]),
            conversions=int(total["conversions"]),
            told=int(told),
            opinion=total["opinion"] / told if told else None,
            items=items,
            coverage=_coverage(items, known),
            measures=_values(plan, sums),
        )

    def differences(self, plan: Experiment) -> list[Difference]:
        """Compare all others with the first; the measure that decides comes first."""
        first, *others = plan.shown
        alpha = plan.alpha / max(1, len(others))
        order = sorted(MEASURES.values(), key=lambda measure: measure.name != plan.metric)
        mine = self.sums(first.name)
        return [
            difference(v.name, measure, (mine, theirs), alpha, _effect(plan, measure.name))
            for v, theirs in ((v, self.sums(v.name)) for v in others)
            for measure in order
        ]

    def split(self, plan: Experiment) -> Split:
        """Test whether people came to the variants as planned."""
        whole = sum(variant.weight for variant in plan.shown)
        planned = {variant.name: variant.weight / whole for variant in plan.shown}
        rows = {name: row for row, name in enumerate(planned)}
        came = [rows[name] for name in self.order["group"]]
        p_value = 1 / split_evidence(came, list(planned.values()))
        people = {name: came.count(row) for name, row in rows.items()}
        return Split(planned, people, p_value, sound=p_value > SPLIT_ALPHA)


def _values(plan: Experiment, sums: pl.DataFrame) -> dict[str, Value]:
    found = {}
    for name, measure in MEASURES.items():
        value, error = measure.of(sums)
        reach = any_time(error, plan.alpha, _effect(plan, name)) if error > 0 else math.inf
        found[name] = Value(value, value - reach, value + reach)
    return found


def _effect(plan: Experiment, measure: str) -> float:
    return plan.matters if measure == plan.metric else MEASURES[measure].effect


def _coverage(items: int, known: Knowledge) -> float | None:
    return items / known.n_items if known.n_items else None


def _shadow(
    name: str, hidden: list[Answer], seen: pl.DataFrame, known: Knowledge, plan: Experiment
) -> Shadow:
    """Return what a shadow variant would have shown beside what was shown."""
    mine = [answer for answer in hidden if answer.variant == name]
    would = places(mine, plan.unit)
    none = pl.lit(0.0)
    full = enriched(
        would.with_columns(clicked=none, converted=none, opinion=none, told=none),
        known,
        plan.attribution,
    )
    key = ["recommendation_id", "item_id"]
    real = would.with_columns(pl.col("recommendation_id").str.strip_suffix(f"~{name}"))
    both = seen.join(real.select(key).with_columns(kept=1), on=key, how="left")
    beside = both.filter(pl.col("recommendation_id").is_in(real["recommendation_id"].implode()))
    clicked = beside.filter(pl.col("clicked") > 0)
    return Shadow(
        name=name,
        answers=len(mine),
        items=would["item_id"].n_unique(),
        coverage=_coverage(would["item_id"].n_unique(), known),
        diversity=_mean(full["diversity"]),
        cold_exposure=_mean(full["cold"]) or 0.0,
        explored=_mean(full["explored"]) or 0.0,
        agreement=int(beside["kept"].count()) / real.height if real.height else None,
        clicks_kept=_mean(clicked["kept"].fill_null(0)),
    )


def _mean(values: pl.Series) -> float | None:
    mean: Any = values.mean()
    return None if mean is None else float(mean)
