"""The contract of a journal: what happened since, what was answered, what must be forgotten."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from daybreak.data import Tables


@dataclass(frozen=True)
class Shown:
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
class Answer:
    """What one asker was shown, or would have been shown (``shadow``)."""

    id: str
    """The recommendation id that events name."""
    at: float
    """Epoch [s]."""
    user_id: str | None
    release: str
    shown: tuple[Shown, ...]
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
class Erased:
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
    def put_answers(self, answers: Sequence[Answer]) -> None:
        """Keep answers; one whose id is known already replaces it."""

    @abstractmethod
    def answers(
        self,
        *,
        ids: Sequence[str] | None = None,
        user: str | None = None,
        since: float | None = None,
        until: float | None = None,
        experiment: str | None = None,
    ) -> list[Answer]:
        """Return the answers that meet all conditions, the oldest first.

        Args:
            ids: Only these.
            user: Only those of this user.
            since: Only those given at this time or later, epoch [s].
            until: Only those given before this time, epoch [s].
            experiment: Only those of this experiment.
        """

    @abstractmethod
    def answer_heads(
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
    def events(
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
    ) -> Erased:
        """Delete for good; what is not there is no error.

        Args:
            users: Users, with their events and answers.
            items: Items, with their events; answers that showed them stay.
            events: Event ids; or a frame: events equal to one of its rows in all its columns.
            before: All events and answers of before this time, epoch [s]. Events without a
                time stay.
        """

    @abstractmethod
    def merge(self, old: str, new: str) -> int:
        """Give every event and answer of user ``old`` to user ``new``; forget ``old``.

        What was known only of ``old`` becomes known of ``new``. Doing it again changes nothing.

        Returns:
            How many events changed owner.
        """

    @abstractmethod
    def put_records(self, kind: str, records: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Add or replace small documents by id; None deletes. Values are JSON."""

    @abstractmethod
    def records(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return all documents of a kind by id, sorted by id."""
