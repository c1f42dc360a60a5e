"""When to train again: by the clock, by how much has come, by how far data have moved.

Train again when it is time, or when enough has changed: in a process of its own.
"""

import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from math import inf
from threading import Lock, Thread
from typing import Any, Literal
from uuid import uuid4

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.store.base import Journal

log = logging.getLogger(__name__)


_SECONDS_PER_UNIT = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)([smhd])")


@dataclass(frozen=True)
class RetrainSignals:
    """What a policy looks at."""

    age_s: float
    """Since the last training, whatever became of it [s]."""
    events: float = 0.0
    """Events since the training, as a share of those it learned from."""
    items: float = 0.0
    """Items since the training, as a share of those it knew."""
    drift: Mapping[str, float] = field(default_factory=dict)
    """Scores of :mod:`daybreak.service.training.drift` by name."""


@dataclass(frozen=True)
class RetrainPolicy:
    """When a training is due; what is None never asks for one.

    Example:
        >>> policy = RetrainPolicy.parse("every=12h, events=0.2, drift=0.25")
        >>> policy.due(RetrainSignals(age_s=13 * 3600.0))
        'the last training is 13.0 h old'
        >>> policy.due(RetrainSignals(age_s=60.0, events=0.5)) is None
        True
    """

    every_s: float | None = None
    """Age of the last training [s]."""
    events: float | None = None
    """Share of new events."""
    items: float | None = None
    """Share of new items."""
    drift: float | None = None
    """Score of any drift."""
    min_interval_s: float = 600.0
    """Between two trainings at least: one that fails is not begun again at once [s]."""

    def __post_init__(self) -> None:
        """Refuse marks that would always, or never, be reached."""
        for name in ("every_s", "events", "items", "drift"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise ConfigError(f"{name} of a retrain policy must be above 0, got {value!r}")

    @classmethod
    def parse(cls, text: str) -> "RetrainPolicy":
        """Read ``every=TIME, events=SHARE, items=SHARE, drift=SCORE``, each of them optional.

        ``auto`` is ``every=1d, events=0.2, items=0.1, drift=0.25``.

        Raises:
            ConfigError: It does not follow this form.
        """
        if text.strip() == "auto":
            return cls(86_400.0, 0.2, 0.1, 0.25)
        found: dict[str, float] = {}
        for part in filter(None, re.split(r"[,\s]+", text.strip())):
            name, _, value = part.partition("=")
            if name == "every" and (time := _DURATION.fullmatch(value)):
                found["every_s"] = float(time[1]) * _SECONDS_PER_UNIT[time[2]]
            elif name in {"events", "items", "drift"} and _is_number(value):
                found[name] = float(value)
            else:
                raise ConfigError(
                    f"cannot read {part!r} of a retrain policy; expected auto, or forms like "
                    "every=12h, events=0.2, items=0.1, drift=0.25"
                )
        if not found:
            raise ConfigError(
                "a retrain policy must say when: every=, events=, items= or drift="
            )
        return cls(**found)

    def due(self, signals: RetrainSignals) -> str | None:
        """Return why a training is due; None: it is not."""
        if signals.age_s < self.min_interval_s:
            return None
        if self.every_s is not None and signals.age_s >= self.every_s:
            return f"the last training is {signals.age_s / 3600:.1f} h old"
        for name, share in (("events", signals.events), ("items", signals.items)):
            mark = getattr(self, name)
            if mark is not None and share >= mark:
                return f"{share:.0%} new {name} since the training"
        moved = [n for n, score in signals.drift.items() if score >= (self.drift or inf)]
        if moved:
            return f"{moved[0]} has moved by {signals.drift[moved[0]]:.2f}"
        return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", text) is not None


TASK_RECORDS = "tasks"
"""Of the records in which trainings are written down."""
TRAINING_NICENESS = 10
"""Priority of a training: whoever waits for an answer goes first."""
MAX_TASKS = 100
"""Trainings that are remembered."""
MAX_NOTE_CHARS = 2_000
"""Characters of what a training said last."""

TaskStatus = Literal["running", "done", "refused", "failed", "lost"]
EXIT_REFUSED = 9
"""Exit status of a training that is worse than the release in use."""


@dataclass(frozen=True)
class RetrainTask:
    """One training."""

    id: str
    status: TaskStatus
    """``refused``: it was worse than the release in use; ``lost``: its process is gone."""
    reason: str
    """Why it began."""
    started_at: float
    """Epoch [s]."""
    pid: int = 0
    host: str = ""
    ended_at: float | None = None
    release: str = ""
    note: str = ""
    kind: str = "train"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


class RetrainRunner:
    """Runs trainings, one at a time for each store; what becomes of them is in the journal.

    A training that outlives the service goes on; it puts its release into use itself, through
    the gate. The next service finds it running, or lost.

    Args:
        settings: Which store.
        journal: Of the store.
        options: Further options of ``daybreak train``.
        command: What is run; default: this interpreter.
    """

    def __init__(
        self,
        settings: Settings,
        journal: Journal,
        *,
        options: Sequence[str] = (),
        command: Sequence[str] = (),
    ) -> None:
        self._settings = settings
        self._journal = journal
        self._options = tuple(options)
        self._command = tuple(command) or (sys.executable, "-m", "daybreak", "train")
        self._lock = Lock()
        self._watchers: dict[str, Thread] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.clean_up()

    def start(self, reason: str = "asked for") -> str:
        """Begin a training; return the id of its task, or of the one that is running.

        Raises:
            ConfigError: The store cannot be shared with another process.
        """
        if ":memory:" in self._settings.store:
            raise ConfigError("a store in memory cannot be trained on by another process")
        with self._lock:
            running = self.running_task()
            if running is not None:
                return running.id
            task = RetrainTask(f"train-{uuid4().hex[:12]}", "running", reason, time.time())
            process = self._spawn()
            task = _with_changes(task, pid=process.pid, host=os.uname().nodename)
            self._put(task)
            watch = Thread(target=self._await_exit, args=(task, process), daemon=True)
            self._watchers[task.id], self._processes[task.id] = watch, process
            watch.start()
            return task.id

    def wait(self, task_id: str, timeout_s: float | None = None) -> RetrainTask:
        """Return a task when it has ended, or when the time is over."""
        watch = self._watchers.get(task_id)
        if watch is not None:
            watch.join(timeout_s)
        return next(found for found in self.tasks() if found.id == task_id)

    def tasks(self) -> list[RetrainTask]:
        """Return trainings, the latest first."""
        found = [
            _parse_task(id_, row) for id_, row in self._journal.documents(TASK_RECORDS).items()
        ]
        return sorted(found, key=lambda task: -task.started_at)

    def running_task(self) -> RetrainTask | None:
        """Return the training that runs, in whichever process."""
        return next((task for task in self.tasks() if _is_alive(task)), None)

    def clean_up(self) -> None:
        """Write down which trainings were lost, and forget the oldest ones."""
        tasks = self.tasks()
        lost = [task for task in tasks if task.status == "running" and not _is_alive(task)]
        for task in lost:
            self._put(
                _with_changes(
                    task, status="lost", ended_at=time.time(), note="its process is gone"
                )
            )
        old: dict[str, Mapping[str, Any] | None] = {task.id: None for task in tasks[MAX_TASKS:]}
        self._journal.put_documents(TASK_RECORDS, old)

    def _spawn(self) -> "subprocess.Popen[str]":
        settings = self._settings
        command = [*self._command, "--store", settings.store, "--encoder", settings.encoder]
        command += ["--seed", str(settings.seed), "--json", *self._options]
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, options from settings
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with suppress(OSError, AttributeError):  # it may have ended; Windows has no priorities
            os.setpriority(os.PRIO_PROCESS, process.pid, TRAINING_NICENESS)
        return process

    def _await_exit(self, task: RetrainTask, process: "subprocess.Popen[str]") -> None:
        out, error = process.communicate()
        ended = {"ended_at": time.time()}
        if process.returncode == 0:
            found = _with_changes(task, status="done", release=_release_id(out), **ended)
        else:
            status = "refused" if process.returncode == EXIT_REFUSED else "failed"
            note = error.strip()[-MAX_NOTE_CHARS:] or f"exit status {process.returncode}"
            found = _with_changes(task, status=status, note=note, **ended)
        log.info("training %s: %s", found.id, found.status)
        try:
            self._put(found)
        except Exception:  # the store may be gone; tidy() will write down that it was lost
            log.exception("the end of training %s could not be written down", found.id)
        finally:
            del self._watchers[task.id], self._processes[task.id]

    def _put(self, task: RetrainTask) -> None:
        self._journal.put_documents(TASK_RECORDS, {task.id: task.to_dict()})


def _with_changes(task: RetrainTask, **changes: Any) -> RetrainTask:
    return RetrainTask(**{**task.to_dict(), **changes})


def _parse_task(id_: str, row: Mapping[str, Any]) -> RetrainTask:
    known = RetrainTask.__dataclass_fields__
    return RetrainTask(**{**{k: v for k, v in row.items() if k in known}, "id": id_})


def _is_alive(task: RetrainTask) -> bool:
    """Say whether the process of a task is there; of another machine it is believed."""
    if task.status != "running":
        return False
    if task.host != os.uname().nodename:
        return True
    try:
        os.kill(task.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _release_id(out: str) -> str:
    try:
        return str(json.loads(out)["release"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""
