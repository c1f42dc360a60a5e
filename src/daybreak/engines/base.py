"""The contract of an engine, and the order in which its tasks run.

An engine calls one function with many tasks on its workers. Tasks are pure: the result depends
on the task alone, so that a task can run twice. It does so when its worker is lost, and when it
takes much longer than others while a worker is idle. Start reading at :meth:`Engine.map`.
"""

import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Self, TypeVar

from daybreak.closing import ClosesOnExit
from daybreak.engines.shared_values import SharedValue, hold_value
from daybreak.errors import ConfigError, ServiceError
from daybreak.registry import Registry

T = TypeVar("T")
R = TypeVar("R")

MAX_LOSSES = 3
"""Workers that a task may lose before it fails: it is probably what ends them."""
STRAGGLER_FACTOR = 3.0
"""Multiple of the median duration of tasks from which a task is started a second time."""
MIN_STRAGGLER_S = 1.0
"""Smallest duration from which a task is started a second time [s]."""
WAIT_S = 0.2
"""Time between two looks for tasks that take long [s]."""
AHEAD_PER_WORKER = 2
"""Tasks of each worker that may be begun before earlier results are taken; it bounds the memory
of results that wait."""


class Engine(ClosesOnExit, ABC):
    """Runs tasks on workers; a subclass starts single calls.

    Example:
        >>> with open_engine("serial") as engine:
        ...     list(engine.map(abs, [-1, 2, -3]))
        [1, 2, 3]
    """

    @classmethod
    @abstractmethod
    def from_address(cls, address: str) -> Self:
        """Return the engine of an address, which is what follows the name in its text.

        Args:
            address: The text after the first colon; empty: none is given.

        Raises:
            ConfigError: The address has another form.
            MissingExtraError: A package is not installed.
        """

    @property
    @abstractmethod
    def n_workers(self) -> int:
        """Number of tasks that run at a time."""

    @property
    def n_shards(self) -> int:
        """Number of parts into which sums over users are split."""
        return self.n_workers

    @abstractmethod
    def submit(self, function: Callable[[T], R], task: T) -> "Future[R]":
        """Start a call; at most :attr:`n_workers` are started at a time.

        Args:
            function: Function at the top level of an importable module.
            task: Its argument.
        """

    @abstractmethod
    def cancel(self, future: "Future[Any]") -> None:
        """End a call whose result is not needed any more."""

    def share(self, value: T) -> AbstractContextManager[SharedValue[T]]:
        """Share a value with the workers, inside the block.

        A task that contains what the block yields gets the value with ``get``. Each worker
        receives it once, however many tasks it runs.

        Args:
            value: What pickle can write, such as a data set.

        Example:
            >>> with open_engine("serial") as engine, engine.share([3, 4]) as numbers:
            ...     list(engine.map(sum, [numbers.get()]))
            [7]
        """
        return hold_value(value)

    def is_loss(self, error: BaseException) -> bool:
        """Return whether an error says that a worker was lost, not that its task failed."""
        return isinstance(error, WorkerLossError)

    def map(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the results of the tasks, in their order.

        Tasks are taken when a worker is free, and few results wait for the one before, so that
        more tasks than fit into memory can be mapped.

        Args:
            function: Pure function at the top level of an importable module.
            tasks: Its arguments.

        Raises:
            ServiceError: A task has lost its worker ``MAX_LOSSES`` times.
            Exception: What the function raised first, as it was raised.
        """
        run = _TaskRun(self, function, iter(tasks))
        try:
            yield from run.results()
        finally:
            run.cancel()


engines: "Registry[Engine]" = Registry("engine")
"""Engines by the name in front of their address."""


def open_engine(text: str) -> Engine:
    """Return the engine that a text names.

    Args:
        text: ``processes``, ``processes:4``, ``serial``, ``ray`` or ``ray://HOST:PORT``.

    Raises:
        ConfigError: No engine has the name, or the address has another form.
        MissingExtraError: A package is not installed.

    Example:
        >>> open_engine("cluster")
        Traceback (most recent call last):
        daybreak.errors.ConfigError: no engine named 'cluster'; known: processes, ray, serial
    """
    name, _, address = text.strip().partition(":")
    if name not in engines.registered():
        raise ConfigError(f"no engine named {name!r}; known: {', '.join(engines)}")
    return engines[name].from_address(address)


class WorkerLossError(Exception):
    """A worker ended before its task."""


_CURRENT: "ContextVar[Engine | None]" = ContextVar("engine", default=None)


def current_engine() -> Engine | None:
    """Return the engine of :func:`use_engine`; None: sums are computed here."""
    return _CURRENT.get()


@contextmanager
def use_engine(engine: Engine | None) -> Iterator[None]:
    """Compute sums over users with an engine, in this context.

    Args:
        engine: The engine; None: sums are computed here.

    Example:
        >>> with open_engine("serial") as engine, use_engine(engine):
        ...     current_engine() is engine
        True
        >>> current_engine() is None
        True
    """
    token = _CURRENT.set(engine)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def use_named_engine(text: str | None) -> Iterator[None]:
    """Open an engine, use it as :func:`use_engine` does, and close it.

    Args:
        text: As for :func:`open_engine`; None: sums are computed here.

    Raises:
        ConfigError: See :func:`open_engine`.
        MissingExtraError: See :func:`open_engine`.
    """
    if text is None:
        yield
        return
    with open_engine(text) as engine, use_engine(engine):
        yield


def split_rows(n_rows: int, n_parts: int) -> list[slice]:
    """Return slices of about equally many rows; none is empty.

    Example:
        >>> split_rows(7, 3)
        [slice(0, 3, None), slice(3, 5, None), slice(5, 7, None)]
        >>> split_rows(1, 3)
        [slice(0, 1, None)]
    """
    size, rest = divmod(n_rows, max(n_parts, 1))
    parts, start = [], 0
    for part in range(n_parts):
        stop = start + size + (part < rest)
        if stop > start:
            parts.append(slice(start, stop))
        start = stop
    return parts


class _TaskRun(Generic[T, R]):
    """One call of :meth:`Engine.map`."""

    def __init__(self, engine: Engine, function: Callable[[T], R], tasks: Iterator[T]) -> None:
        self._engine = engine
        self._function = function
        self._tasks = tasks
        self._is_exhausted = False
        self._open: dict[int, T] = {}
        """Tasks that are begun and not finished."""
        self._running: dict[Future[R], int] = {}
        self._started: dict[int, float] = {}
        self._losses: Counter[int] = Counter()
        self._durations: list[float] = []
        self._waiting: dict[int, R] = {}
        """Results that wait for an earlier one."""
        self._n_begun = self._n_taken = 0

    def results(self) -> Iterator[R]:
        """Yield the results in the order of the tasks."""
        self._begin_tasks()
        while self._open or self._waiting:
            while self._n_taken in self._waiting:
                self._n_taken += 1
                yield self._waiting.pop(self._n_taken - 1)
                self._begin_tasks()
            if self._running:
                done, _ = wait(self._running, timeout=WAIT_S, return_when=FIRST_COMPLETED)
                for future in done:
                    self._collect(future)
                self._begin_tasks()
                self._repeat_stragglers()

    def cancel(self) -> None:
        """End all calls that still run."""
        for future in self._running:
            self._engine.cancel(future)
        self._running.clear()

    def _begin_tasks(self) -> None:
        most = AHEAD_PER_WORKER * self._engine.n_workers
        while self._has_idle_worker and self._n_begun - self._n_taken < most:
            try:
                task = next(self._tasks)
            except StopIteration:
                self._is_exhausted = True
                return
            self._open[self._n_begun] = task
            self._n_begun += 1
            self._submit(self._n_begun - 1)

    @property
    def _has_idle_worker(self) -> bool:
        return not self._is_exhausted and len(self._running) < self._engine.n_workers

    def _submit(self, index: int) -> None:
        self._started[index] = time.monotonic()
        future = self._engine.submit(self._function, self._open[index])
        self._running[future] = index

    def _collect(self, future: "Future[R]") -> None:
        if future not in self._running:  # its twin has ended in the same moment
            return
        index = self._running.pop(future)
        twins = [other for other, at in self._running.items() if at == index]
        error = future.exception()
        if error is None:
            for twin in twins:
                del self._running[twin]
                self._engine.cancel(twin)
            del self._open[index]
            self._durations.append(time.monotonic() - self._started[index])
            self._waiting[index] = future.result()
        elif not self._engine.is_loss(error):
            raise error
        else:
            self._losses[index] += 1
            if self._losses[index] >= MAX_LOSSES:
                raise ServiceError(
                    f"a task has ended {MAX_LOSSES} workers before it was finished"
                ) from error
            if not twins:
                self._submit(index)

    def _repeat_stragglers(self) -> None:
        """Start the tasks that take long a second time on idle workers."""
        if not self._durations or len(self._running) >= self._engine.n_workers:
            return
        middle = sorted(self._durations)[len(self._durations) // 2]
        late_s = max(MIN_STRAGGLER_S, STRAGGLER_FACTOR * middle)
        copies = Counter(self._running.values())
        now = time.monotonic()
        for index in sorted(copies, key=self._started.__getitem__):
            is_late = now - self._started[index] > late_s
            if is_late and copies[index] == 1 and len(copies) < self._engine.n_workers:
                self._submit(index)
                return
