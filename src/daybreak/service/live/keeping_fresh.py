"""Looks whether a training is due, and begins it."""

import logging
import time

import numpy as np

from daybreak.errors import DaybreakError
from daybreak.service.drift import content_drift, popularity_drift
from daybreak.service.live.scene import Scene
from daybreak.service.live.stages import Stages
from daybreak.service.retrain_policy import RetrainPolicy, Signs
from daybreak.service.retraining import Trainer
from daybreak.store import Store

log = logging.getLogger(__name__)

ENOUGH = 100
"""Events of which the share on new items tells something."""
LOOK_S = 60.0
"""How often it is looked whether a training is due [s]."""


class KeepingFresh:
    """Compares what a release learned from with what is known now.

    Args:
        store: Of the releases.
        stages: What answers.
        trainer: What trains.
        policy: When a training is due; None: only when somebody asks for it.
    """

    def __init__(
        self, store: Store, stages: Stages, trainer: Trainer, policy: RetrainPolicy | None
    ) -> None:
        self._store = store
        self._stages = stages
        self._trainer = trainer
        self._policy = policy
        self._looked = time.monotonic()
        self.drift: dict[str, float] = {}
        """Scores by name, as of the last look."""

    def look(self, *, now: bool = False) -> str | None:
        """Begin a training if one is due; return its task.

        Args:
            now: Whether to look at once; else not more often than is worth it.
        """
        if not now and time.monotonic() - self._looked < LOOK_S:
            return None
        self._looked = time.monotonic()
        signs = self.signs()
        self.drift = dict(signs.drift)
        reason = None if self._policy is None else self._policy.due(signs)
        if reason is None or self._trainer.running() is not None:
            return None
        log.info("training again: %s", reason)
        try:
            return self._trainer.start(reason)
        except (DaybreakError, OSError) as error:
            log.error("a training could not be started: %s", error)
            return None

    def signs(self) -> Signs:
        """Return how much has come since the training, and how far the data have moved."""
        scene = self._stages.now
        release = next((r for r in self._store.releases() if r.id == scene.release), None)
        begun = [task.started_at for task in self._trainer.tasks()]
        if release is None:
            known = len(self._stages.known.items)
            age = time.time() - max(begun, default=0.0)
            return Signs(age, events=float(known > 0), items=float(known > 0))
        age = time.time() - max([release.created_at, *begun])
        events, items = _growth(scene)
        return Signs(age, events, items, _drift(scene, release.created_at))


def _growth(scene: Scene) -> tuple[float, float]:
    """Return new events and new items as shares of those of the training."""
    learned = scene.shelf.learned
    n_items = int((~scene.gone()).sum())
    events = len(scene.histories.liked()) / max(learned.facts.n_events, 1)
    items = n_items / max(len(learned.items), 1)
    return max(0.0, events - 1), max(0.0, items - 1)


def _drift(scene: Scene, trained_at: float) -> dict[str, float]:
    """Return how far popularity and content have moved, and how much is on new items."""
    answers, catalogue = scene.shelf.answers, scene.shelf.catalogue
    n = len(catalogue.items)
    old = np.arange(len(scene.shelf.learned.items))
    liked = scene.histories.liked()
    here = liked.item < n
    late = here & (liked.at > trained_at)
    then = np.bincount(liked.item[here & ~late], minlength=n).astype(np.float64)
    since = np.bincount(liked.item[late], minlength=n).astype(np.float64)
    strange = float(since[~answers.learned].sum() / max(since.sum(), ENOUGH))
    new = np.setdiff1d(np.flatnonzero(answers.shown), old)
    return {
        "popularity": popularity_drift(then, since).score,
        "content": content_drift(catalogue.items, old, new).score,
        "new_items": strange,
    }
