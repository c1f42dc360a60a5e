"""Other recommenders for the same splits as Daybreak.

Each peer is a module with the function ``rank(split, k, seed, **options) -> frame`` that
returns ``candidates, user_id, item_id, rank, score``. The defaults of the options are the
settings of all tables; they were chosen on the ``tune`` splits only (see the README). The
package does not import Daybreak and runs in a separate environment (``requirements.txt``).
"""

from importlib import import_module
from types import ModuleType

MODULES = {
    "popular": "popular",
    "random": "chance",
    "implicit_als": "als",
    "implicit_itemknn": "itemknn",
    "lightfm_features": "lightfm_features",
    "ease": "ease",
    "ease_centred": "ease_centred",
    "content_knn": "content_knn",
    "content_ridge": "content_ridge",
    "als_mapped": "als_mapped",
}
"""Module by name in the tables, in the order of the runs: fast ones first."""


def load(name: str) -> ModuleType:
    """Import a peer by name; its libraries are not needed before.

    Raises:
        KeyError: No such peer.
    """
    return import_module(f".{MODULES[name]}", __name__)
