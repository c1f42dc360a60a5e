"""Parts of the service that store and return items, users and events."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import polars as pl

from daybreak.data import EVENT_COLUMNS
from daybreak.data.fields import CATALOGUE_EXIT_COLUMN
from daybreak.data.ids import lookup_id
from daybreak.deprecation import warn_deprecated
from daybreak.errors import ConfigError, DaybreakError, NotFoundError
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.ingest.rows import user_key
from daybreak.service.ingest.values import CatalogueReplacement, IngestResult
from daybreak.service.inputs.frames import check_k
from daybreak.service.privacy import (
    ErasureReport,
    ErasureTarget,
    Pseudonyms,
    erase_user,
    export_user,
)
from daybreak.service.privacy.export import event_records
from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.erasure_targets import erasure_targets
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.serving.row_cache import RowCache
from daybreak.service.serving.writer import Ingestor
from daybreak.service.state.unknown_items import notes_on_unlisted_items
from daybreak.store import Store

log = logging.getLogger(__name__)

R = TypeVar("R", bound=IngestResult)

EVENT_IDENTITY_COLUMNS = ("user_id", "item_id", "event_type", "value", "timestamp")
"""Columns that identify an event without an id."""


@dataclass(frozen=True)
class RowPage:
    """One page of rows."""

    rows: tuple[Mapping[str, Any], ...]
    cursor: str | None
    """Cursor of the next page; None: this is the last page."""


class ItemsResource:
    """Items of the store.

    Args:
        store: The store.
        releases: Follows the store.
        ingestor: Writes rows.
        explorer: Counts impressions of new items; deleted items are removed from it.
    """

    def __init__(
        self, store: Store, releases: ReleaseManager, ingestor: Ingestor, explorer: Explorer
    ) -> None:
        self._store = store
        self._releases = releases
        self._ingestor = ingestor
        self._explorer = explorer

    def get(self, item_id: str) -> dict[str, Any]:
        """Return an item with its attributes.

        Raises:
            NotFoundError: There is no such item.
        """
        key = lookup_id(item_id)
        return _get_row(self._releases.row_caches.items, key, key)

    def require_listed(self, item_id: str) -> None:
        """Check that an item can be changed: a change of another one would put it on sale.

        Where there is a catalogue, ids that only events have are not in it.

        Raises:
            NotFoundError: There is no such item, or only events name it.
        """
        row = self.get(item_id)
        values = {name: value for name, value in row.items() if value is not None}
        is_bare = not values.keys() - {"item_id", CATALOGUE_EXIT_COLUMN}
        if is_bare and self._releases.current.catalogue.is_given:
            text = f"no item {item_id!r:.80} in the catalogue; only events name it"
            raise NotFoundError(text)

    def page(self, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of items, in the order in which they were added.

        Args:
            cursor: Cursor of the previous page; None: the first page.
            n: Number of rows, from 1 to 10,000.

        Raises:
            ConfigError: The cursor or ``n`` is invalid.
        """
        return _page_of(self._releases.row_caches.items, cursor, n)

    def search(self, text: str, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of items whose id or title has all words of a text, the closest first.

        Args:
            text: Words, or parts of them.
            cursor: Cursor of the previous page; None: the first page.
            n: Number of rows, from 1 to 10,000.

        Raises:
            ConfigError: The cursor or ``n`` is invalid.
        """
        return _search_in(self._releases.row_caches.items, text, cursor, n)

    def put(self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False) -> IngestResult:
        """Add items, or replace their attributes; invalid rows are rejected one by one.

        Args:
            rows: ``item_id`` and any attributes.
            partial: Whether attributes that a row does not name keep their values.

        Raises:
            StoreError: Not all rows could be stored.
        """
        items = self._releases.row_caches.items
        result, cursor = self._ingestor.put_rows(rows, items, partial=partial)
        return _synced(self._releases, result, cursor)

    def replace(self, rows: Sequence[Mapping[str, Any]]) -> CatalogueReplacement:
        """Take rows as the whole catalogue, in one transaction: all other items leave it.

        Their events are kept, and they come back when they are put again. If a row is invalid,
        nothing is stored.

        Args:
            rows: ``item_id`` and any attributes, at least one row.

        Raises:
            StoreError: Nothing could be stored.
        """
        items = self._releases.row_caches.items
        result, cursor = self._ingestor.replace_items(rows, items)
        return _synced(self._releases, result, cursor)

    def delete(self, item_id: str) -> bool:
        """Delete an item with its events; return whether it existed."""
        key = lookup_id(item_id)
        erased = self._store.erase(items=[key])
        self._explorer.forget([key])
        self._releases.sync()
        return erased.items > 0


class UsersResource:
    """Users of the store.

    Args:
        store: The store.
        releases: Follows the store.
        ingestor: Writes rows.
        engine: Keeps lists of users that can be continued.
        answer_log: Keeps responses that are not written yet.
        pseudonyms: Replaces ids of users; None: ids are kept.
    """

    def __init__(
        self,
        store: Store,
        releases: ReleaseManager,
        ingestor: Ingestor,
        engine: RecommendEngine,
        answer_log: AnswerLog,
        pseudonyms: Pseudonyms | None,
    ) -> None:
        self._store = store
        self._releases = releases
        self._ingestor = ingestor
        self._engine = engine
        self._log = answer_log
        self._pseudonyms = pseudonyms
        self.targets_elsewhere: Mapping[str, ErasureTarget] = {}
        """Caches of other processes from which users are erased as well, by name."""

    def get(self, user_id: str) -> dict[str, Any]:
        """Return a user with the known attributes.

        Raises:
            NotFoundError: There is no such user.
        """
        return _get_row(
            self._releases.row_caches.users, _stored_id(user_id, self._pseudonyms), user_id
        )

    def page(self, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of users; see :meth:`ItemsResource.page`."""
        return _page_of(self._releases.row_caches.users, cursor, n)

    def search(self, text: str, cursor: str | None = None, n: int = 100) -> RowPage:
        """Return a page of users whose id or name has all words of a text."""
        return _search_in(self._releases.row_caches.users, text, cursor, n)

    def put(self, rows: Sequence[Mapping[str, Any]], *, partial: bool = False) -> IngestResult:
        """Add users, or replace their attributes; see :meth:`ItemsResource.put`."""
        users = self._releases.row_caches.users
        result, cursor = self._ingestor.put_rows(rows, users, partial=partial)
        return _synced(self._releases, result, cursor)

    def erase(self, user_id: str) -> ErasureReport:
        """Erase a user everywhere, and check afterwards that nothing is left."""
        targets = {**self._targets(), **self.targets_elsewhere}
        return erase_user(
            self._store, _stored_id(user_id, self._pseudonyms), time.time(), targets
        )

    def count_traces(self, key: str) -> int:
        """Return the rows in the caches of this process that belong to a user of the store."""
        return sum(target.count(key) for target in self._targets().values())

    def forget(self, key: str) -> None:
        """Delete a user of the store from the caches of this process."""
        for target in self._targets().values():
            target.forget(key)

    def _targets(self) -> dict[str, ErasureTarget]:
        return erasure_targets(self._releases, self._log, self._engine.paginations)

    def export(self, user_id: str) -> dict[str, Any]:
        """Return all stored data of a user: attributes, events, responses."""
        self._log.flush()
        return {
            **export_user(self._store, _stored_id(user_id, self._pseudonyms)),
            "user_id": user_id,
        }

    def merge(self, anonymous: str, user: str) -> int:
        """Give the events of a session or user to another user, and delete the first.

        Args:
            anonymous: Id of a session, or of a user.
            user: Id of the user who gets the events.

        Returns:
            Number of events that changed owner; 0 if repeated.

        Raises:
            ConfigError: Both ids are the same.
        """
        anonymous, user = lookup_id(anonymous), lookup_id(user)
        if anonymous == user:
            raise ConfigError(f"{user!r:.80} cannot be merged into itself")
        user_name, session_name = user_key(anonymous, anonymous, self._pseudonyms)
        n_moved = 0
        self._log.flush()
        for key in (session_name, user_name):
            if key is not None and key in self._releases.row_caches.users:
                n_moved += self._store.merge_users(key, _stored_id(user, self._pseudonyms))
        self._releases.sync()
        return n_moved

    def __call__(self, cursor: str | None = None, n: int = 100) -> RowPage:
        """Deprecated form of :meth:`page`."""
        warn_deprecated("RecommenderService.users()", "RecommenderService.users.page()")
        return self.page(cursor, n)


class EventsResource:
    """Events of the store.

    Args:
        store: The store.
        releases: Follows the store.
        ingestor: Writes rows.
        pseudonyms: Replaces ids of users; None: ids are kept.
    """

    def __init__(
        self,
        store: Store,
        releases: ReleaseManager,
        ingestor: Ingestor,
        pseudonyms: Pseudonyms | None,
    ) -> None:
        self._store = store
        self._releases = releases
        self._ingestor = ingestor
        self._pseudonyms = pseudonyms

    def add(self, rows: Sequence[Mapping[str, Any]]) -> IngestResult:
        """Add events; invalid rows are rejected one by one, the others are stored.

        Args:
            rows: ``item_id`` and ``user_id`` or ``session_id``; if known ``event_id,
                event_type, value, timestamp, domain, recommendation_id, context``.

        Raises:
            StoreError: Nothing could be stored.
        """
        result, cursor = self._ingestor.add_events(rows)
        return self._with_notes(_synced(self._releases, result, cursor))

    def _with_notes(self, result: IngestResult) -> IngestResult:
        """Return the counts with a note on items that the catalogue does not have."""
        if not result.item_ids:
            return result
        state = self._releases.current
        notes = notes_on_unlisted_items(state.catalogue, state.ranker.is_known, result.item_ids)
        return replace(result, notes=notes) if notes else result

    def add_many(
        self, calls: Sequence[Sequence[Mapping[str, Any]]]
    ) -> "list[IngestResult | Exception]":
        """Add the events of several calls, in one transaction; see :meth:`add`.

        Args:
            calls: Rows of each call.

        Returns:
            The counts of each call; for a call that failed, its error.

        Raises:
            StoreError: Nothing could be stored.
        """
        written = self._ingestor.add_events_of_calls(calls)
        cursors = [one[1] for one in written if not isinstance(one, Exception)]
        last = max((cursor for cursor in cursors if cursor is not None), default=None)
        if last is not None:
            apply_write(self._releases, last)
        return [
            one if isinstance(one, Exception) else self._with_notes(one[0]) for one in written
        ]

    def page(
        self,
        user: str | None = None,
        item: str | None = None,
        cursor: str | None = None,
        n: int = 100,
    ) -> RowPage:
        """Return a page of events, in the order in which they were added.

        Args:
            user: Id of the user; None: of all users.
            item: Id of the item; None: of all items.
            cursor: Cursor of the previous page; None: the first page.
            n: Number of rows, from 1 to 10,000.

        Raises:
            ConfigError: The cursor or ``n`` is invalid.
        """
        check_k(n)
        key = None if user is None else _stored_id(user, self._pseudonyms)
        item = None if item is None else lookup_id(item)
        page = self._store.event_page(user=key, item=item, after=_position_of(cursor), n=n)
        next_cursor = None if page.cursor is None else str(page.cursor)
        return RowPage(event_records(page.events), next_cursor)

    def delete(
        self,
        event_ids: Sequence[str] = (),
        user: str | None = None,
        item: str | None = None,
        kind: str | None = None,
        equal_to: Sequence[Mapping[str, Any]] = (),
    ) -> int:
        """Delete events: by id, of a user, of an item, or of both.

        Args:
            event_ids: Ids of events.
            user: Id of a user.
            item: Id of an item.
            kind: Event type that restricts ``user`` and ``item``; None: all types.
            equal_to: Rows as :meth:`page` returns them; equal events are deleted as well.

        Returns:
            Number of deleted events.
        """
        deleted = self._erase_by_id(event_ids) if event_ids else 0
        named = {
            "user_id": None if user is None else _stored_id(user, self._pseudonyms),
            "item_id": None if item is None else lookup_id(item),
        }
        conditions = {name: [value] for name, value in named.items() if value is not None}
        if conditions:
            conditions |= {} if kind is None else {"event_type": [kind]}
            deleted += self._store.erase(events=pl.DataFrame(conditions)).events
        if equal_to:
            types = dict(EVENT_COLUMNS)
            frame = pl.DataFrame(
                [{name: row.get(name) for name in EVENT_IDENTITY_COLUMNS} for row in equal_to],
                schema={name: types[name] for name in EVENT_IDENTITY_COLUMNS},
            )
            deleted += self._store.erase(events=frame).events
        self._releases.sync()
        return deleted

    def _erase_by_id(self, event_ids: Sequence[str]) -> int:
        keys = [*map(lookup_id, event_ids)]
        return self._store.erase(events=keys).events

    def __call__(
        self,
        user: str | None = None,
        item: str | None = None,
        cursor: str | None = None,
        n: int = 100,
    ) -> RowPage:
        """Deprecated form of :meth:`page`."""
        warn_deprecated("RecommenderService.events()", "RecommenderService.events.page()")
        return self.page(user, item, cursor, n)


def _stored_id(user_id: str, pseudonyms: Pseudonyms | None) -> str:
    """Return the id under which a user is stored."""
    spelled = lookup_id(user_id)
    return spelled if pseudonyms is None else pseudonyms.of(spelled)


def _get_row(cache: RowCache, key: str, id_: str) -> dict[str, Any]:
    row = cache.get(key)
    if row is None:
        raise NotFoundError(f"no {cache.key.removesuffix('_id')} {id_!r:.80}")
    return {cache.key: id_, **row}


def _page_of(cache: RowCache, cursor: str | None, n: int) -> RowPage:
    check_k(n)
    page_rows, last = cache.page(_position_of(cursor), n)
    rows = tuple({cache.key: id_, **row} for id_, row in page_rows)
    return RowPage(rows, None if last is None else str(last))


def _search_in(cache: RowCache, text: str, cursor: str | None, n: int) -> RowPage:
    check_k(n)
    found, last = cache.search(text, _position_of(cursor), n)
    rows = tuple({cache.key: id_, **row} for id_, row in found)
    return RowPage(rows, None if last is None else str(last))


def _position_of(cursor: str | None) -> int:
    if cursor is None:
        return -1
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 18):
        raise ConfigError(
            f"invalid cursor {cursor!r:.40}; pass the cursor returned with the previous page"
        )
    return int(cursor)


def _synced(releases: ReleaseManager, result: R, cursor: int | None) -> R:
    """Apply written rows to the states of this process; return the result.

    Args:
        releases: Follows the store.
        result: Counts of the write.
        cursor: Cursor of the write; None: nothing was written.
    """
    if cursor is not None:
        apply_write(releases, cursor)
    return result


def apply_write(releases: ReleaseManager, cursor: int) -> None:
    """Apply written rows to the states of this process, up to a write.

    Args:
        releases: Follows the store.
        cursor: Cursor of the write.
    """
    try:
        releases.sync(cursor)
    except DaybreakError as error:  # the rows are stored; the next sync applies them
        log.warning("stored rows are not applied yet: %s", error)
