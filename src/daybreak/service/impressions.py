"""Since when items are new, and how often they were shown: counted from the answers given."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from daybreak.store.journal import Answer, Journal
from daybreak.types import Doubles

KIND = "exposure"
"""Of the records in which it is kept since when an item is new."""
DAY = 86_400.0
GRACE_S = 5.0
"""[s] Answers younger than this may still be on their way into the journal."""


class Impressions:
    """Counts what was shown of new items; thread-safe.

    Up to a moment the answers in the journal are counted, whoever gave them; after it those of
    this process. So any process, started at any time, comes to the same counts.

    Args:
        journal: Of the store.
        days: How far back answers are counted [days].
        clock: Returns epoch seconds.
    """

    def __init__(self, journal: Journal, days: float, clock: Callable[[], float]) -> None:
        self._journal = journal
        self._days = days
        self._clock = clock
        self._lock = threading.Lock()
        records = journal.records(KIND)
        self._since = {item: float(one["since"]) for item, one in records.items()}
        self._upto = 0.0
        self._stored: Counter[str] = Counter()
        self._own: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._latest: Counter[str] = Counter()
        self._lately: list[tuple[float, int]] = []

    def sync(self) -> None:
        """Count what any process answered since the last time; call it now and then."""
        now = self._clock()
        until = now - GRACE_S
        since = self._upto or now - self._days * DAY
        if until <= since or not self._since:
            return
        answers = self._journal.answers(since=since, until=until)
        with self._lock:
            for answer in answers:
                shown = self._new_in(answer)
                self._stored.update(shown)
                self._lately += [(answer.at, len(shown))] if shown else []
            self._upto = until
            self._own = {id_: one for id_, one in self._own.items() if one[0] >= until}
            self._latest = Counter(i for _, shown in self._own.values() for i in shown)
            self._lately = [one for one in self._lately if one[0] >= now - DAY]

    def record(self, answers: Iterable[Answer]) -> None:
        """Count answers of this process at once; they go into the journal as well."""
        with self._lock:
            for answer in answers:
                shown = self._new_in(answer)
                if shown:
                    self._own[answer.id] = (answer.at, shown)
                    self._latest.update(shown)

    def given(self, items: Sequence[str]) -> Doubles:
        """Return (n,) how often items were shown since they are new."""
        with self._lock:
            return np.array([self._stored[i] + self._latest[i] for i in items], np.float64)

    def lately(self) -> int:
        """Return how many impressions new items got in the last day."""
        oldest = self._clock() - DAY
        with self._lock:
            return sum(count for at, count in self._lately if at >= oldest)

    def since(self, days: float = math.inf) -> dict[str, float]:
        """Return since when items are new [epoch s]: those of the last so many days."""
        oldest = self._clock() - days * DAY
        with self._lock:
            return {item: at for item, at in self._since.items() if at > oldest}

    def meet(self, items: Mapping[str, float]) -> None:
        """Remember items that were not known as new before.

        Args:
            items: When each was created, epoch [s]; NaN or in the future: now.
        """
        now = self._clock()
        with self._lock:
            fresh = {
                item: at if at <= now else now
                for item, at in items.items()
                if item not in self._since
            }
            if not fresh:
                return
            self._since |= fresh
            if min(fresh.values()) < self._upto:  # what they got before counts, too
                self._upto, self._stored, self._lately = 0.0, Counter(), []
        self._journal.put_records(KIND, {item: {"since": at} for item, at in fresh.items()})

    def forget(self, items: Iterable[str]) -> None:
        """Drop items that are gone."""
        with self._lock:
            gone = [item for item in items if self._since.pop(item, None) is not None]
        if gone:
            self._journal.put_records(KIND, dict.fromkeys(gone))

    def _new_in(self, answer: Answer) -> tuple[str, ...]:
        """Return the items of an answer that were new when it was given; none of a shadow's."""
        if answer.shadow:
            return ()
        since = self._since
        items = (one.item_id for one in answer.shown if one.item_id in since)
        return tuple(item for item in items if answer.at >= since[item])
