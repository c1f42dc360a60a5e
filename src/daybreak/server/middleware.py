"""Around every request: its id, its time, the log, the counters, and the last resort."""

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daybreak.server.auth.access import CALLER_KEY
from daybreak.server.http.paths import use_raw_path
from daybreak.server.http.problems import internal_error, problem_response
from daybreak.server.http.responses import new_request_id, request_id
from daybreak.server.ops.metrics import ServerMetrics
from daybreak.server.options import ServerOptions

log = logging.getLogger(__name__)


PROBE_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Answered however busy the server is, and logged only when they fail."""
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


class RequestMiddleware:
    """The outermost layer of the server.

    Args:
        app: What answers.
        options: Of the server.
        metrics: Where requests are counted.
    """

    def __init__(self, app: ASGIApp, *, options: ServerOptions, metrics: ServerMetrics) -> None:
        self._app = app
        self._max_concurrent = options.concurrency
        self._metrics = metrics
        self._n_running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        id_ = _request_id(scope)
        request_id.set(id_)
        sent = _ResponseRecorder(send, id_)
        self._n_running += 1
        try:
            await self._dispatch(scope, receive, sent)
        except Exception:
            log.exception("bug", extra={"request_id": id_, "route": _route_pattern(scope)})
            if not sent.started:
                await internal_error()(scope, receive, sent)
            else:
                raise
        finally:
            self._n_running -= 1
            self._record(scope, sent.status, time.perf_counter() - start)

    async def _dispatch(
        self, scope: Scope, receive: Receive, send: "_ResponseRecorder"
    ) -> None:
        if not use_raw_path(scope):
            detail = "the path must be UTF-8, percent-encoded, without the character 0"
            await problem_response("bad_request", 400, detail)(scope, receive, send)
        elif self._n_running > self._max_concurrent and scope["path"] not in PROBE_PATHS:
            detail = f"{self._max_concurrent} requests are under way"
            await problem_response("overloaded", 503, detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Count and log a request by its route: paths hold ids of people."""
        route = _route_pattern(scope)
        method = scope["method"] if route else "-"
        self._metrics.count_request(route or "unknown", method, status, seconds)
        if route in PROBE_PATHS and status < 400:
            return
        said = {
            "request_id": request_id.get(),
            "method": scope["method"][:16],
            "route": route or "unknown",
            "status": status,
            "ms": round(seconds * 1000, 1),
            "caller": scope.get(CALLER_KEY),
        }
        log.info("request", extra=said)


class _ResponseRecorder:
    """Sends an answer on, with the headers that all have, and remembers its status."""

    def __init__(self, send: Send, id_: str) -> None:
        self._send = send
        self._id = id_.encode()
        self.started = False
        self.status = 499
        """Before anything was sent: the caller has gone."""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            own = {name for name, _ in message["headers"]}
            more = [header for header in _SECURITY_HEADERS if header[0] not in own]
            message["headers"] = [*message["headers"], *more, (b"x-request-id", self._id)]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """Return the id that the caller gave, if it is one, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given: str = value.decode("latin-1")
            if _REQUEST_ID_PATTERN.fullmatch(given):
                return given
    return new_request_id()


def _route_pattern(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", ""))
