"""One worker: a process with its own service, for the address of the whole server."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any

from daybreak.config import Settings
from daybreak.errors import DaybreakError, ServiceError
from daybreak.server.app import create_app
from daybreak.server.connections import backlog_of, descriptor_limit, raise_descriptor_limit
from daybreak.server.links.peers import PeerServer, socket_path
from daybreak.server.links.worker_links import WorkerLinks, WorkerPlace, share_of_worker
from daybreak.server.ops.logs import log_as_json
from daybreak.server.ops.runtime import limit_heap
from daybreak.server.options import ServerOptions
from daybreak.server.process import (
    RunningServer,
    bind_address,
    create_first_key,
    run_service,
    url_of,
)
from daybreak.service.api_keys import ApiKeyStore
from daybreak.service.serving import RecommenderService, ServiceOptions


@dataclass(frozen=True)
class WorkerTask:
    """What a worker serves."""

    place: WorkerPlace
    settings: Settings
    options: ServerOptions
    """Options of the whole server, with its port."""
    service_options: ServiceOptions
    log_level: str


def run_worker(task: WorkerTask, parent: "Connection[Any, Any]") -> None:
    """Serve until the parent ends or the process is told to stop.

    Args:
        task: What is served.
        parent: Receives a :class:`.RunningServer` once, or the error that prevents it.
    """
    with log_as_json(level=task.log_level):
        try:
            _serve(task, parent)
        except DaybreakError as error:
            _send(parent, error)
        except Exception as error:
            _send(parent, ServiceError(f"a worker failed: {error}"))
            raise


def _serve(task: WorkerTask, parent: "Connection[Any, Any]") -> None:
    raise_descriptor_limit()
    limit_heap()  # before the service creates its threads and matrices
    service_options = replace(task.service_options, derived_folder=task.place.folder)
    if not task.place.runs_jobs:
        service_options = replace(service_options, retrain=None, retention=None)
    options = share_of_worker(task.options)
    with RecommenderService(task.settings, options=service_options) as service:
        links = WorkerLinks(task.place, service)
        first_key = _create_first_key(task, service, links)
        app = create_app(service, options, links)
        calls = links.calls(app.state.daybreak.metrics)
        peers = PeerServer(
            socket_path(task.place.folder, task.place.number), task.place.secret, calls
        )
        with bind_address(options, is_shared=True) as listening:
            listening.listen(backlog_of(descriptor_limit()))
            _send(parent, _describe(service, url_of(listening), options, first_key))
            Thread(target=_end_with, args=(parent,), name="parent", daemon=True).start()
            run_service(service, app, options, listening)
        peers.close()


def _create_first_key(
    task: WorkerTask, service: RecommenderService, links: WorkerLinks
) -> str | None:
    """Return a new admin key if the store has none; the first worker makes it for all."""
    if not task.options.needs_keys or task.place.number:
        return None
    first_key = create_first_key(ApiKeyStore(service.store))
    links.board.count_write("settings")
    return first_key


def _describe(
    service: RecommenderService, url: str, options: ServerOptions, first_key: str | None
) -> RunningServer:
    status = service.status()
    release, notes = str(status.get("release") or ""), tuple(status.get("notes", ()))
    return RunningServer(url, options.needs_keys, first_key, release, notes)


def _send(parent: "Connection[Any, Any]", message: object) -> None:
    with suppress(OSError):  # the parent has ended
        parent.send(message)


def _end_with(parent: "Connection[Any, Any]") -> None:
    """Stop this process when its parent has ended, even if it was killed."""
    with suppress(OSError, EOFError):
        parent.recv()
    os.kill(os.getpid(), signal.SIGTERM)
