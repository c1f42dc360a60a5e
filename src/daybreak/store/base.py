"""The contract of a journal: what happened since, what was answered, what must be forgotten.

The contract of a store: eight methods, all or nothing.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daybreak.closing import ClosesOnExit
from daybreak.data import Tables
from daybreak.registry import Registry
from daybreak.types import Floats


@dataclass(frozen=True)
class LoggedItem:
    """One place of an answer."""

    item_id: str
    score: float
    rank: int
    """From 1."""
    strategy: str
    propensity: float = 1.0
    """The probability with which this item came to this place."""
    explored: bool = False


@dataclass(frozen=True)
class LoggedRecommendation:
    """What one asker was shown, or would have been shown (``shadow``)."""

    id: str
    """The recommendation id that events name."""
    at: float
    """Epoch [s]."""
    user_id: str | None
    release: str
    shown: tuple[LoggedItem, ...]
    experiment: str | None = None
    variant: str | None = None
    shadow: bool = False
    scenario: str | None = None
    session_id: str | None = None


@dataclass(frozen=True)
class Changes:
    """All that came after a cursor. Apply ``users_gone`` and ``items_gone`` before ``tables``.

    A user of whom some events were deleted is gone *and* comes again in ``tables`` with the
    others. Events that changed owner come as events of the new one, and the old one is gone.
    What a process wrote itself comes too: whoever applies changes, and nothing else, sees
    everything once.
    """

    tables: Tables
    """Items and users that are new or have changed, each with all it has, and new events.
    Unlike other tables, they have no rows for ids that only the events name."""
    users_gone: tuple[str, ...]
    items_gone: tuple[str, ...]
    """The events of a gone item are gone too."""
    cursor: int
    """Ask for what comes after this one next time."""
    complete: bool = True
    """False: the cursor is so old, or so much was deleted, that the other fields (all empty)
    cannot tell it; read :meth:`Store.tables` anew, then go on from ``cursor``."""


@dataclass(frozen=True)
class EventPage:
    """Some events as they are kept, in the order in which they came."""

    events: pl.DataFrame
    """``EVENT_COLUMNS``, ``recommendation_id``, ``session_id`` and ``context`` (all text)."""
    cursor: int | None
    """Where to go on; None: that was all."""


@dataclass(frozen=True)
class ErasureCounts:
    """How much was deleted."""

    users: int
    items: int
    events: int
    answers: int


class Journal(ABC):
    """What several processes tell each other through the store; one for each store.

    Every method is one transaction, and may be called from several threads.
    """

    @abstractmethod
    def changes(self, since: int) -> Changes:
        """Return what any process wrote after a cursor; -1 returns only the cursor of now.

        Cursors count transactions, never time: what is committed later has a higher one.
        """

    @abstractmethod
    def put_recommendations(self, recommendations: Sequence[LoggedRecommendation]) -> None:
        """Keep answers; one whose id is known already replaces it."""

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
        """Return the answers that meet all conditions, the oldest first.

        Args:
            ids: Only these.
            user: Only those of this user.
            since: Only those given at this time or later, epoch [s].
            until: Only those given before this time, epoch [s].
            experiment: Only those of this experiment.
        """

    @abstractmethod
    def recommendation_summaries(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Return answers without what they showed, the oldest first; little even of very many.

        Args:
            since: Only those given at this time or later, epoch [s].
            until: Only those given before this time, epoch [s].
            experiment: Only those of this experiment.

        Returns:
            Columns id, at, user_id, session_id, variant, shadow; and listed: whether anything
            was shown.
        """

    @abstractmethod
    def reactions(
        self,
        *,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> pl.DataFrame:
        """Return the events that name a recommendation, in the order in which they came.

        Args:
            since: Only those of this time or later, epoch [s]; an event without a time has
                that of its answer.
            until: Only those before this time, epoch [s].
            experiment: Only those that react to an answer of this experiment.

        Returns:
            Columns recommendation_id, user_id, item_id, event_type, value, timestamp.
        """

    @abstractmethod
    def event_page(
        self,
        *,
        user: str | None = None,
        item: str | None = None,
        after: int = -1,
        n: int | None = None,
    ) -> EventPage:
        """Return events with all that is kept of them; nothing else is read.

        Args:
            user: Only those of this user.
            item: Only those with this item.
            after: The cursor of the page before; -1: from the first.
            n: At most so many; None: all.
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
        """Delete for good; what is not there is no error.

        Args:
            users: Users, with their events and answers.
            items: Items, with their events; answers that showed them stay.
            events: Event ids; or a frame: events equal to one of its rows in all its columns.
            before: All events and answers of before this time, epoch [s]. Events without a
                time stay.
        """

    @abstractmethod
    def merge_users(self, old: str, new: str) -> int:
        """Give every event and answer of user ``old`` to user ``new``; forget ``old``.

        What was known only of ``old`` becomes known of ``new``. Doing it again changes nothing.

        Returns:
            How many events changed owner.
        """

    @abstractmethod
    def put_documents(
        self, kind: str, documents: Mapping[str, Mapping[str, Any] | None]
    ) -> None:
        """Add or replace small documents by id; None deletes. Values are JSON."""

    @abstractmethod
    def documents(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all documents of a kind by id, sorted by id."""


@dataclass(frozen=True)
class WriteResult:
    """What one write changed."""

    items: int
    """Items that are new."""
    users: int
    """Users that are new."""
    events: int
    """Events that are new; the others were there before."""
    fresh: tuple[bool, ...] = field(default=(), compare=False, repr=False)
    """For each event of the call whether it is new."""
    cursor: int = field(default=-1, compare=False, repr=False)
    """Of this write, see :meth:`Journal.changes`."""


@dataclass(frozen=True)
class Release:
    """A fitted recommender that can be served."""

    id: str
    created_at: float
    """Epoch [s]."""
    folder: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    """Anything JSON can hold."""
    active: bool = False
    """Whether this one is served; at most one is."""


class Store(ClosesOnExit):
    """Where items, users, events, vectors, releases and settings outlive the process.

    Every method is one transaction: it happens completely or not at all, also when the
    process is killed; when it returns, it is on the disk. A store may be used from several
    threads and several processes.
    """

    @property
    @abstractmethod
    def journal(self) -> Journal:
        """What processes tell each other, in the same database."""

    @abstractmethod
    def write(
        self,
        tables: Tables,
        *,
        event_ids: pl.Series | None = None,
        recommendations: pl.Series | None = None,
        sessions: pl.Series | None = None,
        contexts: pl.Series | None = None,
    ) -> WriteResult:
        """Add tables; doing it again changes nothing.

        Items and users are updated by id: columns that come replace the old values, others
        stay. An event is the same as a stored one if its id in ``event_ids`` is; without an id
        if user, item, type, time and value are. Equal events within one call are counted, so
        three purchases in one file stay three however often the file is written.

        Args:
            tables: What to add.
            event_ids: One for each event, null for none.
            recommendations: The id of the answer each event reacts to, null for none.
            sessions: The session each event belongs to, null for none.
            contexts: What each event came with, as the text of a JSON object, null for nothing.
        """

    @abstractmethod
    def tables(self, *, users: Sequence[str] | None = None) -> Tables:
        """Return everything, in the order in which it came.

        Args:
            users: Only these, their events, and the items that these name; None: all.
        """

    @abstractmethod
    def put_vectors(self, model: str, vectors: Mapping[str, Floats]) -> None:
        """Keep vectors by content hash, of the encoder with the hash ``model``."""

    @abstractmethod
    def vectors(self, model: str, contents: Sequence[str]) -> dict[str, Floats]:
        """Return the vectors that are there, (dim,) float32 each."""

    @abstractmethod
    def put_release(self, release: Release) -> None:
        """Add or replace a release; an active one makes all others inactive."""

    @abstractmethod
    def releases(self) -> list[Release]:
        """Return all releases, the newest first."""

    @abstractmethod
    def settings(self, changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Apply changes (None deletes) and return all settings; values are JSON."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections; closing twice is harmless."""


stores = Registry[Store]("store")
"""Store classes by URL scheme."""
