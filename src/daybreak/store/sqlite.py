"""The embedded store: one SQLite file with a write-ahead log."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import RLock
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Connection, Table, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import make_url

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.errors import DataError, StoreError
from daybreak.store import schema
from daybreak.store.appending import append_events, run_many
from daybreak.store.attributes import from_json, to_json
from daybreak.store.base import Release, Store, Written, chunks, stores
from daybreak.store.connecting import connect, friendly, is_memory
from daybreak.store.keys import event_keys
from daybreak.types import Floats


@stores.register("sqlite")
class SqliteStore(Store):
    """Store in one file, ``sqlite:///shop.db``, or in memory, ``sqlite:///:memory:``.

    Many processes may read while one writes; a second writer waits up to ``wait_s`` [s].

    Raises:
        StoreError: The file is damaged, locked, of another program or another version.

    Example:
        >>> with SqliteStore("sqlite:///:memory:") as store:
        ...     shop = Tables.of(pl.DataFrame({"user_id": ["ann"], "item_id": ["tea"]}))
        ...     store.write(shop), store.write(shop)
        (Written(items=1, users=1, events=1), Written(items=0, users=0, events=0))
    """

    def __init__(self, url: str, *, wait_s: float = 10.0) -> None:
        self._engine = connect(make_url(url), wait_s)
        self._writer = self._engine.execution_options(writes=True)
        self._closed = False
        shared = is_memory(self._engine.url)  # one connection for all threads
        self._turn: AbstractContextManager[Any] = RLock() if shared else nullcontext()

    @contextmanager
    def _transaction(self, *, writes: bool = False) -> Iterator[Connection]:
        with self._turn, friendly(self._engine):
            if self._closed:
                raise StoreError("the store has been closed; open it again")
            engine = self._writer if writes else self._engine
            with engine.begin() as connection:
                yield connection

    def write(self, tables: Tables, *, event_ids: pl.Series | None = None) -> Written:
        """Write in one transaction; see :meth:`Store.write`."""
        if event_ids is not None and len(event_ids) != tables.events.height:
            raise DataError(
                f"{len(event_ids)} event ids for {tables.events.height} events; give one each"
            )
        keys = event_keys(tables.events, event_ids)
        with self._transaction(writes=True) as connection:
            return Written(
                _upsert(connection, schema.items, to_json(tables.items, "item_id")),
                _upsert(connection, schema.users, to_json(tables.users, "user_id")),
                append_events(connection, keys, tables.events),
            )

    def tables(self) -> Tables:
        """Read all rows; see :meth:`Store.tables`."""
        with self._transaction() as connection:
            columns = [schema.events.c[name] for name in EVENT_COLUMNS]
            query = str(select(*columns).order_by(schema.events.c.row))
            rows = connection.exec_driver_sql(query).cursor.fetchall()
            items, users = (_side(connection, t) for t in (schema.items, schema.users))
        events = _frame(rows)
        return Tables.of(events, from_json(items, "item_id"), from_json(users, "user_id"))

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Replace what is there; see :meth:`Store.put_vectors`."""
        rows = [
            (model, content, np.ascontiguousarray(vector, dtype="<f4").tobytes())
            for content, vector in vectors.items()
        ]
        table = schema.vectors
        statement = insert(table)
        statement = statement.on_conflict_do_update(
            index_elements=["model", "content"], set_={"vector": statement.excluded.vector}
        )
        with self._transaction(writes=True) as connection:
            run_many(connection, statement, rows)

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Look up by content hash; see :meth:`Store.vectors`."""
        table = schema.vectors
        found: dict[str, Floats] = {}
        with self._transaction() as connection:
            for part in chunks(list(contents), 500):
                query = select(table.c.content, table.c.vector).where(
                    table.c.model == model, table.c.content.in_(part)
                )
                for content, blob in connection.execute(query):
                    found[content] = np.frombuffer(blob, dtype="<f4").astype(np.float32)
        return found

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
        with self._transaction(writes=True) as connection:
            if release.active:
                connection.execute(update(table).values(active=False))
            connection.execute(insert(table).values(row).prefix_with("OR REPLACE"))

    def releases(self) -> list[Release]:
        """Read all rows; see :meth:`Store.releases`."""
        table = schema.releases
        query = select(table).order_by(table.c.created_at.desc(), table.c.id.desc())
        with self._transaction() as connection:
            return [
                Release(r.id, r.created_at, r.folder, json.loads(r.metadata), r.active)
                for r in connection.execute(query)
            ]

    def settings(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write and read rows; see :meth:`Store.settings`."""
        table = schema.settings
        with self._transaction(writes=bool(changes)) as connection:
            for name, value in (changes or {}).items():
                connection.execute(delete(table).where(table.c.name == name))
                if value is not None:
                    connection.execute(insert(table).values(name=name, value=json.dumps(value)))
            rows = connection.execute(select(table).order_by(table.c.name))
            return {row.name: json.loads(row.value) for row in rows}

    def close(self) -> None:
        """Close all connections; see :meth:`Store.close`."""
        self._closed = True
        self._engine.dispose()


def _frame(rows: Sequence[Any]) -> pl.DataFrame:
    if not rows:
        return pl.DataFrame(schema=EVENT_COLUMNS)
    columns = zip(EVENT_COLUMNS.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([pl.Series(name, v, dtype=kind) for (name, kind), v in columns])


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _side(connection: Connection, table: Table) -> list[tuple[str, str]]:
    query = select(table.c.id, table.c.attributes).order_by(table.c.row)
    return [(row[0], row[1]) for row in connection.execute(query)]


def _upsert(connection: Connection, table: Table, rows: list[tuple[str, str]]) -> int:
    before = _count(connection, table)
    statement = insert(table).values(id="", attributes="")
    merged = func.json_patch(table.c.attributes, statement.excluded.attributes)
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={"attributes": merged}
    )
    run_many(connection, statement, rows)
    return _count(connection, table) - before
