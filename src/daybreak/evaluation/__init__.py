"""Simulated cold starts, metrics with intervals, reports and pictures."""

from daybreak.estimates import (
    Estimate,
    PairedDifference,
    bootstrap,
    paired_bootstrap,
)
from daybreak.evaluation.baselines import (
    BASELINES,
    PopularBaseline,
    RandomBaseline,
    SupportsRecommend,
)
from daybreak.evaluation.evaluate import Progress, System, evaluate, measure
from daybreak.evaluation.report import METRICS, Report, SliceInfo, SliceResult
from daybreak.ranked_lists import top_k
from daybreak.simulation.plans import make_plans
from daybreak.simulation.slices import REPORT_SLICES as SLICES
from daybreak.simulation.table_slices import Slice, SplitPlan

__all__ = [
    "BASELINES",
    "METRICS",
    "SLICES",
    "Estimate",
    "PairedDifference",
    "PopularBaseline",
    "Progress",
    "RandomBaseline",
    "Report",
    "Slice",
    "SliceInfo",
    "SliceResult",
    "SplitPlan",
    "SupportsRecommend",
    "System",
    "bootstrap",
    "evaluate",
    "make_plans",
    "measure",
    "paired_bootstrap",
    "top_k",
]
