"""The counter that puts all transactions in one order, without any clock.

What was deleted, kept for a minute so that other processes forget it too.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select, update

from daybreak.store.bulk import iter_chunks
from daybreak.store.schema import counter
from daybreak.store.schema import gone as table


def create_sequence(connection: Connection) -> None:
    """Put the counter into a new store."""
    connection.execute(insert(counter).values(id=1, value=0, floor=0))


def next_cursor(connection: Connection) -> int:
    """Return the cursor of this transaction.

    Writers call this before anything else: who changes the row holds it until the end of the
    transaction, so a higher cursor is never to be seen before a lower one.
    """
    statement = update(counter).values(value=counter.c.value + 1).returning(counter.c.value)
    return int(connection.execute(statement).scalar_one())


def current_cursor(connection: Connection) -> tuple[int, int]:
    """Return the last cursor, and the floor: no changes can be told from below it."""
    value, floor = connection.execute(select(counter.c.value, counter.c.floor)).one()
    return int(value), int(floor)


def raise_cursor_floor(connection: Connection, change: int) -> None:
    """Let everybody who is before ``change`` read everything anew."""
    higher = func.max if connection.dialect.name == "sqlite" else func.greatest
    connection.execute(update(counter).values(floor=higher(counter.c.floor, change)))


def restart_sequence(connection: Connection, value: int) -> None:
    """Go on from a cursor of another store; who followed that one reads everything anew."""
    connection.execute(update(counter).values(value=value, floor=value))


TOMBSTONE_LIFETIME_S = 60.0
"""How long the id of something deleted is kept [s]; who sleeps longer reads everything anew."""

_MAX_ROWS_PER_STATEMENT = 1_000


def put_tombstones(
    connection: Connection, kind: str, ids: Sequence[str], change: int, at: float
) -> None:
    """Tell that users or items (``kind``) are gone."""
    for part in iter_chunks(ids, _MAX_ROWS_PER_STATEMENT):
        connection.execute(delete(table).where(table.c.kind == kind, table.c.id.in_(part)))
        rows = [{"kind": kind, "id": id_, "change": change, "at": at} for id_ in part]
        connection.execute(insert(table), rows)


def select_tombstones(connection: Connection, kind: str, cursor: int) -> tuple[str, ...]:
    """Return what is gone since a cursor."""
    query = select(table.c.id).where(table.c.kind == kind, table.c.change > cursor)
    return tuple(connection.execute(query.order_by(table.c.change, table.c.id)).scalars())


def has_expired_tombstones(connection: Connection, at: float) -> bool:
    """Tell whether ids are there that need not be kept any longer."""
    return (
        connection.execute(select(table.c.id).where(_is_expired(at)).limit(1)).first()
        is not None
    )


def delete_expired_tombstones(connection: Connection, at: float) -> None:
    """Forget them; who has not heard of them yet must read everything anew."""
    last = connection.execute(select(func.max(table.c.change)).where(_is_expired(at))).scalar()
    if last is not None:
        next_cursor(connection)
        raise_cursor_floor(connection, int(last))
        connection.execute(delete(table).where(_is_expired(at)))


def _is_expired(at: float) -> ColumnElement[bool]:
    """Also what comes from the future: a clock that jumped back keeps nothing longer."""
    return or_(table.c.at < at - TOMBSTONE_LIFETIME_S, table.c.at > at + TOMBSTONE_LIFETIME_S)
