"""Add events to the table, fast for many and fast for few."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat

import polars as pl
from sqlalchemy import Connection, Index
from sqlalchemy.schema import CreateIndex, DropIndex

from daybreak.data import EVENT_COLUMNS
from daybreak.store.bulk import CHUNK, MANY, append, count, found
from daybreak.store.schema import events as table


@dataclass(frozen=True)
class Incoming:
    """Events on their way into the store; all parts have one value an event."""

    keys: Sequence[bytes]
    events: pl.DataFrame
    """With ``EVENT_COLUMNS``, and what else is kept of each."""


def incoming(
    keys: Sequence[bytes], events: pl.DataFrame, more: Mapping[str, pl.Series | None]
) -> Incoming:
    """Put the columns of events and more of text side by side."""
    return Incoming(
        keys,
        events.select(list(EVENT_COLUMNS)).with_columns(
            (pl.lit(None) if column is None else column).cast(pl.String).alias(name)
            for name, column in more.items()
        ),
    )


def append_events(connection: Connection, new: Incoming, change: int) -> tuple[bool, ...]:
    """Insert the events whose key is not there yet, in their order; tell which they were."""
    fresh = _fresh(connection, new.keys)
    keys, events = new.keys, new.events
    if not all(fresh):
        keys = [key for key, is_new in zip(keys, fresh, strict=True) if is_new]
        events = events.filter(pl.Series(fresh, dtype=pl.Boolean))
    with indexes_aside(connection, worth=_worth(connection, len(keys))):
        for start in range(0, len(keys), CHUNK):
            part = events[start : start + CHUNK]
            columns = [c for c in part.get_columns() if c.null_count() < part.height]
            values = (column.to_list() for column in columns)
            rows = list(zip(keys[start : start + CHUNK], *values, repeat(change)))
            names = ("key", *(column.name for column in columns), "change")
            append(connection, table, names, rows)
    return fresh


def _fresh(connection: Connection, keys: Sequence[bytes]) -> tuple[bool, ...]:
    """Tell which keys are new: not stored, and the first of their kind."""
    known = {bytes(row[0]) for row in found(connection, (table.c.key,), keys)}
    if not known and len(set(keys)) == len(keys):
        return (True,) * len(keys)
    fresh = []
    for key in keys:
        fresh.append(key not in known)
        known.add(key)
    return tuple(fresh)


def _worth(connection: Connection, n_new: int) -> bool:
    """Tell whether building indexes anew costs less; PostgreSQL would lock readers out."""
    if connection.dialect.name != "sqlite" or n_new < MANY:
        return False
    return 4 * n_new >= count(connection, table)


@contextmanager
def indexes_aside(connection: Connection, *, worth: bool) -> Iterator[None]:
    """Build the indexes of events after the work, if that is worth it."""
    aside: list[Index] = []
    if worth:
        aside = sorted(table.indexes, key=lambda index: str(index.name))
    for index in aside:
        connection.execute(DropIndex(index))
    yield
    for index in aside:
        connection.execute(CreateIndex(index))
