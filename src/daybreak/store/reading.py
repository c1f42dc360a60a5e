"""Read tables: all, those of some users, or what has changed."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, select

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.store import schema
from daybreak.store.attributes import from_json
from daybreak.store.bulk import among
from daybreak.store.sides import side


def all_tables(connection: Connection) -> Tables:
    """Return everything, in the order in which it came."""
    text = str(_events().compile(dialect=connection.dialect))
    rows = connection.exec_driver_sql(text).cursor.fetchall()
    items, users = (side(connection, table) for table in (schema.items, schema.users))
    return Tables.of(_frame(rows), from_json(items, "item_id"), from_json(users, "user_id"))


def tables_of(connection: Connection, users: Sequence[str]) -> Tables:
    """Return some users, their events, and the items that these name."""
    wanted = list(dict.fromkeys(users))
    query = _events().add_columns(schema.events.c.row)
    rows = sorted(
        among(connection, query, schema.events.c.user_id, wanted), key=lambda row: row[-1]
    )
    events = _frame([row[:-1] for row in rows])
    items = _picked(connection, schema.items, events["item_id"].unique().to_list())
    people = _picked(connection, schema.users, wanted)
    return Tables.of(events, from_json(items, "item_id"), from_json(people, "user_id"))


def changed_tables(connection: Connection, since: int) -> Tables:
    """Return the rows written after a cursor, each as it is now, and no others."""
    order = schema.events.c.row + 0  # else SQLite reads all rows, to save the sorting
    query = str(
        _events()
        .where(schema.events.c.change > since)
        .order_by(None)
        .order_by(order)
        .compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )
    rows = connection.exec_driver_sql(query).cursor.fetchall()
    items, users = (side(connection, table, since) for table in (schema.items, schema.users))
    return Tables(from_json(items, "item_id"), from_json(users, "user_id"), _frame(rows))


@cache
def no_tables() -> Tables:
    """Return tables without rows."""
    return Tables.of()


def _events() -> Select[Any]:
    columns = [schema.events.c[name] for name in EVENT_COLUMNS]
    return select(*columns).order_by(schema.events.c.row)


def _frame(rows: Sequence[Any]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=EVENT_COLUMNS)
    columns = zip(EVENT_COLUMNS.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, v, dtype=kind) for (name, kind), v in columns])


def _picked(connection: Connection, table: Any, ids: Sequence[str]) -> list[tuple[str, str]]:
    query = select(table.c.row, table.c.id, table.c.attributes)
    rows = sorted((row[0], row[1], row[2]) for row in among(connection, query, table.c.id, ids))
    return [(id_, text) for _, id_, text in rows]
