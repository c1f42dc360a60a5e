"""Reports of experiments as tables for display."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from daybreak.service.experiments.experiment import ExperimentPlan
from daybreak.service.experiments.metrics import RATIO_METRICS
from daybreak.service.experiments.online import OnlineReport
from daybreak.service.experiments.report import ExperimentReport


def plan_table(plans: Sequence[ExperimentPlan]) -> pl.DataFrame:
    """Return one row for each experiment."""
    return pl.DataFrame(
        [
            {
                "experiment": plan.id,
                "status": plan.status,
                "variants": ", ".join(variant.name for variant in plan.shown_variants),
                "shadows": ", ".join(variant.name for variant in plan.shadow_variants),
                "share": plan.share,
                "metric": plan.metric,
                "effect": f"{plan.min_effect:g}",
                "started": _format_time(plan.started_at),
                "stopped": _format_time(plan.stopped_at),
                "note": plan.note,
            }
            for plan in plans
        ]
    )


def variant_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row for each shown variant."""
    return pl.DataFrame(
        [
            {
                "variant": shown.name,
                "people": shown.people,
                "impressions": shown.impressions,
                "clicks": shown.clicks,
                "conversions": shown.conversions,
                "with sentiment": shown.told,
                "coverage": shown.coverage,
                **{
                    name: _finite_or_none(value.value) for name, value in shown.measures.items()
                },
            }
            for shown in report.shown
        ]
    )


def difference_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row for each variant and metric; the primary metric comes first."""
    return pl.DataFrame(
        [
            {
                "variant": line.variant,
                "measure": RATIO_METRICS[line.measure].label,
                "difference": _format_signed(line.difference),
                "at any time": f"[{_format_signed(line.low)}, {_format_signed(line.high)}]",
                "once": f"[{_format_signed(line.once_low)}, {_format_signed(line.once_high)}]",
                "level": f"{line.level:.4g}",
                "word": line.word,
            }
            for line in report.differences
        ]
    )


def shadow_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row for each shadow variant."""
    return pl.DataFrame(
        [
            {
                "variant": shadow.name,
                "answers": shadow.answers,
                "coverage": shadow.coverage,
                "diversity": shadow.diversity,
                "cold_exposure": shadow.cold_exposure,
                "explored": shadow.explored,
                "agreement": shadow.agreement,
                "clicks_kept": shadow.clicks_kept,
            }
            for shadow in report.shadows
        ]
    )


def online_table(report: OnlineReport) -> pl.DataFrame:
    """Return one row for each period, and one for the whole time."""
    names = ("answers", "people", "clicks", "conversions", "coverage", *RATIO_METRICS)
    rows = [
        {"from": _format_time(period.since), **{name: getattr(period, name) for name in names}}
        for period in report.periods
    ]
    total = {"from": "total", **{name: getattr(report.total, name) for name in names}}
    return pl.DataFrame([*rows, total], infer_schema_length=None)


def _format_time(at: float | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _format_signed(value: float) -> str:
    return f"{value:+.4f}" if math.isfinite(value) else "?"


def _finite_or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
