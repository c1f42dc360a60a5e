"""HTTP as it comes off the wire: heads of bounded size, and refusals that can be read.

The parser itself keeps a head of any length in memory, before anybody has shown a key. And a
socket that is closed while the other side still sends is reset, which throws away the answer:
so what is refused is read on for a moment, and forgotten.
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from daybreak.server.http.problems import SERVER_ERROR_STATUS, problem_response
from daybreak.server.http.responses import new_request_id
from daybreak.server.state import ServerState

log = logging.getLogger(__name__)


MAX_HEAD_BYTES = 262_144
"""Of a request line with its headers [bytes]: an id of 10 kB in a path, escaped, fits in."""
MAX_DISCARD_S = 5.0
"""How long the rest of a refused request is read [s]."""
MAX_DISCARD_BYTES = 16_000_000
"""How much of it, at most [bytes]."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._in_head = self._in_body = False
        self._n_heads_started = 0
        """Requests that began in the bytes at hand; several if they are sent ahead."""
        self._head_bytes = 0
        """Bytes of the head under way."""
        self._head_started_s = 0.0
        """When the head under way began, else when the last bytes came [s]."""
        self._discarded_bytes = 0
        self._close_timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Read on; refuse a head that does not end."""
        if self._close_timer is not None:
            self._discard(len(data))
            return
        alone, self._n_heads_started = not self._in_body, 0
        if not self._in_head:
            self._head_started_s = self.loop.time()
        super().data_received(data)
        if self._in_head and alone and self._n_heads_started <= 1:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._reject("head_too_large", f"a head may have {MAX_HEAD_BYTES:,} bytes")

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        if self._close_timer is not None:
            self._close_timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._reject("bad_request", msg)

    def on_message_begin(self) -> None:
        """Note that a head begins."""
        super().on_message_begin()
        self._in_head, self._in_body, self._head_bytes = True, False, 0
        self._n_heads_started += 1

    def on_headers_complete(self) -> None:
        """Note that the head is over."""
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the body is over."""
        self._in_body = False
        super().on_message_complete()

    def _reject(self, code: str, detail: str) -> None:
        """Answer, stop writing, and read what still comes for a moment."""
        if self._close_timer is not None or self.transport.is_closing():
            return
        if self._stop_response():
            self.transport.close()
            return
        status, id_ = SERVER_ERROR_STATUS[code], new_request_id()
        self._record(status, id_)
        self.transport.write(_response_bytes(code, status, detail, id_))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._close_timer = self.loop.call_later(MAX_DISCARD_S, self.transport.close)

    def _record(self, status: int, id_: str) -> None:
        """Count and log a refusal as other answers are, of which there is no request."""
        state = cast("ServerState", cast("Any", self.config.app).state.daybreak)
        seconds = self.loop.time() - self._head_started_s
        state.metrics.count_request("unknown", "-", status, seconds)
        said = {"request_id": id_, "route": "unknown", "status": status}
        log.info("request", extra={**said, "ms": round(seconds * 1000, 1)})

    def _stop_response(self) -> bool:
        """Stop the answer under way, if any; say whether a part of it has been sent."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete:
            return False
        cycle.disconnected = True
        cycle.message_event.set()
        return bool(cycle.response_started)

    def _discard(self, size: int) -> None:
        self._discarded_bytes += size
        if self._discarded_bytes > MAX_DISCARD_BYTES:
            self.transport.close()


def _response_bytes(code: str, status: int, detail: str, id_: str) -> bytes:
    said = problem_response(
        code, status, detail, headers={"connection": "close"}, request_id=id_
    )
    top = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    headers = b"".join(b"%b: %b\r\n" % header for header in said.raw_headers)
    return b"%b%bx-request-id: %b\r\n\r\n%b" % (top, headers, id_.encode(), bytes(said.body))
