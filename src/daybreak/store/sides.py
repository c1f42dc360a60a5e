"""Items and users: rows of an id and its attributes."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, bindparam, select, update

from daybreak.store.attributes import merged
from daybreak.store.bulk import append, found

NOTHING = "{}"
"""The attributes of an id that is only known from events."""


def put_side(
    connection: Connection, table: Table, rows: Sequence[tuple[str, str]], change: int
) -> int:
    """Add (id, JSON object) rows or merge them into those there are; return how many are new.

    Rows that would stay as they are keep their cursor.
    """
    known = dict(
        (row[0], row[1])
        for row in found(connection, (table.c.id, table.c.attributes), [id_ for id_, _ in rows])
    )
    fresh = [(id_, text, change) for id_, text in rows if id_ not in known]
    append(connection, table, ("id", "attributes", "change"), fresh)
    changed = [
        {"which": id_, "attributes": text, "change": change}
        for id_, patch in rows
        if patch != NOTHING
        and id_ in known
        and (text := merged(known[id_], patch)) != known[id_]
    ]
    if changed:
        statement = update(table).where(table.c.id == bindparam("which"))
        connection.execute(statement, changed)
    return len(fresh)


def side(
    connection: Connection, table: Table, after: int | None = None
) -> list[tuple[str, str]]:
    """Return the (id, JSON object) rows in their order, or those changed after a cursor."""
    query = select(table.c.id, table.c.attributes)
    if after is None:
        query = query.order_by(table.c.row)
    else:  # + 0, else SQLite reads all rows, to save the sorting
        query = query.where(table.c.change > after).order_by(table.c.row + 0)
    return [(row[0], row[1]) for row in connection.execute(query)]
