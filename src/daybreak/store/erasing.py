"""Delete users, items, events and everything that is too old."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from daybreak.errors import DataError
from daybreak.store import counter, gone
from daybreak.store.bulk import among, chunks
from daybreak.store.journal import Erased
from daybreak.store.keys import id_keys
from daybreak.store.schema import answers, events, items, users

_AT_ONCE = 500
_FEW = 1_000
"""Up to so many users are told anew to other processes; for more, these read everything."""

_CONTENT = ("user_id", "item_id", "event_type", "timestamp", "value", "domain")


@dataclass(frozen=True)
class Doomed:
    """What shall be deleted; see :meth:`Journal.erase`."""

    users: tuple[str, ...]
    items: tuple[str, ...]
    events: Sequence[str] | pl.DataFrame
    before: float | None


def erase(connection: Connection, doomed: Doomed, at: float) -> Erased:
    """Delete it in one transaction, and tell other processes."""
    change = counter.advance(connection)
    n_users, n_events, n_answers = _erase_users(connection, doomed.users, change, at)
    n_items, more = _erase_items(connection, doomed.items, change, at)
    n_events += more
    n_events += _erase_events(connection, doomed.events, change, at)
    if doomed.before is not None:
        old_events, old_answers = _erase_before(connection, doomed.before, change)
        n_events, n_answers = n_events + old_events, n_answers + old_answers
    return Erased(n_users, n_items, n_events, n_answers)


def _erase_users(
    connection: Connection, ids: Sequence[str], change: int, at: float
) -> tuple[int, int, int]:
    sessions = [
        *_distinct(connection, events.c.session, events.c.user_id, ids),
        *_distinct(connection, answers.c.session_id, answers.c.user_id, ids),
    ]
    n_events = _delete(connection, events.c.user_id, ids)
    n_answers = _delete(connection, answers.c.user_id, ids)
    nameless = answers.c.user_id.is_(None)
    n_answers += _delete(connection, answers.c.session_id, sessions, nameless)
    n_users = _delete(connection, users.c.id, ids)
    gone.announce(connection, "user", list(dict.fromkeys(ids)), change, at)
    return n_users, n_events, n_answers


def _erase_items(
    connection: Connection, ids: Sequence[str], change: int, at: float
) -> tuple[int, int]:
    n_events = _delete(connection, events.c.item_id, ids)
    n_items = _delete(connection, items.c.id, ids)
    gone.announce(connection, "item", list(dict.fromkeys(ids)), change, at)
    return n_items, n_events


def _erase_events(
    connection: Connection, which: Sequence[str] | pl.DataFrame, change: int, at: float
) -> int:
    deleted = 0
    owners: set[str] = set()
    for condition in _conditions(which):
        owners.update(
            connection.execute(select(events.c.user_id).where(condition).distinct()).scalars()
        )
        deleted += connection.execute(delete(events).where(condition)).rowcount
    _tell_again(connection, sorted(owners), change, at)
    return deleted


def _conditions(which: Sequence[str] | pl.DataFrame) -> Iterator[ColumnElement[bool]]:
    if not isinstance(which, pl.DataFrame):
        for part in chunks(id_keys(list(which)), _AT_ONCE):
            yield events.c.key.in_(part)
        return
    names = [name for name in which.columns if name in _CONTENT]
    if which.height and (not names or len(names) < which.width):
        raise DataError(
            f"events to delete are named by columns out of {', '.join(_CONTENT)}; "
            f"got {', '.join(which.columns) or 'none'}"
        )
    for row in which.iter_rows(named=True):
        yield and_(*(_equal(events.c[name], value) for name, value in row.items()))


def _equal(column: Any, value: Any) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return equal


def _tell_again(connection: Connection, owners: Sequence[str], change: int, at: float) -> None:
    """Let other processes drop these users and take what is left of them."""
    if len(owners) > _FEW:
        counter.raise_floor(connection, change)
        return
    gone.announce(connection, "user", owners, change, at)
    for part in chunks(owners, _AT_ONCE):
        for column in (events.c.user_id, users.c.id):
            statement = update(column.table).where(column.in_(part)).values(change=change)
            connection.execute(statement)


def _erase_before(connection: Connection, before: float, change: int) -> tuple[int, int]:
    n_events = connection.execute(delete(events).where(events.c.timestamp < before)).rowcount
    n_answers = connection.execute(delete(answers).where(answers.c.at < before)).rowcount
    if n_events:
        counter.raise_floor(connection, change)
    return n_events, n_answers


def _delete(
    connection: Connection, column: Any, values: Sequence[str], *more: ColumnElement[bool]
) -> int:
    return sum(
        connection.execute(delete(column.table).where(column.in_(part), *more)).rowcount
        for part in chunks(values, _AT_ONCE)
    )


def _distinct(
    connection: Connection, wanted: Any, column: Any, values: Sequence[str]
) -> list[str]:
    query = select(wanted).where(wanted.is_not(None)).distinct()
    return [row[0] for row in among(connection, query, column, values)]
