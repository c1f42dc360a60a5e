"""What probes are told of the service: its last known state, without waiting for the store."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from daybreak.deadline import limited_wait
from daybreak.errors import DaybreakError, StoreError
from daybreak.server.ops.pools import WorkerPool

PROBE_WAIT_S = 1.0
"""Longest time that a probe waits for the present state [s]."""
MAX_READ_S = 5.0
"""Longest wait of one reading for the store [s]."""
MAX_STATUS_AGE_S = 10.0
"""Age up to which an earlier state is told while the present one is being read [s]."""

Status = Mapping[str, Any]


class HasStatus(Protocol):
    """A service that reports its state."""

    def status(self) -> dict[str, Any]:
        """Return the state as plain values."""


class StatusProbe:
    """Reads the state of the service, one reader at a time, and remembers it.

    Args:
        service: Service with a method ``status``, which may wait for the store.
        pool: Threads that call it.
        wait_s: Longest time that :meth:`status` waits [s].
    """

    def __init__(
        self, service: HasStatus, pool: WorkerPool, wait_s: float = PROBE_WAIT_S
    ) -> None:
        self._service = service
        self._pool = pool
        self._wait_s = wait_s
        self._reading: asyncio.Future[Status] | None = None
        self._last: Status | None = None
        self._last_error: DaybreakError | None = None
        self._last_at = float("-inf")

    async def status(self) -> Status:
        """Return the present state, or the last one if that was read a moment ago.

        Raises:
            StoreError: The store does not answer.
            DaybreakError: The state cannot be read.
        """
        if self._reading is None or self._reading.done():
            self._reading = asyncio.ensure_future(self._read_once())
            self._reading.add_done_callback(_retrieve_error)
        try:
            return await asyncio.wait_for(asyncio.shield(self._reading), self._wait_s)
        except TimeoutError:
            return self.last_status()

    def last_status(self) -> Status:
        """Return the last known state, at once.

        Raises:
            StoreError: The store has not answered for a while.
            DaybreakError: The state could not be read.
        """
        if self._last_error is not None:
            raise self._last_error
        age_s = time.monotonic() - self._last_at
        if self._last is None or age_s > MAX_STATUS_AGE_S:
            raise StoreError("the store does not answer")
        return self._last

    async def _read_once(self) -> Status:
        started_at = time.monotonic()
        try:
            with limited_wait(MAX_READ_S):
                status = await self._pool.run(self._service.status)
        except DaybreakError as error:
            self._last_error = error
            raise
        self._last, self._last_error, self._last_at = status, None, started_at
        return status


def _retrieve_error(reading: "asyncio.Future[Status]") -> None:
    """Mark an error as seen: :meth:`StatusProbe.last_status` raises it if nobody waited."""
    if not reading.cancelled():
        reading.exception()
