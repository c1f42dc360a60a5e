"""Adding few events: the statements of several calls together, by the driver itself.

:func:`daybreak.store.event_rows.insert_events` is for frames of any size. Here the events are
few, so that preparing the statements would cost more than running them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Table

from daybreak.errors import DataError
from daybreak.store import schema
from daybreak.store.base import WriteResult
from daybreak.store.database import JoinableWork
from daybreak.store.driver_statements import DriverStatements
from daybreak.store.entity_rows import EMPTY_ATTRIBUTES, EntityPatches, put_entities
from daybreak.store.event_columns import EventColumns
from daybreak.store.event_rows import column_keys
from daybreak.store.removed_items import keep_items_removed

MAX_ADDED_EVENTS = 10_000
"""Largest number of events of one call that are added here; frames suit larger ones."""
_NEXT_CURSOR = "UPDATE counter SET value = value + 1 RETURNING value"
"""Statement of :func:`daybreak.store.cursors.next_cursor`."""
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
        """Return the work that adds these events.

        Raises:
            DataError: A text is not Unicode.
        """
        columns = (
            *(events.user_id, events.item_id, events.event_type, events.value),
            *(events.timestamp, events.domain, events.recommendation_id),
            *(events.session_id, events.context),
        )
        try:
            keys = column_keys(events)
        except UnicodeError as error:
            raise DataError(f"a text is not Unicode and cannot be stored: {error}") from error
        return cls(keys, list(zip(*columns, strict=True)))

    @classmethod
    def run_all(
        cls, connection: Connection, works: Sequence["AddedEvents"]
    ) -> list[WriteResult]:
        """Insert the events of all calls; see :meth:`JoinableWork.run_all`."""
        statements = DriverStatements(connection)
        ((change,),) = statements.fetch(_NEXT_CURSOR)
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
    statements: DriverStatements,
    table: Table,
    ids_of_calls: Sequence[Sequence[str]],
    change: int,
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
    statements: DriverStatements, works: Sequence[AddedEvents], change: int
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
