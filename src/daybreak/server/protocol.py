"""The HTTP protocol of a connection: a limited request head and readable rejections.

uvicorn's parser keeps a request head of any length in memory before a key has been checked;
this protocol limits it. After rejecting a request, the protocol keeps reading and discarding
input briefly, so that the client receives the response: a socket that is closed while the
client still sends is reset, and the response is lost.

The class overrides methods of uvicorn's ``HttpToolsProtocol`` that are not documented.
``tests/server/test_protocol.py`` lists them, with the versions of uvicorn that were checked.
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
"""Largest size of a request line with its headers [bytes]; an escaped id of 10 kB fits."""
MAX_DISCARD_S = 5.0
"""Longest time for which the rest of a rejected request is read [s]."""
MAX_DISCARD_BYTES = 16_000_000
"""Largest part of the rest of a rejected request that is read [bytes]."""


class LimitedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 over one connection, with a limited request head."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = self._in_body = False
        self._n_heads_started = 0
        """Number of heads that started in the current data; several with pipelining."""
        self._head_bytes = 0
        """Size of the current head so far [bytes]."""
        self._head_started_s = 0.0
        """Time at which the current head started, else of the last data [s]."""
        self._discarded_bytes = 0
        self._close_timer: asyncio.TimerHandle | None = None
        """Set after a rejection: closes the connection."""

    def data_received(self, data: bytes) -> None:
        """Parse data; reject a head that is too long."""
        if self._close_timer is not None:
            self._discard(len(data))
            return
        is_head_alone, self._n_heads_started = not self._in_body, 0
        if not self._in_head:
            self._head_started_s = self.loop.time()
        super().data_received(data)
        if self._in_head and is_head_alone and self._n_heads_started <= 1:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                detail = f"a request head may have {MAX_HEAD_BYTES:,} bytes"
                self._reject("head_too_large", detail)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timer."""
        if self._close_timer is not None:
            self._close_timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Reject data that is not HTTP."""
        self._reject("bad_request", msg)

    def on_message_begin(self) -> None:
        """Note the start of a head."""
        super().on_message_begin()
        self._in_head, self._in_body, self._head_bytes = True, False, 0
        self._n_heads_started += 1

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        self._in_head, self._in_body = False, True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note the end of a body."""
        self._in_body = False
        super().on_message_complete()

    def _reject(self, code: str, detail: str) -> None:
        """Send a problem, then read and discard input until the timer closes the connection."""
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
        """Log and count a rejection, for which the application never sees a request."""
        state = cast("ServerState", cast("Any", self.config.app).state.daybreak)
        seconds = self.loop.time() - self._head_started_s
        state.metrics.count_request("unknown", "-", status, seconds)
        fields = {"request_id": id_, "route": "unknown", "status": status}
        log.info("request", extra={**fields, "ms": round(seconds * 1000, 1)})

    def _stop_response(self) -> bool:
        """Stop the current response, if any; return whether a part of it has been sent."""
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
    response = problem_response(
        code, status, detail, headers={"connection": "close"}, request_id=id_
    )
    status_line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    headers = b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)
    return b"%b%bx-request-id: %b\r\n\r\n%b" % (
        status_line,
        headers,
        id_.encode(),
        bytes(response.body),
    )
