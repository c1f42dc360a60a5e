"""Click rates of the last hour, for whoever watches the service.

How the service does over time, with or without an experiment.
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
    DistinctRows,
    RunningSums,
    attribute_events,
    impression_rows,
    iter_answer_chunks,
    sum_by_key,
)
from daybreak.service.experiments.metrics import (
    RATIO_METRICS,
    ItemFacts,
    add_metric_columns,
    sum_by_unit,
    total_counts,
)
from daybreak.store import RecommendationLog

CLICK_DELAY_S = 300.0
"""Answers are counted when they are so old: by then most clicks have come [s]."""
COUNT_INTERVAL_S = 60.0
"""How long answers are gathered before they are counted, all at once [s]."""
MAX_BACKLOG_S = 600.0
"""Longest time that is counted at once: what nobody asked for earlier is not made up [s]."""
RATE_WINDOW_S = 3600.0
"""How long counts are kept [s]."""


class ClickRates:
    """Counts each answer once, a few minutes after it was given, however often it is asked.

    This says whether something is broken, and not which variant is better: reports do.

    Args:
        log: Where answers and reactions are.
    """

    def __init__(self, log: RecommendationLog) -> None:
        self._log = log
        self._lock = Lock()
        self._counted_until = float("-inf")
        self._intervals: deque[tuple[float, Counter[str], Counter[str]]] = deque()

    def rates(self, running: Sequence[ExperimentPlan], at: float) -> dict[str, float]:
        """Return the share of places with a click, by ``experiment/variant``.

        Args:
            running: Whose.
            at: What time it is, epoch [s].
        """
        with self._lock:
            if at - CLICK_DELAY_S - self._counted_until >= COUNT_INTERVAL_S:
                self._count(running, at)
            while self._intervals and self._intervals[0][0] < at - RATE_WINDOW_S:
                self._intervals.popleft()
            shown, clicked = Counter[str](), Counter[str]()
            for _, more_shown, more_clicked in self._intervals:
                shown.update(more_shown)
                clicked.update(more_clicked)
        return {name: clicked[name] / count for name, count in shown.items()}

    def _count(self, running: Sequence[ExperimentPlan], at: float) -> None:
        start, end = (
            max(self._counted_until, at - CLICK_DELAY_S - MAX_BACKLOG_S),
            at - CLICK_DELAY_S,
        )
        shown, clicked = Counter[str](), Counter[str]()
        for plan in running:
            answers = self._log.recommendations(experiment=plan.id, since=start, until=end)
            seen = impression_rows(
                [answer for answer in answers if not answer.shadow], plan.unit
            )
            reactions = self._log.reactions(experiment=plan.id, since=start)
            found = attribute_events(seen, reactions, plan.attribution)
            counts = found.group_by("variant").agg(pl.len(), pl.col("clicked").sum())
            for variant, places_, clicks in counts.rows():
                shown[f"{plan.id}/{variant}"] += places_
                clicked[f"{plan.id}/{variant}"] += round(clicks)
        self._counted_until = end
        self._intervals.append((end, shown, clicked))


@dataclass(frozen=True)
class OnlinePeriod:
    """What came of the answers that were given from ``since`` until before ``until``."""

    since: float
    """Epoch [s]."""
    until: float
    answers: int
    people: int
    impressions: int
    clicks: int
    conversions: int
    told: int
    """Impressions of which people said something."""
    opinion: float | None
    """Mean of what was said, from -1 to 1."""
    items: int
    """Different items that were shown."""
    coverage: float | None
    ctr: float | None
    conversion: float | None
    satisfaction: float | None
    diversity: float | None
    cold_exposure: float | None
    explored: float | None


@dataclass(frozen=True)
class OnlineReport:
    """All of the time, and its periods."""

    total: OnlinePeriod
    periods: tuple[OnlinePeriod, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"total": asdict(self.total), "periods": [asdict(p) for p in self.periods]}


def online_report(
    log: RecommendationLog,
    since: float,
    *,
    until: float | None = None,
    every_h: float = 24.0,
    item_facts: ItemFacts | None = None,
    attribution: Attribution | None = None,
) -> OnlineReport:
    """Return clicks, conversion, satisfaction, coverage, diversity, cold items over time.

    An event counts for the period in which its answer was given. What nobody saw, the answers
    of shadow variants, is left out.

    Args:
        log: Where answers and reactions are.
        since: From here, epoch [s].
        until: Up to here; None: now.
        every_h: Length of a period [hours].
        known: What is known of the items; None: no coverage and no diversity.
        rules: Which events count.

    Raises:
        ConfigError: The time is empty, or would have more than 10,000 periods.
    """
    attribution, item_facts = attribution or Attribution(), item_facts or ItemFacts()
    until = time.time() if until is None else until
    step = every_h * 3600
    if not (since < until and 0 < step < math.inf and (until - since) / step <= 10_000):
        raise ConfigError(
            f"a report needs a time before another, of at most 10,000 periods; got {since!r} "
            f"to {until!r} every {every_h!r} hours"
        )
    seen = _PeriodTotals.read(log, (since, until), step, item_facts, attribution)
    periods = []
    for place in range(-int(-(until - since) // step)):
        start = since + place * step
        periods.append(
            _build_period(start, min(start + step, until), seen.for_period(place), item_facts)
        )
    return OnlineReport(_build_period(since, until, seen, item_facts), tuple(periods))


@dataclass(frozen=True, eq=False)
class _PeriodTotals:
    """What people saw and did, added up by period (``number``)."""

    sums: pl.DataFrame
    """Of :func:`.sum_by_unit`, by period and person."""
    answers: pl.DataFrame
    """How many answers, by period."""
    items: pl.DataFrame
    """Items of each period, each once."""

    @classmethod
    def read(
        cls,
        log: RecommendationLog,
        span: tuple[float, float],
        step: float,
        item_facts: ItemFacts,
        attribution: Attribution,
    ) -> "_PeriodTotals":
        """Read answers piece by piece; no more than one of them is in memory."""
        since, until = span
        heads = log.recommendation_summaries(since=since, until=until).filter(~pl.col("shadow"))
        reactions = log.reactions(since=since, until=until + attribution.window_h * 3600)
        sums, answers, items = (
            RunningSums("number", "unit"),
            RunningSums("number"),
            DistinctRows(),
        )
        number = ((pl.col("at") - since) / step).floor()
        for part in iter_answer_chunks(log, heads["id"]):
            seen = add_metric_columns(
                attribute_events(impression_rows(part), reactions, attribution),
                item_facts,
                attribution,
            )
            full = seen.with_columns(number=number)
            sums.add(sum_by_unit(full, "unit", "number"))
            answers.add(_count_answers(full))
            items.add(full.select("number", "item_id"))
        return cls(sums.totals(), answers.totals(), items.rows())

    def for_period(self, number: int) -> "_PeriodTotals":
        """Return what belongs to one period."""
        mine = pl.col("number") == float(number)
        return _PeriodTotals(
            *(frame.filter(mine) for frame in (self.sums, self.answers, self.items))
        )


def _count_answers(places_: pl.DataFrame) -> pl.DataFrame:
    return places_.group_by("number", maintain_order=True).agg(
        pl.col("recommendation_id").n_unique().alias("answers")
    )


def _build_period(
    since: float, until: float, totals: _PeriodTotals, item_facts: ItemFacts
) -> OnlinePeriod:
    sums = sum_by_key(totals.sums.drop("number"), ["unit"])
    total, items = total_counts(sums), totals.items["item_id"].n_unique()
    measured = {
        name: _value_or_none(measure.estimate(sums)) for name, measure in RATIO_METRICS.items()
    }
    return OnlinePeriod(
        since=since,
        until=until,
        answers=int(totals.answers["answers"].sum()),
        people=sums.height,
        impressions=int(total["impressions"]),
        clicks=int(total["clicks"]),
        conversions=int(total["conversions"]),
        told=int(total["told"]),
        opinion=total["opinion"] / total["told"] if total["told"] else None,
        items=items,
        coverage=items / item_facts.n_items if item_facts.n_items else None,
        **measured,
    )


def _value_or_none(ratio: RatioEstimate) -> float | None:
    return None if math.isnan(ratio.value) else ratio.value
