"""Stores: items, users, events, vectors, logged recommendations, releases and settings.

The package imports ``data`` and what lies below it. Start reading in ``base`` (the contracts)
and ``sql`` (their implementation); ``open_store`` opens a store by URL.
"""

from daybreak.deprecation import deprecated_names
from daybreak.store.base import (
    ChangeFeed,
    Changes,
    DocumentStore,
    ErasureCounts,
    EventPage,
    LoggedItem,
    LoggedRecommendation,
    RecommendationLog,
    Release,
    Store,
    WriteResult,
    stores,
)
from daybreak.store.dumping import dump, restore
from daybreak.store.event_columns import EventColumns
from daybreak.store.opening import UpgradeResult, hide_password, open_store, upgrade_store
from daybreak.store.postgres import PostgresStore
from daybreak.store.sqlite import SqliteStore

__all__ = [
    "ChangeFeed",
    "Changes",
    "DocumentStore",
    "ErasureCounts",
    "EventColumns",
    "EventPage",
    "LoggedItem",
    "LoggedRecommendation",
    "PostgresStore",
    "RecommendationLog",
    "Release",
    "SqliteStore",
    "Store",
    "UpgradeResult",
    "WriteResult",
    "dump",
    "hide_password",
    "open_store",
    "restore",
    "stores",
    "upgrade_store",
]

__getattr__ = deprecated_names(
    __name__,
    {
        "Answer": "daybreak.store.LoggedRecommendation",
        "Erased": "daybreak.store.ErasureCounts",
        "Journal": "daybreak.store.base.Journal",
        "Shown": "daybreak.store.LoggedItem",
        "Upgraded": "daybreak.store.UpgradeResult",
        "Written": "daybreak.store.WriteResult",
        "without_password": "daybreak.store.hide_password",
    },
)
