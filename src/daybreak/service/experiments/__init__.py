"""Experiments: who sees what, what came of it, and how sure that is."""

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
    "ExperimentPlan",
    "ExperimentReport",
    "ExperimentManager",
    "ItemFacts",
    "OnlineReport",
    "VariantPlan",
    "online_report",
    "shadow_id",
]
