"""The process of a training: it keeps its lease, trains, and records its result in the store.

The service that started the process may end meanwhile. :func:`run_task` is the entry point;
:func:`check_lease` is for the training function, before it changes what others see.
"""

import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import inf
from threading import Event, Thread, current_thread, main_thread
from typing import Any

from daybreak.errors import DaybreakError
from daybreak.service.training.function_process import find_function
from daybreak.service.training.task_records import (
    HEARTBEAT_INTERVAL_S,
    LEASE_DURATION_S,
    MAX_NOTE_CHARS,
    PROGRESS_INTERVAL_S,
    TASK_CANCELLATIONS,
    TASK_PROGRESS,
    TASK_RECORDS,
    TRAINING_LEASE,
    RetrainTask,
    TrainingOutcome,
)
from daybreak.store import DocumentStore, open_store

log = logging.getLogger(__name__)

CANCELLED_NOTE = "ended by request"

_checks: list[Callable[[], None]] = []
"""Check of the lease of this process; empty in a process that runs no task."""
_writers: list["ProgressWriter"] = []
"""Writer of the progress of this process; empty in a process that runs no task."""


class LeaseLostError(DaybreakError):
    """A training gave no sign of life for so long that another one may have started."""


class TaskCancelledError(BaseException):
    """A task is to end now; no handler of ordinary errors may catch this."""


def check_lease() -> None:
    """Raise an error if this process runs a task that counts as dead, or is to end.

    Raises:
        LeaseLostError: Another training may run; this one must not activate its release.
        TaskCancelledError: Somebody has asked to end it.
    """
    for check in _checks:
        check()


def report_progress(done: int, total: int, step: str) -> None:
    """Record how far the task of this process is; nothing happens outside of a task.

    Args:
        done: Number of parts of the step that are done.
        total: Number of its parts.
        step: Name of the step.
    """
    for writer in _writers:
        writer.write(done, total, step)


class ProgressWriter:
    """Writes the progress of a task to the store, seldom enough to cost nothing.

    Args:
        store: Store with the task.
        task: Id of the task.
        clock: Monotonic time [s].
    """

    def __init__(
        self, store: DocumentStore, task: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store, self._task, self._clock = store, task, clock
        self._step, self._begun_at, self._first, self._written_at = "", 0.0, 0, -inf

    def write(self, done: int, total: int, step: str) -> None:
        """Write one state, unless the last one of the same step is recent.

        Args:
            done: Number of parts of the step that are done.
            total: Number of its parts.
            step: Name of the step.
        """
        now = self._clock()
        if step != self._step:
            self._step, self._begun_at, self._first, self._written_at = step, now, done, -inf
        if now - self._written_at < PROGRESS_INTERVAL_S:
            return
        self._written_at = now
        share = (total - done) / (done - self._first) if done > self._first else None
        left_s = None if share is None else round((now - self._begun_at) * share, 1)
        state = {"step": step, "done": done, "total": total, "left_s": left_s}
        self._store.put_documents(TASK_PROGRESS, {self._task: state})


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
        _writers.append(ProgressWriter(store, task))
        with _ending_on_request() as is_asked:
            outcome = _call(train, settings, options)
            if outcome.status == "failed" and is_asked.is_set():
                # Libraries turn an exception in the midst of them into one of their own.
                outcome = TrainingOutcome("cancelled", note=CANCELLED_NOTE)
        _writers.clear()
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
    for kind in (TASK_PROGRESS, TASK_CANCELLATIONS):
        store.put_documents(kind, {task: None})
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
        if task in store.documents(TASK_CANCELLATIONS):
            raise TaskCancelledError

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


@contextmanager
def _ending_on_request() -> Iterator[Event]:
    """Turn the signal to end into an exception, so that the outcome is recorded.

    The event is set once the signal has come.
    """
    is_asked = Event()

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        is_asked.set()
        raise TaskCancelledError

    if current_thread() is not main_thread():
        yield is_asked
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield is_asked
    finally:
        signal.signal(signal.SIGTERM, before)


def _beat(check: Callable[[], None], stop: Event, interval_s: float) -> None:
    while not stop.wait(interval_s):
        try:
            check()
        except LeaseLostError as error:
            log.error("the training stops before it activates its release: %s", error)
            return
        except TaskCancelledError:
            os.kill(os.getpid(), signal.SIGTERM)  # its handler runs in the main thread
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
    except TaskCancelledError:
        return TrainingOutcome("cancelled", note=CANCELLED_NOTE)
    except Exception as error:  # noqa: BLE001 - recorded, whatever it is
        traceback.print_exc(file=sys.stderr)
        return TrainingOutcome("failed", note=f"{type(error).__name__}: {error}")
