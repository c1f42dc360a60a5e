"""A connection that sends what is written in one step of the event loop at once.

uvicorn writes the head and the body of a response separately. Each write takes about as long as
the route of a short request, and wakes up the caller.
"""

import asyncio
from typing import Any

MAX_JOINED_BYTES = 65_536
"""Size from which data do not wait for the end of the step; the transport says when a caller
takes them too slowly."""


class JoinedWrites(asyncio.Transport):
    """A transport that joins the writes of one step of the event loop.

    Args:
        transport: Sends the data; everything but writing and closing is up to it.
        loop: The event loop.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._waiting: list[Any] = []
        self._n_bytes = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send data at the end of this step, or now if there are many."""
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)
        self._n_bytes += len(data)
        if self._n_bytes >= MAX_JOINED_BYTES:
            self._send()

    def write_eof(self) -> None:
        """Send what waits, and no more after it."""
        self._send()
        self._transport.write_eof()

    def close(self) -> None:
        """Send what waits, then close the connection."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once; what waits is lost."""
        self._waiting, self._n_bytes = [], 0
        self._transport.abort()

    def _send(self) -> None:
        waiting, self._waiting, self._n_bytes = self._waiting, [], 0
        if waiting and not self._transport.is_closing():
            self._transport.writelines(waiting)

    def can_write_eof(self) -> bool:
        """Return whether the other side can be told that nothing more comes."""
        return self._transport.can_write_eof()

    def is_closing(self) -> bool:
        """Return whether the connection is closed, or will be."""
        return self._transport.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return what is known about the connection."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read nothing until reading is resumed."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()
