"""Metrics of the service over time, with or without an experiment.

:func:`online_report` is the report by period; :class:`ClickRates` counts the last hour for
monitoring.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any

import polars as pl

from daybreak.errors import ConfigError
from daybreak.estimates import RatioEstimate
from daybreak.service.experiments.experiment import Attribution, ExperimentPlan
from daybreak.service.experiments.impressions import (
    MAX_CHUNK_ANSWERS,
    attribute_events,
    impression_rows,
)
from daybreak.service.experiments.metrics import (
    RATIO_METRICS,
    DistinctRows,
    ImpressionReader,
    ItemFacts,
    RunningSums,
    sum_by_key,
    sum_by_unit,
    total_counts,
)
from daybreak.store import RecommendationLog

MAX_PERIODS = 10_000
"""Periods of a report."""
CLICK_DELAY_S = 300.0
"""Age from which a recommendation is counted; most clicks have happened by then [s]."""
COUNT_INTERVAL_S = 60.0
"""Shortest time between two counts [s]."""
MAX_BACKLOG_S = 600.0
"""Longest time that one count covers; older recommendations are not counted [s]."""
RATE_WINDOW_S = 3600.0
"""Time that the rates cover [s]."""


@dataclass(frozen=True)
class OnlinePeriod:
    """Results of the recommendations given from ``since`` until before ``until``."""

    since: float
    """Epoch [s]."""
    until: float
    answers: int
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int
    """Impressions with a sentiment."""
    opinion: float | None
    """Mean sentiment, from -1 to 1."""
    items: int
    """Number of different items that were shown."""
    coverage: float | None
    ctr: float | None
    conversion: float | None
    satisfaction: float | None
    diversity: float | None
    cold_exposure: float | None
    explored: float | None


@dataclass(frozen=True)
class OnlineReport:
    """Results of the whole time and of each period."""

    total: OnlinePeriod
    periods: tuple[OnlinePeriod, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"total": asdict(self.total), "periods": [asdict(p) for p in self.periods]}


def online_report(  # noqa: PLR0913 - what is reported, and how it is read
    log: RecommendationLog,
    since: float,
    *,
    until: float | None = None,
    every_h: float = 24.0,
    item_facts: ItemFacts | None = None,
    attribution: Attribution | None = None,
    chunk_size: int = MAX_CHUNK_ANSWERS,
) -> OnlineReport:
    """Return clicks, conversions, satisfaction, coverage, diversity and cold items over time.

    An event counts for the period of its recommendation. Recommendations of shadow variants do
    not count.

    Args:
        log: Log of the recommendations and their events.
        since: Start of the report, epoch [s].
        until: End of the report, epoch [s]; default: now.
        every_h: Length of a period [hours].
        item_facts: Facts of the catalogue; without them there is no coverage and no diversity.
        attribution: Which events count.
        chunk_size: Recommendations that are in memory at a time.

    Raises:
        ConfigError: The time is empty, or has more than ``MAX_PERIODS`` periods.
    """
    attribution, item_facts = attribution or Attribution(), item_facts or ItemFacts()
    until = time.time() if until is None else until
    step = every_h * 3600
    if not (since < until and 0 < step < math.inf and (until - since) / step <= MAX_PERIODS):
        raise ConfigError(
            f"a report needs a start before its end and at most {MAX_PERIODS:,} periods, got "
            f"{since!r} to {until!r} every {every_h!r} hours"
        )
    heads = log.recommendation_summaries(since=since, until=until)
    reactions = log.reactions(since=since, until=until + attribution.window_h * 3600)
    reader = ImpressionReader(log, reactions, attribution, item_facts, chunk_size=chunk_size)
    totals = _PeriodTotals.read(reader, heads.filter(~pl.col("shadow"))["id"], since, step)
    periods = []
    for number in range(-int(-(until - since) // step)):
        start = since + number * step
        period = totals.for_period(number)
        periods.append(_build_period(start, min(start + step, until), period, item_facts))
    return OnlineReport(_build_period(since, until, totals, item_facts), tuple(periods))


@dataclass(frozen=True, eq=False)
class _PeriodTotals:
    """Sums by period (``number``)."""

    sums: pl.DataFrame
    """Result of :func:`.sum_by_unit`, by period and user."""
    answers: pl.DataFrame
    """Number of recommendations, by period."""
    items: pl.DataFrame
    """``number`` and ``item_id``, each pair once."""

    @classmethod
    def read(
        cls, reader: ImpressionReader, ids: pl.Series, since: float, step: float
    ) -> "_PeriodTotals":
        """Read the impressions of recommendations, one chunk at a time.

        Args:
            reader: Reads the impressions.
            ids: Ids of the recommendations.
            since: Start of the first period, epoch [s].
            step: Length of a period [s].
        """
        sums, answers = RunningSums("number", "unit"), RunningSums("number")
        items = DistinctRows()
        number = ((pl.col("at") - since) / step).floor()
        for measured in reader.iter_measured(ids):
            impressions = measured.with_columns(number=number)
            sums.add(sum_by_unit(impressions, "unit", "number"))
            answers.add(_count_answers(impressions))
            items.add(impressions.select("number", "item_id"))
        return cls(sums.totals(), answers.totals(), items.rows())

    def for_period(self, number: int) -> "_PeriodTotals":
        """Return the sums of one period."""
        is_period = pl.col("number") == float(number)
        frames = (frame.filter(is_period) for frame in (self.sums, self.answers, self.items))
        return _PeriodTotals(*frames)


def _count_answers(impressions: pl.DataFrame) -> pl.DataFrame:
    return impressions.group_by("number", maintain_order=True).agg(
        pl.col("recommendation_id").n_unique().alias("answers")
    )


def _build_period(
    since: float, until: float, totals: _PeriodTotals, item_facts: ItemFacts
) -> OnlinePeriod:
    sums = sum_by_key(totals.sums.drop("number"), ["unit"])
    counts, n_items = total_counts(sums), totals.items["item_id"].n_unique()
    values = {
        name: _value_or_none(metric.estimate(sums)) for name, metric in RATIO_METRICS.items()
    }
    return OnlinePeriod(
        since=since,
        until=until,
        answers=int(totals.answers["answers"].sum()),
        people=sums.height,
        impressions=int(counts["impressions"]),
        clicks=int(counts["clicks"]),
        conversions=int(counts["conversions"]),
        told=int(counts["told"]),
        opinion=counts["opinion"] / counts["told"] if counts["told"] else None,
        items=n_items,
        coverage=item_facts.coverage(n_items),
        **values,
    )


def _value_or_none(ratio: RatioEstimate) -> float | None:
    return None if math.isnan(ratio.value) else ratio.value


class ClickRates:
    """Click rates of the last hour, for monitoring.

    Each recommendation is counted once, a few minutes after it was given. The rates show
    whether something is broken; whether a variant is better is the question of a report.

    Args:
        log: Log of the recommendations and their events.
    """

    def __init__(self, log: RecommendationLog) -> None:
        self._log = log
        self._lock = Lock()
        self._counted_until = float("-inf")
        self._intervals: deque[tuple[float, Counter[str], Counter[str]]] = deque()

    def rates(self, running: Sequence[ExperimentPlan], at: float) -> dict[str, float]:
        """Return the share of impressions with a click, by ``experiment/variant``.

        Args:
            running: The experiments to count.
            at: The present time, epoch [s].
        """
        with self._lock:
            if at - CLICK_DELAY_S - self._counted_until >= COUNT_INTERVAL_S:
                self._count(running, at - CLICK_DELAY_S)
            while self._intervals and self._intervals[0][0] < at - RATE_WINDOW_S:
                self._intervals.popleft()
            shown, clicked = Counter[str](), Counter[str]()
            for _, interval_shown, interval_clicked in self._intervals:
                shown.update(interval_shown)
                clicked.update(interval_clicked)
        return {name: clicked[name] / count for name, count in shown.items()}

    def _count(self, running: Sequence[ExperimentPlan], until: float) -> None:
        since = max(self._counted_until, until - MAX_BACKLOG_S)
        shown, clicked = Counter[str](), Counter[str]()
        for plan in running:
            answers = self._log.recommendations(experiment=plan.id, since=since, until=until)
            impressions = impression_rows(
                [answer for answer in answers if not answer.shadow], plan.unit
            )
            reactions = self._log.reactions(experiment=plan.id, since=since)
            outcomes = attribute_events(impressions, reactions, plan.attribution)
            counts = outcomes.group_by("variant").agg(pl.len(), pl.col("clicked").sum())
            for variant, n_impressions, n_clicks in counts.rows():
                shown[f"{plan.id}/{variant}"] += n_impressions
                clicked[f"{plan.id}/{variant}"] += round(n_clicks)
        self._counted_until = until
        self._intervals.append((until, shown, clicked))
