"""Tables of the database, and the marks of a store of this version."""

from typing import Any

from sqlalchemy import (
    BigInteger,
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

VERSION = 3
"""Version of the tables: the number of the newest migration in ``store/migrations``."""

APPLICATION_ID = 0x44415942
"""Application id in the header of an SQLite file ("DAYB")."""

VERSION_TABLE = "daybreak_version"
"""Table in which Alembic stores the version; unlike the default, no other program uses it."""

metadata = MetaData()


def integer_type() -> Any:
    """Return the type of 64-bit integers; SQLite numbers rows in ``INTEGER`` columns only."""
    return BigInteger().with_variant(Integer, "sqlite")


def float_type() -> Any:
    """Return the type of double-precision numbers."""
    return Float(53).with_variant(Float, "sqlite")


def _change_column() -> Column[int]:
    """Return the column with the cursor of the last transaction that wrote the row."""
    return Column("change", integer_type(), nullable=False, server_default="0")


items = Table(
    "items",
    metadata,
    Column("row", integer_type(), primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("attributes", Text, nullable=False),
    _change_column(),
    Index("items_change", "change"),
)
users = Table(
    "users",
    metadata,
    Column("row", integer_type(), primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("attributes", Text, nullable=False),
    _change_column(),
    Index("users_change", "change"),
)
events = Table(
    "events",
    metadata,
    Column("row", integer_type(), primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("user_id", String, nullable=False),
    Column("item_id", String, nullable=False),
    Column("event_type", String),
    Column("value", float_type()),
    Column("timestamp", float_type()),
    Column("domain", String),
    Column("recommendation", String),
    Column("session", String),
    _change_column(),
    Column("context", Text),
)
Index("events_key", events.c.key, unique=True)
Index("events_user", events.c.user_id)
Index("events_item", events.c.item_id)
Index("events_change", events.c.change)
Index(
    "events_recommendation",
    events.c.recommendation,
    sqlite_where=events.c.recommendation.is_not(None),
    postgresql_where=events.c.recommendation.is_not(None),
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
    Column("created_at", float_type(), nullable=False),
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
answers = Table(
    "answers",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", float_type(), nullable=False),
    Column("user_id", String),
    Column("release", String, nullable=False),
    Column("experiment", String),
    Column("variant", String),
    Column("shadow", Boolean, nullable=False),
    Column("scenario", String),
    Column("session_id", String),
    Column("shown", Text, nullable=False),
)
Index("answers_at", answers.c.at)
Index("answers_user", answers.c.user_id)
Index(
    "answers_experiment",
    answers.c.experiment,
    sqlite_where=answers.c.experiment.is_not(None),
    postgresql_where=answers.c.experiment.is_not(None),
)
records = Table(
    "records",
    metadata,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("value", Text, nullable=False),
)
gone = Table(
    "gone",
    metadata,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("change", integer_type(), nullable=False),
    Column("at", float_type(), nullable=False),
)
counter = Table(
    "counter",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", integer_type(), nullable=False),
    Column("floor", integer_type(), nullable=False),
)
