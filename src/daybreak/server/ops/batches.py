"""Calls of many requests that are made together, in one thread.

A thread for each request would wait for the same commit as the others, and every change between
threads costs more than a short request.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from functools import partial
from math import isinf
from typing import Any, Generic, TypeVar

from daybreak.deadline import remaining_wait_s
from daybreak.errors import StoreError
from daybreak.server.ops.pools import PoolFullError, WorkerPool

Q = TypeVar("Q")
A = TypeVar("A")

MAX_CALLS = 256
"""Largest number of calls that are made together; more would make all of them wait."""


@dataclass(eq=False)
class WaitingCall(Generic[Q, A]):
    """A call that has not been made."""

    argument: Q
    result: "asyncio.Future[A]"
    context: Context = field(default_factory=copy_context)


class CallBatcher(Generic[Q, A]):
    """Collects calls on the event loop, and makes them together in a thread of a pool.

    The first call is made at once; those that come until it is done are made together after
    it. Of calls that are made together, the oldest says how long they may wait for the store.

    Args:
        call: Makes several calls; returns a result for each, or an error in its place.
        pool: Threads that make the calls, one batch at a time.
        max_waiting: Largest number of calls that wait.
    """

    def __init__(
        self,
        call: Callable[[Sequence[Q]], Sequence[A | Exception]],
        pool: WorkerPool,
        max_waiting: int,
    ) -> None:
        self._call = call
        self._pool = pool
        self._max_waiting = max_waiting
        self._waiting: list[WaitingCall[Q, A]] = []
        self._is_running = False

    async def run(self, argument: Q) -> A:
        """Return the result of a call.

        A call that has not begun when its caller is cancelled never begins.

        Raises:
            PoolFullError: Too many calls are waiting.
            StoreError: The calls before it took longer than the caller may wait; the call has
                not begun.
        """
        if len(self._waiting) >= self._max_waiting:
            raise PoolFullError(
                f"{len(self._waiting)} requests of the kind {self._pool.name!r} are waiting"
            )
        loop = asyncio.get_running_loop()
        waiting: WaitingCall[Q, A] = WaitingCall(argument, loop.create_future())
        self._waiting.append(waiting)
        if not self._is_running:
            self._is_running = True
            loop.call_soon(self._begin, loop)  # calls of this turn of the loop come along
        wait_s = remaining_wait_s()
        timer = None if isinf(wait_s) else loop.call_later(wait_s, self._give_up, waiting)
        try:
            return await waiting.result
        finally:
            if timer is not None:
                timer.cancel()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Make the calls that wait, the oldest ones first."""
        live = [waiting for waiting in self._waiting if not waiting.result.done()]
        batch, self._waiting = live[:MAX_CALLS], live[MAX_CALLS:]
        self._is_running = bool(batch)
        if not batch:
            return
        arguments = [waiting.argument for waiting in batch]
        try:
            future = self._pool.submit(partial(batch[0].context.run, self._call, arguments))
        except PoolFullError as error:
            self._end(loop, batch, [error] * len(batch))
            return
        future.add_done_callback(
            lambda done: loop.call_soon_threadsafe(self._end, loop, batch, _results_of(done))
        )

    def _end(
        self,
        loop: asyncio.AbstractEventLoop,
        batch: Sequence[WaitingCall[Q, A]],
        results: Sequence[A | Exception] | Exception,
    ) -> None:
        """Give each call its result, and make those that have come meanwhile."""
        if isinstance(results, Exception):
            results = [results] * len(batch)
        for waiting, result in zip(batch, results, strict=True):
            if waiting.result.done():
                continue
            if isinstance(result, Exception):
                waiting.result.set_exception(result)
            else:
                waiting.result.set_result(result)
        self._begin(loop)

    def _give_up(self, waiting: WaitingCall[Q, A]) -> None:
        """End a call that has waited too long and has not begun."""
        if waiting in self._waiting and not waiting.result.done():
            self._waiting.remove(waiting)
            waiting.result.set_exception(
                StoreError("the store is busy or cannot be reached; try again later")
            )


def _results_of(done: "Future[Any]") -> Any:
    """Return the results of a batch, or the error of all of its calls."""
    error = done.exception()
    if error is None:
        return done.result()
    return error if isinstance(error, Exception) else RuntimeError(repr(error))
