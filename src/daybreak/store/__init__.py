"""Stores: where items, users, events, vectors, releases and settings are kept."""

from daybreak.store.base import Release, Store, Written, stores
from daybreak.store.opening import open_store
from daybreak.store.sqlite import SqliteStore

__all__ = ["Release", "SqliteStore", "Store", "Written", "open_store", "stores"]
