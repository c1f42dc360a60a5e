"""What the service knows of itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.service.training.retraining import RetrainRunner
from daybreak.store import Store

COUNT_INTERVAL_S = 5.0
"""Counts are made anew when they are older than this [s]."""


@dataclass(frozen=True)
class StatusCounts:
    """How much is known, and of how many nothing is."""

    users: int
    items: int
    events: int
    cold_users: int
    cold_items: int

    @classmethod
    def from_snapshot(cls, scene: ReleaseSnapshot, users: int, items: int) -> "StatusCounts":
        """Count what a scene knows."""
        histories, shelf = scene.histories, scene.state
        rows = np.flatnonzero(shelf.ranker.is_available)
        hot = scene.item_warmth(rows)
        return cls(
            users,
            items,
            histories.n_events,
            max(0, users - len(histories.user_ids())),
            sum(one != "hot" for one in hot),
        )


class StatusReporter:
    """Tells the state of the service; cheap enough to be asked every second.

    Args:
        store: Of which releases are listed.
        stages: What answers.
        log: Where answers wait.
        trainer: What trains.
        waiting: How many requests wait.
        drift: How far data have moved, by name.
    """

    def __init__(
        self,
        store: Store,
        stages: ReleaseManager,
        log: AnswerLog,
        trainer: RetrainRunner,
        waiting: Callable[[], int],
        drift: Callable[[], Mapping[str, float]],
    ) -> None:
        self._store = store
        self._stages = stages
        self._log = log
        self._trainer = trainer
        self._waiting = waiting
        self._drift = drift
        self._cached_counts: tuple[float, StatusCounts] | None = None

    def status(self) -> dict[str, Any]:
        """Return plain values."""
        stages, counts = self._stages, self.counts()
        now = stages.current
        release = next((r for r in self._store.releases() if r.id == now.release), None)
        training = self._trainer.running_task()
        found: dict[str, Any] = {
            "release": now.release,
            "notes": list(now.notes),
            "faulty": {one.release: one.reason for one in stages.failed},
            "users": counts.users,
            "items": counts.items,
            "events": counts.events,
            "cold_user_ratio": _ratio(counts.cold_users, counts.users),
            "cold_item_ratio": _ratio(counts.cold_items, counts.items),
            "waiting_requests": self._waiting(),
            "waiting_answers": self._log.waiting,
            "lost_answers": self._log.dropped,
            "drift_score": dict(self._drift()),
            "cursor": stages.cursor,
            "training": None if training is None else training.id,
        }
        if release is not None:
            found["model_age_seconds"] = max(0.0, time.time() - release.created_at)
            found["train_seconds"] = release.metadata.get("seconds")
            found["model_metric"] = _validation_metrics(now)
        return found

    def counts(self) -> StatusCounts:
        """Return counts that are a few seconds old at most."""
        at, known = time.monotonic(), self._stages.row_caches
        if self._cached_counts is None or at - self._cached_counts[0] > COUNT_INTERVAL_S:
            counts = StatusCounts.from_snapshot(
                self._stages.current, len(known.users), len(known.items)
            )
            self._cached_counts = (at, counts)
        return self._cached_counts[1]


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _validation_metrics(scene: ReleaseSnapshot) -> dict[str, float]:
    """Return what simulated cold starts measured, by slice."""
    levels = scene.state.trained.blend.report.get("levels", ())
    return {f"ndcg/events_{one['events']}": float(one["ndcg@10"]) for one in levels}
