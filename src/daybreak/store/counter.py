"""The counter that puts all transactions in one order, without any clock."""

from sqlalchemy import Connection, func, insert, select, update

from daybreak.store.schema import counter


def begin(connection: Connection) -> None:
    """Put the counter into a new store."""
    connection.execute(insert(counter).values(id=1, value=0, floor=0))


def advance(connection: Connection) -> int:
    """Return the cursor of this transaction.

    Writers call this before anything else: who changes the row holds it until the end of the
    transaction, so a higher cursor is never to be seen before a lower one.
    """
    statement = update(counter).values(value=counter.c.value + 1).returning(counter.c.value)
    return int(connection.execute(statement).scalar_one())


def now(connection: Connection) -> tuple[int, int]:
    """Return the last cursor, and the floor: no changes can be told from below it."""
    value, floor = connection.execute(select(counter.c.value, counter.c.floor)).one()
    return int(value), int(floor)


def raise_floor(connection: Connection, change: int) -> None:
    """Let everybody who is before ``change`` read everything anew."""
    higher = func.max if connection.dialect.name == "sqlite" else func.greatest
    connection.execute(update(counter).values(floor=higher(counter.c.floor, change)))


def start_at(connection: Connection, value: int) -> None:
    """Go on from a cursor of another store; who followed that one reads everything anew."""
    connection.execute(update(counter).values(value=value, floor=value))
