"""What an event came with, and events by item."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    """Add the column; events that are there came with nothing."""
    op.add_column("events", sa.Column("context", sa.Text))
    op.create_index("events_item", "events", ["item_id"])
