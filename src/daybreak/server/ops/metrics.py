"""What Prometheus sees: counters of requests and answers, and the state of the shop."""

import logging
import math
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from daybreak.encoders.cache import CACHE_STATS
from daybreak.errors import DaybreakError
from daybreak.service.serving import IngestResult, RecommendResponse

log = logging.getLogger(__name__)


LABELLED_EVENT_TYPES = frozenset(
    {"impression", "view", "click", "search", "add_to_cart", "remove_from_cart", "purchase"}
    | {"like", "dislike", "rating", "bookmark", "share", "play", "hide"}
)
"""Event types that have a label of their own; callers must not be able to make up more."""
OTHER_EVENT_TYPE = "other"
N_RECENT_ITEMS = 10_000
"""Items shown last, of which the share of cold ones is told."""
_DURATION_BUCKETS_S = (
    0.002,
    0.005,
    0.01,
    0.02,
    0.035,
    0.05,
    0.075,
    0.1,
    0.2,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)

StatusFn = Callable[[], Mapping[str, Any]]


class ServerMetrics:
    """The metrics of one server, in a registry of its own.

    Args:
        status: Asked at every scrape for the state of the shop; see :class:`StatusCollector`.
    """

    def __init__(self, status: StatusFn) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        own: Any = {"registry": self.registry}
        self._requests = Counter(
            "daybreak_http_requests", "HTTP requests", ["route", "method", "code"], **own
        )
        self._request_seconds = Histogram(
            "daybreak_http_request_seconds", "Time of HTTP requests", ["route"],
            buckets=_DURATION_BUCKETS_S, **own,
        )  # fmt: skip
        self._recommended = Counter(
            "daybreak_recommend_requests",
            "Answers, by the strategy of their first item",
            ["strategy", "user_temperature", "variant"], **own,
        )  # fmt: skip
        self._recommend_seconds = Histogram(
            "daybreak_recommend_seconds",
            "Time of recommending alone",
            buckets=_DURATION_BUCKETS_S,
            **own,
        )
        self._recommended_items = Counter(
            "daybreak_recommended_items", "Items that were shown", ["temperature"], **own
        )
        self._explored_items = Counter(
            "daybreak_explored_items", "Items shown to be tried out", **own
        )
        self._recent_is_cold: deque[bool] = deque(maxlen=N_RECENT_ITEMS)
        exposure = Gauge(
            "daybreak_cold_item_exposure_ratio",
            "Share of items without events among those shown lately", **own,
        )  # fmt: skip
        exposure.set_function(self._cold_exposure)
        self._fallback = Counter(
            "daybreak_fallback", "Answers without a trained release", ["from", "to"], **own
        )
        self._events = Counter("daybreak_events", "Events that were stored", ["type"], **own)
        self._rejected = Counter(
            "daybreak_events_rejected", "Events that were refused", ["reason"], **own
        )
        self.registry.register(StatusCollector(status))

    def count_request(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count one HTTP request; the route is its pattern, so there are few of them."""
        self._requests.labels(route, method, str(code)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def count_recommendation(self, answer: RecommendResponse) -> None:
        """Count one list."""
        first = answer.items[0].strategy if answer.items else "none"
        variant = f"{answer.experiment}/{answer.variant}" if answer.variant else ""
        self._recommended.labels(first, answer.user_temperature, variant).inc()
        self._recommend_seconds.observe(answer.took_ms / 1000)
        for item in answer.items:
            self._recommended_items.labels(item.temperature).inc()
            self._recent_is_cold.append(item.temperature != "hot")
            if item.explored:
                self._explored_items.inc()
        if not answer.release:
            self._fallback.labels("release", first).inc()

    def _cold_exposure(self) -> float:
        shown = list(self._recent_is_cold)
        return sum(shown) / len(shown) if shown else math.nan

    def count_events(self, rows: list[Any], outcome: IngestResult) -> None:
        """Count events that came in."""
        refused = {one.row for one in outcome.rejected}
        for one in outcome.rejected:
            self._rejected.labels(one.code).inc()
        if outcome.accepted:
            for number, row in enumerate(rows):
                if number not in refused:
                    self._events.labels(_event_type_label(row)).inc()

    def render(self) -> tuple[bytes, str]:
        """Return everything as Prometheus reads it, and the media type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST


def _event_type_label(row: Any) -> str:
    kind = row.get("event_type") if isinstance(row, dict) else None
    return kind if isinstance(kind, str) and kind in LABELLED_EVENT_TYPES else OTHER_EVENT_TYPE


class StatusCollector(Collector):
    """The state of the shop, looked up when it is asked for."""

    def __init__(self, status: StatusFn) -> None:
        self._status = status

    def describe(self) -> list[Metric]:
        """Say nothing beforehand: looking up costs time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Return one gauge for each number that is known."""
        yield _gauge("resident_memory_bytes", "Memory of this process", resident_bytes())
        yield _counter(
            "embedding_cache_requests", "Texts whose vectors were asked", CACHE_STATS.n_lookups
        )
        yield _counter(
            "embedding_cache_hits", "Texts whose vectors were there", CACHE_STATS.n_hits
        )
        try:
            status = self._status()
        except DaybreakError as error:
            log.warning("the state of the shop cannot be told: %s", error)
            return
        for name, help_ in STATUS_GAUGES.items():
            value = status.get(name)
            if isinstance(value, int | float):
                yield _gauge(name, help_, float(value))
        for name, (help_, labels) in LABELLED_STATUS_GAUGES.items():
            rows = status.get(name)
            if isinstance(rows, Mapping) and rows:
                yield _labelled_gauge(name, help_, labels, rows)


STATUS_GAUGES = {
    "users": "Users that are known",
    "items": "Items of the catalogue",
    "cold_user_ratio": "Share of users without events",
    "cold_item_ratio": "Share of items without events",
    "train_seconds": "Time of the last training",
    "model_age_seconds": "Age of the release in use",
}
"""Numbers of the state, and what they mean."""
LABELLED_STATUS_GAUGES = {
    "model_metric": ("What simulated cold starts measured", ("metric", "slice")),
    "drift_score": ("How far data have moved since the training", ("feature",)),
    "experiment_ctr": ("Share of shown lists with a click", ("experiment", "variant")),
    "exposure": ("What new items are owed and given: impressions a day, or items", ("what",)),
}
"""Tables of the state: from labels, as a tuple or joined by ``/``, to numbers."""


def resident_bytes() -> float:
    """Return the memory of this process [bytes]; where the system does not tell, its peak."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        import resource  # noqa: PLC0415 - not on every system

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return float(peak if sys.platform == "darwin" else peak * 1024)
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


def _gauge(name: str, help_: str, value: float) -> Metric:
    return GaugeMetricFamily(f"daybreak_{name}", help_, value=value)


def _counter(name: str, help_: str, value: float) -> Metric:
    return CounterMetricFamily(f"daybreak_{name}", help_, value=value)


def _labelled_gauge(
    name: str, help_: str, labels: tuple[str, ...], rows: Mapping[Any, Any]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"daybreak_{name}", help_, labels=labels)
    for key, value in rows.items():
        parts = key if isinstance(key, tuple) else str(key).split("/", len(labels) - 1)
        if isinstance(value, int | float) and len(parts) == len(labels):
            family.add_metric([str(part) for part in parts], float(value))
    return family
