"""The process of a training: it keeps its lease, trains, and records its result in the store.

The service that started the process may end meanwhile. :func:`run_task` is the entry point;
:func:`check_lease` is for the training function, before it changes what others see.
"""

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any

from daybreak.errors import DaybreakError
from daybreak.service.training.function_process import find_function
from daybreak.service.training.task_records import (
    HEARTBEAT_INTERVAL_S,
    LEASE_DURATION_S,
    MAX_NOTE_CHARS,
    TASK_RECORDS,
    TRAINING_LEASE,
    RetrainTask,
    TrainingOutcome,
)
from daybreak.store import DocumentStore, open_store

log = logging.getLogger(__name__)

_checks: list[Callable[[], None]] = []
"""Check of the lease of this process; empty in a process that runs no task."""


class LeaseLostError(DaybreakError):
    """A training gave no sign of life for so long that another one may have started."""


def check_lease() -> None:
    """Raise an error if this process runs a task that counts as dead.

    Raises:
        LeaseLostError: Another training may run; this one must not activate its release.
    """
    for check in _checks:
        check()


def run_task(
    task: str, train: str, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> None:
    """Run a training, and record its outcome.

    Args:
        task: Id of the task; it holds the lease.
        train: ``module:name`` of the function that trains. It is called with ``settings``
            and ``options``, and returns the fields of :class:`TrainingOutcome`.
        settings: Fields of :class:`daybreak.config.Settings`.
        options: Options of the training.
    """
    with open_store(settings["store"]) as store, kept_lease(store, task):
        row = store.documents(TASK_RECORDS).get(task, {})
        store.put_documents(TASK_RECORDS, {task: {**row, "pid": os.getpid()}})
        outcome = _call(train, settings, options)
        record_outcome(store, task, outcome)


def record_outcome(store: DocumentStore, task: str, outcome: TrainingOutcome) -> None:
    """Record how a task has ended, unless that has been recorded, and give its lease back.

    A task that counted as lost while its store was locked may hold the lease still.
    """
    row = store.documents(TASK_RECORDS).get(task)
    status = None if row is None else row["status"]
    if status == "lost" and store.renew_lease(TRAINING_LEASE, task, LEASE_DURATION_S):
        status = "running"
    if row is not None and status == "running":
        finished = replace(
            RetrainTask.from_dict(task, row),
            status=outcome.status,
            release=outcome.release,
            note=outcome.note[-MAX_NOTE_CHARS:],
            ended_at=time.time(),
        )
        store.put_documents(TASK_RECORDS, {task: finished.to_dict()})
    store.release_lease(TRAINING_LEASE, task)


@contextmanager
def kept_lease(
    store: DocumentStore, task: str, interval_s: float = HEARTBEAT_INTERVAL_S
) -> Iterator[None]:
    """Renew the lease of a task until the context ends.

    Args:
        store: Store with the lease.
        task: Id of the task.
        interval_s: Time between two signs of life [s].

    Raises:
        LeaseLostError: The task does not hold the lease.
    """

    def check() -> None:
        if not store.renew_lease(TRAINING_LEASE, task, LEASE_DURATION_S):
            raise LeaseLostError(
                f"it gave no sign of life for {LEASE_DURATION_S:.0f} s and counts as lost"
            )

    check()
    stop = Event()
    thread = Thread(target=_beat, args=(check, stop, interval_s), name="lease", daemon=True)
    thread.start()
    _checks.append(check)
    try:
        yield
    finally:
        _checks.remove(check)
        stop.set()
        thread.join()


def _beat(check: Callable[[], None], stop: Event, interval_s: float) -> None:
    while not stop.wait(interval_s):
        try:
            check()
        except LeaseLostError as error:
            log.error("the training stops before it activates its release: %s", error)
            return
        except DaybreakError as error:  # the store is away; the lease lasts for a while
            log.warning("the lease of the training cannot be renewed: %s", error)


def _call(
    name: str, settings: Mapping[str, Any], options: Mapping[str, Any]
) -> TrainingOutcome:
    """Call the function; an exception is an outcome, and its traceback is logged."""
    try:
        train = find_function(name)
        return TrainingOutcome(**train(settings=settings, options=options))
    except LeaseLostError as error:
        return TrainingOutcome("lost", note=str(error))
    except Exception as error:  # noqa: BLE001 - recorded, whatever it is
        traceback.print_exc(file=sys.stderr)
        return TrainingOutcome("failed", note=f"{type(error).__name__}: {error}")
