"""The sequence that orders all transactions, and tombstones of deleted rows.

A cursor is the number of a transaction. Deletions reach the readers of the change feed as
tombstones, which expire; the floor is the oldest cursor from which changes are complete.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from daybreak.store.bulk import iter_chunks
from daybreak.store.schema import counter
from daybreak.store.schema import gone as table

_NEXT = update(counter).values(value=counter.c.value + 1).returning(counter.c.value)
"""Counts a transaction; every write begins with it."""


def create_sequence(connection: Connection) -> None:
    """Create the sequence of a new store."""
    connection.execute(insert(counter).values(id=1, value=0, floor=0))


def next_cursor(connection: Connection) -> int:
    """Return the cursor of this transaction.

    Writers call this first. The transaction locks the row of the sequence until its end, so
    transactions become visible in the order of their cursors.
    """
    return int(connection.execute(_NEXT).scalar_one())


def current_cursor(connection: Connection) -> tuple[int, int]:
    """Return the last cursor and the floor."""
    value, floor = connection.execute(select(counter.c.value, counter.c.floor)).one()
    return int(value), int(floor)


def raise_cursor_floor(connection: Connection, change: int) -> None:
    """Make the changes from cursors before ``change`` incomplete."""
    higher = func.max if connection.dialect.name == "sqlite" else func.greatest
    connection.execute(update(counter).values(floor=higher(counter.c.floor, change)))


def restart_sequence(connection: Connection, value: int) -> None:
    """Continue from a cursor of another store; earlier cursors become incomplete."""
    connection.execute(update(counter).values(value=value, floor=value))


TOMBSTONE_LIFETIME_S = 60.0
"""Time for which the ids of deleted users and items are kept [s]."""

_MAX_ROWS_PER_STATEMENT = 1_000


def put_tombstones(
    connection: Connection, kind: str, ids: Sequence[str], change: int, at: float
) -> None:
    """Record that ids were deleted.

    Args:
        connection: Connection with an open transaction.
        kind: ``user`` or ``item``.
        ids: Deleted ids.
        change: Cursor of the transaction.
        at: Time of the deletion, epoch [s].
    """
    for chunk in iter_chunks(ids, _MAX_ROWS_PER_STATEMENT):
        connection.execute(delete(table).where(table.c.kind == kind, table.c.id.in_(chunk)))
        rows = [{"kind": kind, "id": id_, "change": change, "at": at} for id_ in chunk]
        connection.execute(insert(table), rows)


def select_tombstones(connection: Connection, kind: str, cursor: int) -> tuple[str, ...]:
    """Return the ids of a kind that were deleted after a cursor."""
    query = select(table.c.id).where(table.c.kind == kind, table.c.change > cursor)
    return tuple(connection.execute(query.order_by(table.c.change, table.c.id)).scalars())


def has_expired_tombstones(connection: Connection, at: float) -> bool:
    """Return whether there are expired tombstones."""
    return (
        connection.execute(select(table.c.id).where(_is_expired(at)).limit(1)).first()
        is not None
    )


def delete_expired_tombstones(connection: Connection, at: float) -> None:
    """Delete expired tombstones; older cursors become incomplete."""
    last = connection.execute(select(func.max(table.c.change)).where(_is_expired(at))).scalar()
    if last is not None:
        next_cursor(connection)
        raise_cursor_floor(connection, int(last))
        connection.execute(delete(table).where(_is_expired(at)))


def _is_expired(at: float) -> ColumnElement[bool]:
    """Return the condition; it includes future times, written before a clock was set back."""
    return or_(table.c.at < at - TOMBSTONE_LIFETIME_S, table.c.at > at + TOMBSTONE_LIFETIME_S)
