"""Other recommenders, asked the same questions as Daybreak.

One module a peer, each with one function ``rank(split, k, seed, **options) -> frame`` that
returns ``candidates, user_id, item_id, rank, score``. The options' defaults are the settings
used in every table; they were chosen on the ``tune`` split alone (see the README). Nothing here
imports Daybreak: the package runs in an environment of its own (``requirements.txt``).
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
"""Name in the tables to module; the order is the order of the runs (cheap ones first)."""


def load(name: str) -> ModuleType:
    """Import a peer by name; its libraries are only needed when it is asked for.

    Raises:
        KeyError: No such peer.
    """
    return import_module(f".{MODULES[name]}", __name__)
