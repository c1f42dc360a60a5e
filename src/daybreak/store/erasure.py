"""Deleting users, items, events and everything before a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from daybreak.errors import DataError
from daybreak.store.base import ErasureCounts
from daybreak.store.bulk import iter_chunks, select_where_in
from daybreak.store.cursors import next_cursor, put_tombstones, raise_cursor_floor
from daybreak.store.event_rows import id_keys
from daybreak.store.removed_items import remember_removed_items
from daybreak.store.schema import answers, events, items, users

_MAX_IDS_PER_STATEMENT = 500
_MAX_ANNOUNCED_USERS = 1_000
"""Users whose remaining events are part of the changes; with more, changes are incomplete."""

_MATCHABLE_COLUMNS = ("user_id", "item_id", "event_type", "timestamp", "value", "domain")


@dataclass(frozen=True)
class ErasureSelection:
    """Rows to delete; see :meth:`Store.erase`."""

    users: tuple[str, ...]
    items: tuple[str, ...]
    events: Sequence[str] | pl.DataFrame
    before: float | None


def erase(connection: Connection, selection: ErasureSelection, at: float) -> ErasureCounts:
    """Delete the selected rows and record the deletions for the change feed."""
    change = next_cursor(connection)
    n_users, n_events, n_answers = _erase_users(connection, selection.users, change, at)
    n_items, n_item_events = _erase_items(connection, selection.items, change, at)
    n_events += n_item_events
    n_events += _erase_events(connection, selection.events, change, at)
    if selection.before is not None:
        old_events, old_answers = _erase_before(connection, selection.before, change)
        n_events, n_answers = n_events + old_events, n_answers + old_answers
    return ErasureCounts(n_users, n_items, n_events, n_answers)


def _erase_users(
    connection: Connection, ids: Sequence[str], change: int, at: float
) -> tuple[int, int, int]:
    sessions = [
        *_distinct(connection, events.c.session, events.c.user_id, ids),
        *_distinct(connection, answers.c.session_id, answers.c.user_id, ids),
    ]
    n_events = _delete(connection, events.c.user_id, ids)
    n_answers = _delete(connection, answers.c.user_id, ids)
    anonymous = answers.c.user_id.is_(None)
    n_answers += _delete(connection, answers.c.session_id, sessions, anonymous)
    n_users = _delete(connection, users.c.id, ids)
    put_tombstones(connection, "user", list(dict.fromkeys(ids)), change, at)
    return n_users, n_events, n_answers


def _erase_items(
    connection: Connection, ids: Sequence[str], change: int, at: float
) -> tuple[int, int]:
    remember_removed_items(connection, ids, at)
    n_events = _delete(connection, events.c.item_id, ids)
    n_items = _delete(connection, items.c.id, ids)
    put_tombstones(connection, "item", list(dict.fromkeys(ids)), change, at)
    return n_items, n_events


def _erase_events(
    connection: Connection, selected: Sequence[str] | pl.DataFrame, change: int, at: float
) -> int:
    deleted = 0
    owners: set[str] = set()
    for condition in _conditions(selected):
        owners.update(
            connection.execute(select(events.c.user_id).where(condition).distinct()).scalars()
        )
        deleted += connection.execute(delete(events).where(condition)).rowcount
    _announce_remaining(connection, sorted(owners), change, at)
    return deleted


def _conditions(selected: Sequence[str] | pl.DataFrame) -> Iterator[ColumnElement[bool]]:
    if not isinstance(selected, pl.DataFrame):
        for chunk in iter_chunks(id_keys(list(selected)), _MAX_IDS_PER_STATEMENT):
            yield events.c.key.in_(chunk)
        return
    names = [name for name in selected.columns if name in _MATCHABLE_COLUMNS]
    if selected.height and (not names or len(names) < selected.width):
        raise DataError(
            f"events to delete are named by columns out of {', '.join(_MATCHABLE_COLUMNS)}; "
            f"got {', '.join(selected.columns) or 'none'}"
        )
    for row in selected.iter_rows(named=True):
        yield and_(*(_equals(events.c[name], value) for name, value in row.items()))


def _equals(column: Any, value: Any) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return equal


def _announce_remaining(
    connection: Connection, owners: Sequence[str], change: int, at: float
) -> None:
    """Record users as deleted and their remaining rows as changed, for the change feed."""
    if len(owners) > _MAX_ANNOUNCED_USERS:
        raise_cursor_floor(connection, change)
        return
    put_tombstones(connection, "user", owners, change, at)
    for chunk in iter_chunks(owners, _MAX_IDS_PER_STATEMENT):
        for column in (events.c.user_id, users.c.id):
            statement = update(column.table).where(column.in_(chunk)).values(change=change)
            connection.execute(statement)


def _erase_before(connection: Connection, before: float, change: int) -> tuple[int, int]:
    n_events = connection.execute(delete(events).where(events.c.timestamp < before)).rowcount
    n_answers = connection.execute(delete(answers).where(answers.c.at < before)).rowcount
    if n_events:
        raise_cursor_floor(connection, change)
    return n_events, n_answers


def _delete(
    connection: Connection, column: Any, values: Sequence[str], *conditions: ColumnElement[bool]
) -> int:
    return sum(
        connection.execute(delete(column.table).where(column.in_(chunk), *conditions)).rowcount
        for chunk in iter_chunks(values, _MAX_IDS_PER_STATEMENT)
    )


def _distinct(
    connection: Connection, selected: Any, column: Any, values: Sequence[str]
) -> list[str]:
    query = select(selected).where(selected.is_not(None)).distinct()
    return [row[0] for row in select_where_in(connection, query, column, values)]
