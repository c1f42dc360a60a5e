"""A server in a process of its own, from the first line of its log to the last.

From settings to a running server: store, service, keys, application, socket.
"""

import logging
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.server.app import create_app
from daybreak.server.auth.keys import ApiKeyStore
from daybreak.server.ops.runtime import limit_heap, low_latency_threads
from daybreak.server.options import ServerOptions
from daybreak.server.protocol import LimitedHttpProtocol
from daybreak.service.serving import RecommenderService, ServiceOptions

log = logging.getLogger(__name__)


LISTEN_BACKLOG = 1_024


def uvicorn_config(app: FastAPI, options: ServerOptions) -> uvicorn.Config:
    """Return how the application is run."""
    return uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=LimitedHttpProtocol,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=LISTEN_BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(options.grace_s)),
    )


def listen(options: ServerOptions) -> socket.socket:
    """Return a socket that listens; from here on callers wait instead of being refused.

    Raises:
        ConfigError: The address cannot be used.
    """
    place = f"{options.host}:{options.port}"
    try:
        found = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return _bind_socket(found[0][0], found[0][4])
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {place}: {error.strerror or error}; choose another --port"
        ) from error


def _bind_socket(family: int, address: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(LISTEN_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def run_server(app: FastAPI, options: ServerOptions, listening: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl+C; then finish what is under way.

    Args:
        app: Of :func:`daybreak.server.app.create_app`.
        options: How long to wait at the end.
        listening: Of :func:`listen`.
    """
    server = uvicorn.Server(uvicorn_config(app, options))
    before = {
        sign: signal.signal(sign, _log_signal) for sign in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        server.run(sockets=[listening])
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def url_of(listening: socket.socket) -> str:
    """Return where a browser of this machine finds a server."""
    host, port = listening.getsockname()[:2]
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _log_signal(sign: int, _: FrameType | None) -> None:
    """Take note of a signal: uvicorn sends it once more when it has stopped in good order."""
    log.info("stopped by %s", signal.Signals(sign).name)


@dataclass(frozen=True)
class RunningServer:
    """What whoever started a server should know."""

    url: str
    keys: bool
    """Whether requests need a key."""
    first_key: str | None
    """The admin key of a store that had none; it is shown this once."""
    release: str
    """Which answers; empty: nothing has been trained yet."""
    notes: tuple[str, ...]


def serve(
    settings: Settings,
    options: ServerOptions,
    service_options: ServiceOptions,
    on_start: Callable[[RunningServer], None],
) -> None:
    """Serve a shop until the process is told to stop.

    Args:
        settings: Which store, which text model.
        options: Of the server.
        duties: What the service does besides answering.
        tell: Called once, before the first request is answered.

    Raises:
        ConfigError: The address cannot be used.
        StoreError: The store cannot be used.
    """
    limit_heap()  # before the threads and matrices of the service are made
    with (
        listen(options) as listening,
        RecommenderService(settings, options=service_options) as live,
    ):
        first = create_first_key(ApiKeyStore(live.journal)) if options.needs_keys else None
        status = live.status()
        on_start(
            RunningServer(
                url_of(listening),
                options.needs_keys,
                first,
                str(status.get("release") or ""),
                tuple(status.get("notes", ())),
            )
        )
        app = create_app(live, options)
        with low_latency_threads():
            run_server(app, options, listening)


def create_first_key(keys: ApiKeyStore) -> str | None:
    """Return a new admin key where there is none yet."""
    if any(key.role == "admin" for key in keys.all()):
        return None
    return keys.create("admin", "first")[1]
