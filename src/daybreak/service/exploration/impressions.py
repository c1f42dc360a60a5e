"""Impressions of new items, counted from the logged responses."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from daybreak.store import LoggedRecommendation
from daybreak.store.base import DocumentStore
from daybreak.types import Doubles

EXPOSURE_RECORD_KIND = "exposure"
"""Kind of the stored documents with the time since when an item is new."""
SECONDS_PER_DAY = 86_400.0
MAX_LOG_DELAY_S = 5.0
"""Longest time until a response is in the log [s]."""


class ExposureStore(DocumentStore, Protocol):
    """The methods of a store that counting impressions needs; every ``Store`` has them."""

    def recommendations(self, *, since: float, until: float) -> list[LoggedRecommendation]:
        """Return the recommendations of a time range, oldest first.

        Args:
            since: Earliest time, epoch [s], inclusive.
            until: Latest time, epoch [s], exclusive.
        """
        ...


class Impressions:
    """Counts the impressions of new items; thread-safe.

    Logged responses of all processes are counted up to a point in time, later ones of this
    process from memory. So all processes arrive at the same counts, whenever they start.

    Args:
        store: Store that logs recommendations.
        days: Age of the oldest responses that are counted [days].
        clock: Returns epoch seconds.
    """

    def __init__(self, store: ExposureStore, days: float, clock: Callable[[], float]) -> None:
        self._store = store
        self._days = days
        self._clock = clock
        self._lock = threading.Lock()
        records = store.documents(EXPOSURE_RECORD_KIND)
        self._since = {item: float(record["since"]) for item, record in records.items()}
        self._counted_until = 0.0
        self._stored_counts: Counter[str] = Counter()
        self._own_answers: dict[str, tuple[float, tuple[str, ...]]] = {}
        self._own_counts: Counter[str] = Counter()
        self._recent_counts: list[tuple[float, int]] = []

    def sync(self) -> None:
        """Count the responses of all processes that were logged since the last call."""
        now = self._clock()
        until = now - MAX_LOG_DELAY_S
        since = self._counted_until or now - self._days * SECONDS_PER_DAY
        if until <= since or not self._since:
            return
        answers = self._store.recommendations(since=since, until=until)
        with self._lock:
            for answer in answers:
                new_items = self._new_items_of(answer)
                self._stored_counts.update(new_items)
                self._recent_counts += [(answer.at, len(new_items))] if new_items else []
            self._counted_until = until
            self._own_answers = {
                id_: entry for id_, entry in self._own_answers.items() if entry[0] >= until
            }
            self._own_counts = Counter(
                i for _, new_items in self._own_answers.values() for i in new_items
            )
            self._recent_counts = [
                entry for entry in self._recent_counts if entry[0] >= now - SECONDS_PER_DAY
            ]

    def record(self, answers: Iterable[LoggedRecommendation]) -> None:
        """Count responses of this process at once; they are logged as well."""
        with self._lock:
            for answer in answers:
                new_items = self._new_items_of(answer)
                if new_items:
                    self._own_answers[answer.id] = (answer.at, new_items)
                    self._own_counts.update(new_items)

    def counts(self, items: Sequence[str]) -> Doubles:
        """Return the (n,) impressions of items since they are new."""
        with self._lock:
            return np.array(
                [self._stored_counts[i] + self._own_counts[i] for i in items], np.float64
            )

    def count_last_day(self) -> int:
        """Return the number of impressions of new items in the last day."""
        oldest = self._clock() - SECONDS_PER_DAY
        with self._lock:
            return sum(count for at, count in self._recent_counts if at >= oldest)

    def new_since(self, days: float = math.inf) -> dict[str, float]:
        """Return the items that became new in the last days, with the time [epoch s]."""
        oldest = self._clock() - days * SECONDS_PER_DAY
        with self._lock:
            return {item: at for item, at in self._since.items() if at > oldest}

    def register_new_items(self, items: Mapping[str, float]) -> None:
        """Store the time since when items are new, for items without one.

        Args:
            items: Item id to creation time, epoch seconds; NaN or in the future: now.
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
            # Impressions before this moment count as well: the log is read again.
            if min(fresh.values()) < self._counted_until:
                self._counted_until, self._stored_counts, self._recent_counts = (
                    0.0,
                    Counter(),
                    [],
                )
        self._store.put_documents(
            EXPOSURE_RECORD_KIND, {item: {"since": at} for item, at in fresh.items()}
        )

    def forget(self, items: Iterable[str]) -> None:
        """Remove deleted items."""
        with self._lock:
            removed = [item for item in items if self._since.pop(item, None) is not None]
        if removed:
            self._store.put_documents(EXPOSURE_RECORD_KIND, dict.fromkeys(removed))

    def _new_items_of(self, answer: LoggedRecommendation) -> tuple[str, ...]:
        """Return the items of a response that were new at its time; none for shadows."""
        if answer.shadow:
            return ()
        since = self._since
        items = (logged.item_id for logged in answer.shown if logged.item_id in since)
        return tuple(item for item in items if answer.at >= since[item])
