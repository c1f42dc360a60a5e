"""Prometheus metrics: counters of requests, lists and events, and the state of the service."""

import logging
import math
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from daybreak.errors import DaybreakError
from daybreak.service.serving import CACHE_STATS, IngestResult, RecommendResponse

log = logging.getLogger(__name__)


LABELLED_EVENT_TYPES = frozenset(
    {"impression", "view", "click", "search", "add_to_cart", "remove_from_cart", "purchase"}
    | {"like", "dislike", "rating", "bookmark", "share", "play", "hide"}
)
"""Event types with a label of their own; a fixed set, so that callers cannot add labels."""
OTHER_EVENT_TYPE = "other"
N_RECENT_ITEMS = 10_000
"""Number of recently recommended items of which the share of cold items is computed."""
_DURATION_BUCKETS_S = (
    0.002, 0.005, 0.01, 0.02, 0.035, 0.05, 0.075, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip

SUMMED_GAUGES = frozenset({"daybreak_resident_memory_bytes"})
"""Gauges that are added over the workers of a server."""

StatusFn = Callable[[], Mapping[str, Any]]


class ServerMetrics:
    """Metrics of one server, in a registry of their own.

    Args:
        status: Function that returns the state of the service; it is called at every scrape.
        others: Function that returns the metrics of the other workers of the server, which are
            added to those of this one; None: there are no others.
    """

    def __init__(
        self, status: StatusFn, others: Callable[[], list[list[Metric]]] | None = None
    ) -> None:
        self._others = others
        self._children: dict[tuple[int, tuple[str, ...]], Any] = {}
        self.registry = CollectorRegistry(auto_describe=False)
        registered: Any = {"registry": self.registry}
        self._requests = Counter(
            "daybreak_http_requests", "HTTP requests", ["route", "method", "code"], **registered
        )
        self._request_seconds = Histogram(
            "daybreak_http_request_seconds", "Time of HTTP requests", ["route"],
            buckets=_DURATION_BUCKETS_S, **registered,
        )  # fmt: skip
        self._recommended = Counter(
            "daybreak_recommend_requests",
            "Lists, by the strategy of their first item",
            ["strategy", "user_temperature", "variant"], **registered,
        )  # fmt: skip
        self._recommend_seconds = Histogram(
            "daybreak_recommend_seconds",
            "Time of computing lists",
            buckets=_DURATION_BUCKETS_S,
            **registered,
        )
        self._recommended_items = Counter(
            "daybreak_recommended_items", "Recommended items", ["temperature"], **registered
        )
        self._explored_items = Counter(
            "daybreak_explored_items", "Items recommended by exploration", **registered
        )
        self._recent_is_cold: deque[bool] = deque(maxlen=N_RECENT_ITEMS)
        exposure = Gauge(
            "daybreak_cold_item_exposure_ratio",
            "Share of items without events among recently recommended items", **registered,
        )  # fmt: skip
        exposure.set_function(self._cold_exposure)
        self._fallback = Counter(
            "daybreak_fallback", "Lists without a trained release", ["from", "to"], **registered
        )
        self._events = Counter("daybreak_events", "Stored events", ["type"], **registered)
        self._rejected = Counter(
            "daybreak_events_rejected", "Rejected events", ["reason"], **registered
        )
        self.registry.register(StatusCollector(status))

    def _child(self, family: Any, *labels: str) -> Any:
        """Return the metric with these labels; looking it up in its family takes longer."""
        key = (id(family), labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = family.labels(*labels)
        return child

    def count_request(self, route: str, method: str, code: int, seconds: float) -> None:
        """Count one HTTP request; ``route`` is its pattern, so that there are few labels."""
        self._child(self._requests, route, method, str(code)).inc()
        self._child(self._request_seconds, route).observe(seconds)

    def count_recommendation(self, response: RecommendResponse) -> None:
        """Count one list."""
        first = response.items[0].strategy if response.items else "none"
        variant = f"{response.experiment}/{response.variant}" if response.variant else ""
        self._child(self._recommended, first, response.user_temperature, variant).inc()
        self._recommend_seconds.observe(response.took_ms / 1000)
        temperatures = [item.temperature for item in response.items]
        for temperature in set(temperatures):
            n_items = temperatures.count(temperature)
            self._child(self._recommended_items, temperature).inc(n_items)
        self._recent_is_cold.extend(temperature != "hot" for temperature in temperatures)
        if n_explored := sum(item.explored for item in response.items):
            self._explored_items.inc(n_explored)
        if not response.release:
            self._fallback.labels("release", first).inc()

    def _cold_exposure(self) -> float:
        is_cold = list(self._recent_is_cold)
        return sum(is_cold) / len(is_cold) if is_cold else math.nan

    def count_events(self, rows: list[Any], outcome: IngestResult) -> None:
        """Count the stored and the rejected events of one request."""
        rejected = {row.row for row in outcome.rejected}
        for row in outcome.rejected:
            self._rejected.labels(row.code).inc()
        if outcome.accepted:
            for number, event in enumerate(rows):
                if number not in rejected:
                    self._child(self._events, _event_type_label(event)).inc()

    def render(self) -> tuple[bytes, str]:
        """Return all metrics in Prometheus' text format, and its media type."""
        if self._others is None:
            return generate_latest(self.registry), CONTENT_TYPE_LATEST
        merged = CollectorRegistry(auto_describe=False)
        merged.register(_MergedCollector([self.collect(), *self._others()]))
        return generate_latest(merged), CONTENT_TYPE_LATEST

    def collect(self) -> list[Metric]:
        """Return the metrics of this process."""
        return list(self.registry.collect())


class _MergedCollector(Collector):
    """The metrics of several processes: counts and memory are added.

    Other gauges are those of the first process; all of them describe the same store.

    Args:
        processes: Metrics of each process.
    """

    def __init__(self, processes: list[list[Metric]]) -> None:
        self._processes = processes

    def describe(self) -> list[Metric]:
        """Return no metrics, as they are known."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield one metric family for each name."""
        families: dict[str, list[Metric]] = {}
        for metric in chain.from_iterable(self._processes):
            families.setdefault(metric.name, []).append(metric)
        for name, found in families.items():
            is_sum = found[0].type != "gauge" or name in SUMMED_GAUGES
            yield _added(found) if is_sum else found[0]


def _added(metrics: list[Metric]) -> Metric:
    """Return a metric family with the sums of the samples of several; times are the first."""
    sums: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for sample in chain.from_iterable(metric.samples for metric in metrics):
        key = (sample.name, tuple(sample.labels.items()))
        is_time = sample.name.endswith("_created")
        sums[key] = sums.get(key, sample.value if is_time else 0.0)
        sums[key] += 0.0 if is_time else sample.value
    total = Metric(metrics[0].name, metrics[0].documentation, metrics[0].type)
    for (name, labels), value in sums.items():
        total.add_sample(name, dict(labels), value)
    return total


def _event_type_label(row: Any) -> str:
    event_type = row.get("event_type") if isinstance(row, dict) else None
    if isinstance(event_type, str) and event_type in LABELLED_EVENT_TYPES:
        return event_type
    return OTHER_EVENT_TYPE


class StatusCollector(Collector):
    """Gauges of the state of the service, computed at every scrape."""

    def __init__(self, status: StatusFn) -> None:
        self._status = status

    def describe(self) -> list[Metric]:
        """Return no metrics, because computing them takes time."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield one metric family for each known number of the state."""
        yield _gauge("resident_memory_bytes", "Memory of this process", resident_bytes())
        yield _counter(
            "embedding_cache_requests",
            "Texts whose vectors were requested",
            CACHE_STATS.n_lookups,
        )
        yield _counter(
            "embedding_cache_hits", "Texts whose vectors were cached", CACHE_STATS.n_hits
        )
        try:
            status = self._status()
        except DaybreakError as error:
            log.warning("the state of the service cannot be read: %s", error)
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
    "users": "Known users",
    "items": "Items of the catalogue",
    "cold_user_ratio": "Share of users without events",
    "cold_item_ratio": "Share of items without events",
    "train_seconds": "Time of the last training",
    "model_age_seconds": "Age of the active release",
}
"""Help texts of numbers of the state."""
LABELLED_STATUS_GAUGES = {
    "model_metric": ("Metrics of the simulated cold starts", ("metric", "slice")),
    "drift_score": ("Drift of the data since the training", ("feature",)),
    "drift_threshold": ("Drift that the past seldom exceeded, learned from it", ("feature",)),
    "experiment_ctr": ("Share of impressions with a click", ("experiment", "variant")),
    "exposure": (
        "Required and given exposure of new items: impressions per day, or items",
        ("what",),
    ),
}
"""Help texts and label names of tables of the state.

A key of a table is a tuple of labels, or the labels joined by ``/``.
"""


def resident_bytes() -> float:
    """Return the resident memory of this process; without /proc, its peak [bytes]."""
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
