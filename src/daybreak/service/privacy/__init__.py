"""Privacy: erase with proof, export, retention, pseudonyms."""

from daybreak.service.privacy.erasing import Memory, erase
from daybreak.service.privacy.exporting import export
from daybreak.service.privacy.proof import Proof, Trace
from daybreak.service.privacy.pseudonyms import Pseudonyms
from daybreak.service.privacy.retention import Retention

__all__ = ["Memory", "Proof", "Pseudonyms", "Retention", "Trace", "erase", "export"]
