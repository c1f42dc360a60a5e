"""Waiting on the event loop for results of another thread.

The thread that answers finishes a batch of requests at once. :func:`asyncio.wrap_future` wakes
the event loop up for each of them, while both compete for the interpreter; here one call
delivers what has been finished until it runs.
"""

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


async def result_of(future: "Future[T]") -> T:
    """Return the result of another thread; who stops waiting cancels it.

    Example:
        >>> future = Future()
        >>> future.set_result("tea")
        >>> asyncio.run(result_of(future))
        'tea'
    """
    loop = asyncio.get_running_loop()
    completions = _BY_LOOP.get(loop)
    if completions is None:
        completions = _BY_LOOP[loop] = _Completions()
    waiter: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda done: completions.add(waiter, done))
    try:
        return await waiter
    except asyncio.CancelledError:
        future.cancel()
        raise


class _Completions:
    """Finished results that are not delivered yet; :meth:`add` may be called by any thread."""

    def __init__(self) -> None:
        self._finished: deque[tuple[asyncio.Future[Any], Future[Any]]] = deque()
        self._is_called = False
        """Whether the event loop has been woken up and has not begun to deliver."""

    def add(self, waiter: "asyncio.Future[Any]", future: "Future[Any]") -> None:
        self._finished.append((waiter, future))
        loop = waiter.get_loop()
        if not self._is_called and not loop.is_closed():
            self._is_called = True
            loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._is_called = False  # first: what is added from now on needs another call
        while self._finished:
            waiter, future = self._finished.popleft()
            if waiter.done():
                continue
            if future.cancelled():
                waiter.cancel()
            elif error := future.exception():
                waiter.set_exception(error)
            else:
                waiter.set_result(future.result())


_BY_LOOP: WeakKeyDictionary[asyncio.AbstractEventLoop, _Completions] = WeakKeyDictionary()
