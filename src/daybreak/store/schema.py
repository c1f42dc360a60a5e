"""Tables of the database, and the marks by which a file is known as a store of this version."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 1
"""Grows with every change of the tables."""

APPLICATION = 0x44415942
"""Application id in the header of an SQLite file ("DAYB")."""

metadata = MetaData()

items = Table(
    "items",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("attributes", Text, nullable=False),
)
users = Table(
    "users",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("attributes", Text, nullable=False),
)
events = Table(
    "events",
    metadata,
    Column("row", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("user_id", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("event_type", String),
    Column("value", Float),
    Column("timestamp", Float),
    Column("domain", String),
    Index("events_key", "key", unique=True),
)
vectors = Table(
    "vectors",
    metadata,
    Column("model", String, primary_key=True),
    Column("content", String, primary_key=True),
    Column("vector", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
releases = Table(
    "releases",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", Float, nullable=False),
    Column("folder", String, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)
settings = Table(
    "settings",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)
