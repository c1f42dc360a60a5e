"""Retraining: the policy that decides when a training is due, and its runner.

:class:`RetrainPolicy` decides by age, new events, new items and drift. :class:`RetrainRunner`
calls a training function in a process of its own and records its tasks in the store.
"""

import logging
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

from daybreak.config import Settings
from daybreak.errors import BusyError, ConfigError, NotFoundError, StoreError
from daybreak.service.training.function_process import name_of, start_function
from daybreak.service.training.task_process import CANCELLED_NOTE, record_outcome, run_task
from daybreak.service.training.task_records import (
    LATE_HEARTBEAT_S,
    LEASE_DURATION_S,
    MAX_NOTE_CHARS,
    TASK_CANCELLATIONS,
    TASK_PROGRESS,
    TASK_RECORDS,
    TRAINING_LEASE,
    RetrainTask,
    TrainingOutcome,
)
from daybreak.store import DocumentStore

log = logging.getLogger(__name__)

MAX_HANDOVER_S = 2.0
"""Longest wait for the lease of a task that has recorded its end [s]."""
HANDOVER_STEP_S = 0.01
"""Time between two looks at that lease [s]."""
_SECONDS_PER_UNIT = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


@dataclass(frozen=True)
class RetrainSignals:
    """Inputs of a retrain policy."""

    age_s: float
    """Time since the last training, whatever its outcome [s]."""
    events: float = 0.0
    """Events since the training, as a share of the events it used."""
    items: float = 0.0
    """Items since the training, as a share of the items it used."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Drift scores by name; see :mod:`daybreak.service.training.drift`."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Drift scores that were seldom exceeded in the past, by name, where they were learned."""


@dataclass(frozen=True)
class RetrainPolicy:
    """When a training is due; a condition that is None is never met.

    Example:
        >>> policy = RetrainPolicy.parse("every=12h, events=0.2, drift=0.25")
        >>> policy.due(RetrainSignals(age_s=13 * 3600.0))
        'the last training is 13.0 h old'
        >>> policy.due(RetrainSignals(age_s=60.0, events=0.5)) is None
        True
    """

    every_s: float | None = None
    """Age of the last training from which a new one is due [s]."""
    events: float | None = None
    """Share of new events from which a training is due."""
    items: float | None = None
    """Share of new items from which a training is due."""
    drift: float | None = None
    """Score of any drift from which a training is due."""
    learned_drift: bool = False
    """Whether a training is due when a drift exceeds the threshold that was learned from the
    past."""
    min_interval_s: float = 600.0
    """Shortest time between two trainings; a failing one is not repeated at once [s]."""

    def __post_init__(self) -> None:
        """Reject thresholds that are always or never reached."""
        for name in ("every_s", "events", "items", "drift"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} of a retrain policy must be above 0, got {value!r}")

    @classmethod
    def parse(cls, text: str) -> "RetrainPolicy":
        """Parse ``every=TIME, events=SHARE, items=SHARE, drift=SCORE``; each part is optional.

        ``drift=learned`` is the threshold that was learned from the past.

        ``auto`` is ``every=1d, events=0.2, items=0.1, drift=0.25``.

        Raises:
            ConfigError: The text does not have this form.
        """
        if text.strip() == "auto":
            return cls(86_400.0, 0.2, 0.1, 0.25)
        thresholds: dict[str, Any] = {}
        for condition in filter(None, re.split(r"[,\s]+", text.strip())):
            name, _, value = condition.partition("=")
            if name == "every" and (time := _DURATION.fullmatch(value)):
                thresholds["every_s"] = float(time[1]) * _SECONDS_PER_UNIT[time[2]]
            elif condition == "drift=learned":
                thresholds["learned_drift"] = True
            elif name in {"events", "items", "drift"} and _is_number(value):
                thresholds[name] = float(value)
            else:
                raise ConfigError(
                    f"cannot read {condition!r} of a retrain policy; expected auto, or forms "
                    "like every=12h, events=0.2, items=0.1, drift=0.25"
                )
        if not thresholds:
            raise ConfigError(
                "a retrain policy needs at least one of every=, events=, items= and drift="
            )
        return cls(**thresholds)

    def due(self, signals: RetrainSignals) -> str | None:
        """Return why a training is due; None if it is not."""
        if signals.age_s < self.min_interval_s:
            return None
        if self.every_s is not None and signals.age_s >= self.every_s:
            return f"the last training is {signals.age_s / 3600:.1f} h old"
        for name, share in (("events", signals.events), ("items", signals.items)):
            threshold = getattr(self, name)
            if threshold is not None and share >= threshold:
                return f"{share:.0%} new {name} since the training"
        drifted = [n for n, score in signals.drift.items() if score >= (self.drift or inf)]
        if drifted:
            return f"{drifted[0]} has moved by {signals.drift[drifted[0]]:.2f}"
        return self._learned_reason(signals) if self.learned_drift else None

    def _learned_reason(self, signals: RetrainSignals) -> str | None:
        """Return which drift exceeds its learned threshold; None if none does."""
        for name, threshold in signals.thresholds.items():
            if 0 < threshold < signals.drift.get(name, 0.0):
                score = signals.drift[name]
                return f"{name} has moved by {score:.2f}, more than the usual {threshold:.2f}"
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


TRAINING_NICENESS = 10
"""Increment of the niceness of a training, so that requests are answered first."""
MAX_TASKS = 100
"""Number of trainings that are kept, with their logs."""
LOG_SUFFIX = ".log"
CANCELLING_NOTE = "asked to end"


TRAIN_KIND = "train"
"""Kind of the tasks that make a release."""


@dataclass(frozen=True)
class BackgroundJob:
    """What a task does in a process of its own."""

    kind: str
    """Kind that the list of tasks shows"""
    run: Callable[..., dict[str, Any]]
    """Function, called with ``settings`` and ``options`` as JSON values; it returns the fields
    of :class:`TrainingOutcome`"""
    options: Mapping[str, Any] = field(default_factory=dict)
    encoder: str = ""
    """Id of the encoder that it makes; empty: it makes none"""


class RetrainRunner:
    """Runs trainings, at most one at a time for each store, and records them in the store.

    Other jobs that compute for long, such as the fine-tuning of an encoder, run in its place.

    A training continues when the service that started it ends; it activates its release and
    records its result itself. It holds a lease in the store, which it renews. A training whose
    lease has expired counts as lost, on whatever machine it ran, and blocks no other one.

    Args:
        settings: Store, encoder and seed of the trainings.
        documents: Documents of the store.
        train: Function that trains; it is called in a process of its own with
            ``settings`` and ``options`` as JSON values, and returns the fields of
            :class:`TrainingOutcome`.
        options: Options of each training, as JSON values.
        log_folder: Folder of the logs of the trainings; default: the folder of temporary files.
    """

    def __init__(
        self,
        settings: Settings,
        documents: DocumentStore,
        train: Callable[..., dict[str, Any]],
        options: Mapping[str, Any] | None = None,
        log_folder: Path | None = None,
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._training = BackgroundJob(TRAIN_KIND, train, dict(options or {}))
        self._log_folder = log_folder
        self._lock = Lock()
        self._watchers: dict[str, Thread] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.clean_up()

    def start(self, reason: str = "requested") -> str:
        """Start a training; return the id of its task, or of the training that is running.

        Args:
            reason: Reason that the list of tasks shows.

        Raises:
            BusyError: Another job is running.
            ConfigError: The store is in memory and cannot be used by another process.
        """
        id_ = f"{TRAIN_KIND}-{uuid4().hex[:12]}"
        holder = self._start(self._training, reason, id_)
        record = self._documents.documents(TASK_RECORDS).get(holder, {})
        if record.get("kind", TRAIN_KIND) != TRAIN_KIND:
            raise BusyError(f"{holder} is running; a training can start when it has ended")
        return holder

    def start_job(self, job: BackgroundJob, reason: str = "requested") -> str:
        """Start a job in the place of a training; return the id of its task.

        Args:
            job: What to do.
            reason: Reason that the list of tasks shows.

        Raises:
            BusyError: A training or another job is running.
            ConfigError: The store is in memory and cannot be used by another process.
        """
        id_ = f"{job.kind}-{uuid4().hex[:12]}"
        holder = self._start(job, reason, id_)
        if holder != id_:
            raise BusyError(f"{holder} is running; another job can start when it has ended")
        return id_

    def _start(self, job: BackgroundJob, reason: str, id_: str) -> str:
        """Start a job unless one is running; return the id of the running task."""
        if ":memory:" in self._settings.store:
            raise ConfigError("a store in memory cannot be trained on by another process")
        with self._lock:
            holder = self._acquire_lease(id_)
            if holder != id_:
                return holder
            self.tasks()  # records what the former holder of the lease was
            task = RetrainTask(
                id_,
                "running",
                reason,
                time.time(),
                host=os.uname().nodename,
                kind=job.kind,
                encoder=job.encoder,
            )
            self._put(task)
            try:
                process, log_file = self._start_process(task, job)
            except BaseException as error:
                outcome = TrainingOutcome("failed", note=f"cannot be started: {error}")
                record_outcome(self._documents, id_, outcome)
                raise
            self._processes[id_] = process
            self._watchers[id_] = Thread(
                target=self._await_exit, args=(id_, process, log_file), name=id_, daemon=True
            )
            self._watchers[id_].start()
            return id_

    def _acquire_lease(self, id_: str) -> str:
        """Take the lease for a task; return the id of the task that has it.

        A task that has recorded its end is about to give the lease back, which is waited for.
        """
        end = time.monotonic() + MAX_HANDOVER_S
        while True:
            holder = self._documents.acquire_lease(TRAINING_LEASE, id_, LEASE_DURATION_S)
            if holder == id_ or time.monotonic() > end:
                return holder
            record = self._documents.documents(TASK_RECORDS).get(holder)
            if record is None or record["status"] == "running":
                return holder
            time.sleep(HANDOVER_STEP_S)

    def wait(self, task_id: str, timeout_s: float | None = None) -> RetrainTask:
        """Wait until a task of this service has ended; return it.

        Args:
            task_id: Id of the task.
            timeout_s: Longest wait [s]; None: no limit.
        """
        watcher = self._watchers.get(task_id)
        if watcher is not None:
            watcher.join(timeout_s)
        return next(task for task in self.tasks() if task.id == task_id)

    def cancel(self, task_id: str) -> RetrainTask:
        """Ask a task to end; one that has ended stays as it is.

        A task of this service ends at once, one of another service with its next heartbeat.

        Args:
            task_id: Id of the task.

        Returns:
            The task as it is now; it may run for some more seconds.

        Raises:
            NotFoundError: There is no such task.
        """
        task = next((task for task in self.tasks() if task.id == task_id), None)
        if task is None:
            raise NotFoundError(f"no task {task_id!r}")
        if task.status != "running":
            return task
        self._documents.put_documents(TASK_CANCELLATIONS, {task_id: {"at": time.time()}})
        process = self._processes.get(task_id)
        if process is not None:
            process.terminate()
        log.info("task %s was asked to end", task_id)
        return replace(task, note=CANCELLING_NOTE)

    def tasks(self) -> list[RetrainTask]:
        """Return all trainings, the newest first; those without a sign of life are lost.

        The running one has the time since its last heartbeat, and a note if that is late: a
        dead training counts as running until its lease expires.
        """
        holder = self._documents.lease_holder(TRAINING_LEASE)
        tasks = [
            self._with_heartbeat(task) if _is_running(task, holder) else task
            for task in self._read_tasks()
        ]
        unsure = [task for task in tasks if task.status == "running" and task.id != holder]
        if not unsure:
            return tasks
        # A task may have taken the lease after it was read, and recorded its end before it gave
        # the lease back.
        holders = {holder, self._documents.lease_holder(TRAINING_LEASE)}
        lost = {task.id: _as_lost(task) for task in unsure if task.id not in holders}
        for task in lost.values():
            log.warning("training %s is lost: %s", task.id, task.note)
            with suppress(StoreError):  # the next call records it
                self._put(task)
        return [lost.get(task.id, task) for task in tasks]

    def _with_heartbeat(self, task: RetrainTask) -> RetrainTask:
        """Return a running task with its progress and the age of its last heartbeat."""
        task = replace(task, progress=self._documents.documents(TASK_PROGRESS).get(task.id))
        age_s = self._documents.lease_age_s(TRAINING_LEASE)
        if age_s is None or age_s < LATE_HEARTBEAT_S:
            return replace(task, heartbeat_age_s=age_s)
        late = f"no heartbeat since {age_s:.0f} s; "
        late += f"it counts as lost after {LEASE_DURATION_S:.0f} s"
        return replace(task, heartbeat_age_s=age_s, note=late)

    def running_task(self) -> RetrainTask | None:
        """Return the running training of the store, also if another service started it."""
        return next((task for task in self.tasks() if task.status == "running"), None)

    def clean_up(self) -> None:
        """Record running tasks without a sign of life as lost; delete the oldest tasks."""
        oldest = [task.id for task in self.tasks()[MAX_TASKS:]]
        if oldest:
            self._documents.put_documents(TASK_RECORDS, dict.fromkeys(oldest))
        for id_ in oldest:
            with suppress(OSError):
                (self._logs() / f"{id_}{LOG_SUFFIX}").unlink(missing_ok=True)

    def _read_tasks(self) -> list[RetrainTask]:
        documents = self._documents.documents(TASK_RECORDS)
        tasks = [RetrainTask.from_dict(id_, row) for id_, row in documents.items()]
        return sorted(tasks, key=lambda task: -task.started_at)

    def _start_process(
        self, task: RetrainTask, job: BackgroundJob
    ) -> "tuple[subprocess.Popen[str], Path]":
        log_file = self._logs() / f"{task.id}{LOG_SUFFIX}"
        process = start_function(
            run_task,
            log_file,
            task=task.id,
            train=name_of(job.run),
            settings=asdict(self._settings),
            options=dict(job.options),
        )
        # The process may have ended, or the system may have no priorities.
        with suppress(OSError, AttributeError):
            os.setpriority(os.PRIO_PROCESS, process.pid, TRAINING_NICENESS)
        return process, log_file

    def _logs(self) -> Path:
        """Return the folder of the logs; that of temporary files if it cannot be written."""
        folder = self._log_folder
        if folder is not None:
            with suppress(OSError):
                folder.mkdir(parents=True, exist_ok=True)
                if os.access(folder, os.W_OK):
                    return folder
        return Path(tempfile.gettempdir())

    def _await_exit(self, id_: str, process: "subprocess.Popen[str]", log_file: Path) -> None:
        status = process.wait()
        outcome = TrainingOutcome("failed", note=_end_of(log_file) or f"exit status {status}")
        log.info("training %s has ended with status %d, see %s", id_, status, log_file)
        try:
            if id_ in self._documents.documents(TASK_CANCELLATIONS):
                outcome = TrainingOutcome("cancelled", note=CANCELLED_NOTE)
            record_outcome(self._documents, id_, outcome)
        except Exception:  # the store may be closed; its lease expires
            log.exception("the end of training %s could not be recorded", id_)
        finally:
            del self._watchers[id_], self._processes[id_]

    def _put(self, task: RetrainTask) -> None:
        self._documents.put_documents(TASK_RECORDS, {task.id: task.to_dict()})


def _is_running(task: RetrainTask, holder: str | None) -> bool:
    return task.status == "running" and task.id == holder


def _as_lost(task: RetrainTask) -> RetrainTask:
    where = f" of process {task.pid} on {task.host}" if task.pid else ""
    return replace(
        task,
        status="lost",
        ended_at=time.time(),
        heartbeat_age_s=None,
        note=f"no sign of life{where}: its process has ended without a result",
    )


def _end_of(log_file: Path) -> str:
    """Return the end of a log."""
    try:
        with log_file.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - 4 * MAX_NOTE_CHARS))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return text.strip()[-MAX_NOTE_CHARS:]
