"""Privacy: erase with proof, export, retention, pseudonyms."""

from daybreak.service.privacy.erasure import (
    ErasureCheck,
    ErasureReport,
    ErasureTarget,
    erase_user,
)
from daybreak.service.privacy.export import export_user
from daybreak.service.privacy.pseudonyms import Pseudonyms
from daybreak.service.privacy.retention import Retention

__all__ = [
    "ErasureTarget",
    "ErasureReport",
    "Pseudonyms",
    "Retention",
    "ErasureCheck",
    "erase_user",
    "export_user",
]
