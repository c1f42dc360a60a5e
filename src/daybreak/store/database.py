"""One commit for many threads: what waits during a commit goes into the next one.

One database: every piece of work is one transaction, tried again while that may help.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Condition, RLock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from daybreak.errors import DataError, StoreError

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(eq=False)
class PendingWrite(Generic[T]):
    """A piece of work, and how it ended."""

    work: Work[T]
    results: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def is_done(self) -> bool:
        """Tell whether it has ended."""
        return bool(self.results) or self.error is not None

    def result(self) -> T:
        """Return its result, or raise its error."""
        if self.error is not None:
            raise self.error
        return self.results[0]


class GroupCommit:
    """Gathers the work of waiting threads into shared transactions.

    A durable commit costs a write to the disk; twenty threads share one instead of queueing for
    twenty. If shared work fails, each piece is done alone, so a bad one spoils no other.

    Args:
        transact: Does several pieces of work in one transaction and returns their results. It
            may do them again, so work must depend on nothing but its connection.
        shared: Errors that would be the same for each piece of work.
    """

    def __init__(
        self,
        transact: Callable[[list[Work[Any]]], list[Any]],
        common_errors: type[Exception] | tuple[()] = (),
    ) -> None:
        self._transact = transact
        self._common_errors = common_errors
        self._waiting: list[PendingWrite[Any]] = []
        self._committing = False
        self._condition = Condition()

    def run(self, work: Work[T]) -> T:
        """Return the result of a piece of work, once it is committed."""
        task = PendingWrite(work)
        with self._condition:
            self._waiting.append(task)
            while self._committing and not task.is_done():
                self._condition.wait()
            if task.is_done():
                return task.result()
            self._committing = True
            batch, self._waiting = self._waiting, []
        try:
            self._commit(batch)
        finally:
            with self._condition:
                self._committing = False
                self._condition.notify_all()
        return task.result()

    def _commit(self, batch: list[PendingWrite[Any]]) -> None:
        try:
            results = self._transact([task.work for task in batch])
        except Exception as error:  # noqa: BLE001 - raised again in the thread it belongs to
            if len(batch) == 1 or isinstance(error, self._common_errors):
                for task in batch:
                    task.error = error
                return
            for task in batch:
                self._commit([task])
            return
        except BaseException as error:  # the interpreter is about to leave
            for task in batch:
                task.error = error
            raise
        for task, result in zip(batch, results, strict=True):
            task.results.append(result)


DEFAULT_WAIT_S = 30.0
"""How long to wait for a lock, by default [s]: another program may import a large file."""

_FIRST_PAUSE_S = 0.01
_MAX_PAUSE_S = 0.5


class UnavailableError(StoreError):
    """What was waited for did not pass; it is the same for all work, and waiting costs time."""


class Database(ABC):
    """Runs work on a database, and says in plain words why that cannot be done.

    Args:
        engine: Where to connect.
        wait_s: How long to wait for what passes by itself: a lock, a restart [s].
        single: Whether all threads share one connection, so that they must take turns.
    """

    read_options: dict[str, Any]
    """Execution options of a transaction that only reads, from one snapshot."""
    write_options: dict[str, Any]
    """Execution options of a transaction that writes."""

    def __init__(
        self, engine: Engine, wait_s: float, *, single_connection: bool = False
    ) -> None:
        self.engine = engine
        self.wait_s = wait_s
        self._reader = engine.execution_options(**self.read_options)
        self._writer = engine.execution_options(**self.write_options)
        self._closed = False
        self._connection_lock: AbstractContextManager[Any] = (
            RLock() if single_connection else nullcontext()
        )
        self._group_commit = GroupCommit(self._transact_all, UnavailableError)

    def read(self, work: Work[T]) -> T:
        """Return the result of work that changes nothing; it sees one moment."""
        return self.with_retries(lambda: self._transact(self._reader, work))

    def write(self, work: Work[T]) -> T:
        """Return the result of work once it is on the disk; it may share its transaction.

        The work may be done more than once, and must depend on nothing but its connection.
        """
        return self._group_commit.run(work)

    def close(self) -> None:
        """Give back all connections; nothing can be done afterwards."""
        self._closed = True
        self.engine.dispose()

    needs_scrub = False
    """Whether deleted rows may still be found in files."""

    def scrub(self) -> None:  # noqa: B027 - most databases do it themselves, or never
        """Overwrite what deleted rows leave behind, where the database lets us."""

    def with_retries(self, action: Callable[[], T], wait_s: float | None = None) -> T:
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
            except self.driver_errors as error:
                if not self.is_transient(error):
                    raise self.translate_error(error) from error
                if time.monotonic() + pause > end:
                    raise UnavailableError(str(self.translate_error(error))) from error
            time.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """What the database raises."""
        return (SQLAlchemyError,)

    @abstractmethod
    def is_transient(self, error: Exception) -> bool:
        """Tell whether waiting helps."""

    @abstractmethod
    def translate_error(self, error: Exception) -> Exception:
        """Return the error that says what is wrong and what to do."""

    def _transact(self, engine: Engine, work: Work[T]) -> T:
        with self._connection_lock:
            if self._closed:
                raise StoreError("the store has been closed; open it again")
            with engine.begin() as connection:
                return work(connection)

    def _transact_all(self, works: list[Work[Any]]) -> list[Any]:
        return self.with_retries(
            lambda: self._transact(
                self._writer, lambda connection: [work(connection) for work in works]
            )
        )


def first_error_line(error: Exception) -> str:
    """Return the first line of what the database said."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def store_error_with_advice(
    name: str, cause: str, advice: tuple[tuple[str, str], ...]
) -> StoreError:
    """Return an error with the advice for the first sign that is in the cause."""
    for sign, text in advice:
        if sign in cause.lower():
            return StoreError(f"store {name} {text} ({cause})")
    return StoreError(f"store {name} cannot be used: {cause}")
