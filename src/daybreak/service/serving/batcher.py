"""Answers concurrent requests in batches."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from daybreak.errors import ServiceError

Q = TypeVar("Q")
A = TypeVar("A")

MAX_BATCH_REQUESTS = 64
"""Largest number of requests in a batch; more would make all of them wait."""
MAX_WAITING_REQUESTS = 5_000
"""Largest number of waiting requests; further ones are rejected at once."""
GATHER_S = 0.0005
"""Time for which requests are gathered after a batch of several [s]: who was answered together
asks again within a moment, and a batch costs the less for each request the larger it is."""


class Batcher(Generic[Q, A]):
    """One thread that takes all waiting requests and answers them in one batch.

    A single request is answered at once. Under load, batches grow by themselves; after one of
    several requests, the next waits for :data:`GATHER_S`, in which the event loop can take in
    further ones.

    Args:
        answer: Returns one response for each request; an exception in place of a response is
            raised for that request only.
        name: Name of the thread.

    Example:
        >>> with Batcher(lambda words: [word.upper() for word in words]) as batcher:
        ...     batcher.submit("tea").result()
        'TEA'
    """

    def __init__(
        self, answer: Callable[[Sequence[Q]], Sequence[A | Exception]], name: str = "answers"
    ) -> None:
        self._process = answer
        self._waiting: SimpleQueue[tuple[Q, Future[A]] | None] = SimpleQueue()
        self._closed = False
        self._is_busy = False
        """Whether the last batch had several requests."""
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, request: Q) -> "Future[A]":
        """Put a request into the next batch; a cancelled future is not answered.

        Raises:
            ServiceError: Too many requests are waiting, or the batcher is closed.
        """
        if self._closed:
            raise ServiceError("the service has been closed")
        if self._waiting.qsize() >= MAX_WAITING_REQUESTS:
            raise ServiceError(
                f"more than {MAX_WAITING_REQUESTS:,} requests are waiting; try again later"
            )
        future: Future[A] = Future()
        self._waiting.put((request, future))
        return future

    @property
    def waiting(self) -> int:
        """Number of waiting requests."""
        return self._waiting.qsize()

    def close(self) -> None:
        """Answer all waiting requests, then stop."""
        if not self._closed:
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._next()
            self._is_busy = len(batch) > 1
            live = [(q, future) for q, future in batch if future.set_running_or_notify_cancel()]
            if live:
                self._set_results(live)

    def _next(self) -> tuple[list[tuple[Q, Future[A]]], bool]:
        """Wait for a request, and take all waiting ones; False: no more will come."""
        batch: list[tuple[Q, Future[A]]] = []
        entry = self._waiting.get()
        if self._is_busy and self._waiting.qsize() < MAX_BATCH_REQUESTS - 1:
            time.sleep(GATHER_S)
        while entry is not None:
            batch.append(entry)
            if len(batch) >= MAX_BATCH_REQUESTS:
                return batch, True
            try:
                entry = self._waiting.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _set_results(self, batch: Sequence[tuple[Q, Future[A]]]) -> None:
        try:
            answers = self._process([request for request, _ in batch])
        except Exception as error:  # noqa: BLE001 - the callers get the error; the thread continues
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def __enter__(self) -> "Batcher[Q, A]":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
