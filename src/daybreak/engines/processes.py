"""Tasks on processes of this machine, each of which has its own interpreter.

A pool of :mod:`concurrent.futures` is unusable after one of its processes has ended, and its
processes import the main module of the program; those of this module do not.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Any, Self, TypeVar

from daybreak.cores import count_cores
from daybreak.engines.base import Engine, WorkerLossError, engines
from daybreak.engines.frames import read_frame, write_frame
from daybreak.engines.shared_values import (
    HeldValues,
    SharedValue,
    hold_value,
    hold_values,
)
from daybreak.errors import ConfigError

T = TypeVar("T")
R = TypeVar("R")

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that bound the threads of matrix products."""
START = "from daybreak.engines.process_worker import main; main()"
"""What a worker runs."""
EXIT_S = 2.0
"""Time that a worker has to end by itself [s]."""


@engines.register("processes")
class ProcessEngine(Engine):
    """Runs tasks on processes of this machine, which are started when they are needed.

    Functions and tasks are sent through pipes, so a task should hold little. A worker that ends
    is replaced. Workers share the cores: each computes with its part of the threads.

    Args:
        n_workers: Number of processes; 0: as many as the process may use cores.
    """

    def __init__(self, n_workers: int = 0) -> None:
        self._n_workers = n_workers or count_cores()
        self._lock = Lock()
        self._idle: list[_WorkerProcess] = []
        self._busy: dict[Future[Any], _WorkerProcess] = {}
        self._shared: dict[str, Any] = {}
        # A call that was cancelled ends a moment later than its successor begins.
        self._threads = ThreadPoolExecutor(2 * self._n_workers, "engine")

    @classmethod
    def from_address(cls, address: str) -> Self:
        """Return an engine of so many processes; see :meth:`Engine.from_address`.

        Example:
            >>> with ProcessEngine.from_address("3") as engine:
            ...     engine.n_workers
            3
        """
        if address and not (address.isascii() and address.isdigit() and int(address)):
            raise ConfigError(
                f"the number of processes must be a whole number above 0, got {address!r}"
            )
        return cls(int(address or 0))

    @property
    def n_workers(self) -> int:
        """Number of processes; see :attr:`Engine.n_workers`."""
        return self._n_workers

    def submit(self, function: Callable[[T], R], task: T) -> "Future[R]":
        """Send the call to an idle process; see :meth:`Engine.submit`."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is None:
            worker = _WorkerProcess(max(1, count_cores() // self._n_workers))
        future = self._threads.submit(self._call, worker, function, task)
        with self._lock:
            self._busy[future] = worker
        future.add_done_callback(self._forget)
        return future

    @contextmanager
    def share(self, value: T) -> Iterator[SharedValue[T]]:
        """Send a value to each process before its next task; see :meth:`Engine.share`."""
        with hold_value(value) as shared:
            self._shared[shared.key] = value
            try:
                yield shared
            finally:
                del self._shared[shared.key]

    def cancel(self, future: "Future[Any]") -> None:
        """End the process of the call; see :meth:`Engine.cancel`."""
        with self._lock:
            worker = self._busy.get(future)
        if worker is not None:
            worker.kill()

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            busy = list(self._busy.values())
        for worker in busy:
            worker.kill()
        self._threads.shutdown(wait=True)
        for worker in self._idle:
            worker.close()
        self._idle.clear()

    def _call(self, worker: "_WorkerProcess", function: Callable[[Any], Any], task: Any) -> Any:
        try:
            worker.hold(dict(self._shared))
            succeeded, value = worker.call(function, task)
        except (EOFError, OSError) as error:
            worker.kill()
            worker.close()
            raise WorkerLossError(f"worker {worker.pid} has ended") from error
        except BaseException:
            worker.kill()  # a part of the call may have been sent
            worker.close()
            raise
        with self._lock:
            self._idle.append(worker)
        if not succeeded:
            raise value
        return value

    def _forget(self, future: "Future[Any]") -> None:
        with self._lock:
            self._busy.pop(future, None)


class _WorkerProcess:
    """One process, and the pipes to it."""

    def __init__(self, n_threads: int) -> None:
        threads = dict.fromkeys(THREAD_VARIABLES, str(n_threads))
        path = os.pathsep.join(filter(None, sys.path))
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter and this package
            [sys.executable, "-c", START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **threads, "PYTHONPATH": path},
        )
        self._held: frozenset[str] = frozenset()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def hold(self, values: dict[str, Any]) -> None:
        """Let the process know shared values, as far as it does not, and no others.

        Args:
            values: Values by key.

        Raises:
            EOFError: The process has ended.
            OSError: The process has ended.
        """
        keys = frozenset(values)
        if keys == self._held:
            return
        new = {key: value for key, value in values.items() if key not in self._held}
        succeeded, error = self.call(hold_values, HeldValues(keys, new))
        if not succeeded:
            raise error
        self._held = keys

    def call(self, function: Callable[[Any], Any], task: Any) -> tuple[bool, Any]:
        """Return whether the call succeeded, and its result or what it raised.

        Raises:
            EOFError: The process has ended.
            OSError: The process has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - they are pipes
        assert self._process.stdout is not None  # noqa: S101
        write_frame(self._process.stdin, (function, task))
        succeeded, value = read_frame(self._process.stdout)
        return bool(succeeded), value

    def close(self) -> None:
        """End the process; an idle one ends by itself when its input does."""
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        try:
            self._process.wait(EXIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
