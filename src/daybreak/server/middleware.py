"""Middleware of every request, listed in ``app`` from the outermost to the innermost."""

import logging
import re
import time
from collections.abc import Sequence
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from daybreak.server.access import CALLER_KEY
from daybreak.server.http.languages import language_of_headers, response_language
from daybreak.server.http.paths import use_raw_path
from daybreak.server.http.problems import internal_error, problem_response
from daybreak.server.http.responses import new_request_id, request_id
from daybreak.server.ops.metrics import ServerMetrics

log = logging.getLogger(__name__)

PROBE_PATHS = frozenset({"/health/live", "/health/ready", "/metrics"})
"""Paths that are answered above the concurrency limit, and logged only if they fail."""
CROSS_ORIGIN_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
"""Methods that pages of allowed origins may use."""
CROSS_ORIGIN_HEADERS = (
    "authorization", "content-encoding", "content-type", "x-api-key", "x-api-version",
    "x-request-id",
)  # fmt: skip
"""Headers that these pages may send."""
EXPOSED_HEADERS = ("retry-after", "x-request-id")
"""Headers of responses that these pages may read."""
CLIENT_CLOSED_STATUS = 499
"""Logged status of a request whose caller closed the connection before the response."""
_REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


class RequestLogMiddleware:
    """Gives each request an id, and logs and counts its response.

    It also adds the security headers.

    Args:
        app: Next application.
        metrics: Counters of requests.
    """

    def __init__(self, app: ASGIApp, *, metrics: ServerMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        id_ = _request_id(scope)
        request_id.set(id_)
        response_language.set(language_of_headers(scope["headers"]))
        recorder = _ResponseRecorder(send, id_)
        try:
            await self._app(scope, receive, recorder)
        finally:
            self._record(scope, recorder.status, time.perf_counter() - start)

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        """Log and count a request by its route, since paths hold ids of users."""
        route = _route_pattern(scope)
        method = scope["method"] if route else "-"
        self._metrics.count_request(route or "unknown", method, status, seconds)
        if route in PROBE_PATHS and status < 400:
            return
        fields = {
            "request_id": request_id.get(),
            "method": scope["method"][:16],
            "route": route or "unknown",
            "status": status,
            "ms": round(seconds * 1000, 1),
            "caller": scope.get(CALLER_KEY),
        }
        log.info("request", extra=fields)


class CrossOriginMiddleware(CORSMiddleware):
    """Lets pages of allowed origins use the server: preflights, answers and errors.

    Args:
        app: Next application.
        origins: Allowed origins; ``*``: all.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=CROSS_ORIGIN_METHODS,
            allow_headers=CROSS_ORIGIN_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
        self.allow_private_network = True
        """Whether pages of the web may use a server in a private network."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the response to a preflight; a problem if it is not allowed."""
        response = super().preflight_response(request_headers)
        if response.status_code == HTTPStatus.OK:
            return response
        detail = bytes(response.body).decode()
        headers = {
            name: value for name, value in response.headers.items() if "content-" not in name
        }
        return problem_response("bad_origin", 403, detail, headers=headers)


class InternalErrorMiddleware:
    """Turns an unhandled exception into a response with status 500.

    Args:
        app: Next application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_started = False

        async def send_noted(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except Exception:
            fields = {"request_id": request_id.get(), "route": _route_pattern(scope)}
            log.exception("unhandled exception", extra=fields)
            if has_started:
                raise
            await internal_error()(scope, receive, send)


class RawPathMiddleware:
    """Makes routes match the raw path, so that ids may hold slashes.

    It rejects paths that are not valid text.

    Args:
        app: Next application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or use_raw_path(scope):
            await self._app(scope, receive, send)
        else:
            detail = "the path must be percent-encoded UTF-8 without NUL characters"
            await problem_response("bad_request", 400, detail)(scope, receive, send)


class ConcurrencyLimitMiddleware:
    """Rejects requests while too many others are being handled; probes are always answered.

    Args:
        app: Next application.
        max_requests: Largest number of requests that are handled at the same time.
    """

    def __init__(self, app: ASGIApp, *, max_requests: int) -> None:
        self._app = app
        self._max_requests = max_requests
        self._n_running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._n_running += 1
        try:
            if self._n_running > self._max_requests and scope["path"] not in PROBE_PATHS:
                detail = f"{self._max_requests} requests are already being handled"
                await problem_response("overloaded", 503, detail)(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            self._n_running -= 1


class _ResponseRecorder:
    """Passes a response on with the common headers, and keeps its status."""

    def __init__(self, send: Send, id_: str) -> None:
        self._send = send
        self._id = id_.encode()
        self.status = CLIENT_CLOSED_STATUS

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name for name, _ in message["headers"]}
            common = [header for header in _SECURITY_HEADERS if header[0] not in present]
            message["headers"] = [*message["headers"], *common, (b"x-request-id", self._id)]
        await self._send(message)


def _request_id(scope: Scope) -> str:
    """Return the request id of the caller if it is valid, else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            sent: str = value.decode("latin-1")
            if _REQUEST_ID_PATTERN.fullmatch(sent):
                return sent
    return new_request_id()


def _route_pattern(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", ""))
