"""Train again when it is time, or when enough has changed: in a process of its own."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from threading import Lock, Thread
from typing import Any, Literal
from uuid import uuid4

from daybreak.config import Settings
from daybreak.errors import ConfigError
from daybreak.store.journal import Journal

log = logging.getLogger(__name__)

KIND = "tasks"
"""Of the records in which trainings are written down."""
NICE = 10
"""Priority of a training: whoever waits for an answer goes first."""
KEPT = 100
"""Trainings that are remembered."""
LONGEST_NOTE = 2_000
"""Characters of what a training said last."""

Status = Literal["running", "done", "refused", "failed", "lost"]
REFUSED = 9
"""Exit status of a training that is worse than the release in use."""


@dataclass(frozen=True)
class Task:
    """One training."""

    id: str
    status: Status
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


class Trainer:
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
        self._watching: dict[str, Thread] = {}
        self._processes: dict[str, subprocess.Popen[str]] = {}
        self.tidy()

    def start(self, reason: str = "asked for") -> str:
        """Begin a training; return the id of its task, or of the one that is running.

        Raises:
            ConfigError: The store cannot be shared with another process.
        """
        if ":memory:" in self._settings.store:
            raise ConfigError("a store in memory cannot be trained on by another process")
        with self._lock:
            running = self.running()
            if running is not None:
                return running.id
            task = Task(f"train-{uuid4().hex[:12]}", "running", reason, time.time())
            process = self._spawn()
            task = _with(task, pid=process.pid, host=os.uname().nodename)
            self._put(task)
            watch = Thread(target=self._watch, args=(task, process), daemon=True)
            self._watching[task.id], self._processes[task.id] = watch, process
            watch.start()
            return task.id

    def wait(self, task: str, timeout_s: float | None = None) -> Task:
        """Return a task when it has ended, or when the time is over."""
        watch = self._watching.get(task)
        if watch is not None:
            watch.join(timeout_s)
        return next(found for found in self.tasks() if found.id == task)

    def tasks(self) -> list[Task]:
        """Return trainings, the latest first."""
        found = [_task(id_, row) for id_, row in self._journal.records(KIND).items()]
        return sorted(found, key=lambda task: -task.started_at)

    def running(self) -> Task | None:
        """Return the training that runs, in whichever process."""
        return next((task for task in self.tasks() if _runs(task)), None)

    def tidy(self) -> None:
        """Write down which trainings were lost, and forget the oldest ones."""
        tasks = self.tasks()
        lost = [task for task in tasks if task.status == "running" and not _runs(task)]
        for task in lost:
            self._put(
                _with(task, status="lost", ended_at=time.time(), note="its process is gone")
            )
        old: dict[str, Mapping[str, Any] | None] = {task.id: None for task in tasks[KEPT:]}
        self._journal.put_records(KIND, old)

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
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        return process

    def _watch(self, task: Task, process: "subprocess.Popen[str]") -> None:
        out, error = process.communicate()
        ended = {"ended_at": time.time()}
        if process.returncode == 0:
            found = _with(task, status="done", release=_release(out), **ended)
        else:
            status = "refused" if process.returncode == REFUSED else "failed"
            note = error.strip()[-LONGEST_NOTE:] or f"exit status {process.returncode}"
            found = _with(task, status=status, note=note, **ended)
        log.info("training %s: %s", found.id, found.status)
        try:
            self._put(found)
        except Exception:  # the store may be gone; tidy() will write down that it was lost
            log.exception("the end of training %s could not be written down", found.id)
        finally:
            del self._watching[task.id], self._processes[task.id]

    def _put(self, task: Task) -> None:
        self._journal.put_records(KIND, {task.id: task.to_dict()})


def _with(task: Task, **changes: Any) -> Task:
    return Task(**{**task.to_dict(), **changes})


def _task(id_: str, row: Mapping[str, Any]) -> Task:
    known = Task.__dataclass_fields__
    return Task(**{**{k: v for k, v in row.items() if k in known}, "id": id_})


def _runs(task: Task) -> bool:
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


def _release(out: str) -> str:
    try:
        return str(json.loads(out)["release"]["id"])
    except (ValueError, KeyError, TypeError):
        return ""
