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
    "LoggedRecommendation",
    "Changes",
    "ErasureCounts",
    "Journal",
    "PostgresStore",
    "Release",
    "LoggedItem",
    "SqliteStore",
    "Store",
    "UpgradeResult",
    "WriteResult",
    "dump",
    "open_store",
    "restore",
    "stores",
    "upgrade_store",
    "hide_password",
]
