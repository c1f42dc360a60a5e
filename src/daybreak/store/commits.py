"""One commit for many threads: what waits during a commit goes into the next one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


@dataclass(eq=False)
class Task(Generic[T]):
    """A piece of work, and how it ended."""

    work: Work[T]
    results: list[T] = field(default_factory=list)
    error: BaseException | None = None

    def done(self) -> bool:
        """Tell whether it has ended."""
        return bool(self.results) or self.error is not None

    def outcome(self) -> T:
        """Return its result, or raise its error."""
        if self.error is not None:
            raise self.error
        return self.results[0]


class Commits:
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
        shared: type[Exception] | tuple[()] = (),
    ) -> None:
        self._transact = transact
        self._shared = shared
        self._waiting: list[Task[Any]] = []
        self._busy = False
        self._changed = Condition()

    def run(self, work: Work[T]) -> T:
        """Return the result of a piece of work, once it is committed."""
        task = Task(work)
        with self._changed:
            self._waiting.append(task)
            while self._busy and not task.done():
                self._changed.wait()
            if task.done():
                return task.outcome()
            self._busy = True
            batch, self._waiting = self._waiting, []
        try:
            self._commit(batch)
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
        return task.outcome()

    def _commit(self, batch: list[Task[Any]]) -> None:
        try:
            results = self._transact([task.work for task in batch])
        except Exception as error:  # noqa: BLE001 - raised again in the thread it belongs to
            if len(batch) == 1 or isinstance(error, self._shared):
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
