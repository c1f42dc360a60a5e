"""What has to be done now and then while a service answers."""

import logging
import time
from threading import Event, Thread

from daybreak.errors import DaybreakError
from daybreak.service.live.answering import Answering
from daybreak.service.live.keeping_fresh import KeepingFresh
from daybreak.service.live.stages import Stages
from daybreak.service.privacy import Retention
from daybreak.store.journal import Journal

log = logging.getLogger(__name__)

EXPOSURE_S = 10.0
"""How often it is counted what other processes gave to new items [s]."""
RETAIN_S = 3_600.0
"""How often old events are deleted [s]."""


class Duties:
    """One thread that follows the store, swaps releases in, counts, forgets and trains.

    Args:
        journal: Of the store.
        stages: What answers.
        answering: Of which experiments and exploration are kept up to date.
        fresh: Looks whether a training is due.
        retention: How long events are kept; None: for good.
    """

    def __init__(
        self,
        journal: Journal,
        stages: Stages,
        answering: Answering,
        fresh: KeepingFresh,
        retention: Retention | None,
    ) -> None:
        self._journal = journal
        self._stages = stages
        self._answering = answering
        self._fresh = fresh
        self._retention = retention
        self._forgot = self._counted = float("-inf")
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

    def all(self) -> None:
        """Do everything once; what fails is tried again the next time."""
        duties = (
            self._stages.follow,
            self._stages.watch,
            self._stages.refresh,
            self._stages.settle,
            self.experiments,
            self.exposure,
            self.retain,
            self._fresh.look,
        )
        for duty in duties:
            try:
                duty()
            except DaybreakError as error:
                log.warning("%s: %s", duty.__name__, error)
            except Exception:  # a mistake in one of them must not stop the others
                log.exception("%s failed", duty.__name__)

    def experiments(self) -> None:
        """See what other processes changed, and have the releases of variants ready."""
        experiments = self._answering.experiments
        if experiments is None:
            return
        experiments.refresh()
        named = [v.release for plan in experiments.running for v in plan.variants]
        self._stages.keep([release for release in dict.fromkeys(named) if release])

    def exposure(self) -> None:
        """Count what other processes gave to new items."""
        explorer, scene = self._answering.explorer, self._stages.now
        if explorer is None:
            return
        explorer.prepare(scene.shelf, scene.histories, always=self._answering.explores)
        if time.monotonic() - self._counted > EXPOSURE_S:
            self._counted = time.monotonic()
            explorer.sync()

    def retain(self) -> None:
        """Delete what is older than it may be."""
        if self._retention is not None and time.monotonic() - self._forgot > RETAIN_S:
            self._retention.apply(self._journal, time.time())
            self._stages.follow()
            self._forgot = time.monotonic()

    def _run(self, every_s: float) -> None:
        while not self._stop.wait(every_s):
            self.all()
