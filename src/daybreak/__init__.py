"""Recommendations from the first day: for brand-new users, items and catalogues."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daybreak.client import AsyncClient, Client
    from daybreak.data import EventRules, Tables, describe, read_folder, read_tables, validate
    from daybreak.errors import DaybreakError
    from daybreak.evaluation import Report, evaluate
    from daybreak.ranking.reranking.rules import Boost, Quota, Rules
    from daybreak.service import Recommender
    from daybreak.service.inputs.bundled import gift_shop
    from daybreak.store import open_store

    __version__: str

__all__ = [
    "AsyncClient",
    "Boost",
    "Client",
    "DaybreakError",
    "EventRules",
    "Quota",
    "Recommender",
    "Report",
    "Rules",
    "Tables",
    "__version__",
    "describe",
    "evaluate",
    "gift_shop",
    "open_store",
    "read_folder",
    "read_tables",
    "validate",
]

_HOME = {
    "AsyncClient": "daybreak.client",
    "Boost": "daybreak.ranking.reranking.rules",
    "Client": "daybreak.client",
    "DaybreakError": "daybreak.errors",
    "EventRules": "daybreak.data",
    "Quota": "daybreak.ranking.reranking.rules",
    "Recommender": "daybreak.service",
    "Report": "daybreak.evaluation",
    "Rules": "daybreak.ranking.reranking.rules",
    "Tables": "daybreak.data",
    "describe": "daybreak.data",
    "evaluate": "daybreak.evaluation",
    "gift_shop": "daybreak.service.inputs.bundled",
    "open_store": "daybreak.store",
    "read_folder": "daybreak.data",
    "read_tables": "daybreak.data",
    "validate": "daybreak.data",
}


def __getattr__(name: str) -> object:
    """Import a public name on first use, so that ``import daybreak`` stays cheap."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow, and seldom asked for

        return version("daybreak")
    if name not in _HOME:
        raise AttributeError(f"module 'daybreak' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """List the public names, also those that are not imported yet."""
    return sorted(__all__)
