"""Add events to the table, fast for many and fast for few."""

from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.schema import CreateIndex, DropIndex

from daybreak.data import EVENT_COLUMNS
from daybreak.store import schema

CHUNK = 20_000
"""Rows handed to the database at a time."""

MANY = 50_000
"""From so many events on, building the index anew costs less than keeping it up to date."""

_INDEX = next(iter(schema.events.indexes))


def append_events(connection: Connection, keys: list[bytes], events: pl.DataFrame) -> int:
    """Insert the events whose key is not there yet, in their order; return how many."""
    before = _count(connection)
    if len(keys) < MANY or 4 * len(keys) < before:
        _insert(connection, keys, events)
        return _count(connection) - before
    fresh = _fresh(connection, keys)
    if all(fresh):
        fresh_keys = keys
    else:
        fresh_keys = [key for key, new in zip(keys, fresh, strict=True) if new]
        events = events.filter(pl.Series(fresh))
    if fresh_keys:
        connection.execute(DropIndex(_INDEX))
        _insert(connection, fresh_keys, events)
        connection.execute(CreateIndex(_INDEX))
    return _count(connection) - before


def _count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(schema.events)).scalar_one())


def _fresh(connection: Connection, keys: list[bytes]) -> list[bool]:
    """Tell which keys are new: not stored, and the first of their kind."""
    known = {row[0] for row in connection.execute(select(schema.events.c.key))}
    fresh = []
    for key in keys:
        fresh.append(key not in known)
        known.add(key)
    return fresh


def _insert(connection: Connection, keys: list[bytes], events: pl.DataFrame) -> None:
    names = ["key", *EVENT_COLUMNS]
    statement = insert(schema.events).values(dict.fromkeys(names)).on_conflict_do_nothing()
    columns = events.select(list(EVENT_COLUMNS))
    for start in range(0, len(keys), CHUNK):
        part = columns[start : start + CHUNK].iter_rows()
        rows = zip(keys[start : start + CHUNK], part, strict=True)
        run_many(connection, statement, [(key, *row) for key, row in rows])


def run_many(connection: Connection, statement: Any, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run one statement for many rows of plain tuples, without the cost of named ones."""
    text = str(statement.compile(dialect=sqlite.dialect(paramstyle="qmark")))
    for start in range(0, len(rows), CHUNK):
        connection.exec_driver_sql(text, list(rows[start : start + CHUNK]))
