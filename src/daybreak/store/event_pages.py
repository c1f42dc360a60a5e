"""Events as they are kept, some at a time: of all, of a user, of an item."""

from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, select

from daybreak.data import EVENT_COLUMNS
from daybreak.store.journal import EventPage
from daybreak.store.schema import events as table

KEPT = {
    **EVENT_COLUMNS,
    "recommendation_id": pl.String,
    "session_id": pl.String,
    "context": pl.String,
}
"""Columns of a page."""
_NAMES = {"recommendation_id": "recommendation", "session_id": "session"}


def event_page(
    connection: Connection, user: str | None, item: str | None, after: int, n: int | None
) -> EventPage:
    """Return at most ``n`` events after a cursor, in the order in which they came."""
    query = _query(user, item, after)
    rows = connection.execute(query if n is None else query.limit(n + 1)).all()
    page = rows if n is None else rows[:n]
    more = len(page) < len(rows)
    frame = pl.DataFrame([tuple(row[1:]) for row in page], schema=KEPT, orient="row")
    return EventPage(frame, int(page[-1][0]) if more else None)


def _query(user: str | None, item: str | None, after: int) -> Select[Any]:
    columns = [table.c[_NAMES.get(name, name)] for name in KEPT]
    query = select(table.c.row, *columns).where(table.c.row > after).order_by(table.c.row)
    if user is not None:
        query = query.where(table.c.user_id == user)
    if item is not None:
        query = query.where(table.c.item_id == item)
    return query
