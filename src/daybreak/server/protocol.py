"""The HTTP protocol of a connection: limited heads, limited waits, and readable rejections.

uvicorn's parser keeps a request head of any length in memory before a key has been checked;
this protocol limits it. After rejecting a request, the protocol keeps reading and discarding
input briefly, so that the client receives the response: a socket that is closed while the
client still sends is reset, and the response is lost.

A connection whose caller sends no head, or takes no response, is closed after a while.

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
from daybreak.server.joined_writes import JoinedWrites
from daybreak.server.state import ServerState

log = logging.getLogger(__name__)

MAX_HEAD_BYTES = 262_144
"""Largest size of a request line with its headers [bytes]; an escaped id of 10 kB fits."""
HEAD_TIMEOUT_S = 15.0
"""Longest time from the start of a connection, or of a head, to the end of the head [s]."""
SEND_TIMEOUT_S = 60.0
"""Longest time for which a caller may take nothing of a response [s]."""
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
        self._head_timer: asyncio.TimerHandle | None = None
        """Set while a head, or the rest of an answered request, is expected."""
        self._send_timer: asyncio.TimerHandle | None = None
        """Set while the caller takes nothing of a response."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limit of the first head; close an idle connection for this one."""
        super().connection_made(transport)
        self.transport = JoinedWrites(transport, self.loop)
        if not self._state.connections.add(self):
            transport.abort()
            return
        self._start_head_timer()

    def close_idle(self) -> None:
        """Close the connection, which has no request, for another one."""
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Parse data; reject a head that is too long."""
        if self._close_timer is not None:
            self._discard(len(data))
            return
        is_head_alone, self._n_heads_started = not self._in_body, 0
        if not self._in_head:
            self._head_started_s = self.loop.time()
        if not self._has_request:
            self._start_head_timer()  # also for blank lines, which begin no head
        super().data_received(data)
        if self._in_head and is_head_alone and self._n_heads_started <= 1:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                detail = f"a request head may have {MAX_HEAD_BYTES:,} bytes"
                self._reject("head_too_large", detail)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        for timer in (self._close_timer, self._head_timer, self._send_timer):
            if timer is not None:
                timer.cancel()
        self._state.connections.remove(self)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Reject data that is not HTTP."""
        self._reject("bad_request", msg)

    def on_message_begin(self) -> None:
        """Note the start of a head."""
        super().on_message_begin()
        self._in_head, self._in_body, self._head_bytes = True, False, 0
        self._n_heads_started += 1
        self._start_head_timer()

    def on_headers_complete(self) -> None:
        """Note the end of a head."""
        self._in_head, self._in_body = False, True
        self._stop_head_timer()
        self._state.connections.mark_busy(self)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note the end of a body."""
        self._in_body = False
        self._stop_head_timer()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Note that the connection is idle; the rest of an answered body must come soon."""
        is_last = not self.pipeline
        super().on_response_complete()
        if is_last and not self.transport.is_closing():
            self._state.connections.mark_idle(self)
            if self._in_body:
                self._start_head_timer()

    def pause_writing(self) -> None:
        """Start the time limit for a caller that takes nothing of the response."""
        super().pause_writing()
        if self._send_timer is None:
            self._send_timer = self.loop.call_later(SEND_TIMEOUT_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop this time limit: the caller has taken a part of the response."""
        if self._send_timer is not None:
            self._send_timer.cancel()
            self._send_timer = None
        super().resume_writing()

    @property
    def _has_request(self) -> bool:
        """Whether a request waits for its response."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _state(self) -> ServerState:
        return cast("ServerState", cast("Any", self.config.app).state.daybreak)

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._on_head_timeout)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _on_head_timeout(self) -> None:
        """Close a connection that sends no complete head, or no end of an answered request."""
        self._head_timer = None
        if self._has_request:  # the response to an earlier request comes first
            self._start_head_timer()
            return
        if self._in_head:
            self._record(HTTPStatus.REQUEST_TIMEOUT, new_request_id())
        self.transport.abort()

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
        seconds = self.loop.time() - self._head_started_s
        self._state.metrics.count_request("unknown", "-", status, seconds)
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
