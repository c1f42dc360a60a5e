"""The journal over a database."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import Connection

from daybreak.store import answers as answer_rows
from daybreak.store import counter, documents, erasing, gone, merging
from daybreak.store.database import Database
from daybreak.store.event_pages import event_page
from daybreak.store.journal import Answer, Changes, Erased, EventPage, Journal
from daybreak.store.reading import changed_tables, no_tables


class SqlJournal(Journal):
    """A journal in the database of its store; see :class:`Journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def changes(self, since: int) -> Changes:
        """Read from one snapshot; see :meth:`Journal.changes`."""
        at = time.time()

        def work(connection: Connection) -> tuple[Changes, bool]:
            return _changes(connection, since), gone.are_expired(connection, at)

        changes, expired = self._database.read(work)
        if expired:
            self._database.write(lambda connection: gone.expire(connection, at))
        if expired or self._database.unscrubbed:
            self._database.scrub()
        return changes

    def put_answers(self, answers: Sequence[Answer]) -> None:
        """Write rows; see :meth:`Journal.put_answers`."""
        if kept := list(answers):
            self._database.write(lambda c: answer_rows.put_answers(c, kept))

    def answers(
        self,
        *,
        ids: Sequence[str] | None = None,
        user: str | None = None,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> list[Answer]:
        """Read rows; see :meth:`Journal.answers`."""
        wanted = answer_rows.Wanted(since, until, experiment)
        return self._database.read(lambda c: answer_rows.answers(c, wanted, ids, user))

    def answer_heads(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Read columns; see :meth:`Journal.answer_heads`."""
        wanted = answer_rows.Wanted(since, until, experiment)
        return self._database.read(lambda c: answer_rows.answer_heads(c, wanted))

    def reactions(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Join events and answers; see :meth:`Journal.reactions`."""
        wanted = answer_rows.Wanted(since, until, experiment)
        return self._database.read(lambda c: answer_rows.reactions(c, wanted))

    def events(
        self,
        *,
        user: str | None = None,
        item: str | None = None,
        after: int = -1,
        n: int | None = None,
    ) -> EventPage:
        """Read rows by an index; see :meth:`Journal.events`."""
        return self._database.read(lambda c: event_page(c, user, item, after, n))

    def erase(
        self,
        *,
        users: Sequence[str] = (),
        items: Sequence[str] = (),
        events: Sequence[str] | pl.DataFrame = (),
        before: float | None = None,
    ) -> Erased:
        """Delete rows, then overwrite what they leave; see :meth:`Journal.erase`."""
        doomed = erasing.Doomed(tuple(users), tuple(items), events, before)
        at = time.time()
        erased = self._database.write(lambda c: erasing.erase(c, doomed, at))
        self._database.scrub()
        return erased

    def merge(self, old: str, new: str) -> int:
        """Update rows; see :meth:`Journal.merge`."""
        at = time.time()
        return self._database.write(lambda c: merging.merge(c, old, new, at))

    def put_records(self, kind: str, records: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Write rows; see :meth:`Journal.put_records`."""
        if records:
            self._database.write(lambda c: documents.put_records(c, kind, records))

    def records(self, kind: str) -> dict[str, dict[str, Any]]:
        """Read rows; see :meth:`Journal.records`."""
        return self._database.read(lambda c: documents.records(c, kind))


def _changes(connection: Connection, since: int) -> Changes:
    cursor, floor = counter.now(connection)
    if since < 0 or since == cursor:
        return Changes(no_tables(), (), (), cursor)
    if since < floor or since > cursor:  # beyond the end: of a store that was replaced since
        return Changes(no_tables(), (), (), cursor, complete=False)
    users, items = (gone.since(connection, kind, since) for kind in ("user", "item"))
    return Changes(changed_tables(connection, since), users, items, cursor)
