"""Daybreak: a recommender system for cold starts.

This package re-exports the public names and imports each of them when it is first used. Start
reading in ``service/recommender.py`` (the library) or ``service/serving`` (the service).
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from daybreak.client import AsyncClient, Client
    from daybreak.data import (
        EventRules,
        Tables,
        describe,
        read_folder,
        read_partitions,
        read_tables,
        validate,
    )
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
    "read_partitions",
    "read_tables",
    "validate",
]

_MODULES = {
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
    "read_partitions": "daybreak.data",
    "read_tables": "daybreak.data",
    "validate": "daybreak.data",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that ``import daybreak`` is fast."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - slow and rarely needed

        return version("daybreak")
    if name not in _MODULES:
        raise AttributeError(f"module 'daybreak' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    """List the public names, including those that are not imported yet."""
    return sorted(__all__)
