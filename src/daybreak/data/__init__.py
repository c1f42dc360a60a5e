"""Frozen values: what is known, with no word of models or storage."""

from daybreak.data.columns import ColumnMapping, TableRole, match_columns
from daybreak.data.importing import ImportResult, preview, read_folder, read_tables
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.rules import EventRules, ResolvedRules
from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.data.ties import TieReport, measure_ties
from daybreak.data.validation import Finding, Readiness, assess_readiness, describe, validate
from daybreak.data.vocabulary import Vocabulary

__all__ = [
    "EVENT_COLUMNS",
    "EventRules",
    "Finding",
    "ImportResult",
    "ColumnMapping",
    "Readiness",
    "Reject",
    "Rejects",
    "ResolvedRules",
    "TableRole",
    "Tables",
    "TieReport",
    "Vocabulary",
    "describe",
    "preview",
    "read_folder",
    "read_tables",
    "assess_readiness",
    "match_columns",
    "measure_ties",
    "validate",
]
