"""Frozen values: what is known, with no word of models or storage."""

from daybreak.data.aliases import Role
from daybreak.data.columns import Mapping, recognise
from daybreak.data.describe import describe
from daybreak.data.importing import ImportResult, preview, read_folder, read_tables
from daybreak.data.readiness import Readiness, readiness
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.rules import EventRules, ResolvedRules
from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.data.ties import TieReport, tie_report
from daybreak.data.validation import Finding, validate
from daybreak.data.vocabulary import Vocabulary

__all__ = [
    "EVENT_COLUMNS",
    "EventRules",
    "Finding",
    "ImportResult",
    "Mapping",
    "Readiness",
    "Reject",
    "Rejects",
    "ResolvedRules",
    "Role",
    "Tables",
    "TieReport",
    "Vocabulary",
    "describe",
    "preview",
    "read_folder",
    "read_tables",
    "readiness",
    "recognise",
    "tie_report",
    "validate",
]
