"""Experiments: assignment of requests to variants, reports, and metrics over time.

The package reads the store and uses recommendation rules and estimates; it does not import
other packages of the service. Start with :class:`ExperimentManager` in :mod:`.manager`; what
an experiment is stands in :mod:`.experiment`.
"""

from daybreak.deprecation import deprecated_names
from daybreak.service.experiments.experiment import (
    Assignment,
    Attribution,
    ExperimentPlan,
    VariantPlan,
    shadow_id,
)
from daybreak.service.experiments.manager import ExperimentManager
from daybreak.service.experiments.metrics import ItemFacts
from daybreak.service.experiments.online import OnlineReport, online_report
from daybreak.service.experiments.report import ExperimentReport

__all__ = [
    "Assignment",
    "Attribution",
    "ExperimentManager",
    "ExperimentPlan",
    "ExperimentReport",
    "ItemFacts",
    "OnlineReport",
    "VariantPlan",
    "online_report",
    "shadow_id",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Experiment": f"{__name__}.ExperimentPlan",
        "Experiments": f"{__name__}.ExperimentManager",
        "Knowledge": f"{__name__}.ItemFacts",
        "Variant": f"{__name__}.VariantPlan",
    },
)
