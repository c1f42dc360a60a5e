"""Small JSON documents by kind and id: experiments, keys, tasks."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from daybreak.store import counter
from daybreak.store.bulk import chunks
from daybreak.store.schema import records as table

_AT_ONCE = 1_000


def put_records(
    connection: Connection, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
) -> None:
    """Add, replace or delete (None) the documents of these ids."""
    counter.advance(connection)
    for part in chunks(list(documents.items()), _AT_ONCE):
        ids = [id_ for id_, _ in part]
        connection.execute(delete(table).where(table.c.kind == kind, table.c.id.in_(ids)))
        rows = [
            {"kind": kind, "id": id_, "value": json.dumps(dict(value))}
            for id_, value in part
            if value is not None
        ]
        if rows:
            connection.execute(insert(table), rows)


def records(connection: Connection, kind: str) -> dict[str, dict[str, Any]]:
    """Return the documents of a kind, sorted by id."""
    query = select(table.c.id, table.c.value).where(table.c.kind == kind)
    return {row.id: json.loads(row.value) for row in sorted(connection.execute(query))}
