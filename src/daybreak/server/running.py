"""A server in a process of its own, from the first line of its log to the last."""

import logging
import signal
import socket
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from daybreak.errors import ConfigError
from daybreak.server.heads import BoundedHttp
from daybreak.server.options import ServerOptions

log = logging.getLogger(__name__)

BACKLOG = 1_024


def config_of(app: FastAPI, options: ServerOptions) -> uvicorn.Config:
    """Return how the application is run."""
    return uvicorn.Config(
        app,
        host=options.host,
        port=options.port,
        http=BoundedHttp,
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
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
        return _bound(found[0][0], found[0][4])
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {place}: {error.strerror or error}; choose another --port"
        ) from error


def _bound(family: int, address: Any) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def run(app: FastAPI, options: ServerOptions, listening: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl+C; then finish what is under way.

    Args:
        app: Of :func:`daybreak.server.app.create_app`.
        options: How long to wait at the end.
        listening: Of :func:`listen`.
    """
    server = uvicorn.Server(config_of(app, options))
    before = {sign: signal.signal(sign, _noted) for sign in (signal.SIGTERM, signal.SIGINT)}
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


def _noted(sign: int, _: FrameType | None) -> None:
    """Take note of a signal: uvicorn sends it once more when it has stopped in good order."""
    log.info("stopped by %s", signal.Signals(sign).name)
