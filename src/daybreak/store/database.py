"""Transactions on a database: retries, shared commits, and error messages with advice."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby
from math import inf
from threading import Condition, RLock
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from daybreak.deadline import remaining_wait_s
from daybreak.errors import DataError, StoreError

T = TypeVar("T")
Work = Callable[[Connection], T]

DEFAULT_WAIT_S = 30.0
"""Default wait for a lock [s]; another process may be importing a large file."""

UNAVAILABLE = "the store is busy or cannot be reached; try again later"
_FIRST_PAUSE_S = 0.01
_MAX_PAUSE_S = 0.5


class UnavailableError(StoreError):
    """The database was unavailable for the whole wait; other work would fail as well."""


class Database(ABC):
    """Runs work in transactions of a database.

    Args:
        engine: Engine of the database.
        wait_s: Longest wait for a transient fault, such as a lock or a restart [s].
        single_connection: Whether all threads share one connection and must take turns.
    """

    read_options: dict[str, Any]
    """Execution options of a transaction that only reads; it sees one snapshot."""
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
        self._is_away = False
        self._connection_lock: AbstractContextManager[Any] = (
            RLock() if single_connection else nullcontext()
        )
        self._group_commit = GroupCommit(self._transact_all, UnavailableError)

    notices_absence = False
    """Whether work fails at once if its caller may not wait any more and the database was
    unavailable when it was last asked: for a database whose absence takes long to notice."""

    @abstractmethod
    def return_memory(self) -> None:
        """Return what idle connections keep of the tables; see :meth:`Store.return_memory`."""

    def read(self, work: Work[T]) -> T:
        """Return the result of work that only reads; it sees one snapshot."""
        return self.with_retries(lambda: self._transact(self._reader, work))

    def write(self, work: Work[T]) -> T:
        """Return the result of work once it is on the disk.

        The work may share its transaction with that of other threads, and may run more than
        once; it must depend on nothing but its connection.
        """
        return self._group_commit.run_all([work])[0].result()

    def write_all(self, works: Sequence[Work[T]]) -> "list[PendingWrite[T]]":
        """Return the outcomes of several pieces of work; see :meth:`write`.

        Raises:
            UnavailableError: The commits before them took longer than the caller may wait; no
                work has begun.
        """
        return self._group_commit.run_all(works)

    def close(self) -> None:
        """Close all connections; later work raises a StoreError."""
        self._closed = True
        self.engine.dispose()

    needs_scrub = False
    """Whether files may still contain deleted rows."""

    def scrub(self) -> None:  # noqa: B027 - not every database has something to do
        """Remove the remains of deleted rows from files, if the database supports it."""

    def with_retries(self, action: Callable[[], T], wait_s: float | None = None) -> T:
        """Run an action; repeat it after transient faults, with growing pauses.

        Args:
            action: Function without arguments.
            wait_s: Longest wait [s]; default: that of the database. A shorter limit of the
                caller holds as well; see :func:`daybreak.deadline.limited_wait`.

        Raises:
            UnavailableError: The fault lasted longer than the wait.
            StoreError: The fault is permanent.
            DataError: A text cannot be stored.
        """
        wait_s = self.wait_s if wait_s is None else wait_s
        left_s = remaining_wait_s()
        if self._is_away and left_s <= 0:  # it waited for work that could not reach it
            raise UnavailableError(UNAVAILABLE)
        deadline = time.monotonic() + min(wait_s, left_s)
        pause = _FIRST_PAUSE_S
        while True:
            try:
                result = action()
                self._is_away = False
                return result
            except UnicodeError as error:
                raise DataError(
                    f"a text is not Unicode and cannot be stored: {error}"
                ) from error
            except self.driver_errors as error:
                if not self.is_transient(error):
                    raise self.translate_error(error) from error
                if time.monotonic() + pause > deadline:
                    self._is_away = self.notices_absence
                    raise UnavailableError(str(self.translate_error(error))) from error
            time.sleep(pause)
            pause = min(2 * pause, _MAX_PAUSE_S)

    @property
    def driver_errors(self) -> tuple[type[Exception], ...]:
        """Exceptions of the database."""
        return (SQLAlchemyError,)

    @abstractmethod
    def is_transient(self, error: Exception) -> bool:
        """Return whether an error may disappear by waiting."""

    @abstractmethod
    def translate_error(self, error: Exception) -> Exception:
        """Return the error of Daybreak for an error of the database."""

    def _transact(self, engine: Engine, work: Work[T]) -> T:
        with self._connection_lock:
            if self._closed:
                raise StoreError("the store has been closed; open it again")
            with engine.begin() as connection:
                return work(connection)

    def _transact_all(self, works: list[Work[Any]]) -> list[Any]:
        return self.with_retries(
            lambda: self._transact(
                self._writer, lambda connection: run_together(connection, works)
            )
        )


class JoinableWork(ABC, Generic[T]):
    """Work that costs less if it is done for several callers at once."""

    @classmethod
    @abstractmethod
    def run_all(cls, connection: Connection, works: Sequence[Any]) -> list[T]:
        """Return the results of several pieces of work, as if they were done one by one."""

    def __call__(self, connection: Connection) -> T:
        """Return the result of this work."""
        return self.run_all(connection, [self])[0]


def run_together(connection: Connection, works: Sequence[Work[Any]]) -> list[Any]:
    """Return the results of pieces of work, in order; neighbours that can be joined are."""
    results: list[Any] = []
    for _, group in groupby(works, key=type):
        first, *others = group
        if isinstance(first, JoinableWork):
            results += first.run_all(connection, [first, *others])
        else:
            results += [work(connection) for work in (first, *others)]
    return results


@dataclass(eq=False)
class PendingWrite(Generic[T]):
    """Work that waits for a commit, and its outcome."""

    work: Work[T]
    results: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def is_done(self) -> bool:
        """Return whether the work has succeeded or failed."""
        return bool(self.results) or self.error is not None

    def result(self) -> T:
        """Return the result of the work, or raise its error."""
        outcome = self.outcome()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def outcome(self) -> T | Exception:
        """Return the result of the work, or its error."""
        if self.error is None:
            return self.results[0]
        if isinstance(self.error, Exception):
            return self.error
        raise self.error


class GroupCommit:
    """Commits the work of waiting threads in shared transactions.

    A durable commit costs a write to the disk, which all threads share that wait for the
    previous commit. If a shared transaction fails, each piece of work runs in a transaction of
    its own, so that one failure does not affect the others.

    Args:
        transact: Runs several pieces of work in one transaction and returns their results. It
            may run them more than once.
        common_errors: Errors that every piece of work would get; they are not retried alone.
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

    def run_all(self, works: Sequence[Work[T]]) -> list[PendingWrite[T]]:
        """Return the outcomes of some work of one thread once it is committed.

        Raises:
            UnavailableError: The commits before it took longer than the caller may wait; the
                work has not begun.
        """
        mine = [PendingWrite(work) for work in works]
        deadline = time.monotonic() + remaining_wait_s()
        with self._condition:
            self._waiting += mine
            while self._committing and not _are_done(mine):
                self._condition.wait(self._time_to(deadline, mine))
            if _are_done(mine):
                return mine
            self._committing = True
            batch, self._waiting = self._waiting, []
        try:
            self._commit(batch)
        finally:
            with self._condition:
                self._committing = False
                self._condition.notify_all()
        return mine

    def _time_to(self, deadline: float, mine: Sequence[PendingWrite[Any]]) -> float | None:
        """Return how long to wait for the running commit [s]; None: until it ends.

        Work that is part of the running commit waits for its end, which tells the outcome; all
        work of a thread is in the same commit.
        """
        if deadline == inf or mine[0] not in self._waiting:
            return None
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            self._waiting = [pending for pending in self._waiting if pending not in mine]
            raise UnavailableError(UNAVAILABLE)
        return left_s

    def _commit(self, batch: list[PendingWrite[Any]]) -> None:
        try:
            results = self._transact([pending.work for pending in batch])
        except Exception as error:  # noqa: BLE001 - raised in the thread of the work
            if len(batch) == 1 or isinstance(error, self._common_errors):
                for pending in batch:
                    pending.error = error
                return
            for pending in batch:
                self._commit([pending])
            return
        except BaseException as error:  # such as KeyboardInterrupt
            for pending in batch:
                pending.error = error
            raise
        for pending, result in zip(batch, results, strict=True):
            pending.results.append(result)


def _are_done(writes: Sequence[PendingWrite[Any]]) -> bool:
    return all(pending.is_done() for pending in writes)


def first_error_line(error: Exception) -> str:
    """Return the first line of the message of the database."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def store_error_with_advice(
    name: str, cause: str, advice: tuple[tuple[str, str], ...]
) -> StoreError:
    """Return an error with the advice for the first pattern that occurs in its cause.

    Args:
        name: Name of the store.
        cause: Message of the database.
        advice: (pattern, advice) pairs; patterns are in lower case.
    """
    for pattern, text in advice:
        if pattern in cause.lower():
            return StoreError(f"store {name} {text} ({cause})")
    return StoreError(f"store {name} cannot be used: {cause}")
