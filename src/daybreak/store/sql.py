"""The store over a database, in SQL that all supported databases understand."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection, Select, delete, insert, select, update

from daybreak.data import EVENT_COLUMNS, Tables
from daybreak.errors import DataError
from daybreak.memory import paused_collections
from daybreak.store import schema
from daybreak.store.base import (
    Changes,
    ErasureCounts,
    EventPage,
    LoggedRecommendation,
    Release,
    Store,
    WriteResult,
)
from daybreak.store.bulk import iter_chunks, select_where_in
from daybreak.store.change_rows import select_changes
from daybreak.store.cursors import delete_expired_tombstones, next_cursor
from daybreak.store.database import Database
from daybreak.store.entity_rows import (
    EntityPatches,
    attributes_from_json,
    leave_catalogue,
    merge_users,
    put_entities,
    select_entities,
)
from daybreak.store.erasure import ErasureSelection, erase
from daybreak.store.event_additions import MAX_ADDED_EVENTS, AddedEvents
from daybreak.store.event_columns import EventColumns
from daybreak.store.event_rows import (
    EventBatch,
    build_event_batch,
    event_keys,
    events_frame,
    insert_events,
    select_event_page,
)
from daybreak.store.id_spellings import join_spellings
from daybreak.store.leases import LEASE_RECORDS, age_at, database_time, holder_at, new_lease
from daybreak.store.recommendation_rows import (
    LogFilter,
    count_recommendations,
    put_recommendations,
    select_reactions,
    select_recommendation_summaries,
    select_recommendations,
)
from daybreak.store.removed_items import keep_items_removed
from daybreak.store.vector_rows import (
    count_vectors,
    delete_vectors,
    put_vectors,
    select_vectors,
)
from daybreak.types import Floats

_MAX_DOCUMENTS_PER_STATEMENT = 1_000


class SqlStore(Store):
    """A store in a database; see :class:`Store`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        join_spellings(database)

    def write(
        self,
        tables: Tables,
        *,
        event_ids: pl.Series | None = None,
        recommendations: pl.Series | None = None,
        sessions: pl.Series | None = None,
        contexts: pl.Series | None = None,
        complete_at: float | None = None,
    ) -> WriteResult:
        """Write in one transaction; see :meth:`Store.write`."""
        references = {
            "recommendation": recommendations,
            "session": sessions,
            "context": contexts,
        }
        for name, column in {"event id": event_ids, **references}.items():
            _check_length(name, column, tables.events.height)
        events: EventBatch | None = None
        if tables.events.height:
            keys = event_keys(tables.events, event_ids)
            events = build_event_batch(keys, tables.events, references)
        items = EntityPatches.from_frame(tables.items, "item_id", tables.events["item_id"])
        users = EntityPatches.from_frame(tables.users, "user_id", tables.events["user_id"])

        def work(connection: Connection) -> WriteResult:
            change = next_cursor(connection)
            kept = keep_items_removed(connection, items)
            n_items = put_entities(connection, schema.items, kept, change)
            n_users = put_entities(connection, schema.users, users, change)
            fresh = insert_events(connection, events, change) if events else ()
            n_left = 0
            if complete_at is not None:
                n_left = leave_catalogue(connection, items, complete_at, change)
            return WriteResult(n_items, n_users, sum(fresh), fresh, change, n_left)

        return self.database.write(work)

    def add_events(self, events: EventColumns) -> WriteResult:
        """Insert rows together with other calls; see :meth:`Store.add_events`."""
        if len(events) > MAX_ADDED_EVENTS:
            return super().add_events(events)
        return self.database.write(AddedEvents.of(events))

    def add_events_of_calls(
        self, calls: Sequence[EventColumns]
    ) -> list[WriteResult | Exception]:
        """Insert rows in one transaction; see :meth:`Store.add_events_of_calls`."""
        try:
            works = [AddedEvents.of(events) for events in calls]
        except DataError:
            return super().add_events_of_calls(calls)  # finds the invalid ones
        if any(len(events) > MAX_ADDED_EVENTS for events in calls):
            return super().add_events_of_calls(calls)
        return [write.outcome() for write in self.database.write_all(works)]

    def tables(self, *, users: Sequence[str] | None = None) -> Tables:
        """Read rows; see :meth:`Store.tables`."""
        if users is None:
            with paused_collections():
                return self.database.read(select_all_tables)
        return self.database.read(lambda connection: select_user_tables(connection, users))

    def catalogue_tables(self, users: Sequence[str] = ()) -> Tables:
        """Read all items and some rows; see :meth:`Store.catalogue_tables`."""
        return self.database.read(lambda connection: select_catalogue_tables(connection, users))

    def user_ids(self) -> list[str]:
        """Read ids alone; see :meth:`Store.user_ids`."""
        return self.database.read(select_user_ids)

    def people_tables(self, users: Sequence[str]) -> Tables:
        """Read rows of users; see :meth:`Store.people_tables`."""
        return self.database.read(lambda connection: select_people_tables(connection, users))

    def kinds_of_items(
        self, items: Sequence[str]
    ) -> list[tuple[str, str | None, float | None]]:
        """Read different rows alone; see :meth:`Store.kinds_of_items`."""
        return self.database.read(lambda connection: select_kinds_of_items(connection, items))

    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Replace stored vectors; see :meth:`Store.put_vectors`."""
        self.database.write(lambda connection: put_vectors(connection, model, vectors))

    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Look up by content hash; see :meth:`Store.vectors`."""
        return self.database.read(
            lambda connection: select_vectors(connection, model, contents)
        )

    def count_vectors(self, *, outside: str) -> int:
        """Count rows; see :meth:`Store.count_vectors`."""
        return self.database.read(lambda connection: count_vectors(connection, outside))

    def delete_vectors(self, *, outside: str) -> int:
        """Delete rows; see :meth:`Store.delete_vectors`."""
        if not self.count_vectors(outside=outside):
            return 0
        deleted = self.database.write(lambda connection: delete_vectors(connection, outside))
        self.database.scrub()
        return deleted

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
            next_cursor(connection)
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
                next_cursor(connection)
            for name, text in texts.items():
                connection.execute(delete(table).where(table.c.name == name))
                if text is not None:
                    connection.execute(insert(table).values(name=name, value=text))
            rows = connection.execute(select(table))
            return {row.name: json.loads(row.value) for row in sorted(rows)}

        return self.database.write(work) if texts else self.database.read(work)

    def changes(self, since: int) -> Changes:
        """Read from one snapshot; see :meth:`Store.changes`."""
        at = time.time()
        changes, expired = self.database.read(lambda c: select_changes(c, since, at))
        if expired:
            self.database.write(lambda connection: delete_expired_tombstones(connection, at))
        if expired or self.database.needs_scrub:
            self.database.scrub()
        return changes

    def put_recommendations(self, recommendations: Sequence[LoggedRecommendation]) -> None:
        """Write rows; see :meth:`Store.put_recommendations`."""
        if rows := list(recommendations):
            self.database.write(lambda c: put_recommendations(c, rows))

    def recommendations(
        self,
        *,
        ids: Sequence[str] | None = None,
        user: str | None = None,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> list[LoggedRecommendation]:
        """Read rows; see :meth:`Store.recommendations`."""
        conditions = LogFilter(since, until, experiment)
        return self.database.read(lambda c: select_recommendations(c, conditions, ids, user))

    def recommendation_summaries(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Read columns; see :meth:`Store.recommendation_summaries`."""
        conditions = LogFilter(since, until, experiment)
        return self.database.read(lambda c: select_recommendation_summaries(c, conditions))

    def count_recommendations(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
        at_most: int,
    ) -> int:
        """Count no further than needed; see :meth:`Store.count_recommendations`."""
        conditions = LogFilter(since, until, experiment)
        return self.database.read(lambda c: count_recommendations(c, conditions, at_most))

    def reactions(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Join events and recommendations; see :meth:`Store.reactions`."""
        conditions = LogFilter(since, until, experiment)
        return self.database.read(lambda c: select_reactions(c, conditions))

    def event_page(
        self,
        *,
        user: str | None = None,
        item: str | None = None,
        after: int = -1,
        n: int | None = None,
    ) -> EventPage:
        """Read rows by an index; see :meth:`Store.event_page`."""
        return self.database.read(lambda c: select_event_page(c, user, item, after, n))

    def erase(
        self,
        *,
        users: Sequence[str] = (),
        items: Sequence[str] = (),
        events: Sequence[str] | pl.DataFrame = (),
        before: float | None = None,
    ) -> ErasureCounts:
        """Delete rows, then remove their remains from files; see :meth:`Store.erase`."""
        selection = ErasureSelection(tuple(users), tuple(items), events, before)
        at = time.time()
        erased = self.database.write(lambda c: erase(c, selection, at))
        self.database.scrub()
        return erased

    def merge_users(self, old: str, new: str) -> int:
        """Update rows; see :meth:`Store.merge_users`."""
        at = time.time()
        return self.database.write(lambda c: merge_users(c, old, new, at))

    def put_documents(
        self, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Write rows; see :meth:`Store.put_documents`."""
        if documents:
            self.database.write(lambda c: put_documents(c, kind, documents))

    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Read rows; see :meth:`Store.documents`."""
        return self.database.read(lambda c: select_documents(c, kind))

    def acquire_lease(self, name: str, holder: str, duration_s: float) -> str:
        """Take it in one transaction; see :meth:`DocumentStore.acquire_lease`."""

        def work(connection: Connection) -> str:
            next_cursor(connection)  # locks the sequence: one writer at a time
            now = database_time(connection)
            lease = select_documents(connection, LEASE_RECORDS).get(name)
            current = holder_at(lease, now)
            if current not in {None, holder}:
                return str(current)
            changed = {name: new_lease(holder, now, duration_s)}
            put_documents(connection, LEASE_RECORDS, changed)
            return holder

        return self.database.write(work)

    def renew_lease(self, name: str, holder: str, duration_s: float) -> bool:
        """Renew it in one transaction; see :meth:`DocumentStore.renew_lease`."""

        def work(connection: Connection) -> bool:
            next_cursor(connection)
            lease = select_documents(connection, LEASE_RECORDS).get(name)
            if lease is None or lease["holder"] != holder:
                return False
            changed = {name: new_lease(holder, database_time(connection), duration_s)}
            put_documents(connection, LEASE_RECORDS, changed)
            return True

        return self.database.write(work)

    def release_lease(self, name: str, holder: str) -> None:
        """Delete it in one transaction; see :meth:`DocumentStore.release_lease`."""

        def work(connection: Connection) -> None:
            next_cursor(connection)
            lease = select_documents(connection, LEASE_RECORDS).get(name)
            if lease is not None and lease["holder"] == holder:
                put_documents(connection, LEASE_RECORDS, {name: None})

        self.database.write(work)

    def lease_holder(self, name: str) -> str | None:
        """Compare with the clock of the database; see :meth:`DocumentStore.lease_holder`."""
        return self.database.read(
            lambda c: holder_at(select_documents(c, LEASE_RECORDS).get(name), database_time(c))
        )

    def lease_age_s(self, name: str) -> float | None:
        """Compare with the clock of the database; see :meth:`DocumentStore.lease_age_s`."""
        return self.database.read(
            lambda c: age_at(select_documents(c, LEASE_RECORDS).get(name), database_time(c))
        )

    def return_memory(self) -> None:
        """Return the memory of idle connections; see :meth:`Store.return_memory`."""
        self.database.return_memory()

    def close(self) -> None:
        """Close all connections; see :meth:`Store.close`."""
        self.database.close()


def _check_length(name: str, column: pl.Series | None, n_events: int) -> None:
    if column is not None and len(column) != n_events:
        raise DataError(f"{len(column)} {name}s for {n_events} events; give one each")


def select_all_tables(connection: Connection) -> Tables:
    """Return all rows, in the order of their arrival."""
    text = str(_events_query().compile(dialect=connection.dialect))
    rows = connection.exec_driver_sql(text).cursor.fetchall()
    items, users = (
        select_entities(connection, table) for table in (schema.items, schema.users)
    )
    return Tables.of(
        events_frame(rows),
        attributes_from_json(items, "item_id"),
        attributes_from_json(users, "user_id"),
    )


def select_user_tables(connection: Connection, users: Sequence[str]) -> Tables:
    """Return some users, their events and the items of these events."""
    user_ids = list(dict.fromkeys(users))
    query = _events_query().add_columns(schema.events.c.row)
    rows = sorted(
        select_where_in(connection, query, schema.events.c.user_id, user_ids),
        key=lambda row: row[-1],
    )
    events = events_frame([row[:-1] for row in rows])
    items = _select_entities_by_id(
        connection, schema.items, events["item_id"].unique().to_list()
    )
    found_users = _select_entities_by_id(connection, schema.users, user_ids)
    return Tables.of(
        events,
        attributes_from_json(items, "item_id"),
        attributes_from_json(found_users, "user_id"),
    )


def select_catalogue_tables(connection: Connection, users: Sequence[str]) -> Tables:
    """Return all items, and some users with their events."""
    tables = select_user_tables(connection, users)
    named = connection.execute(select(schema.events.c.item_id).distinct()).scalars()
    items = attributes_from_json(select_entities(connection, schema.items), "item_id")
    others = pl.DataFrame({"item_id": sorted(named)}, schema={"item_id": pl.String})
    others = others.join(items, on="item_id", how="anti")
    return Tables(pl.concat([items, others], how="diagonal"), tables.users, tables.events)


def select_user_ids(connection: Connection) -> list[str]:
    """Return the ids of the users with events or a profile, in ascending order."""
    columns = (schema.events.c.user_id, schema.users.c.id)
    found = [connection.execute(select(one).distinct()).scalars() for one in columns]
    return sorted({id_ for ids in found for id_ in ids})


def select_people_tables(connection: Connection, users: Sequence[str]) -> Tables:
    """Return some users and their events, each user's in the order of arrival."""
    query = _events_query().order_by(schema.events.c.row)
    found = select_where_in(connection, query, schema.events.c.user_id, users, plain=True)
    profiles = _select_entities_by_id(connection, schema.users, users)
    return Tables.of(events_frame(list(found)), users=attributes_from_json(profiles, "user_id"))


def select_kinds_of_items(
    connection: Connection, items: Sequence[str]
) -> list[tuple[str, str | None, float | None]]:
    """Return each of some items with the types and values of its events, each once."""
    events = schema.events.c
    query = select(events.item_id, events.event_type, events.value).distinct()
    return list(select_where_in(connection, query, events.item_id, items, plain=True))


def _events_query() -> Select[Any]:
    columns = [schema.events.c[name] for name in EVENT_COLUMNS]
    return select(*columns).order_by(schema.events.c.row)


def _select_entities_by_id(
    connection: Connection, table: Any, ids: Sequence[str]
) -> list[tuple[str, str]]:
    query = select(table.c.row, table.c.id, table.c.attributes)
    rows = sorted(
        (row[0], row[1], row[2]) for row in select_where_in(connection, query, table.c.id, ids)
    )
    return [(id_, text) for _, id_, text in rows]


def put_documents(
    connection: Connection, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
) -> None:
    """Add, replace or delete (None) the documents of these ids."""
    next_cursor(connection)
    for chunk in iter_chunks(list(documents.items()), _MAX_DOCUMENTS_PER_STATEMENT):
        ids = [id_ for id_, _ in chunk]
        connection.execute(
            delete(schema.records).where(
                schema.records.c.kind == kind, schema.records.c.id.in_(ids)
            )
        )
        rows = [
            {"kind": kind, "id": id_, "value": json.dumps(dict(value))}
            for id_, value in chunk
            if value is not None
        ]
        if rows:
            connection.execute(insert(schema.records), rows)


def select_documents(connection: Connection, kind: str) -> dict[str, dict[str, Any]]:
    """Return the documents of a kind, sorted by id."""
    query = select(schema.records.c.id, schema.records.c.value).where(
        schema.records.c.kind == kind
    )
    return {row.id: json.loads(row.value) for row in sorted(connection.execute(query))}
