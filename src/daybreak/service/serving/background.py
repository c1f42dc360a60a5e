"""Looks whether a training is due, and begins it.

What has to be done now and then while a service answers.
"""

import logging
import time
from threading import Event, Thread

import numpy as np

from daybreak.errors import DaybreakError
from daybreak.service.privacy import Retention
from daybreak.service.serving.engine import RecommendEngine
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.serving_state import ReleaseSnapshot
from daybreak.service.training.drift import content_drift, popularity_drift
from daybreak.service.training.retraining import RetrainPolicy, RetrainRunner, RetrainSignals
from daybreak.store import Store

log = logging.getLogger(__name__)


MIN_EVENTS = 100
"""Events of which the share on new items tells something."""
CHECK_INTERVAL_S = 60.0
"""How often it is looked whether a training is due [s]."""


class RetrainMonitor:
    """Compares what a release learned from with what is known now.

    Args:
        store: Of the releases.
        stages: What answers.
        trainer: What trains.
        policy: When a training is due; None: only when somebody asks for it.
    """

    def __init__(
        self,
        store: Store,
        stages: ReleaseManager,
        trainer: RetrainRunner,
        policy: RetrainPolicy | None,
    ) -> None:
        self._store = store
        self._stages = stages
        self._trainer = trainer
        self._policy = policy
        self._checked_at = time.monotonic()
        self.drift: dict[str, float] = {}
        """Scores by name, as of the last look."""

    def check(self, *, now: bool = False) -> str | None:
        """Begin a training if one is due; return its task.

        Args:
            now: Whether to look at once; else not more often than is worth it.
        """
        if not now and time.monotonic() - self._checked_at < CHECK_INTERVAL_S:
            return None
        self._checked_at = time.monotonic()
        signs = self.signs()
        self.drift = dict(signs.drift)
        reason = None if self._policy is None else self._policy.due(signs)
        if reason is None or self._trainer.running_task() is not None:
            return None
        log.info("training again: %s", reason)
        try:
            return self._trainer.start(reason)
        except (DaybreakError, OSError) as error:
            log.error("a training could not be started: %s", error)
            return None

    def signs(self) -> RetrainSignals:
        """Return how much has come since the training, and how far the data have moved."""
        scene = self._stages.current
        release = next((r for r in self._store.releases() if r.id == scene.release), None)
        begun = [task.started_at for task in self._trainer.tasks()]
        if release is None:
            known = len(self._stages.row_caches.items)
            age = time.time() - max(begun, default=0.0)
            return RetrainSignals(age, events=float(known > 0), items=float(known > 0))
        age = time.time() - max([release.created_at, *begun])
        events, items = _growth_shares(scene)
        return RetrainSignals(age, events, items, _drift_scores(scene, release.created_at))


def _growth_shares(scene: ReleaseSnapshot) -> tuple[float, float]:
    """Return new events and new items as shares of those of the training."""
    learned = scene.state.trained
    n_items = int((~scene.deleted_mask()).sum())
    events = len(scene.histories.all_positive()) / max(learned.stats.n_events, 1)
    items = n_items / max(len(learned.items), 1)
    return max(0.0, events - 1), max(0.0, items - 1)


def _drift_scores(scene: ReleaseSnapshot, trained_at: float) -> dict[str, float]:
    """Return how far popularity and content have moved, and how much is on new items."""
    answers, catalogue = scene.state.ranker, scene.state.catalogue
    n = len(catalogue.items)
    old = np.arange(len(scene.state.trained.items))
    liked = scene.histories.all_positive()
    here = liked.item < n
    late = here & (liked.at > trained_at)
    then = np.bincount(liked.item[here & ~late], minlength=n).astype(np.float64)
    since = np.bincount(liked.item[late], minlength=n).astype(np.float64)
    strange = float(since[~answers.is_known].sum() / max(since.sum(), MIN_EVENTS))
    new = np.setdiff1d(np.flatnonzero(answers.is_available), old)
    return {
        "popularity": popularity_drift(then, since).score,
        "content": content_drift(catalogue.items, old, new).score,
        "new_items": strange,
    }


EXPOSURE_SYNC_INTERVAL_S = 10.0
"""How often it is counted what other processes gave to new items [s]."""
RETENTION_INTERVAL_S = 3_600.0
"""How often old events are deleted [s]."""


class BackgroundJobs:
    """One thread that follows the store, swaps releases in, counts, forgets and trains.

    Args:
        store: Where answers and events are.
        stages: What answers.
        answering: Of which experiments and exploration are kept up to date.
        fresh: Looks whether a training is due.
        retention: How long events are kept; None: for good.
    """

    def __init__(
        self,
        store: Store,
        stages: ReleaseManager,
        answering: RecommendEngine,
        fresh: RetrainMonitor,
        retention: Retention | None,
    ) -> None:
        self._store = store
        self._stages = stages
        self._answering = answering
        self._retrain_monitor = fresh
        self._retention = retention
        self._last_retention_s = self._last_exposure_sync_s = float("-inf")
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, every_s: float) -> None:
        """Begin; every duty decides by itself how often it has something to do."""
        self._thread = Thread(target=self._run, args=(every_s,), name="duties", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End what is being done, then stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def run_once(self) -> None:
        """Do everything once; what fails is tried again the next time."""
        duties = (
            self._stages.sync,
            self._stages.check_active_release,
            self._stages.recount_if_due,
            self._stages.compact,
            self.sync_experiments,
            self.sync_exposure,
            self.apply_retention,
            self._retrain_monitor.check,
        )
        for duty in duties:
            try:
                duty()
            except DaybreakError as error:
                log.warning("%s: %s", duty.__name__, error)
            except Exception:  # a mistake in one of them must not stop the others
                log.exception("%s failed", duty.__name__)

    def sync_experiments(self) -> None:
        """See what other processes changed, and have the releases of variants ready."""
        experiments = self._answering.experiments
        if experiments is None:
            return
        experiments.refresh()
        named = [v.release for plan in experiments.running for v in plan.variants]
        self._stages.keep_loaded([release for release in dict.fromkeys(named) if release])

    def sync_exposure(self) -> None:
        """Count what other processes gave to new items."""
        explorer, scene = self._answering.explorer, self._stages.current
        if explorer is None:
            return
        explorer.prepare(
            scene.state, scene.histories, always=self._answering.explores_by_default
        )
        if time.monotonic() - self._last_exposure_sync_s > EXPOSURE_SYNC_INTERVAL_S:
            self._last_exposure_sync_s = time.monotonic()
            explorer.sync()

    def apply_retention(self) -> None:
        """Delete what is older than it may be."""
        if (
            self._retention is not None
            and time.monotonic() - self._last_retention_s > RETENTION_INTERVAL_S
        ):
            self._retention.apply(self._store, time.time())
            self._stages.sync()
            self._last_retention_s = time.monotonic()

    def _run(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            self.run_once()
