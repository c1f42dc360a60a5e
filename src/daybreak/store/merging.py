"""Make what is known of one user known of another."""

from sqlalchemy import Connection, delete, select, update

from daybreak.store import counter, gone
from daybreak.store.attributes import merged
from daybreak.store.schema import answers, events, users
from daybreak.store.sides import NOTHING, put_side


def merge(connection: Connection, old: str, new: str, at: float) -> int:
    """Move events, answers and attributes, then forget ``old``; return the number of events."""
    if old == new:
        return 0
    change = counter.advance(connection)
    moved = connection.execute(
        update(events).where(events.c.user_id == old).values(user_id=new, change=change)
    ).rowcount
    answered = connection.execute(
        update(answers).where(answers.c.user_id == old).values(user_id=new)
    ).rowcount
    known = _attributes(connection, old)
    if known is None and not moved and not answered:
        return 0
    newer = merged(NOTHING, _attributes(connection, new) or NOTHING)  # no value hides none
    attributes = merged(known or NOTHING, newer)
    put_side(connection, users, [(new, attributes)], change)
    connection.execute(delete(users).where(users.c.id == old))
    gone.announce(connection, "user", [old], change, at)
    return moved


def _attributes(connection: Connection, user: str) -> str | None:
    query = select(users.c.attributes).where(users.c.id == user)
    return connection.execute(query).scalar_one_or_none()
