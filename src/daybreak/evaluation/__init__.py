"""Simulated cold starts, metrics with intervals, reports and pictures."""

from daybreak.evaluation.baselines import BASELINES, Popular, Random, SupportsRecommend
from daybreak.evaluation.cells import METRICS, Cell, SliceInfo
from daybreak.evaluation.evaluate import Progress, System, evaluate, measure
from daybreak.evaluation.intervals import Comparison, Interval, bootstrap, compare
from daybreak.evaluation.plans import make_plans
from daybreak.evaluation.ranking import top_k
from daybreak.evaluation.report import Report
from daybreak.evaluation.slices import SLICES, Plan, Slice

__all__ = [
    "BASELINES",
    "METRICS",
    "SLICES",
    "Cell",
    "Comparison",
    "Interval",
    "Plan",
    "Popular",
    "Progress",
    "Random",
    "Report",
    "Slice",
    "SliceInfo",
    "SupportsRecommend",
    "System",
    "bootstrap",
    "compare",
    "evaluate",
    "make_plans",
    "measure",
    "top_k",
]
