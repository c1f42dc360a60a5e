"""Privacy: erasure with a report, export of a user's data, retention, pseudonyms.

The package reads and writes the store; it does not import other packages of the service. Start
with :func:`erase_user` in :mod:`.erasure`.
"""

from daybreak.deprecation import deprecated_names
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
    "ErasureCheck",
    "ErasureReport",
    "ErasureTarget",
    "Pseudonyms",
    "Retention",
    "erase_user",
    "export_user",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Memory": f"{__name__}.ErasureTarget",
        "Proof": f"{__name__}.ErasureReport",
        "Trace": f"{__name__}.ErasureCheck",
        "erase": f"{__name__}.erase_user",
    },
)
