"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

from daybreak.store.schema import float_type, integer_type
from daybreak.store.schema_setup import use_pgvector

revision = "1"
down_revision = None


def upgrade() -> None:
    """Make items, users, events, vectors, releases and settings."""
    for name in ("items", "users"):
        op.create_table(
            name,
            sa.Column("row", integer_type(), primary_key=True),
            sa.Column("id", sa.String, nullable=False, unique=True),
            sa.Column("attributes", sa.Text, nullable=False),
        )
    op.create_table(
        "events",
        sa.Column("row", integer_type(), primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("user_id", sa.String, nullable=False),
        sa.Column("item_id", sa.String, nullable=False),
        sa.Column("event_type", sa.String),
        sa.Column("value", float_type()),
        sa.Column("timestamp", float_type()),
        sa.Column("domain", sa.String),
    )
    op.create_index("events_key", "events", ["key"], unique=True)
    op.create_table(
        "vectors",
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("content", sa.String, primary_key=True),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    use_pgvector(op.get_bind())
    op.create_table(
        "releases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("created_at", float_type(), nullable=False),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("metadata", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
