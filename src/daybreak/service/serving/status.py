"""Status of a running service: the active release, counts, problems."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.service.serving.answer_log import AnswerLog
from daybreak.service.serving.background import RetrainMonitor
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.retraining import RetrainRunner
from daybreak.store import Store

COUNT_INTERVAL_S = 5.0
"""Largest age of the counts [s]."""


@dataclass(frozen=True)
class StatusCounts:
    """Numbers of users, items and events."""

    users: int
    items: int
    events: int
    cold_users: int
    cold_items: int

    @classmethod
    def from_state(cls, state: ServingState, users: int, items: int) -> "StatusCounts":
        """Count users without events and items without events in a state."""
        rows = np.flatnonzero(state.ranker.is_available)
        return cls(
            users,
            items,
            state.histories.n_events,
            max(0, users - len(state.histories.user_ids())),
            sum(warmth != "hot" for warmth in state.item_warmth(rows)),
        )


class StatusReporter:
    """Reports the state of a service; cheap enough to be called every second.

    Args:
        store: Store with the releases.
        releases: Releases in memory.
        answer_log: Log with the waiting responses.
        training: Runs trainings.
        retrain_monitor: Measures drift.
        engine: Engine with the waiting requests.
    """

    def __init__(
        self,
        store: Store,
        releases: ReleaseManager,
        answer_log: AnswerLog,
        training: RetrainRunner,
        retrain_monitor: RetrainMonitor,
        engine: RecommendEngine,
    ) -> None:
        self._store = store
        self._releases = releases
        self._log = answer_log
        self._training = training
        self._retrain_monitor = retrain_monitor
        self._engine = engine
        self._cached_counts: tuple[float, StatusCounts] | None = None

    def status(self) -> dict[str, Any]:
        """Return the status as plain values."""
        releases, counts = self._releases, self.counts()
        current = releases.current
        release = self._store.release(current.release)
        training = self._training.running_task()
        status: dict[str, Any] = {
            "release": current.release,
            "notes": list(current.notes),
            "faulty": {failure.release: failure.reason for failure in releases.failed},
            "users": counts.users,
            "items": counts.items,
            "events": counts.events,
            "cold_user_ratio": _ratio(counts.cold_users, counts.users),
            "cold_item_ratio": _ratio(counts.cold_items, counts.items),
            "waiting_requests": self._engine.batcher.waiting,
            "waiting_answers": self._log.waiting,
            "lost_answers": self._log.dropped,
            "drift_score": dict(self._retrain_monitor.drift),
            "drift_threshold": dict(self._retrain_monitor.thresholds),
            "cursor": releases.cursor,
            "training": None if training is None else training.id,
        }
        if release is not None:
            status["model_age_seconds"] = max(0.0, time.time() - release.created_at)
            status["train_seconds"] = release.metadata.get("seconds")
            status["model_metric"] = _validation_metrics(current)
        return status

    def counts(self) -> StatusCounts:
        """Return counts that are at most a few seconds old."""
        at, caches = time.monotonic(), self._releases.row_caches
        if self._cached_counts is None or at - self._cached_counts[0] > COUNT_INTERVAL_S:
            counts = StatusCounts.from_state(
                self._releases.current, len(caches.users), len(caches.items)
            )
            self._cached_counts = (at, counts)
        return self._cached_counts[1]


def _ratio(count: int, total: int) -> float:
    return count / total if total else 0.0


def _validation_metrics(state: ServingState) -> dict[str, float]:
    """Return the NDCG of the simulated cold starts, by number of events."""
    levels = state.trained.blend.report.get("levels", ())
    return {f"ndcg/events_{level['events']}": float(level["ndcg@10"]) for level in levels}
