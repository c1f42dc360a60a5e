"""The contract of a store: eight methods, all or nothing."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from daybreak.closing import Closing
from daybreak.data import Tables
from daybreak.registry import Registry
from daybreak.store.journal import Journal
from daybreak.types import Floats


@dataclass(frozen=True)
class Written:
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


class Store(Closing):
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
    ) -> Written:
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
