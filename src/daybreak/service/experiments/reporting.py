"""Makes the report of an experiment from its answers and what came of them."""

import math

import polars as pl

from daybreak.evaluation.sequential import any_time, split_evidence
from daybreak.service.experiments.comparing import Difference, difference
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import MEASURES, counts
from daybreak.service.experiments.people import People
from daybreak.service.experiments.report import (
    SPLIT_ALPHA,
    ExperimentReport,
    Shown,
    Split,
    Value,
)
from daybreak.service.experiments.served import Served
from daybreak.service.experiments.shadowing import Shadowing
from daybreak.service.experiments.verdict import notes_of, verdict_of
from daybreak.store.journal import Journal


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
    heads = journal.answer_heads(experiment=plan.id)
    reactions = journal.reactions(experiment=plan.id)
    people = People.of(plan, heads)
    served = Served.of(plan, journal, people, reactions, known)
    shadowing = Shadowing(plan, journal, people, reactions, known)
    found = tuple(_differences(plan, served))
    split = _split(plan, people)
    return ExperimentReport(
        experiment=plan,
        at=at,
        shown=tuple(_shown(plan, served, known, variant.name) for variant in plan.shown),
        shadows=tuple(shadowing.of(variant.name, heads) for variant in plan.shadows),
        differences=found,
        split=split,
        crossed=people.crossed,
        verdict=verdict_of(plan, found, split),
        notes=notes_of(plan, people.crossed, known),
    )


def _shown(plan: Experiment, served: Served, known: Knowledge, variant: str) -> Shown:
    """Return what came of a variant."""
    sums, items = served.of_group(variant), served.n_items(variant)
    total = counts(sums)
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
        coverage=items / known.n_items if known.n_items else None,
        measures=_values(plan, sums),
    )


def _differences(plan: Experiment, served: Served) -> list[Difference]:
    """Compare all others with the first; the measure that decides comes first."""
    first, *others = plan.shown
    alpha = plan.alpha / max(1, len(others))
    order = sorted(MEASURES.values(), key=lambda measure: measure.name != plan.metric)
    mine = served.of_group(first.name)
    return [
        difference(v.name, measure, (mine, theirs), alpha, _effect(plan, measure.name))
        for v, theirs in ((v, served.of_group(v.name)) for v in others)
        for measure in order
    ]


def _split(plan: Experiment, people: People) -> Split:
    """Test whether people came to the variants as planned."""
    whole = sum(variant.weight for variant in plan.shown)
    planned = {variant.name: variant.weight / whole for variant in plan.shown}
    rows = {name: row for row, name in enumerate(planned)}
    came = [rows[name] for name in people.order["group"]]
    p_value = 1 / split_evidence(came, list(planned.values()))
    n_people = {name: came.count(row) for name, row in rows.items()}
    return Split(planned, n_people, p_value, sound=p_value > SPLIT_ALPHA)


def _values(plan: Experiment, sums: pl.DataFrame) -> dict[str, Value]:
    found = {}
    for name, measure in MEASURES.items():
        value, error = measure.of(sums)
        reach = any_time(error, plan.alpha, _effect(plan, name)) if error > 0 else math.inf
        found[name] = Value(value, value - reach, value + reach)
    return found


def _effect(plan: Experiment, measure: str) -> float:
    return plan.matters if measure == plan.metric else MEASURES[measure].effect
