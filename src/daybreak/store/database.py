"""One database: every piece of work is one transaction, tried again while that may help."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import RLock
from typing import Any, TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from daybreak.errors import DataError, StoreError
from daybreak.store.commits import Commits, Work

T = TypeVar("T")

WAIT_S = 30.0
"""How long to wait for a lock, by default [s]: another program may import a large file."""

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.5


class UnavailableError(StoreError):
    """What was waited for did not pass; it is the same for all work, and waiting costs time."""


class Database(ABC):
    """Runs work on a database, and says in plain words why that cannot be done.

    Args:
        engine: Where to connect.
        wait_s: How long to wait for what passes by itself: a lock, a restart [s].
        single: Whether all threads share one connection, so that they must take turns.
    """

    reads: dict[str, Any]
    """Execution options of a transaction that only reads, from one snapshot."""
    writes: dict[str, Any]
    """Execution options of a transaction that writes."""

    def __init__(self, engine: Engine, wait_s: float, *, single: bool = False) -> None:
        self.engine = engine
        self.wait_s = wait_s
        self._reader = engine.execution_options(**self.reads)
        self._writer = engine.execution_options(**self.writes)
        self._closed = False
        self._turn: AbstractContextManager[Any] = RLock() if single else nullcontext()
        self._commits = Commits(self._together, UnavailableError)

    def read(self, work: Work[T]) -> T:
        """Return the result of work that changes nothing; it sees one moment."""
        return self.patiently(lambda: self._transact(self._reader, work))

    def write(self, work: Work[T]) -> T:
        """Return the result of work once it is on the disk; it may share its transaction.

        The work may be done more than once, and must depend on nothing but its connection.
        """
        return self._commits.run(work)

    def close(self) -> None:
        """Give back all connections; nothing can be done afterwards."""
        self._closed = True
        self.engine.dispose()

    unscrubbed = False
    """Whether deleted rows may still be found in files."""

    def scrub(self) -> None:  # noqa: B027 - most databases do it themselves, or never
        """Overwrite what deleted rows leave behind, where the database lets us."""

    def patiently(self, action: Callable[[], T], wait_s: float | None = None) -> T:
        """Do something; again after a growing pause while what hinders it may pass.

        Raises:
            UnavailableError: It did not pass within ``wait_s`` [s]; None: that of the database.
            StoreError: It never will.
            DataError: A text cannot be stored.
        """
        end = time.monotonic() + (self.wait_s if wait_s is None else wait_s)
        pause = _FIRST_PAUSE_S
        while True:
            try:
                return action()
            except UnicodeError as error:
                raise DataError(
                    f"a text is not Unicode and cannot be stored: {error}"
                ) from error
            except self.errors as error:
                if not self.passes(error):
                    raise self.explained(error) from error
                if time.monotonic() + pause > end:
                    raise UnavailableError(str(self.explained(error))) from error
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the database raises."""
        return (SQLAlchemyError,)

    @abstractmethod
    def passes(self, error: Exception) -> bool:
        """Tell whether waiting helps."""

    @abstractmethod
    def explained(self, error: Exception) -> Exception:
        """Return the error that says what is wrong and what to do."""

    def _transact(self, engine: Engine, work: Work[T]) -> T:
        with self._turn:
            if self._closed:
                raise StoreError("the store has been closed; open it again")
            with engine.begin() as connection:
                return work(connection)

    def _together(self, works: list[Work[Any]]) -> list[Any]:
        return self.patiently(
            lambda: self._transact(
                self._writer, lambda connection: [work(connection) for work in works]
            )
        )


def reason(error: Exception) -> str:
    """Return the first line of what the database said."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def advised(name: str, cause: str, advice: tuple[tuple[str, str], ...]) -> StoreError:
    """Return an error with the advice for the first sign that is in the cause."""
    for sign, text in advice:
        if sign in cause.lower():
            return StoreError(f"store {name} {text} ({cause})")
    return StoreError(f"store {name} cannot be used: {cause}")
