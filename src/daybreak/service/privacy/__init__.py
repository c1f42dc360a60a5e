"""Privacy: erase with proof, export, retention, pseudonyms."""

from daybreak.service.privacy.proof import Proof
from daybreak.service.privacy.pseudonyms import Pseudonyms

__all__ = ["Proof", "Pseudonyms"]
