"""Periodic jobs of a running service, and the check whether a training is due.

Start reading at :class:`BackgroundJobs`.
"""

import logging
import time
from threading import Event, Thread

import numpy as np

from daybreak.errors import DaybreakError
from daybreak.service.experiments import ExperimentManager
from daybreak.service.exploration.explorer import Explorer
from daybreak.service.serving.policy import PolicyManager
from daybreak.service.serving.release_manager import ReleaseManager
from daybreak.service.state.drift import DriftMeter
from daybreak.service.state.serving_state import ServingState
from daybreak.service.training.drift import popularity_drift
from daybreak.service.training.retraining import (
    TRAIN_KIND,
    RetrainPolicy,
    RetrainRunner,
    RetrainSignals,
)
from daybreak.store import Store

log = logging.getLogger(__name__)

MIN_EVENTS = 100
"""Smallest number of events for a share of events on new items."""
CHECK_INTERVAL_S = 60.0
"""Time between two checks whether a training is due [s]."""
EXPOSURE_SYNC_INTERVAL_S = 10.0
"""Time between two counts of the impressions in responses of other processes [s]."""
MEMORY_INTERVAL_S = 10.0
"""Shortest time between two returns of memory [s]; one takes about 20 ms of processor."""
RETENTION_INTERVAL_S = 3_600.0
"""Time between two deletions of old events [s]."""


class RetrainMonitor:
    """Compares the training data of the current release with the current data.

    Args:
        store: Store with the releases.
        releases: Releases in memory.
        training: Runs trainings.
        policy: Decides when a training is due: a policy that may change, or a fixed one; None:
            never.
    """

    def __init__(
        self,
        store: Store,
        releases: ReleaseManager,
        training: RetrainRunner,
        policy: PolicyManager | RetrainPolicy | None,
    ) -> None:
        self._store = store
        self._releases = releases
        self._training = training
        self._policy = policy
        self._checked_at = time.monotonic()
        self._meter = DriftMeter()
        self.drift: dict[str, float] = {}
        """Drift scores by name, as of the last check."""
        self.thresholds: dict[str, float] = {}
        """Values that the drift of interests and of content seldom exceeds without a change, by
        name; content only where its past says so."""

    def check(self, *, now: bool = False) -> str | None:
        """Start a training if one is due; return the id of its task.

        Args:
            now: Whether to check even if the last check was less than ``CHECK_INTERVAL_S`` ago.
        """
        if not now and time.monotonic() - self._checked_at < CHECK_INTERVAL_S:
            return None
        self._checked_at = time.monotonic()
        signals = self.signals()
        self.drift, self.thresholds = dict(signals.drift), dict(signals.thresholds)
        policy = self._current_policy()
        reason = None if policy is None else policy.due(signals)
        if reason is None or self._training.running_task() is not None:
            return None
        log.info("starting a training: %s", reason)
        try:
            return self._training.start(reason)
        except (DaybreakError, OSError) as error:
            log.error("cannot start a training: %s", error)
            return None

    def _current_policy(self) -> RetrainPolicy | None:
        if isinstance(self._policy, PolicyManager):
            return self._policy.current.retrain_policy(self._policy.retrain)
        return self._policy

    def signals(self) -> RetrainSignals:
        """Return how much data is new since the training, and how far it has drifted."""
        state = self._releases.current
        release = self._store.release(state.release)
        tasks = self._training.tasks()
        started = [task.started_at for task in tasks if task.kind == TRAIN_KIND]
        if release is None:
            has_items = float(len(self._releases.row_caches.items) > 0)
            age = time.time() - max(started, default=0.0)
            return RetrainSignals(age, events=has_items, items=has_items)
        age = time.time() - max([release.created_at, *started])
        events, items = _growth_shares(state)
        scores = _drift_scores(state, release.created_at)
        interests = self._meter.interests(state, release.created_at)
        content = self._meter.content(state)
        scores |= {"content": content.score, "interests": interests.score}
        thresholds = {"interests": interests.chance_level}
        if content.is_learned:
            thresholds["content"] = content.chance_level
        return RetrainSignals(age, events, items, scores, thresholds)


class BackgroundJobs:
    """Runs the periodic jobs of a service in one thread.

    Args:
        store: Store with events and responses.
        releases: Releases in memory; they follow the store.
        experiments: Experiments; their releases are kept in memory.
        explorer: Counts impressions of new items.
        retrain_monitor: Starts trainings.
        explores_by_default: Whether to search for new items before any list was explored.
        policy: How long events and responses are kept; None: forever.
    """

    def __init__(  # noqa: PLR0913 - the parts that need periodic work
        self,
        store: Store,
        releases: ReleaseManager,
        experiments: ExperimentManager,
        explorer: Explorer,
        retrain_monitor: RetrainMonitor,
        *,
        explores_by_default: bool = False,
        policy: PolicyManager | None = None,
    ) -> None:
        self._store = store
        self._releases = releases
        self._experiments = experiments
        self._explorer = explorer
        self._retrain_monitor = retrain_monitor
        self._explores_by_default = explores_by_default
        self._policy = policy
        self._last_retention_s = self._last_exposure_sync_s = float("-inf")
        self._last_memory_s = float("-inf")
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self, every_s: float) -> None:
        """Start the thread; each job decides how often it does anything."""
        self._thread = Thread(target=self._run, args=(every_s,), name="jobs", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish the running job, then stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def run_once(self) -> None:
        """Run every job once; a job that fails runs again the next time."""
        jobs = (
            self._releases.sync,
            self._releases.check_active_release,
            self._releases.recount_if_due,
            self._releases.write_out_rows_if_due,
            self._releases.compact,
            self.return_memory,
            self.sync_experiments,
            self.sync_exposure,
            self.refresh_policy,
            self.apply_retention,
            self._retrain_monitor.check,
        )
        for job in jobs:
            try:
                job()
            except DaybreakError as error:
                log.warning("%s: %s", job.__name__, error)
            except Exception:  # an error in one job must not stop the others
                log.exception("%s failed", job.__name__)

    def sync_experiments(self) -> None:
        """Read changes of other processes, and keep the releases of variants in memory."""
        self._experiments.refresh()
        variants = [v.release for plan in self._experiments.running for v in plan.variants]
        self._releases.keep_loaded([release for release in dict.fromkeys(variants) if release])

    def sync_exposure(self) -> None:
        """Find new items, and count the impressions in responses of other processes."""
        self._explorer.prepare(self._releases.current, always=self._explores_by_default)
        if time.monotonic() - self._last_exposure_sync_s > EXPOSURE_SYNC_INTERVAL_S:
            self._last_exposure_sync_s = time.monotonic()
            self._explorer.sync()

    def return_memory(self) -> None:
        """Return what changed items have left in memory to the system."""
        is_due = time.monotonic() - self._last_memory_s > MEMORY_INTERVAL_S
        if is_due and self._releases.return_memory():
            self._last_memory_s = time.monotonic()

    def refresh_policy(self) -> None:
        """Read what another process has decided about rules, retraining and retention."""
        if self._policy is not None:
            self._policy.refresh()

    def apply_retention(self) -> None:
        """Delete events and responses that are older than the retention allows."""
        policy = self._policy
        retention = None if policy is None else policy.current.retention(policy.retention)
        if (
            retention is not None
            and time.monotonic() - self._last_retention_s > RETENTION_INTERVAL_S
        ):
            retention.apply(self._store, time.time())
            self._releases.sync()
            self._last_retention_s = time.monotonic()

    def _run(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            self.run_once()


def _growth_shares(state: ServingState) -> tuple[float, float]:
    """Return new events and new items as shares of those of the training."""
    trained = state.trained
    n_items = int((~state.deleted_mask()).sum())
    events = len(state.histories.all_positive()) / max(trained.stats.n_events, 1)
    items = n_items / max(len(trained.items), 1)
    return max(0.0, events - 1), max(0.0, items - 1)


def _drift_scores(state: ServingState, trained_at: float) -> dict[str, float]:
    """Return the drift of popularity, and the share of events on new items."""
    ranker = state.ranker
    n = len(state.catalogue.items)
    positive = state.histories.all_positive()
    inside = positive.item < n
    is_late = inside & (positive.at > trained_at)
    counts_before = np.bincount(positive.item[inside & ~is_late], minlength=n).astype(
        np.float64
    )
    counts_since = np.bincount(positive.item[is_late], minlength=n).astype(np.float64)
    new_share = float(
        counts_since[~ranker.is_known].sum() / max(counts_since.sum(), MIN_EVENTS)
    )
    return {
        "popularity": popularity_drift(counts_before, counts_since).score,
        "new_items": new_share,
    }
