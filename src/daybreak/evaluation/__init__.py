"""Evaluation of recommenders on simulated cold starts: baselines, reports and plots.

The package may import ``simulation``, ``metrics``, ``estimates`` and ``data``; it uses
recommenders only through their method ``recommend``. Start reading with ``evaluate.evaluate``,
which returns a ``report.Report``.
"""

from daybreak.deprecation import deprecated_names
from daybreak.estimates import Estimate, PairedDifference, bootstrap, paired_bootstrap
from daybreak.evaluation.baselines import (
    BASELINES,
    PopularBaseline,
    RandomBaseline,
    SupportsRecommend,
    SupportsTimes,
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
    "SupportsTimes",
    "System",
    "bootstrap",
    "evaluate",
    "make_plans",
    "measure",
    "paired_bootstrap",
    "top_k",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Cell": "daybreak.evaluation.SliceResult",
        "Comparison": "daybreak.evaluation.PairedDifference",
        "Interval": "daybreak.evaluation.Estimate",
        "Plan": "daybreak.evaluation.SplitPlan",
        "Popular": "daybreak.evaluation.PopularBaseline",
        "Random": "daybreak.evaluation.RandomBaseline",
        "compare": "daybreak.evaluation.paired_bootstrap",
    },
)
