"""Contracts: the change feed, the recommendation log, the documents, and the whole store.

A new kind of store implements :class:`Store` and registers itself in :data:`stores` under its
URL scheme. The checks in :mod:`daybreak.testing.stores` say whether it keeps the contracts.
Code that needs only a part of a store takes the contract of that part as a parameter type.
"""

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import polars as pl

from daybreak.closing import ClosesOnExit
from daybreak.data import Tables
from daybreak.deprecation import warn_deprecated
from daybreak.errors import DaybreakError
from daybreak.registry import Registry
from daybreak.store.event_columns import EventColumns
from daybreak.store.leases import LEASE_RECORDS, age_at, holder_at, new_lease
from daybreak.types import Floats


@dataclass(frozen=True)
class WriteResult:
    """Number of rows that a write added."""

    items: int
    """New items."""
    users: int
    """New users."""
    events: int
    """New events; events that were stored before are not counted."""
    fresh: tuple[bool, ...] = field(default=(), compare=False, repr=False)
    """(n_events,) whether each event of the call is new."""
    cursor: int = field(default=-1, compare=False, repr=False)
    """Cursor of the write, see :meth:`ChangeFeed.changes`."""
    items_left: int = field(default=0, compare=False)
    """Items that have left the catalogue."""


@dataclass(frozen=True)
class Changes:
    """Everything that was written after a cursor.

    Apply ``users_gone`` and ``items_gone`` before ``tables``: a user of whom some events were
    deleted is in ``users_gone``, and again in ``tables`` with the remaining events. Events that
    were moved to another user are in ``tables`` as events of that user, and the former user is
    in ``users_gone``. The writes of the calling process are included, so a process that applies
    nothing but changes sees every write once.
    """

    tables: Tables
    """New and changed items and users with all their attributes, and new events. Unlike other
    tables, they have no rows for ids that occur only in the events."""
    users_gone: tuple[str, ...]
    """Deleted users."""
    items_gone: tuple[str, ...]
    """Deleted items; their events are deleted too."""
    cursor: int
    """Cursor to pass to the next call."""
    complete: bool = True
    """False if the cursor is too old or too much was deleted; all other fields are empty then.
    Read :meth:`Store.tables` again and continue from ``cursor``."""


@dataclass(frozen=True)
class LoggedItem:
    """An item of a logged recommendation. The order of the fields is the stored format."""

    item_id: str
    score: float
    rank: int
    """Position in the list, from 1."""
    strategy: str
    """Strategy that contributed most to the score."""
    propensity: float = 1.0
    """Probability that this item was placed at this rank, in (0, 1]."""
    explored: bool = False
    """Whether exploration placed the item."""


@dataclass(frozen=True)
class LoggedRecommendation:
    """A list that a user was shown, or, if ``shadow``, would have been shown."""

    id: str
    """Recommendation id; events refer to it."""
    at: float
    """Time of the recommendation, epoch [s]."""
    user_id: str | None
    release: str
    """Id of the release that made the list."""
    shown: tuple[LoggedItem, ...]
    experiment: str | None = None
    variant: str | None = None
    shadow: bool = False
    scenario: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class EventPage:
    """Some stored events, in the order of their arrival."""

    events: pl.DataFrame
    """``EVENT_COLUMNS``, ``recommendation_id``, ``session_id`` and ``context`` (all text)."""
    cursor: int | None
    """Cursor of the next page; None on the last page."""


@dataclass(frozen=True)
class ErasureCounts:
    """Number of rows that an erasure deleted."""

    users: int
    items: int
    events: int
    answers: int
    """Logged recommendations."""


@dataclass(frozen=True)
class Release:
    """A fitted recommender that can be served."""

    id: str
    created_at: float
    """Epoch [s]."""
    folder: str
    """Folder of its files, relative to the folder of the store."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """JSON values."""
    active: bool = False
    """Whether this release is served; at most one is."""


class ChangeFeed(Protocol):
    """Changes of the tables, for processes that keep a copy of them."""

    @abstractmethod
    def changes(self, since: int) -> Changes:
        """Return everything that any process wrote after a cursor.

        Cursors number transactions and do not depend on clocks: a transaction that commits
        later has a higher cursor.

        Args:
            since: Cursor of an earlier call; -1 returns no rows and the present cursor.
        """


class RecommendationLog(Protocol):
    """Recommendations that were shown, and the events that refer to them."""

    @abstractmethod
    def put_recommendations(self, recommendations: Sequence[LoggedRecommendation]) -> None:
        """Add recommendations; one with the id of an earlier one replaces it."""

    @abstractmethod
    def recommendations(
        self,
        *,
        ids: Sequence[str] | None = None,
        user: str | None = None,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> list[LoggedRecommendation]:
        """Return the recommendations that meet all given conditions, oldest first.

        Args:
            ids: Recommendation ids; default: all.
            user: User id; default: all users.
            since: Earliest time, epoch [s], inclusive; default: no bound.
            until: Latest time, epoch [s], exclusive; default: no bound.
            experiment: Experiment id; default: with and without an experiment.
        """

    @abstractmethod
    def recommendation_summaries(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Return the recommendations without their items, oldest first.

        Args:
            since: Earliest time, epoch [s], inclusive; default: no bound.
            until: Latest time, epoch [s], exclusive; default: no bound.
            experiment: Experiment id; default: with and without an experiment.

        Returns:
            Columns id, at, user_id, session_id, variant, shadow, and listed: whether the list
            had an item.
        """

    def count_recommendations(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
        at_most: int,
    ) -> int:
        """Return the number of recommendations, or ``at_most`` if there are more.

        Args:
            since: Earliest time, epoch [s], inclusive; default: no bound.
            until: Latest time, epoch [s], exclusive; default: no bound.
            experiment: Experiment id; default: with and without an experiment.
            at_most: Number at which counting stops.
        """
        summaries = self.recommendation_summaries(
            since=since, until=until, experiment=experiment
        )
        return min(at_most, summaries.height)

    @abstractmethod
    def reactions(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Return the events that refer to a recommendation, in the order of their arrival.

        Args:
            since: Earliest time, epoch [s], inclusive; default: no bound. An event without a
                time has the time of its recommendation.
            until: Latest time, epoch [s], exclusive; default: no bound.
            experiment: Experiment id of the recommendation; default: all.

        Returns:
            Columns recommendation_id, user_id, item_id, event_type, value, timestamp.
        """


class DocumentStore(Protocol):
    """Small JSON documents by kind and id: experiments, API keys, training tasks."""

    @abstractmethod
    def put_documents(
        self, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Add or replace documents.

        Args:
            kind: Namespace of the ids.
            documents: JSON object by id; None deletes the document.
        """

    @abstractmethod
    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all documents of a kind by id, sorted by id."""

    def acquire_lease(self, name: str, holder: str, duration_s: float) -> str:
        """Take a lease unless somebody else holds it.

        The stores of Daybreak do this in one transaction, by the clock of the database. This
        default is for other stores; two processes that call it at the same time may both get
        the lease.

        Args:
            name: Name of the lease.
            holder: Name of the caller; only one process may use it.
            duration_s: Time after which the lease expires unless it is renewed [s].

        Returns:
            The holder from now on: ``holder``, or somebody else.
        """
        current = holder_at(self.documents(LEASE_RECORDS).get(name), time.time())
        if current not in {None, holder}:
            return str(current)
        lease = new_lease(holder, time.time(), duration_s)
        self.put_documents(LEASE_RECORDS, {name: lease})
        return holder

    def renew_lease(self, name: str, holder: str, duration_s: float) -> bool:
        """Renew a lease; return whether ``holder`` still has it.

        An expired lease can be renewed as long as nobody else has taken it.
        """
        lease = self.documents(LEASE_RECORDS).get(name)
        if lease is None or lease["holder"] != holder:
            return False
        lease = new_lease(holder, time.time(), duration_s)
        self.put_documents(LEASE_RECORDS, {name: lease})
        return True

    def release_lease(self, name: str, holder: str) -> None:
        """Give a lease back; no effect if somebody else holds it."""
        lease = self.documents(LEASE_RECORDS).get(name)
        if lease is not None and lease["holder"] == holder:
            self.put_documents(LEASE_RECORDS, {name: None})

    def lease_holder(self, name: str) -> str | None:
        """Return who holds a lease that has not expired; None: nobody."""
        return holder_at(self.documents(LEASE_RECORDS).get(name), time.time())

    def lease_age_s(self, name: str) -> float | None:
        """Return the time since a lease was taken or renewed [s]; None: nobody holds it."""
        return age_at(self.documents(LEASE_RECORDS).get(name), time.time())


class Store(ClosesOnExit, ChangeFeed, RecommendationLog, DocumentStore):
    """Items, users, events, vectors, releases and settings, kept beyond the process.

    Every method is one transaction: it takes effect completely or not at all, also if the
    process is killed. When a method returns, its effect is on the disk. A store may be used by
    several threads and several processes at once.
    """

    @abstractmethod
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
        """Add or update rows; repeating a call changes nothing.

        Items and users are updated by id: the columns of ``tables`` replace stored values (null
        deletes a value), other columns stay. A row of nulls whose id occurs in the events of
        the same call changes nothing but makes the id known.

        Two events are the same if their ids in ``event_ids`` are equal or, without ids, if
        user, item, type, time and value are. The n-th of several equal events of a call is the
        same as the n-th of an earlier call, so three equal purchases of a file stay three.

        Args:
            tables: Rows to write.
            event_ids: (n_events,) id of each event, or null; default: no ids.
            recommendations: (n_events,) id of the recommendation that the event reacts to, or
                null.
            sessions: (n_events,) session of each event, or null.
            contexts: (n_events,) context of each event as the text of a JSON object, or null.
            complete_at: Time, epoch [s], if the items of ``tables`` that have a value are the
                whole catalogue; all other items leave it then: their rows get this time as
                ``not_in_catalogue_since``, and their events stay.
        """

    def add_events(self, events: EventColumns) -> WriteResult:
        """Add events; the same as :meth:`write` with nothing but events.

        The stores of Daybreak take less time for few events than :meth:`write`, and share a
        transaction with the calls of other threads.

        Args:
            events: Events to add.
        """
        return self.write(
            events.tables(),
            event_ids=events.text("event_id"),
            recommendations=events.text("recommendation_id"),
            sessions=events.text("session_id"),
            contexts=events.text("context"),
        )

    def add_events_of_calls(
        self, calls: Sequence[EventColumns]
    ) -> list[WriteResult | Exception]:
        """Add the events of several calls as if they were made one after the other.

        The stores of Daybreak use one transaction. A call that fails affects no other one; its
        error is returned in its place.

        Args:
            calls: Events of each call.
        """
        results: list[WriteResult | Exception] = []
        for events in calls:
            try:
                results.append(self.add_events(events))
            except DaybreakError as error:
                results.append(error)
        return results

    @abstractmethod
    def tables(self, *, users: Sequence[str] | None = None) -> Tables:
        """Return the tables, rows in the order of their arrival.

        Args:
            users: Return only these users, their events and the items of these events;
                default: all.
        """

    def catalogue_tables(self, users: Sequence[str] = ()) -> Tables:
        """Return all items, and only some users with their events.

        Answers for a few people need no more of a large store. By default the whole store is
        read; a class overrides it with a query.

        Args:
            users: Ids of users.
        """
        tables = self.tables()
        wanted = pl.col("user_id").is_in(list(users))
        return Tables(tables.items, tables.users.filter(wanted), tables.events.filter(wanted))

    def user_ids(self) -> list[str]:
        """Return the ids of the users with events or a profile, in ascending order.

        By default the whole store is read; a class overrides it with a query.
        """
        tables = self.tables()
        return sorted({*tables.events["user_id"], *tables.users["user_id"]})

    def people_tables(self, users: Sequence[str]) -> Tables:
        """Return some users and their events, each user's in the order of arrival.

        Args:
            users: Ids of users, each once.

        Returns:
            Tables with the ids of the items of these events, and nothing else of items.
        """
        tables = self.tables(users=users)
        return Tables.of(tables.events, users=tables.users)

    def kinds_of_items(
        self, items: Sequence[str]
    ) -> list[tuple[str, str | None, float | None]]:
        """Return each of some items with the types and values of its events, each once.

        By default the whole store is read; a class overrides it with a query.

        Args:
            items: Ids of items, each once.
        """
        columns = ["item_id", "event_type", "value"]
        events = self.tables().events.filter(pl.col("item_id").is_in(list(items)))
        return events.select(columns).unique().rows()

    @abstractmethod
    def event_page(
        self,
        *,
        user: str | None = None,
        item: str | None = None,
        after: int = -1,
        n: int | None = None,
    ) -> EventPage:
        """Return events with their recommendation, session and context.

        Args:
            user: User id; default: all users.
            item: Item id; default: all items.
            after: Cursor of the previous page; default: first page.
            n: Maximum number of events; default: no limit.
        """

    @abstractmethod
    def erase(
        self,
        *,
        users: Sequence[str] = (),
        items: Sequence[str] = (),
        events: Sequence[str] | pl.DataFrame = (),
        before: float | None = None,
    ) -> ErasureCounts:
        """Delete rows for good; unknown ids are ignored.

        Args:
            users: User ids; their events and recommendations are deleted too.
            items: Item ids; their events are deleted too. Recommendations that showed them
                stay. Later events do not bring the items back into lists, rows of items with
                an attribute do.
            events: Event ids, or a frame: events equal to one of its rows in all its columns.
            before: Time, epoch [s]; all earlier events and recommendations are deleted.
                Events without a time stay.
        """

    @abstractmethod
    def merge_users(self, old: str, new: str) -> int:
        """Move all events and recommendations of user ``old`` to user ``new``; delete ``old``.

        Attributes of ``old`` are used where ``new`` has none. Repeating a call changes nothing.

        Returns:
            Number of moved events.
        """

    @abstractmethod
    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Add or replace vectors.

        Args:
            model: Hash of the encoder that made them.
            vectors: (dim,) vector by content hash.
        """

    @abstractmethod
    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the stored vectors by content hash, (dim,) float32 each.

        Args:
            model: Hash of the encoder that made them.
            contents: Content hashes; those without a vector are missing in the result.
        """

    def count_vectors(self, *, outside: str) -> int:
        """Return the number of vectors of models whose name does not start with a prefix.

        Args:
            outside: The prefix.
        """
        return 0

    def delete_vectors(self, *, outside: str) -> int:
        """Delete the vectors of models whose name does not start with a prefix.

        Args:
            outside: The prefix.

        Returns:
            Number of deleted vectors.
        """
        return 0

    @abstractmethod
    def put_release(self, release: Release) -> None:
        """Add or replace a release; an active release makes all others inactive."""

    @abstractmethod
    def releases(self) -> list[Release]:
        """Return all releases, newest first."""

    def release(self, id_: str) -> Release | None:
        """Return a release by its id; None if there is no such release."""
        return next((release for release in self.releases() if release.id == id_), None)

    def active_release(self) -> Release | None:
        """Return the active release; None before the first training."""
        return next((release for release in self.releases() if release.active), None)

    @abstractmethod
    def settings(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Apply changes and return all settings.

        Args:
            changes: JSON value by name; None deletes the setting.
        """

    def return_memory(self) -> None:
        """Return memory that is kept for speed, such as pages of tables that were read."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections; a second call has no effect."""

    @property
    def journal(self) -> "Journal":
        """Deprecated: the store with the method names of version 0.1."""
        warn_deprecated("Store.journal", "the methods of the store")
        return Journal(self)


class Journal:
    """Deprecated: a store with the method names of version 0.1."""

    _NEW_NAMES: ClassVar = {
        "put_answers": "put_recommendations",
        "answers": "recommendations",
        "answer_heads": "recommendation_summaries",
        "events": "event_page",
        "merge": "merge_users",
        "put_records": "put_documents",
        "records": "documents",
    }

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, self._NEW_NAMES.get(name, name))


stores = Registry[Store]("store")
"""Store classes by URL scheme."""
