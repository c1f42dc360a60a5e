"""A connection that does not wait longer for a silent server than its caller may wait.

The module imports the driver, which is part of an extra.
"""

from collections.abc import Generator
from contextvars import ContextVar
from math import inf
from time import monotonic
from typing import Any

import psycopg

from daybreak.deadline import remaining_wait_s

MIN_EXCHANGE_S = 5.0
"""Shortest time that every exchange with the server may take, even if the caller should not
wait any more [s]; without a fault, an exchange of a request takes milliseconds."""
_SILENCE = "connection timeout: the server has not answered in time"
_was_silent: ContextVar[bool] = ContextVar("was_silent", default=False)
"""Whether a server has been silent in this call."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose exchanges with the server end in time.

    A server that was suspended, or that a broken network no longer reaches, keeps its
    connections open and is silent. The driver would wait for it without end.
    """

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        """Connect, unless the server was silent in this call, which may not wait any more.

        Raises:
            OperationalError: There is no connection.
        """
        if _was_silent.get() and remaining_wait_s() <= 0:
            raise psycopg.OperationalError(_SILENCE)
        return super().connect(*args, **kwargs)

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:
        """Run one exchange; give up after :func:`daybreak.deadline.remaining_wait_s`.

        Raises:
            OperationalError: The server was silent; the connection is closed.
        """
        limit_s = remaining_wait_s()
        if limit_s < inf:
            gen = self._bounded(gen, monotonic() + max(limit_s, MIN_EXCHANGE_S))
        return super().wait(gen, *args, **kwargs)

    def _bounded(self, gen: Generator[Any, Any, Any], until: float) -> Generator[Any, Any, Any]:
        """Yield what an exchange waits for; the driver resumes it at least every 0.1 s."""
        try:
            waits_for = next(gen)
            while True:
                ready = yield waits_for
                if not ready and monotonic() > until:
                    self.pgconn.finish()
                    _was_silent.set(True)
                    raise psycopg.OperationalError(_SILENCE)
                waits_for = gen.send(ready)
        except StopIteration as end:
            return end.value
