"""Log of responses that are written to the store in the background, in batches."""

import logging
from collections import deque
from collections.abc import Sequence
from itertools import chain
from threading import Event, Lock, Thread

from daybreak.errors import DaybreakError
from daybreak.store import LoggedRecommendation, RecommendationLog

log = logging.getLogger(__name__)

MAX_WRITE_DELAY_S = 0.2
"""Longest time that a response waits to be written; a crash can lose so much [s]."""
MAX_TRANSACTION_ANSWERS = 500
"""Largest number of responses in one transaction."""
MAX_WAITING_ANSWERS = 50_000
"""Largest number of waiting responses; beyond it the oldest are dropped."""


class AnswerLog:
    """Keeps responses until they are written, so that no request waits for the disk.

    Args:
        log: Log of the store.
        max_delay_s: Longest time that a response waits to be written [s].
    """

    def __init__(
        self, log: RecommendationLog, *, max_delay_s: float = MAX_WRITE_DELAY_S
    ) -> None:
        self._max_delay_s = max_delay_s
        self._log = log
        self._waiting: deque[LoggedRecommendation] = deque()
        self._being_written: list[LoggedRecommendation] = []
        """Responses that are being written; :meth:`find` still finds them here."""
        self._lock = Lock()
        self._writing = Lock()
        self._stop = Event()
        self.dropped = 0
        """Number of dropped responses."""
        self._thread = Thread(target=self._run, name="answer log", daemon=True)
        self._thread.start()

    def put(self, answers: Sequence[LoggedRecommendation]) -> None:
        """Add responses; returns at once."""
        with self._lock:
            self._waiting.extend(answers)
            while len(self._waiting) > MAX_WAITING_ANSWERS:
                self._waiting.popleft()
                self.dropped += 1

    def find(self, id_: str) -> LoggedRecommendation | None:
        """Return a response that is waiting or in the store; None if there is none."""
        with self._lock:
            for answer in chain(self._being_written, self._waiting):
                if answer.id == id_:
                    return answer
        return next(iter(self._log.recommendations(ids=[id_])), None)

    def forget(self, user: str) -> int:
        """Drop the waiting responses of a user; return how many. Waits for a running write."""
        with self._writing, self._lock:
            remaining = [answer for answer in self._waiting if answer.user_id != user]
            n_dropped = len(self._waiting) - len(remaining)
            self._waiting = deque(remaining)
            return n_dropped

    def count(self, user: str) -> int:
        """Return the number of waiting responses of a user."""
        with self._lock:
            return sum(answer.user_id == user for answer in self._waiting)

    def flush(self) -> None:
        """Write all waiting responses.

        Raises:
            StoreError: The store cannot be written; the responses continue to wait.
        """
        with self._writing:
            while batch := self._next_batch():
                try:
                    self._log.put_recommendations(batch)
                except BaseException:
                    with self._lock:
                        self._waiting.extendleft(reversed(batch))
                    raise
                finally:
                    self._being_written = []

    @property
    def waiting(self) -> int:
        """Number of waiting responses."""
        return len(self._waiting)

    def close(self) -> None:
        """Write all waiting responses, then stop."""
        self._stop.set()
        self._thread.join()
        try:
            self.flush()
        except DaybreakError as error:
            self.dropped += len(self._waiting)
            log.error("%d responses could not be logged: %s", len(self._waiting), error)

    def _next_batch(self) -> list[LoggedRecommendation]:
        with self._lock:
            n = min(MAX_TRANSACTION_ANSWERS, len(self._waiting))
            self._being_written = [self._waiting.popleft() for _ in range(n)]
            return self._being_written

    def _run(self) -> None:
        while not self._stop.wait(self._max_delay_s):
            try:
                self.flush()
            except DaybreakError as error:
                log.warning("responses could not be logged yet: %s", error)
                self._stop.wait(1.0)
