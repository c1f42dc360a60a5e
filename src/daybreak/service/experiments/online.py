"""How the service does over time, with or without an experiment."""

import math
import time
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from daybreak.errors import ConfigError
from daybreak.evaluation.sequential import Ratio
from daybreak.service.experiments.attributing import attributed, places
from daybreak.service.experiments.attribution import Attribution
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.measures import MEASURES, counts, enriched, sums_of
from daybreak.service.experiments.pieces import Distinct, RunningSums, pieces, summed
from daybreak.store.journal import Journal


@dataclass(frozen=True)
class Period:
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

    total: Period
    periods: tuple[Period, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, ready for JSON."""
        return {"total": asdict(self.total), "periods": [asdict(p) for p in self.periods]}


def online_report(
    journal: Journal,
    since: float,
    *,
    until: float | None = None,
    every_h: float = 24.0,
    known: Knowledge | None = None,
    rules: Attribution | None = None,
) -> OnlineReport:
    """Return clicks, conversion, satisfaction, coverage, diversity, cold items over time.

    An event counts for the period in which its answer was given. What nobody saw, the answers
    of shadow variants, is left out.

    Args:
        journal: Where answers and reactions are.
        since: From here, epoch [s].
        until: Up to here; None: now.
        every_h: Length of a period [hours].
        known: What is known of the items; None: no coverage and no diversity.
        rules: Which events count.

    Raises:
        ConfigError: The time is empty, or would have more than 10,000 periods.
    """
    rules, known = rules or Attribution(), known or Knowledge()
    until = time.time() if until is None else until
    step = every_h * 3600
    if not (since < until and 0 < step < math.inf and (until - since) / step <= 10_000):
        raise ConfigError(
            f"a report needs a time before another, of at most 10,000 periods; got {since!r} "
            f"to {until!r} every {every_h!r} hours"
        )
    seen = _Seen.of(journal, (since, until), step, known, rules)
    periods = []
    for place in range(-int(-(until - since) // step)):
        start = since + place * step
        periods.append(_period(start, min(start + step, until), seen.during(place), known))
    return OnlineReport(_period(since, until, seen, known), tuple(periods))


@dataclass(frozen=True, eq=False)
class _Seen:
    """What people saw and did, added up by period (``number``)."""

    sums: pl.DataFrame
    """Of :func:`.sums_of`, by period and person."""
    answers: pl.DataFrame
    """How many answers, by period."""
    items: pl.DataFrame
    """Items of each period, each once."""

    @classmethod
    def of(
        cls,
        journal: Journal,
        span: tuple[float, float],
        step: float,
        known: Knowledge,
        rules: Attribution,
    ) -> "_Seen":
        """Read answers piece by piece; no more than one of them is in memory."""
        since, until = span
        heads = journal.answer_heads(since=since, until=until).filter(~pl.col("shadow"))
        reactions = journal.reactions(since=since, until=until + rules.window_h * 3600)
        sums, answers, items = RunningSums("number", "unit"), RunningSums("number"), Distinct()
        number = ((pl.col("at") - since) / step).floor()
        for part in pieces(journal, heads["id"]):
            seen = enriched(attributed(places(part), reactions, rules), known, rules)
            full = seen.with_columns(number=number)
            sums.add(sums_of(full, "unit", "number"))
            answers.add(_answers(full))
            items.add(full.select("number", "item_id"))
        return cls(sums.total(), answers.total(), items.rows())

    def during(self, place: int) -> "_Seen":
        """Return what belongs to one period."""
        mine = pl.col("number") == float(place)
        return _Seen(*(frame.filter(mine) for frame in (self.sums, self.answers, self.items)))


def _answers(places_: pl.DataFrame) -> pl.DataFrame:
    return places_.group_by("number", maintain_order=True).agg(
        pl.col("recommendation_id").n_unique().alias("answers")
    )


def _period(since: float, until: float, seen: _Seen, known: Knowledge) -> Period:
    sums = summed(seen.sums.drop("number"), ["unit"])
    total, items = counts(sums), seen.items["item_id"].n_unique()
    measured = {name: _known(measure.of(sums)) for name, measure in MEASURES.items()}
    return Period(
        since=since,
        until=until,
        answers=int(seen.answers["answers"].sum()),
        people=sums.height,
        impressions=int(total["impressions"]),
        clicks=int(total["clicks"]),
        conversions=int(total["conversions"]),
        told=int(total["told"]),
        opinion=total["opinion"] / total["told"] if total["told"] else None,
        items=items,
        coverage=items / known.n_items if known.n_items else None,
        **measured,
    )


def _known(ratio: Ratio) -> float | None:
    return None if math.isnan(ratio.value) else ratio.value
