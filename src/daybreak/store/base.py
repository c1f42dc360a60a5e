"""The contract of a store: eight methods, all or nothing."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import polars as pl

from daybreak.data import Tables
from daybreak.registry import Registry
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


class Store(ABC):
    """Where items, users, events, vectors, releases and settings outlive the process.

    Every method is one transaction: it happens completely or not at all, also when the
    process is killed. A store may be used from several threads.
    """

    @abstractmethod
    def write(self, tables: Tables, *, event_ids: pl.Series | None = None) -> Written:
        """Add tables; doing it again changes nothing.

        Items and users are updated by id: columns that come replace the old values, others
        stay. An event is the same as a stored one if its id in ``event_ids`` is; without an id
        if user, item, type, time and value are. Equal events within one call are counted, so
        three purchases in one file stay three however often the file is written.
        """

    @abstractmethod
    def tables(self) -> Tables:
        """Return everything, in the order in which it came."""

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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


stores = Registry[Store]("store")
"""Store classes by URL scheme."""


def chunks(values: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    """Yield parts of at most ``size`` values."""
    return (values[start : start + size] for start in range(0, len(values), size))
