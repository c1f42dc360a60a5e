"""Data: readers of files, checked tables, and the arrays that models learn from.

It may import the root modules, such as ``daybreak.errors``, but neither models nor storage.
Start reading in ``importing.py`` (files to tables) and ``dataset.py`` (arrays for models).
"""

from daybreak.data.column_aliases import TableRole
from daybreak.data.columns import ColumnMapping, match_columns
from daybreak.data.folders import read_folder
from daybreak.data.importing import ImportResult, preview, read_tables
from daybreak.data.partitions import read_partitions
from daybreak.data.rejects import Reject, Rejects
from daybreak.data.rules import EventRules, ResolvedRules
from daybreak.data.tables import EVENT_COLUMNS, Tables
from daybreak.data.ties import TieReport, measure_ties
from daybreak.data.validation import Finding, Readiness, assess_readiness, describe, validate
from daybreak.data.vocabulary import Vocabulary
from daybreak.deprecation import deprecated_names

__all__ = [
    "EVENT_COLUMNS",
    "ColumnMapping",
    "EventRules",
    "Finding",
    "ImportResult",
    "Readiness",
    "Reject",
    "Rejects",
    "ResolvedRules",
    "TableRole",
    "Tables",
    "TieReport",
    "Vocabulary",
    "assess_readiness",
    "describe",
    "match_columns",
    "measure_ties",
    "preview",
    "read_folder",
    "read_partitions",
    "read_tables",
    "validate",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Mapping": "daybreak.data.ColumnMapping",
        "Role": "daybreak.data.TableRole",
        "readiness": "daybreak.data.assess_readiness",
        "recognise": "daybreak.data.match_columns",
        "tie_report": "daybreak.data.measure_ties",
    },
)
