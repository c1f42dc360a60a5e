"""Records of trainings in the store, what they report, and the lease of the running one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

TASK_RECORDS = "tasks"
"""Kind of the documents that describe trainings."""
TASK_PROGRESS, TASK_CANCELLATIONS = "task-progress", "task-cancellations"
"""Kinds of the documents, by task, with its progress and with the wish to end it."""
TRAINING_LEASE = "training"
"""Name of the lease that the running training of a store holds; its holder is the task id."""
LEASE_DURATION_S = 60.0
"""Time after its last sign of life at which a training counts as dead [s]."""
HEARTBEAT_INTERVAL_S = 10.0
"""Time between two signs of life of a training [s]."""
LATE_HEARTBEAT_S = 15.0
"""Time after the last heartbeat from which on the status of a training says so [s]."""
PROGRESS_INTERVAL_S = 2.0
"""Time between two reports of the progress of a task, at least [s]."""
MAX_NOTE_CHARS = 2_000
"""Length of a note [characters]; the end of the text is kept."""

TaskStatus = Literal["running", "done", "refused", "failed", "lost", "cancelled"]
OutcomeStatus = Literal["done", "refused", "failed", "lost", "cancelled"]


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
    """A training, or another long operation, that was started by a service."""

    id: str
    status: TaskStatus
    """``refused``: its release is worse than the active one; ``lost``: its process
    has ended without a result, or gave no sign of life; ``cancelled``: it ended by request."""
    reason: str
    """Reason of the start."""
    started_at: float
    """Epoch [s]."""
    pid: int = 0
    """Process on ``host``, for people; whether it runs is told by its lease."""
    host: str = ""
    ended_at: float | None = None
    release: str = ""
    note: str = ""
    kind: str = "train"
    """``train``, or ``finetune``: it makes an encoder."""
    encoder: str = ""
    """Id of the encoder that it makes; empty: it makes none."""
    progress: Mapping[str, Any] | None = None
    """Of a running task that reports it: ``step``, ``done`` and ``total`` of its parts, and
    ``left_s``, the expected time to the end of the step [s] or None."""
    heartbeat_age_s: float | None = None
    """Time since the last heartbeat of a running training [s]; None: it is not running."""

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
