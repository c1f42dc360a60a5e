"""Adding few events: the statements of several calls together, by the driver itself.

:func:`daybreak.store.event_rows.insert_events` is for frames of any size. Here the events are
few, so that preparing the statements would cost more than running them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from daybreak.store import schema
from daybreak.store.base import WriteResult
from daybreak.store.bulk import insert_rows, iter_chunks
from daybreak.store.database import JoinableWork
from daybreak.store.entity_rows import EMPTY_ATTRIBUTES, EntityPatches, put_entities
from daybreak.store.event_columns import EventColumns
from daybreak.store.event_rows import column_keys
from daybreak.store.removed_items import keep_items_removed

MAX_ADDED_EVENTS = 10_000
"""Largest number of events of one call that are added here; frames suit larger ones."""
_MAX_VALUES_PER_LOOKUP = 500
"""Largest number of values in one ``IN (...)``."""
_MIN_VALUES_PER_LOOKUP = 8
"""Numbers of values are rounded up to this times a power of two, to have few statements."""
_COLUMN_NAMES = (
    *("user_id", "item_id", "event_type", "value", "timestamp", "domain"),
    *("recommendation", "session", "context"),
)
_ROW_NAMES = ("key", *_COLUMN_NAMES, "change")


@dataclass(frozen=True, eq=False)
class AddedEvents(JoinableWork[WriteResult]):
    """The events of one call, to be inserted unless they are stored."""

    keys: Sequence[bytes]
    """(n_events,) key of each event."""
    rows: Sequence[tuple[Any, ...]]
    """(n_events,) values of ``_COLUMN_NAMES``."""

    @classmethod
    def of(cls, events: EventColumns) -> "AddedEvents":
        """Return the work that adds these events."""
        columns = (
            *(events.user_id, events.item_id, events.event_type, events.value),
            *(events.timestamp, events.domain, events.recommendation_id),
            *(events.session_id, events.context),
        )
        return cls(column_keys(events), list(zip(*columns, strict=True)))

    @classmethod
    def run_all(
        cls, connection: Connection, works: Sequence["AddedEvents"]
    ) -> list[WriteResult]:
        """Insert the events of all calls; see :meth:`JoinableWork.run_all`."""
        statements = _Statements(connection)
        change = statements.next_cursor()
        ids = [_ids_of(work) for work in works]
        new_users = _insert_ids(statements, schema.users, [users for users, _ in ids], change)
        new_items = _insert_ids(statements, schema.items, [items for _, items in ids], change)
        fresh = _insert_new(statements, works, change)
        return [
            WriteResult(n_items, n_users, sum(flags), flags, change)
            for n_items, n_users, flags in zip(new_items, new_users, fresh, strict=True)
        ]


def _ids_of(work: AddedEvents) -> tuple[list[str], list[str]]:
    """Return the different users and items of events, in the order of their first event."""
    users = dict.fromkeys(row[0] for row in work.rows)
    return list(users), list(dict.fromkeys(row[1] for row in work.rows))


def _insert_ids(
    statements: "_Statements", table: Table, ids_of_calls: Sequence[Sequence[str]], change: int
) -> list[int]:
    """Insert the ids that have no row yet; return how many were new in each call."""
    ids = list(dict.fromkeys(chain.from_iterable(ids_of_calls)))
    known = statements.find_known(table, "id", ids)
    new = {id_ for id_ in ids if id_ not in known}
    if new:
        patches = EntityPatches([(id_, EMPTY_ATTRIBUTES) for id_ in ids if id_ in new])
        if table is schema.items:
            patches = keep_items_removed(statements.connection, patches)
        put_entities(statements.connection, table, patches, change)
    counts = []
    for ids_of_call in ids_of_calls:
        counts.append(len(new.intersection(ids_of_call)))
        new.difference_update(ids_of_call)
    return counts


def _insert_new(
    statements: "_Statements", works: Sequence[AddedEvents], change: int
) -> list[tuple[bool, ...]]:
    """Insert the events whose keys are new; return which were, for each call."""
    known = statements.find_known(
        schema.events, "key", list(chain.from_iterable(work.keys for work in works))
    )
    rows, fresh = [], []
    for work in works:
        flags = []
        for key, row in zip(work.keys, work.rows, strict=True):
            is_new = key not in known
            flags.append(is_new)
            if is_new:
                known.add(key)
                rows.append((key, *row, change))
        fresh.append(tuple(flags))
    statements.insert(schema.events, _ROW_NAMES, rows)
    return fresh


class _Statements:
    """Statements that run on the connection of the driver.

    Args:
        connection: Connection with an open transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._is_sqlite = connection.dialect.name == "sqlite"
        driver: Any = connection.connection
        self._cursor = driver.cursor()

    def next_cursor(self) -> int:
        """Return the cursor of this transaction; see :func:`.cursors.next_cursor`."""
        self._cursor.execute("UPDATE counter SET value = value + 1 RETURNING value")
        ((value,),) = self._cursor.fetchall()
        return int(value)

    def find_known(self, table: Table, column: str, values: Sequence[Any]) -> set[Any]:
        """Return those values that a column has."""
        return set(chain.from_iterable(self._find(table.name, column, values)))

    def _find(self, table: str, column: str, values: Sequence[Any]) -> Iterator[Iterable[Any]]:
        query = f"SELECT {column} FROM {table} WHERE {column} "  # noqa: S608 - names of our schema
        if not self._is_sqlite:
            self._cursor.execute(f"{query} = ANY(%s)", [list(values)])
            yield (row[0] for row in self._cursor.fetchall())
            return
        for chunk in iter_chunks(values, _MAX_VALUES_PER_LOOKUP):
            marks = _rounded_up(len(chunk))
            padded = [*chunk, *[chunk[0]] * (marks - len(chunk))]
            self._cursor.execute(f"{query} IN ({','.join('?' * marks)})", padded)
            yield (row[0] for row in self._cursor.fetchall())

    def insert(
        self, table: Table, names: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows whose keys are not in the table."""
        if not self._is_sqlite:
            insert_rows(self.connection, table, names, rows)
            return
        marks = ",".join("?" * len(names))
        columns = ",".join(f'"{name}"' for name in names)
        statement = f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - names of our schema
        self._cursor.executemany(statement, rows)


def _rounded_up(n: int) -> int:
    """Return the number of values of the statement that looks up ``n`` values."""
    if n > _MAX_VALUES_PER_LOOKUP // 2:
        return _MAX_VALUES_PER_LOOKUP
    return max(_MIN_VALUES_PER_LOOKUP, 1 << (n - 1).bit_length())
