"""What a live service needs: cursors, answers, documents, and what was deleted."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from daybreak.store.schema import float_type, integer_type

revision = "2"
down_revision = "1"


def upgrade() -> None:
    """Number the changes; everything that is there counts as change 0."""
    for name in ("items", "users", "events"):
        change = sa.Column("change", integer_type(), nullable=False, server_default="0")
        if name == "events":
            op.add_column(name, sa.Column("recommendation", sa.String))
            op.add_column(name, sa.Column("session", sa.String))
        op.add_column(name, change)
        op.create_index(f"{name}_change", name, ["change"])
    op.create_index("events_user", "events", ["user_id"])
    _index_given("events_recommendation", "events", "recommendation")
    _answers()
    op.create_table(
        "records",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "gone",
        sa.Column("kind", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("change", integer_type(), nullable=False),
        sa.Column("at", float_type(), nullable=False),
    )
    counter = op.create_table(
        "counter",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("value", integer_type(), nullable=False),
        sa.Column("floor", integer_type(), nullable=False),
    )
    op.bulk_insert(counter, [{"id": 1, "value": 0, "floor": 0}])


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("at", float_type(), nullable=False),
        sa.Column("user_id", sa.String),
        sa.Column("release", sa.String, nullable=False),
        sa.Column("experiment", sa.String),
        sa.Column("variant", sa.String),
        sa.Column("shadow", sa.Boolean, nullable=False),
        sa.Column("scenario", sa.String),
        sa.Column("session_id", sa.String),
        sa.Column("shown", sa.Text, nullable=False),
    )
    op.create_index("answers_at", "answers", ["at"])
    op.create_index("answers_user", "answers", ["user_id"])
    _index_given("answers_experiment", "answers", "experiment")


def _index_given(name: str, table: str, column: str) -> None:
    """Index the rows that have a value."""
    given: Any = sa.column(column).is_not(None)
    op.create_index(name, table, [column], sqlite_where=given, postgresql_where=given)
