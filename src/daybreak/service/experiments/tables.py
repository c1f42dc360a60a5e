"""Reports as tables for people."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import polars as pl

from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.measures import MEASURES
from daybreak.service.experiments.online import OnlineReport
from daybreak.service.experiments.report import ExperimentReport


def plan_table(plans: Sequence[Experiment]) -> pl.DataFrame:
    """Return one row an experiment."""
    return pl.DataFrame(
        [
            {
                "experiment": plan.id,
                "status": plan.status,
                "variants": ", ".join(variant.name for variant in plan.shown),
                "shadows": ", ".join(variant.name for variant in plan.shadows),
                "share": plan.share,
                "metric": plan.metric,
                "effect": f"{plan.matters:g}",
                "started": _when(plan.started_at),
                "stopped": _when(plan.stopped_at),
                "note": plan.note,
            }
            for plan in plans
        ]
    )


def shown_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row a variant that people saw."""
    return pl.DataFrame(
        [
            {
                "variant": shown.name,
                "people": shown.people,
                "impressions": shown.impressions,
                "clicks": shown.clicks,
                "conversions": shown.conversions,
                "said": shown.told,
                "coverage": shown.coverage,
                **{name: _known(value.value) for name, value in shown.measures.items()},
            }
            for shown in report.shown
        ]
    )


def difference_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row a variant and measure; the measure that decides comes first."""
    return pl.DataFrame(
        [
            {
                "variant": line.variant,
                "measure": MEASURES[line.measure].label,
                "difference": _signed(line.difference),
                "at any time": f"[{_signed(line.low)}, {_signed(line.high)}]",
                "once": f"[{_signed(line.once_low)}, {_signed(line.once_high)}]",
                "level": f"{line.level:.4g}",
                "word": line.word,
            }
            for line in report.differences
        ]
    )


def shadow_table(report: ExperimentReport) -> pl.DataFrame:
    """Return one row a variant that nobody saw."""
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
    """Return one row a period, and one for all of the time."""
    names = ("answers", "people", "clicks", "conversions", "coverage", *MEASURES)
    rows = [
        {"from": _when(period.since), **{name: getattr(period, name) for name in names}}
        for period in report.periods
    ]
    total = {"from": "total", **{name: getattr(report.total, name) for name in names}}
    return pl.DataFrame([*rows, total], infer_schema_length=None)


def _when(at: float | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}"


def _signed(value: float) -> str:
    return f"{value:+.4f}" if math.isfinite(value) else "?"


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
