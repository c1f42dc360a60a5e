"""Experiments: who sees what, what came of it, and how sure that is."""

from daybreak.service.experiments.attribution import Attribution
from daybreak.service.experiments.book import Experiments
from daybreak.service.experiments.experiment import Experiment
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.online import OnlineReport, online_report
from daybreak.service.experiments.report import ExperimentReport
from daybreak.service.experiments.variant import Assignment, Variant, shadow_id

__all__ = [
    "Assignment",
    "Attribution",
    "Experiment",
    "ExperimentReport",
    "Experiments",
    "Knowledge",
    "OnlineReport",
    "Variant",
    "online_report",
    "shadow_id",
]
