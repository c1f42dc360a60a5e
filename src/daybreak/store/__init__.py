"""Stores: where items, users, events, vectors, answers, releases and settings are kept."""

from daybreak.store.base import (
    Changes,
    ErasureCounts,
    Journal,
    LoggedItem,
    LoggedRecommendation,
    Release,
    Store,
    WriteResult,
    stores,
)
from daybreak.store.dumping import dump, restore
from daybreak.store.opening import UpgradeResult, hide_password, open_store, upgrade_store
from daybreak.store.postgres import PostgresStore
from daybreak.store.sqlite import SqliteStore

__all__ = [
    "Changes",
    "ErasureCounts",
    "Journal",
    "LoggedItem",
    "LoggedRecommendation",
    "PostgresStore",
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
