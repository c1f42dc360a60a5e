"""Ids that earlier versions stored in several spellings, joined to the one spelling.

Earlier versions kept ``13085.0`` of files and blanks of requests. Since then every way in has
one spelling (:mod:`daybreak.data.ids`), so that later rows would belong to other users and
items. :func:`join_spellings` renames what is stored, when a store is opened.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, Table, delete, or_, select, update

from daybreak.data.ids import normalize_id
from daybreak.errors import StoreError
from daybreak.store.cursors import next_cursor, put_tombstones
from daybreak.store.database import Database
from daybreak.store.entity_rows import (
    EMPTY_ATTRIBUTES,
    EntityPatches,
    merge_attributes,
    merge_users,
    put_entities,
)
from daybreak.store.event_rows import content_keys
from daybreak.store.schema import events, items, users

_OTHER_SPELLINGS = (
    *("%.0", " %", "% ", "\t%", "%\t", "\u00a0%", "%\u00a0", "\u200b%", "%\u200b"),
    *("\ufeff%", "%\ufeff", "\u3000%", "%\u3000"),
)
"""Patterns of ids that may have another spelling than the one."""
_MAX_KEYS_PER_LOOKUP = 500
"""Largest number of keys of events in one query."""


def join_spellings(database: Database) -> int:
    """Rename ids to the one spelling, with all that belongs to them; return their number.

    All is one transaction. A store that cannot be written stays as it is.
    """
    if not database.read(lambda c: bool(_renamed(c, users) or _renamed(c, items))):
        return 0
    try:
        return database.write(_join)
    except StoreError:
        return 0


def _renamed(connection: Connection, table: Table) -> dict[str, str]:
    """Return the ids of a table that have another spelling, each with the one spelling."""
    query = select(table.c.id).where(or_(*(table.c.id.like(p) for p in _OTHER_SPELLINGS)))
    ids = [row[0] for row in connection.execute(query)]
    return {id_: new for id_ in ids if (new := normalize_id(id_)) and new != id_}


def _join(connection: Connection) -> int:
    at = time.time()
    of_users, of_items = _renamed(connection, users), _renamed(connection, items)
    _rename_keys(connection, of_users, of_items)
    for old, new in of_users.items():
        merge_users(connection, old, new, at)
    for old, new in of_items.items():
        _merge_items(connection, old, new, at)
    return len(of_users) + len(of_items)


def _merge_items(connection: Connection, old: str, new: str, at: float) -> None:
    """Move events and attributes to ``new`` and delete ``old``."""
    change = next_cursor(connection)
    connection.execute(
        update(events).where(events.c.item_id == old).values(item_id=new, change=change)
    )
    own = _attributes(connection, new)
    # Remove nulls, which would delete values.
    merged = merge_attributes(_attributes(connection, old), merge_attributes("{}", own))
    put_entities(connection, items, EntityPatches([(new, merged)]), change)
    connection.execute(delete(items).where(items.c.id == old))
    put_tombstones(connection, "item", [old], change, at)


def _attributes(connection: Connection, item: str) -> str:
    query = select(items.c.attributes).where(items.c.id == item)
    return connection.execute(query).scalar_one_or_none() or EMPTY_ATTRIBUTES


def _rename_keys(
    connection: Connection, of_users: Mapping[str, str], of_items: Mapping[str, str]
) -> None:
    """Give events without an id of their own the keys that the next import gives them.

    Otherwise reading the same file again would store its events a second time.
    """
    columns = [
        events.c[n]
        for n in ("row", "key", "user_id", "item_id", "event_type", "timestamp", "value")
    ]
    seen = Counter[tuple[Any, ...]]()
    changes: dict[int, bytes] = {}
    for row in _affected(connection, columns, of_users, of_items):
        number, key, user, item, *rest = row
        new = (of_users.get(user, user), of_items.get(item, item), *rest)
        old_count = seen[("old", user, item, *rest)] = (
            seen.get(("old", user, item, *rest), -1) + 1
        )
        if bytes(key) not in content_keys((user, item, *rest), old_count + 1):
            continue  # the event has an id of its own
        count = seen[("new", *new)] = seen.get(("new", *new), -1) + 1
        changes[number] = content_keys(new, count + 1)[-1]
    taken = _stored_keys(connection, set(changes.values()))
    for number, key in changes.items():
        if key not in taken:
            connection.execute(update(events).where(events.c.row == number).values(key=key))


def _affected(
    connection: Connection,
    columns: list[Any],
    of_users: Mapping[str, str],
    of_items: Mapping[str, str],
) -> Iterable[Any]:
    """Return the events of renamed users and items, in the order of their arrival."""
    found = {}
    for column, names in ((events.c.user_id, of_users), (events.c.item_id, of_items)):
        ids = list(names)
        for start in range(0, len(ids), _MAX_KEYS_PER_LOOKUP):
            part = ids[start : start + _MAX_KEYS_PER_LOOKUP]
            query = select(*columns).where(column.in_(part))
            found.update({row[0]: tuple(row) for row in connection.execute(query)})
    return [found[number] for number in sorted(found)]


def _stored_keys(connection: Connection, keys: set[bytes]) -> set[bytes]:
    listed, stored = list(keys), set()
    for start in range(0, len(listed), _MAX_KEYS_PER_LOOKUP):
        part = listed[start : start + _MAX_KEYS_PER_LOOKUP]
        query = select(events.c.key).where(events.c.key.in_(part))
        stored |= {bytes(row[0]) for row in connection.execute(query)}
    return stored
