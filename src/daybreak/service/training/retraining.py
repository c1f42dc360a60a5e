"""Retraining: the policy that decides when a training is due, and its runner.

:class:`RetrainPolicy` decides by age, new events, new items and drift. :class:`RetrainRunner`
calls a training function in a process of its own and records its tasks in the store.
"""

import json
import logging
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from math import inf
from threading import Lock, Thread
from typing import Any, Literal, Self
from uuid import uuid4

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.service.training.function_process import start_function
from daybreak.store import DocumentStore

log = logging.getLogger(__name__)

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

        ``auto`` is ``every=1d, events=0.2, items=0.1, drift=0.25``.

        Raises:
            ConfigError: The text does not have this form.
        """
        if text.strip() == "auto":
            return cls(86_400.0, 0.2, 0.1, 0.25)
        thresholds: dict[str, float] = {}
        for condition in filter(None, re.split(r"[,\s]+", text.strip())):
            name, _, value = condition.partition("=")
            if name == "every" and (time := _DURATION.fullmatch(value)):
                thresholds["every_s"] = float(time[1]) * _SECONDS_PER_UNIT[time[2]]
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
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


TASK_RECORDS = "tasks"
"""Kind of the documents that describe trainings."""
TRAINING_NICENESS = 10
"""Increment of the niceness of a training, so that requests are answered first."""
MAX_TASKS = 100
"""Number of trainings that are kept."""
MAX_NOTE_CHARS = 2_000
"""Length of a note [characters]; the end of the text is kept."""

TaskStatus = Literal["running", "done", "refused", "failed", "lost"]
OutcomeStatus = Literal["done", "refused", "failed"]


@dataclass(frozen=True)
class TrainingOutcome:
    """Result of a training in a process of its own."""

    status: OutcomeStatus
    """``refused``: its release is worse than the active one."""
    release: str = ""
    """Id of the new release."""
    note: str = ""
    """Why there is no new release."""


@dataclass(frozen=True)
class RetrainTask:
    """A training that was started by a service."""

    id: str
    status: TaskStatus
    """``refused``: its release is worse than the active one; ``lost``: its process
    has ended without a result."""
    reason: str
    """Reason of the start."""
    started_at: float
    """Epoch [s]."""
    pid: int = 0
    host: str = ""
    ended_at: float | None = None
    release: str = ""
    note: str = ""
    kind: str = "train"

    @classmethod
    def from_dict(cls, id_: str, row: Mapping[str, Any]) -> Self:
        """Return the task that a document describes; unknown fields are ignored."""
        fields = {
            name: value for name, value in row.items() if name in cls.__dataclass_fields__
        }
        return cls(**{**fields, "id": id_})

    def to_dict(self) -> dict[str, Any]:
        """Return the task as JSON values."""
        return asdict(self)

    def is_alive(self) -> bool:
        """Return whether the training is running.

        A process of another machine cannot be looked up; its task counts as running.
        """
        if self.status != "running":
            return False
        if self.host != os.uname().nodename:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True


class RetrainRunner:
    """Runs trainings, at most one at a time for each store, and records them in the store.

    A training continues when the service that started it ends; it activates its release itself.
    The next service finds the task running, or records it as lost.

    Args:
        settings: Store, encoder and seed of the trainings.
        documents: Documents of the store.
        train: Function that trains; it is called in a process of its own with
            ``settings`` and ``options`` as JSON values, and returns the fields of
            :class:`TrainingOutcome`.
        options: Options of each training, as JSON values.
    """

    def __init__(
        self,
        settings: Settings,
        documents: DocumentStore,
        train: Callable[..., dict[str, Any]],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._train = train
        self._options = dict(options or {})
        self._lock = Lock()
        self._watchers: dict[str, Thread] = {}
        self.clean_up()

    def start(self, reason: str = "requested") -> str:
        """Start a training; return the id of its task, or of the task that is running.

        Args:
            reason: Reason that the list of tasks shows.

        Raises:
            ConfigError: The store is in memory and cannot be used by another process.
        """
        if ":memory:" in self._settings.store:
            raise ConfigError("a store in memory cannot be trained on by another process")
        with self._lock:
            running = self.running_task()
            if running is not None:
                return running.id
            id_, started_at = f"train-{uuid4().hex[:12]}", time.time()
            process = start_function(
                self._train, settings=asdict(self._settings), options=self._options
            )
            # The process may have ended, or the system may have no priorities.
            with suppress(OSError, AttributeError):
                os.setpriority(os.PRIO_PROCESS, process.pid, TRAINING_NICENESS)
            host = os.uname().nodename
            task = RetrainTask(id_, "running", reason, started_at, process.pid, host)
            self._put(task)
            self._watchers[id_] = Thread(
                target=self._await_exit, args=(task, process), name=id_, daemon=True
            )
            self._watchers[id_].start()
            return id_

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

    def tasks(self) -> list[RetrainTask]:
        """Return all trainings, the newest first."""
        documents = self._documents.documents(TASK_RECORDS)
        tasks = [RetrainTask.from_dict(id_, row) for id_, row in documents.items()]
        return sorted(tasks, key=lambda task: -task.started_at)

    def running_task(self) -> RetrainTask | None:
        """Return the running training of the store, also if another service started it."""
        return next((task for task in self.tasks() if task.is_alive()), None)

    def clean_up(self) -> None:
        """Record running tasks without a process as lost, and delete the oldest tasks."""
        tasks = self.tasks()
        for task in tasks:
            if task.status == "running" and not task.is_alive():
                lost = replace(
                    task,
                    status="lost",
                    ended_at=time.time(),
                    note="its process has ended without a result",
                )
                self._put(lost)
        deleted: dict[str, Mapping[str, Any] | None] = {
            task.id: None for task in tasks[MAX_TASKS:]
        }
        self._documents.put_documents(TASK_RECORDS, deleted)

    def _await_exit(self, task: RetrainTask, process: "subprocess.Popen[str]") -> None:
        output, errors = process.communicate()
        outcome = _parse_outcome(process.returncode, output, errors)
        finished = replace(
            task,
            status=outcome.status,
            release=outcome.release,
            note=outcome.note,
            ended_at=time.time(),
        )
        log.info("training %s: %s", finished.id, finished.status)
        try:
            self._put(finished)
        except Exception:  # the store may be closed; clean_up() will record the task as lost
            log.exception("the end of training %s could not be recorded", finished.id)
        finally:
            del self._watchers[task.id]

    def _put(self, task: RetrainTask) -> None:
        self._documents.put_documents(TASK_RECORDS, {task.id: task.to_dict()})


def _parse_outcome(status: int, output: str, errors: str) -> TrainingOutcome:
    """Return the outcome of a process; one that returned nothing has failed."""
    if status == 0:
        with suppress(ValueError, TypeError):
            outcome = TrainingOutcome(**json.loads(output))
            return replace(outcome, note=outcome.note[-MAX_NOTE_CHARS:])
    return TrainingOutcome(
        "failed", note=errors.strip()[-MAX_NOTE_CHARS:] or f"exit status {status}"
    )
