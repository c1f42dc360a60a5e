"""What variants that nobody saw would have shown, beside what was shown.

Makes the report of an experiment from its answers and what came of them.
"""

import math

import polars as pl

from daybreak.estimates import always_valid_half_width, sample_ratio_evidence
from daybreak.service.experiments.experiment import ExperimentPlan, shadow_suffix
from daybreak.service.experiments.impressions import (
    IMPRESSION_KEY,
    DistinctRows,
    Participants,
    attribute_events,
    impression_rows,
    iter_answer_chunks,
)
from daybreak.service.experiments.metrics import (
    RATIO_METRICS,
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
from daybreak.store import LoggedRecommendation, RecommendationLog


class ShadowEvaluation:
    """Compares shadows with what people saw, piece by piece.

    Args:
        plan: The experiment.
        log: Where its answers are.
        people: Who saw which of them.
        reactions: What came of these.
        known: What is known of the items.
    """

    def __init__(
        self,
        plan: ExperimentPlan,
        log: RecommendationLog,
        participants: Participants,
        reactions: pl.DataFrame,
        item_facts: ItemFacts,
    ) -> None:
        self._plan = plan
        self._log = log
        self._shown_ids = frozenset(participants.answer_ids)
        self._reactions = reactions
        self._item_facts = item_facts

    def evaluate(self, name: str, heads: pl.DataFrame) -> ShadowResult:
        """Return what a variant would have shown.

        Args:
            name: Of the variant.
            heads: Of all answers of the experiment; see :meth:`.RecommendationLog.recommendation_summaries`.
        """
        mine = heads.filter(pl.col("shadow") & (pl.col("variant") == name))
        items, parts = DistinctRows(), []
        for part in iter_answer_chunks(self._log, mine["id"]):
            would = impression_rows(part, self._plan.unit)
            items.add(would.select("item_id"))
            parts.append(
                self._sum_own_impressions(would).hstack(self._sum_overlap(would, name))
            )
        total = pl.concat(parts).sum().row(0, named=True)
        n_items = items.rows().height
        return ShadowResult(
            name=name,
            answers=mine.height,
            items=n_items,
            coverage=n_items / self._item_facts.n_items if self._item_facts.n_items else None,
            diversity=_ratio(total["diversity"], total["lists"]),
            cold_exposure=_ratio(total["cold"], total["places"]) or 0.0,
            explored=_ratio(total["explored"], total["places"]) or 0.0,
            agreement=_ratio(total["kept"], total["places"]),
            clicks_kept=_ratio(total["clicks_kept"], total["clicks"]),
        )

    def _sum_own_impressions(self, impressions: pl.DataFrame) -> pl.DataFrame:
        """Return sums over what would have been shown."""
        none = pl.lit(0.0)
        nothing = impressions.with_columns(
            clicked=none, converted=none, opinion=none, told=none
        )
        full = add_metric_columns(nothing, self._item_facts, self._plan.attribution)
        return full.select(
            places=pl.len().cast(pl.Float64),
            diversity=pl.col("diversity").sum(),
            lists=pl.col("diversity").count().cast(pl.Float64),
            cold=pl.col("cold").sum(),
            explored=pl.col("explored").sum(),
        )

    def _sum_overlap(self, impressions: pl.DataFrame, name: str) -> pl.DataFrame:
        """Return sums over what was shown instead."""
        suffix = shadow_suffix(name)
        real = impressions.with_columns(pl.col("recommendation_id").str.strip_suffix(suffix))
        shown = impression_rows(self._shown_answers(real["recommendation_id"]), self._plan.unit)
        served = attribute_events(shown, self._reactions, self._plan.attribution)
        both = served.join(
            real.select(IMPRESSION_KEY).with_columns(kept=1.0), on=IMPRESSION_KEY, how="left"
        )
        clicked = pl.col("clicked") > 0
        return both.select(
            kept=pl.col("kept").sum(),
            clicks=clicked.sum().cast(pl.Float64),
            clicks_kept=pl.col("kept").filter(clicked).sum(),
        )

    def _shown_answers(self, ids: pl.Series) -> list[LoggedRecommendation]:
        shown = [id_ for id_ in ids.unique(maintain_order=True) if id_ in self._shown_ids]
        return self._log.recommendations(ids=shown)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def build_report(
    plan: ExperimentPlan, log: RecommendationLog, item_facts: ItemFacts, at: float
) -> ExperimentReport:
    """Return what an experiment has found until now.

    People count for the variant that they saw first, whatever they saw later, so that who is
    compared with whom was decided by chance alone.

    Args:
        plan: The experiment.
        log: Where its answers are.
        known: What is known of the items.
        at: What time it is, epoch [s].
    """
    heads = log.recommendation_summaries(experiment=plan.id)
    reactions = log.reactions(experiment=plan.id)
    people = Participants.from_heads(plan, heads)
    served = VariantTotals.read(plan, log, people, reactions, item_facts)
    shadowing = ShadowEvaluation(plan, log, people, reactions, item_facts)
    found = tuple(_compare_with_first(plan, served))
    split = _check_sample_ratio(plan, people)
    return ExperimentReport(
        experiment=plan,
        at=at,
        shown=tuple(
            _variant_result(plan, served, item_facts, variant.name)
            for variant in plan.shown_variants
        ),
        shadows=tuple(
            shadowing.evaluate(variant.name, heads) for variant in plan.shadow_variants
        ),
        differences=found,
        split=split,
        crossed=people.crossed,
        verdict=describe_verdict(plan, found, split),
        notes=describe_caveats(plan, people.crossed, item_facts),
    )


def _variant_result(
    plan: ExperimentPlan, totals: VariantTotals, item_facts: ItemFacts, variant: str
) -> VariantResult:
    """Return what came of a variant."""
    sums, items = totals.variant_sums(variant), totals.n_items(variant)
    total = total_counts(sums)
    told = total["told"]
    return VariantResult(
        name=variant,
        people=sums.height,
        impressions=int(total["impressions"]),
        clicks=int(total["clicks"]),
        conversions=int(total["conversions"]),
        told=int(told),
        opinion=total["opinion"] / told if told else None,
        items=items,
        coverage=items / item_facts.n_items if item_facts.n_items else None,
        measures=_metric_values(plan, sums),
    )


def _compare_with_first(plan: ExperimentPlan, totals: VariantTotals) -> list[VariantDifference]:
    """Compare all others with the first; the measure that decides comes first."""
    first, *others = plan.shown_variants
    alpha = plan.alpha / max(1, len(others))
    order = sorted(RATIO_METRICS.values(), key=lambda measure: measure.name != plan.metric)
    mine = totals.variant_sums(first.name)
    return [
        compare_variants(
            v.name, measure, (mine, theirs), alpha, _min_effect(plan, measure.name)
        )
        for v, theirs in ((v, totals.variant_sums(v.name)) for v in others)
        for measure in order
    ]


def _check_sample_ratio(plan: ExperimentPlan, participants: Participants) -> SampleRatioCheck:
    """Test whether people came to the variants as planned."""
    whole = sum(variant.weight for variant in plan.shown_variants)
    planned = {variant.name: variant.weight / whole for variant in plan.shown_variants}
    rows = {name: row for row, name in enumerate(planned)}
    came = [rows[name] for name in participants.units["group"]]
    p_value = 1 / sample_ratio_evidence(came, list(planned.values()))
    n_people = {name: came.count(row) for name, row in rows.items()}
    return SampleRatioCheck(planned, n_people, p_value, sound=p_value > SAMPLE_RATIO_ALPHA)


def _metric_values(plan: ExperimentPlan, sums: pl.DataFrame) -> dict[str, MetricValue]:
    found = {}
    for name, measure in RATIO_METRICS.items():
        value, error = measure.estimate(sums)
        reach = (
            always_valid_half_width(error, plan.alpha, _min_effect(plan, name))
            if error > 0
            else math.inf
        )
        found[name] = MetricValue(value, value - reach, value + reach)
    return found


def _min_effect(plan: ExperimentPlan, measure: str) -> float:
    return plan.min_effect if measure == plan.metric else RATIO_METRICS[measure].min_effect
