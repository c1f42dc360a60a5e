"""Ids of deleted items: events do not bring them back, rows of items do.

A deleted item has no row. A late event on it would add one, and without a catalogue every
known id may be recommended. The id is therefore kept as a document: a row that an event adds
for it is marked as being in no catalogue, until a row with attributes arrives.
"""

import json
from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from daybreak.data.fields import CATALOGUE_EXIT_COLUMN
from daybreak.store.bulk import MIN_BULK_ROWS, iter_chunks, select_where_in
from daybreak.store.entity_rows import EMPTY_ATTRIBUTES, EntityPatches, parse_attributes
from daybreak.store.schema import items, records

REMOVED_ITEM_RECORDS = "removed_items"
"""Kind of the documents that remember deleted items."""
_MAX_IDS_PER_STATEMENT = 500
_REMOVED = select(records.c.id, records.c.value).where(records.c.kind == REMOVED_ITEM_RECORDS)
_FIRST_REMOVED = _REMOVED.limit(1)
_AT = "at"


def remember_removed_items(connection: Connection, ids: Collection[str], at: float) -> None:
    """Remember items that are about to be deleted; unknown ids are ignored.

    Args:
        connection: Connection with an open transaction.
        ids: Ids of items.
        at: Time of the deletion, epoch [s].
    """
    found = [row[0] for row in select_where_in(connection, select(items.c.id), items.c.id, ids)]
    _forget(connection, found)
    value = json.dumps({_AT: at})
    for chunk in iter_chunks(found, _MAX_IDS_PER_STATEMENT):
        rows = [{"kind": REMOVED_ITEM_RECORDS, "id": id_, "value": value} for id_ in chunk]
        connection.execute(insert(records), rows)


def keep_items_removed(connection: Connection, patches: EntityPatches) -> EntityPatches:
    """Return changes of items in which deleted items stay away, unless they have attributes.

    Deleted items that come back are no longer remembered.

    Args:
        connection: Connection with an open transaction.
        patches: Changes of items, also those of ids that only events have.
    """
    removed = _removed_at(connection, [id_ for id_, _ in patches.rows])
    if not removed:
        return patches
    unlisted = {EMPTY_ATTRIBUTES, patches.clear}
    returned = {id_ for id_, text in patches.rows if id_ in removed and text not in unlisted}
    _forget(connection, returned)
    rows = []
    for id_, text in patches.rows:
        if id_ in returned:
            rows.append((id_, _list_again(text)))
        elif id_ in removed:
            rows.append((id_, json.dumps({CATALOGUE_EXIT_COLUMN: removed[id_]})))
        else:
            rows.append((id_, text))
    return EntityPatches(rows, patches.clear)


def _list_again(text: str) -> str:
    """Return the change of an item that also deletes its mark, unless it states one."""
    change = {CATALOGUE_EXIT_COLUMN: None, **parse_attributes(text)}
    return json.dumps(change, ensure_ascii=False, separators=(",", ":"))


def _removed_at(connection: Connection, ids: Collection[str]) -> dict[str, float]:
    """Return the time of deletion of those ids that are remembered, epoch [s]."""
    if not ids or connection.execute(_FIRST_REMOVED).first() is None:
        return {}
    if len(ids) >= MIN_BULK_ROWS:
        wanted = frozenset(ids)
        rows = [row for row in connection.execute(_REMOVED) if row[0] in wanted]
    else:
        rows = list(select_where_in(connection, _REMOVED, records.c.id, ids))
    return {row[0]: float(json.loads(row[1])[_AT]) for row in rows}


def _forget(connection: Connection, ids: Collection[str]) -> None:
    for chunk in iter_chunks(list(ids), _MAX_IDS_PER_STATEMENT):
        connection.execute(
            delete(records).where(
                records.c.kind == REMOVED_ITEM_RECORDS, records.c.id.in_(chunk)
            )
        )
