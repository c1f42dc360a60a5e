"""The parent of the workers of one server: starts, replaces and stops them."""

import logging
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Event
from typing import Any

from daybreak.config import Settings
from daybreak.errors import ConfigError, DaybreakError, ServiceError
from daybreak.server.links.board import WorkerBoard
from daybreak.server.links.worker_links import WorkerPlace
from daybreak.server.ops.temporary import remove_abandoned_folders, temporary_folder
from daybreak.server.options import ServerOptions
from daybreak.server.process import MAX_CLOSING_S, RunningServer, bind_address
from daybreak.server.workers.worker import WorkerTask, run_worker
from daybreak.service.serving import ServiceOptions
from daybreak.service.workspace import check_store_file

log = logging.getLogger(__name__)

MIN_RESTART_INTERVAL_S = 1.0
"""Shortest time between two starts of one worker [s]."""
CHECK_INTERVAL_S = 0.5
"""Time between two looks at the workers [s]."""
N_SECRET_BYTES = 32


@dataclass
class StartedWorker:
    """A process with a worker."""

    task: WorkerTask
    process: BaseProcess
    connection: "Connection[Any, Any]"
    started_at: float
    """Time on the monotonic clock [s]."""


def serve_workers(
    settings: Settings,
    options: ServerOptions,
    service_options: ServiceOptions,
    on_start: Callable[[RunningServer], None],
    log_level: str = "info",
) -> None:
    """Serve a store with several processes until this one receives SIGTERM or SIGINT.

    Args:
        settings: Store and text model.
        options: Options of the server.
        service_options: Options of the recommender service.
        on_start: Function that is called once, when all workers answer.
        log_level: Lowest level that is logged.

    Raises:
        ConfigError: The address cannot be used, or this system has no shared addresses.
        StoreError: The store cannot be used.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise ConfigError("this system cannot share an address; use --workers 1")
    remove_abandoned_folders()
    check_store_file(settings.store, create=True)
    with (
        _reserve_address(options) as reserved,
        temporary_folder() as folder,
        _stop_by_signals() as stop,
    ):
        port = reserved.getsockname()[1]
        tasks = _plan_workers(
            WorkerTask(
                WorkerPlace(folder, secrets.token_bytes(N_SECRET_BYTES), options.workers, 0),
                settings,
                replace(options, port=port),
                service_options,
                log_level,
            )
        )
        workers: list[StartedWorker] = []
        try:
            workers = [_start(task) for task in tasks]
            started = [_await_start(worker, stop) for worker in workers]
            if not stop.is_set() and started[0] is not None:
                on_start(started[0])
            _keep_running(workers, stop)
        finally:
            _stop_all(workers, options.grace_s)


@contextmanager
def _reserve_address(options: ServerOptions) -> Iterator[socket.socket]:
    """Yield a socket with the address, which other servers cannot have from now on.

    Raises:
        ConfigError: Another server has the address.
    """
    bind_address(options).close()  # fails if workers of another server have it
    with bind_address(options, is_shared=True) as reserved:
        yield reserved


@contextmanager
def _stop_by_signals() -> Iterator[Event]:
    """Yield an event that SIGTERM and SIGINT set."""
    stop = Event()

    def set_stop(number: int, _: object) -> None:
        log.info("stopped by %s", signal.Signals(number).name)
        stop.set()

    previous = {
        number: signal.signal(number, set_stop) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _plan_workers(first: WorkerTask) -> list[WorkerTask]:
    """Return the tasks of all workers, with a new board."""
    place = first.place
    WorkerBoard.create(place.board_path, place.n_workers)
    return [
        replace(first, place=replace(place, number=number)) for number in range(place.n_workers)
    ]


def _start(task: WorkerTask) -> StartedWorker:
    # A new interpreter: a copy of this process would inherit locks of its threads.
    context = get_context("spawn")
    here, there = context.Pipe()
    name = f"daybreak worker {task.place.number}"
    process = context.Process(target=run_worker, args=(task, there), name=name)
    process.start()
    there.close()
    return StartedWorker(task, process, here, time.monotonic())


def _await_start(worker: StartedWorker, stop: Event) -> RunningServer | None:
    """Wait until a worker answers requests; return facts about it, None if told to stop.

    Raises:
        DaybreakError: The worker cannot serve.
    """
    while not stop.is_set():
        if not worker.connection.poll(CHECK_INTERVAL_S):
            continue
        try:
            message = worker.connection.recv()
        except EOFError:
            worker.process.join()
            raise ServiceError(
                f"a worker ended with status {worker.process.exitcode}; see the log"
            ) from None
        if isinstance(message, DaybreakError):
            raise message
        assert isinstance(message, RunningServer)  # noqa: S101 - workers send nothing else
        return message
    return None


def _keep_running(workers: list[StartedWorker], stop: Event) -> None:
    """Replace workers that end, until the server is told to stop."""
    while not stop.is_set():
        wait([worker.process.sentinel for worker in workers], CHECK_INTERVAL_S)
        for row, worker in enumerate(workers):
            is_due = time.monotonic() - worker.started_at > MIN_RESTART_INTERVAL_S
            if worker.process.exitcode is None or stop.is_set() or not is_due:
                continue
            log.error(
                "worker %d ended with status %s and is started again",
                worker.task.place.number,
                worker.process.exitcode,
            )
            worker.connection.close()
            workers[row] = _start(worker.task)
        stop.wait(0.01)


def _stop_all(workers: list[StartedWorker], grace_s: float) -> None:
    """Tell all workers to stop, and kill those that have not ended after the grace."""
    for worker in workers:
        worker.process.terminate()
    end = time.monotonic() + grace_s + 2 * MAX_CLOSING_S
    for worker in workers:
        worker.process.join(max(end - time.monotonic(), 0.1))
        if worker.process.exitcode is None:
            log.warning("worker %d does not end and is killed", worker.task.place.number)
            worker.process.kill()
            worker.process.join()
        worker.connection.close()
