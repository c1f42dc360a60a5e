"""Reading what changed after a cursor; every process polls for it."""

from functools import cache

from sqlalchemy import Connection

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.store.base import Changes
from daybreak.store.cursors import has_expired_tombstones, select_tombstones
from daybreak.store.driver_statements import DriverStatements
from daybreak.store.entity_rows import attributes_from_json
from daybreak.store.event_rows import events_frame

_STATE_QUERY = "SELECT value, floor, EXISTS (SELECT 1 FROM gone) FROM counter"
_ORDER = 'WHERE change > ? ORDER BY "row" + 0'  # + 0 makes SQLite use the index on change
_EVENT_COLUMN_NAMES = ", ".join(f'"{name}"' for name in EVENT_COLUMNS)
_EVENTS_QUERY = f"SELECT {_EVENT_COLUMN_NAMES} FROM events {_ORDER}"  # noqa: S608 - names of our schema
_ENTITIES_QUERY = f"SELECT id, attributes FROM {{table}} {_ORDER}"  # noqa: S608 - names of our schema


def select_changes(connection: Connection, since: int, at: float) -> tuple[Changes, bool]:
    """Return what changed after a cursor, and whether there are expired tombstones.

    Args:
        connection: Connection with an open transaction.
        since: Cursor; -1 returns no rows and the present cursor.
        at: Present time, epoch [s].
    """
    statements = DriverStatements(connection)
    ((cursor, floor, has_tombstones),) = statements.fetch(_STATE_QUERY)
    has_expired = bool(has_tombstones) and has_expired_tombstones(connection, at)
    if since < 0 or since == cursor:
        return Changes(empty_tables(), (), (), cursor), has_expired
    if since < floor or since > cursor:  # since > cursor: of another store
        return Changes(empty_tables(), (), (), cursor, complete=False), has_expired
    users, items = (
        select_tombstones(connection, kind, since) if has_tombstones else ()
        for kind in ("user", "item")
    )
    tables = _changed_tables(statements, since)
    return Changes(tables, users, items, cursor), has_expired


def _changed_tables(statements: DriverStatements, since: int) -> Tables:
    """Return the present state of the rows written after a cursor."""
    events = statements.fetch(_EVENTS_QUERY, since)
    items, users = (
        statements.fetch(_ENTITIES_QUERY.format(table=table), since)
        for table in ("items", "users")
    )
    return Tables(
        attributes_from_json(items, "item_id") if items else empty_tables().items,
        attributes_from_json(users, "user_id") if users else empty_tables().users,
        events_frame(events),
    )


@cache
def empty_tables() -> Tables:
    """Return tables without rows."""
    return Tables.of()
