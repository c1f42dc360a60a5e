"""What was deleted, kept for a minute so that other processes forget it too."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, or_, select

from daybreak.store import counter
from daybreak.store.bulk import chunks
from daybreak.store.schema import gone as table

KEPT_S = 60.0
"""How long the id of something deleted is kept [s]; who sleeps longer reads everything anew."""

_AT_ONCE = 1_000


def announce(
    connection: Connection, kind: str, ids: Sequence[str], change: int, at: float
) -> None:
    """Tell that users or items (``kind``) are gone."""
    for part in chunks(ids, _AT_ONCE):
        connection.execute(delete(table).where(table.c.kind == kind, table.c.id.in_(part)))
        rows = [{"kind": kind, "id": id_, "change": change, "at": at} for id_ in part]
        connection.execute(insert(table), rows)


def since(connection: Connection, kind: str, cursor: int) -> tuple[str, ...]:
    """Return what is gone since a cursor."""
    query = select(table.c.id).where(table.c.kind == kind, table.c.change > cursor)
    return tuple(connection.execute(query.order_by(table.c.change, table.c.id)).scalars())


def are_expired(connection: Connection, at: float) -> bool:
    """Tell whether ids are there that need not be kept any longer."""
    return (
        connection.execute(select(table.c.id).where(_expired(at)).limit(1)).first() is not None
    )


def expire(connection: Connection, at: float) -> None:
    """Forget them; who has not heard of them yet must read everything anew."""
    last = connection.execute(select(func.max(table.c.change)).where(_expired(at))).scalar()
    if last is not None:
        counter.advance(connection)
        counter.raise_floor(connection, int(last))
        connection.execute(delete(table).where(_expired(at)))


def _expired(at: float) -> ColumnElement[bool]:
    """Also what comes from the future: a clock that jumped back keeps nothing longer."""
    return or_(table.c.at < at - KEPT_S, table.c.at > at + KEPT_S)
