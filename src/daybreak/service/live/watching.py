"""What the service knows of itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.service.live.answer_log import AnswerLog
from daybreak.service.live.scene import Scene
from daybreak.service.live.stages import Stages
from daybreak.service.retraining import Trainer
from daybreak.store import Store

HELD_S = 5.0
"""Counts are made anew when they are older than this [s]."""


@dataclass(frozen=True)
class Counts:
    """How much is known, and of how many nothing is."""

    users: int
    items: int
    events: int
    cold_users: int
    cold_items: int

    @classmethod
    def of(cls, scene: Scene, users: int, items: int) -> "Counts":
        """Count what a scene knows."""
        histories, shelf = scene.histories, scene.shelf
        rows = np.flatnonzero(shelf.answers.shown)
        hot = scene.temperatures(rows)
        return cls(
            users,
            items,
            histories.n_events,
            max(0, users - len(histories.known())),
            sum(one != "hot" for one in hot),
        )


class Watching:
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
        stages: Stages,
        log: AnswerLog,
        trainer: Trainer,
        waiting: Callable[[], int],
        drift: Callable[[], Mapping[str, float]],
    ) -> None:
        self._store = store
        self._stages = stages
        self._log = log
        self._trainer = trainer
        self._waiting = waiting
        self._drift = drift
        self._held: tuple[float, Counts] | None = None

    def status(self) -> dict[str, Any]:
        """Return plain values."""
        stages, counts = self._stages, self.counts()
        now = stages.now
        release = next((r for r in self._store.releases() if r.id == now.release), None)
        training = self._trainer.running()
        found: dict[str, Any] = {
            "release": now.release,
            "notes": list(now.notes),
            "faulty": {one.release: one.reason for one in stages.faulty},
            "users": counts.users,
            "items": counts.items,
            "events": counts.events,
            "cold_user_ratio": _share(counts.cold_users, counts.users),
            "cold_item_ratio": _share(counts.cold_items, counts.items),
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
            found["model_metric"] = _metrics(now)
        return found

    def counts(self) -> Counts:
        """Return counts that are a few seconds old at most."""
        at, known = time.monotonic(), self._stages.known
        if self._held is None or at - self._held[0] > HELD_S:
            counts = Counts.of(self._stages.now, len(known.users), len(known.items))
            self._held = (at, counts)
        return self._held[1]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _metrics(scene: Scene) -> dict[str, float]:
    """Return what simulated cold starts measured, by slice."""
    levels = scene.shelf.learned.blend.report.get("levels", ())
    return {f"ndcg/events_{one['events']}": float(one["ndcg@10"]) for one in levels}
