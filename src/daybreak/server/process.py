"""A server in a process of its own: service, socket, application, signals."""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.memory import trim_heaps
from daybreak.server.app import create_app
from daybreak.server.connections import backlog_of, descriptor_limit, raise_descriptor_limit
from daybreak.server.ops.pools import WorkerPools
from daybreak.server.ops.runtime import limit_heap, low_latency_threads
from daybreak.server.ops.temporary import remove_abandoned_folders
from daybreak.server.options import ServerOptions
from daybreak.server.protocol import LimitedHttpProtocol
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService, ServiceOptions
from daybreak.service.workspace import check_store_file

log = logging.getLogger(__name__)

MAX_CLOSING_S = 5.0
"""Longest time in which the service is closed after the last request [s]."""


@dataclass(frozen=True)
class RunningServer:
    """Facts about a server that has just started."""

    url: str
    keys: bool
    """Whether requests need an API key."""
    first_key: str | None
    """New admin key of a store that had none; it is never shown again."""
    release: str
    """Id of the active release; empty before the first training."""
    notes: tuple[str, ...]


def serve(
    settings: Settings,
    options: ServerOptions,
    service_options: ServiceOptions,
    on_start: Callable[[RunningServer], None],
) -> None:
    """Serve a store until the process receives SIGTERM or SIGINT.

    Args:
        settings: Store and text model.
        options: Options of the server.
        service_options: Options of the recommender service.
        on_start: Function that is called once, before the first request is answered.

    Raises:
        ConfigError: The address cannot be used.
        StoreError: The store cannot be used.
    """
    raise_descriptor_limit()
    remove_abandoned_folders()
    check_store_file(settings.store, create=True)
    limit_heap()  # before the service creates its threads and matrices
    with (
        listen(options) as listening,
        RecommenderService(settings, options=service_options) as service,
    ):
        first_key = create_first_key(ApiKeyStore(service.store)) if options.needs_keys else None
        status = service.status()
        on_start(
            RunningServer(
                url_of(listening),
                options.needs_keys,
                first_key,
                str(status.get("release") or ""),
                tuple(status.get("notes", ())),
            )
        )
        run_service(service, create_app(service, options), options, listening)


def run_service(
    service: RecommenderService, app: FastAPI, options: ServerOptions, listening: socket.socket
) -> None:
    """Serve an application until the process is told to stop, then close its service.

    Args:
        service: Service of the application.
        app: Application of :func:`daybreak.server.app.create_app`.
        options: Options of the server.
        listening: Socket of :func:`listen`.
    """
    service.store.return_memory()
    with low_latency_threads():
        trim_heaps()  # opening a release leaves gaps that nothing fills afterwards
        run_server(app, options, listening)
    end_process(service, app.state.daybreak.pools)


def end_process(service: RecommenderService, pools: WorkerPools) -> None:
    """Close the service; end the process now if the service or a request does not end.

    A request that has not been answered within the grace may still compute or wait for a lock.
    It was not acknowledged: its transaction is rolled back when the store is opened again.

    Args:
        service: Service of the server that has stopped.
        pools: Threads of the server.
    """
    closing = Thread(target=service.close, name="closing", daemon=True)
    closing.start()
    closing.join(MAX_CLOSING_S)
    if not closing.is_alive() and not pools.n_running:
        return
    log.warning(
        "ended with %d unfinished requests%s",
        pools.n_running,
        "; the service could not be closed in time" if closing.is_alive() else "",
    )
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def create_first_key(keys: ApiKeyStore) -> str | None:
    """Return a new admin key; None: there is an admin key already."""
    if any(key.role == "admin" for key in keys.all()):
        return None
    return keys.create("admin", "first")[1]


def listen(options: ServerOptions) -> socket.socket:
    """Return a listening socket; from now on connections wait instead of being refused.

    Raises:
        ConfigError: The address cannot be used.
    """
    listening = bind_address(options)
    listening.listen(backlog_of(descriptor_limit()))
    return listening


def bind_address(options: ServerOptions, *, is_shared: bool = False) -> socket.socket:
    """Return a socket with the address of a server, which does not listen yet.

    Args:
        options: Options of the server.
        is_shared: Whether other sockets of this kind may have the same address.

    Raises:
        ConfigError: The address cannot be used.
    """
    address = f"{options.host}:{options.port}"
    try:
        addresses = socket.getaddrinfo(
            options.host, options.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return _bind_socket(addresses[0][0], addresses[0][4], is_shared=is_shared)
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(f"cannot listen on {address}: {reason}; use another port") from error


def url_of(listening: socket.socket) -> str:
    """Return the URL under which programs on this machine reach a server."""
    host, port = listening.getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def run_server(app: FastAPI, options: ServerOptions, listening: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT, then finish the running requests.

    Args:
        app: Application of :func:`daybreak.server.app.create_app`.
        options: Options of the server.
        listening: Socket of :func:`listen`.
    """
    server = uvicorn.Server(uvicorn_config(app, options))
    previous = {
        number: signal.signal(number, _log_signal) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        server.run(sockets=[listening])
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def uvicorn_config(app: FastAPI, options: ServerOptions) -> uvicorn.Config:
    """Return the configuration of uvicorn."""
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
        backlog=backlog_of(descriptor_limit()),
        timeout_keep_alive=75,
        timeout_graceful_shutdown=max(1, round(options.grace_s)),
    )


def _bind_socket(family: int, address: Any, *, is_shared: bool) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
    except BaseException:
        listening.close()
        raise
    return listening


def _log_signal(number: int, _: FrameType | None) -> None:
    """Log a signal, which uvicorn raises again after an orderly shutdown."""
    log.info("stopped by %s", signal.Signals(number).name)
