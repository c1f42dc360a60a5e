"""The store over a database: SQL that all of them understand."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, delete, insert, select, update

from daybreak.data import Tables
from daybreak.errors import DataError
from daybreak.store import counter, reading, schema
from daybreak.store.appending import append_events, incoming
from daybreak.store.attributes import to_json
from daybreak.store.base import Release, Store, Written
from daybreak.store.database import Database
from daybreak.store.keys import event_keys
from daybreak.store.sides import put_side
from daybreak.store.sql_journal import SqlJournal
from daybreak.store.vector_rows import get_vectors, put_vectors
from daybreak.types import Floats


class SqlStore(Store):
    """A store in a database; see :class:`Store`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._journal = SqlJournal(database)

    @property
    def journal(self) -> SqlJournal:
        """See :attr:`Store.journal`."""
        return self._journal

    def write(
        self,
        tables: Tables,
        *,
        event_ids: pl.Series | None = None,
        recommendations: pl.Series | None = None,
        sessions: pl.Series | None = None,
        contexts: pl.Series | None = None,
    ) -> Written:
        """Write in one transaction; see :meth:`Store.write`."""
        more = {"recommendation": recommendations, "session": sessions, "context": contexts}
        for name, column in {"event id": event_ids, **more}.items():
            _check_length(name, column, tables.events.height)
        events = incoming(event_keys(tables.events, event_ids), tables.events, more)
        items, users = to_json(tables.items, "item_id"), to_json(tables.users, "user_id")

        def work(connection: Connection) -> Written:
            change = counter.advance(connection)
            n_items = put_side(connection, schema.items, items, change)
            n_users = put_side(connection, schema.users, users, change)
            fresh = append_events(connection, events, change)
            return Written(n_items, n_users, sum(fresh), fresh, change)

        return self.database.write(work)

    def tables(self, *, users: Sequence[str] | None = None) -> Tables:
        """Read rows; see :meth:`Store.tables`."""
        if users is None:
            return self.database.read(reading.all_tables)
        return self.database.read(lambda connection: reading.tables_of(connection, users))

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Replace what is there; see :meth:`Store.put_vectors`."""
        self.database.write(lambda connection: put_vectors(connection, model, vectors))

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Look up by content hash; see :meth:`Store.vectors`."""
        return self.database.read(lambda connection: get_vectors(connection, model, contents))

    def put_release(self, release: Release) -> None:
        """Write one row; see :meth:`Store.put_release`."""
        table = schema.releases
        row = {
            "id": release.id,
            "created_at": release.created_at,
            "folder": release.folder,
            "metadata": json.dumps(dict(release.metadata)),
            "active": release.active,
        }

        def work(connection: Connection) -> None:
            counter.advance(connection)
            if release.active:
                connection.execute(update(table).values(active=False))
            connection.execute(delete(table).where(table.c.id == release.id))
            connection.execute(insert(table).values(row))

        self.database.write(work)

    def releases(self) -> list[Release]:
        """Read rows; see :meth:`Store.releases`."""
        table = schema.releases
        query = select(table).order_by(table.c.created_at.desc(), table.c.id.desc())
        return self.database.read(
            lambda connection: [
                Release(r.id, r.created_at, r.folder, json.loads(r.metadata), r.active)
                for r in connection.execute(query)
            ]
        )

    def settings(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write and read rows; see :meth:`Store.settings`."""
        table = schema.settings
        texts = {
            name: None if value is None else json.dumps(value)
            for name, value in (changes or {}).items()
        }

        def work(connection: Connection) -> dict[str, Any]:
            if texts:
                counter.advance(connection)
            for name, text in texts.items():
                connection.execute(delete(table).where(table.c.name == name))
                if text is not None:
                    connection.execute(insert(table).values(name=name, value=text))
            rows = connection.execute(select(table))
            return {row.name: json.loads(row.value) for row in sorted(rows)}

        return self.database.write(work) if texts else self.database.read(work)

    def close(self) -> None:
        """Close all connections; see :meth:`Store.close`."""
        self.database.close()


def _check_length(name: str, column: pl.Series | None, n_events: int) -> None:
    if column is not None and len(column) != n_events:
        raise DataError(f"{len(column)} {name}s for {n_events} events; give one each")
