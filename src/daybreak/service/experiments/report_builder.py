"""Builds the report of an experiment from its recommendations and their events.

Start with :func:`build_report`.
"""

import math
from collections.abc import Collection

import polars as pl

from daybreak.estimates import always_valid_half_width, sample_ratio_evidence
from daybreak.service.experiments.experiment import ExperimentPlan, shadow_suffix
from daybreak.service.experiments.impressions import (
    IMPRESSION_KEY,
    MAX_CHUNK_ANSWERS,
    Participants,
    impression_rows,
)
from daybreak.service.experiments.metrics import (
    RATIO_METRICS,
    DistinctRows,
    ImpressionReader,
    ItemFacts,
    VariantTotals,
    add_metric_columns,
    total_counts,
)
from daybreak.service.experiments.report import (
    SAMPLE_RATIO_ALPHA,
    ExperimentReport,
    MetricValue,
    SampleRatioCheck,
    ShadowResult,
    VariantDifference,
    VariantResult,
    compare_variants,
    describe_caveats,
    describe_verdict,
)
from daybreak.store import RecommendationLog


def build_report(
    plan: ExperimentPlan,
    log: RecommendationLog,
    item_facts: ItemFacts,
    at: float,
    *,
    chunk_size: int = MAX_CHUNK_ANSWERS,
) -> ExperimentReport:
    """Return the results of an experiment so far.

    Each unit counts for the variant that it saw first, whatever it saw later, so that the
    groups that are compared were formed by chance alone.

    Args:
        plan: The experiment.
        log: Log of its recommendations.
        item_facts: Facts of the catalogue.
        at: Time of the report, epoch [s].
        chunk_size: Recommendations that are in memory at a time.
    """
    heads = log.recommendation_summaries(experiment=plan.id)
    reactions = log.reactions(experiment=plan.id)
    reader = ImpressionReader(
        log, reactions, plan.attribution, item_facts, plan.unit, chunk_size
    )
    participants = Participants.from_heads(plan, heads)
    totals = VariantTotals.read(reader, participants)
    shown_ids = frozenset(participants.answer_ids)
    differences = tuple(_compare_with_control(plan, totals))
    split = _check_sample_ratio(plan, participants)
    return ExperimentReport(
        experiment=plan,
        at=at,
        shown=tuple(
            _variant_result(plan, totals, item_facts, variant.name)
            for variant in plan.shown_variants
        ),
        shadows=tuple(
            _evaluate_shadow(reader, variant.name, heads, shown_ids)
            for variant in plan.shadow_variants
        ),
        differences=differences,
        split=split,
        crossed=participants.crossed,
        verdict=describe_verdict(plan, differences, split),
        notes=describe_caveats(plan, participants.crossed, item_facts),
    )


def _variant_result(
    plan: ExperimentPlan, totals: VariantTotals, item_facts: ItemFacts, variant: str
) -> VariantResult:
    sums, n_items = totals.variant_sums(variant), totals.n_items(variant)
    counts = total_counts(sums)
    n_informed = counts["told"]
    return VariantResult(
        name=variant,
        people=sums.height,
        impressions=int(counts["impressions"]),
        clicks=int(counts["clicks"]),
        conversions=int(counts["conversions"]),
        told=int(n_informed),
        opinion=counts["opinion"] / n_informed if n_informed else None,
        items=n_items,
        coverage=item_facts.coverage(n_items),
        measures=_metric_values(plan, sums),
    )


def _metric_values(plan: ExperimentPlan, sums: pl.DataFrame) -> dict[str, MetricValue]:
    values = {}
    for name, metric in RATIO_METRICS.items():
        value, error = metric.estimate(sums)
        half_width = (
            always_valid_half_width(error, plan.alpha, _min_effect(plan, name))
            if error > 0
            else math.inf
        )
        values[name] = MetricValue(value, value - half_width, value + half_width)
    return values


def _compare_with_control(
    plan: ExperimentPlan, totals: VariantTotals
) -> list[VariantDifference]:
    """Compare all other variants with the control; the primary metric comes first."""
    control, *others = plan.shown_variants
    alpha = plan.alpha / max(1, len(others))
    metrics = sorted(RATIO_METRICS.values(), key=lambda metric: metric.name != plan.metric)
    control_sums = totals.variant_sums(control.name)
    differences = []
    for variant in others:
        sums = control_sums, totals.variant_sums(variant.name)
        for metric in metrics:
            effect = _min_effect(plan, metric.name)
            differences.append(compare_variants(variant.name, metric, sums, alpha, effect))
    return differences


def _min_effect(plan: ExperimentPlan, metric: str) -> float:
    return plan.min_effect if metric == plan.metric else RATIO_METRICS[metric].min_effect


def _check_sample_ratio(plan: ExperimentPlan, participants: Participants) -> SampleRatioCheck:
    """Test whether units were assigned to the variants as planned."""
    total = sum(variant.weight for variant in plan.shown_variants)
    planned = {variant.name: variant.weight / total for variant in plan.shown_variants}
    rows = {name: row for row, name in enumerate(planned)}
    assigned = [rows[name] for name in participants.units["group"]]
    p_value = 1 / sample_ratio_evidence(assigned, list(planned.values()))
    n_units = {name: assigned.count(row) for name, row in rows.items()}
    return SampleRatioCheck(planned, n_units, p_value, sound=p_value > SAMPLE_RATIO_ALPHA)


def _evaluate_shadow(
    reader: ImpressionReader, name: str, heads: pl.DataFrame, shown_ids: Collection[str]
) -> ShadowResult:
    """Return the results of a shadow variant, one chunk at a time.

    Args:
        reader: Reads recommendations.
        name: Name of the variant.
        heads: Summaries of all recommendations of the experiment.
        shown_ids: Ids of the recommendations that were shown.
    """
    shadow_heads = heads.filter(pl.col("shadow") & (pl.col("variant") == name))
    items, sums = DistinctRows(), []
    for answers in reader.iter_answers(shadow_heads["id"]):
        impressions = impression_rows(answers, reader.unit)
        items.add(impressions.select("item_id"))
        overlap = _sum_overlap(reader, impressions, shadow_suffix(name), shown_ids)
        sums.append(_sum_shadow(reader, impressions).hstack(overlap))
    total = pl.concat(sums).sum().row(0, named=True)
    n_items = items.rows().height
    return ShadowResult(
        name=name,
        answers=shadow_heads.height,
        items=n_items,
        coverage=reader.item_facts.coverage(n_items),
        diversity=_ratio(total["diversity"], total["lists"]),
        cold_exposure=_ratio(total["cold"], total["places"]) or 0.0,
        explored=_ratio(total["explored"], total["places"]) or 0.0,
        agreement=_ratio(total["kept"], total["places"]),
        clicks_kept=_ratio(total["clicks_kept"], total["clicks"]),
    )


def _sum_shadow(reader: ImpressionReader, impressions: pl.DataFrame) -> pl.DataFrame:
    """Return sums over the impressions of a shadow variant, which have no events."""
    zero = pl.lit(0.0)
    unseen = impressions.with_columns(clicked=zero, converted=zero, opinion=zero, told=zero)
    measured = add_metric_columns(unseen, reader.item_facts, reader.attribution)
    return measured.select(
        places=pl.len().cast(pl.Float64),
        diversity=pl.col("diversity").sum(),
        lists=pl.col("diversity").count().cast(pl.Float64),
        cold=pl.col("cold").sum(),
        explored=pl.col("explored").sum(),
    )


def _sum_overlap(
    reader: ImpressionReader,
    impressions: pl.DataFrame,
    suffix: str,
    shown_ids: Collection[str],
) -> pl.DataFrame:
    """Return sums over the lists that were shown for the same requests."""
    of_shown = impressions.with_columns(pl.col("recommendation_id").str.strip_suffix(suffix))
    ids = of_shown["recommendation_id"].unique(maintain_order=True)
    answers = reader.log.recommendations(ids=[id_ for id_ in ids if id_ in shown_ids])
    joined = reader.attribute(answers).join(
        of_shown.select(IMPRESSION_KEY).with_columns(kept=1.0), on=IMPRESSION_KEY, how="left"
    )
    clicked = pl.col("clicked") > 0
    return joined.select(
        kept=pl.col("kept").sum(),
        clicks=clicked.sum().cast(pl.Float64),
        clicks_kept=pl.col("kept").filter(clicked).sum(),
    )


def _ratio(count: float, total: float) -> float | None:
    return count / total if total else None
