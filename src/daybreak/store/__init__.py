"""Stores: where items, users, events, vectors, answers, releases and settings are kept."""

from daybreak.store.base import Release, Store, Written, stores
from daybreak.store.dumping import dump, restore
from daybreak.store.journal import Answer, Changes, Erased, Journal, Shown
from daybreak.store.opening import open_store, without_password
from daybreak.store.postgres import PostgresStore
from daybreak.store.sqlite import SqliteStore
from daybreak.store.upgrading import Upgraded, upgrade_store

__all__ = [
    "Answer",
    "Changes",
    "Erased",
    "Journal",
    "PostgresStore",
    "Release",
    "Shown",
    "SqliteStore",
    "Store",
    "Upgraded",
    "Written",
    "dump",
    "open_store",
    "restore",
    "stores",
    "upgrade_store",
    "without_password",
]
