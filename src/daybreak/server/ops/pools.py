"""Threads of the server, in a pool for each cost of work, so that slow work delays no other.

A pool has a fixed number of threads and a bounded queue. Start reading at :class:`WorkerPools`;
route handlers call :func:`run_in_threadpool`, which uses the pool of their route.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, Literal, TypeVar

from daybreak.errors import ServiceError

T = TypeVar("T")

Cost = Literal["probe", "cheap", "store", "write", "report", "bulk"]
"""Kinds of work, by what they wait for.

``probe``: health and metrics. ``cheap``: answers from memory. ``store``: reads of the store.
``write``: writes. ``report``: results of experiments, and online metrics. ``bulk``: files,
dumps, releases and trainings.
"""

_END: Any = object()
_FULL_POOL_PAUSE_S = 0.05


class PoolFullError(ServiceError):
    """Too many calls of one kind are waiting."""


class WorkerPool:
    """A fixed number of threads, and a bounded number of calls that wait for one.

    The threads do not keep the process alive: a server that has been told to stop ends even if
    a call does not.

    Args:
        name: Name of the threads.
        n_threads: Largest number of threads; they are started when they are needed.
        max_waiting: Largest number of calls that wait for a thread.
    """

    def __init__(self, name: str, n_threads: int, max_waiting: int) -> None:
        self.name = name
        self._n_threads = n_threads
        self._max_calls = n_threads + max_waiting
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._n_calls = 0
        self._n_running = 0

    @property
    def n_running(self) -> int:
        """Number of calls that are running."""
        return self._n_running

    def submit(self, call: Callable[[], T]) -> "Future[T]":
        """Start a call and return its future.

        Raises:
            PoolFullError: Too many calls are waiting.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._n_calls >= self._max_calls:
                raise PoolFullError(
                    f"{self._n_calls} requests of the kind {self.name!r} are being handled or "
                    "wait"
                )
            self._n_calls += 1
            future.add_done_callback(self._count_end)
            self._calls.put((future, call))
            if len(self._threads) < min(self._n_calls, self._n_threads):
                name = f"{self.name}-{len(self._threads)}"
                thread = Thread(target=self._work, name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    async def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Call a function in a thread of the pool; return its result.

        A call that has not begun when the caller is cancelled never begins.
        """
        call = partial(copy_context().run, partial(function, *args, **kwargs))
        return await asyncio.wrap_future(self.submit(call))

    def _count_end(self, _: "Future[Any]") -> None:
        with self._lock:
            self._n_calls -= 1

    def _work(self) -> None:
        while True:
            future, call = self._calls.get()
            if not future.set_running_or_notify_cancel():
                continue
            with self._lock:
                self._n_running += 1
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
                self._end_running()
                future.set_exception(error)
            else:
                self._end_running()
                future.set_result(result)
            del future, call

    def _end_running(self) -> None:
        with self._lock:
            self._n_running -= 1


class WorkerPools:
    """One pool for each cost; see :data:`Cost`.

    Args:
        max_requests: Largest number of requests that are handled at the same time.
    """

    def __init__(self, max_requests: int) -> None:
        self._by_cost: dict[Cost, WorkerPool] = {
            "probe": WorkerPool("probe", 4, 64),
            "cheap": WorkerPool("cheap", 16, max_requests),
            "store": WorkerPool("store", 8, 64),
            # Waiting writes leave half of all requests to reads.
            "write": WorkerPool("write", 16, max_requests // 2),
            "report": WorkerPool("report", 2, 14),
            "bulk": WorkerPool("bulk", 4, 12),
        }

    def of(self, cost: Cost) -> WorkerPool:
        """Return the pool of a cost."""
        return self._by_cost[cost]

    @property
    def n_running(self) -> int:
        """Number of calls that are running in all pools."""
        return sum(pool.n_running for pool in self._by_cost.values())


_current_pool: ContextVar[WorkerPool] = ContextVar("pool")


@contextmanager
def using_pool(pool: WorkerPool) -> Iterator[None]:
    """Make :func:`run_in_threadpool` use a pool until the context ends."""
    token = _current_pool.set(pool)
    try:
        yield
    finally:
        _current_pool.reset(token)


async def run_in_threadpool(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """Call a function in a thread of the pool of the current route; return its result.

    Raises:
        PoolFullError: Too many calls wait for a thread.
    """
    return await _current_pool.get().run(function, *args, **kwargs)


def iterate_in_threadpool(values: Iterator[T]) -> AsyncIterator[T]:
    """Yield the values of an iterator, each computed in the pool of the current route."""
    return _iterate(values, _current_pool.get())


async def _iterate(values: Iterator[T], pool: WorkerPool) -> AsyncIterator[T]:
    while True:
        try:
            value = await pool.run(next, values, _END)
        except PoolFullError:  # the response has begun; it waits instead of breaking off
            await asyncio.sleep(_FULL_POOL_PAUSE_S)
            continue
        if value is _END:
            return
        yield value
