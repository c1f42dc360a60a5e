"""Impressions: which items were shown to whom, and which events they caused.

Logged recommendations are read in chunks (:func:`iter_answer_chunks`), turned into one row an
item (:func:`impression_rows`), and joined with the events that name them
(:func:`attribute_events`). :class:`Participants` assigns each unit to the variant that it
counts for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from daybreak.data.rules import normalize_type, normalize_types
from daybreak.deadline import report_progress
from daybreak.service.experiments.experiment import (
    Attribution,
    ExperimentPlan,
    RandomizationUnit,
)
from daybreak.store import LoggedRecommendation, RecommendationLog

MAX_CHUNK_ANSWERS = 5_000
"""Recommendations of a chunk; with ten items each they take about 25 MB."""
MAX_CLOCK_SKEW_S = 300.0
"""How much earlier than its recommendation an event can be: clients' clocks may be slow [s]."""
IMPRESSION_EVENT = "impression"
"""Event type by which a client reports that an item was visible."""
IMPRESSION_SCHEMA = {
    "recommendation_id": pl.String,
    "unit": pl.String,
    "variant": pl.String,
    "at": pl.Float64,
    "item_id": pl.String,
    "explored": pl.Boolean,
}
"""Columns of a frame of impressions."""
IMPRESSION_KEY = ["recommendation_id", "item_id"]
"""Columns that identify an impression."""
UNIT_COLUMNS: Mapping[RandomizationUnit, tuple[str, str]] = {
    "user": ("user_id", "session_id"),
    "session": ("session_id", "user_id"),
}
"""Column of a recommendation that holds the id of the unit, and the one used if it is empty."""
EVENT_SENTIMENT = {"like": 1.0, "dislike": -1.0, "hide": -1.0}
"""Sentiment of event types that have no value."""
MAX_DWELL_SENTIMENT = 0.5
"""Sentiment of the longest dwell; it is weaker than that of a like."""


def iter_answer_chunks(
    log: RecommendationLog, ids: pl.Series, size: int = MAX_CHUNK_ANSWERS
) -> Iterator[list[LoggedRecommendation]]:
    """Yield logged recommendations in chunks; erased ones are missing.

    There is at least one chunk, so that results have their columns even without ids.

    Args:
        log: Log of the recommendations.
        ids: Ids of the recommendations, in the order of the result.
        size: Recommendations of a chunk.

    Raises:
        OutOfTimeError: All chunks would exceed the time limit; see :mod:`daybreak.deadline`.
    """
    for start in range(0, max(1, len(ids)), size):
        report_progress(start / max(1, len(ids)))
        yield log.recommendations(ids=ids[start : start + size].to_list())


def impression_rows(
    answers: Sequence[LoggedRecommendation], unit: RandomizationUnit = "user"
) -> pl.DataFrame:
    """Return the shown items of recommendations, one row an item; see ``IMPRESSION_SCHEMA``.

    Args:
        answers: Logged recommendations.
        unit: Randomization unit; the column ``unit`` is null for anonymous requests.
    """
    rows = [
        (
            answer.id,
            _unit_id(answer, unit),
            answer.variant,
            answer.at,
            shown.item_id,
            shown.explored,
        )
        for answer in answers
        for shown in answer.shown
    ]
    return pl.DataFrame(rows, schema=IMPRESSION_SCHEMA, orient="row")


def attribute_events(
    impressions: pl.DataFrame, reactions: pl.DataFrame, attribution: Attribution
) -> pl.DataFrame:
    """Join impressions with the events that name them.

    An event counts for the impression whose recommendation and item it names if it happened
    within the window. Of several events of one type for one impression the last one counts.

    Args:
        impressions: Result of :func:`impression_rows`.
        reactions: Result of :meth:`.RecommendationLog.reactions`.
        attribution: Which events count, and how long.

    Returns:
        The impressions with ``clicked`` and ``converted`` (0 or 1), ``opinion`` (the sum of
        their sentiments in [-1, 1], 0 without any) and ``told`` (0 or 1: whether there is any
        sentiment). With ``attribution.reported`` only impressions that a client reported.
    """
    events = _last_per_type(_events_in_window(impressions, reactions, attribution))
    kind = pl.col("event_type")
    outcomes = (
        events.with_columns(opinion=sentiment(attribution))
        .group_by(IMPRESSION_KEY)
        .agg(
            clicked=kind.is_in(_type_names(attribution.clicks)).any().cast(pl.Float64),
            converted=kind.is_in(_type_names(attribution.conversions)).any().cast(pl.Float64),
            opinion=pl.col("opinion").sum().clip(-1, 1),
            told=pl.col("opinion").is_not_null().any().cast(pl.Float64),
            seen=(kind == IMPRESSION_EVENT).any(),
        )
    )
    joined = impressions.join(outcomes, on=IMPRESSION_KEY, how="left", maintain_order="left")
    if attribution.reported:
        joined = joined.filter(pl.col("seen"))
    return joined.drop("seen").with_columns(
        pl.col("clicked", "converted", "opinion", "told").fill_null(0.0)
    )


def sentiment(attribution: Attribution) -> pl.Expr:
    """Return the sentiment of each event in [-1, 1]; null where it has none.

    ``like`` is 1, ``dislike`` and ``hide`` are -1. A ``rating`` is its distance from the middle
    of the scale divided by half the scale. A ``dwell`` of ``t`` seconds is
    ``t / dwell_s - 1/2``, from -1/2 to 1/2. Values outside a scale count as its end.

    Args:
        attribution: The scale of ratings and dwell times.

    Example:
        >>> events = pl.DataFrame({
        ...     "event_type": ["like", "rating", "rating", "dwell", "click"],
        ...     "value": [None, 4.0, 9.0, 15.0, 1.0]})
        >>> events.select(opinion=sentiment(Attribution()))["opinion"].to_list()
        [1.0, 0.5, 1.0, 0.0, None]
    """
    kind, value = pl.col("event_type"), pl.col("value").fill_nan(None)
    low, high = attribution.ratings
    dwell = 2 * MAX_DWELL_SENTIMENT * value / attribution.dwell_s - MAX_DWELL_SENTIMENT
    return (
        pl.when(kind.is_in(list(EVENT_SENTIMENT)))
        .then(kind.replace_strict(EVENT_SENTIMENT, default=None, return_dtype=pl.Float64))
        .when(kind == "rating")
        .then(((2 * value - low - high) / (high - low)).clip(-1, 1))
        .when(kind == "dwell")
        .then(dwell.clip(-MAX_DWELL_SENTIMENT, MAX_DWELL_SENTIMENT))
    )


@dataclass(frozen=True, eq=False)
class Participants:
    """The units of an experiment that were shown anything."""

    answer_ids: pl.Series
    """Ids of the recommendations they were shown, the oldest first."""
    units: pl.DataFrame
    """Each unit once, in the order of arrival: ``unit`` and ``group``, the variant it saw first
    and counts for."""
    crossed: int
    """Number of units that saw more than one variant."""

    @classmethod
    def from_heads(cls, plan: ExperimentPlan, heads: pl.DataFrame) -> Self:
        """Return the participants of an experiment.

        Args:
            plan: The experiment.
            heads: Its recommendations; see :meth:`.RecommendationLog.recommendation_summaries`.
        """
        shown_heads = (
            select_shown(plan, heads)
            .with_columns(unit=_unit_expression(plan))
            .drop_nulls("unit")
        )
        units = shown_heads.group_by("unit", maintain_order=True).agg(
            group=pl.col("variant").first(), n=pl.col("variant").n_unique()
        )
        return cls(shown_heads["id"], units.drop("n"), int((units["n"] > 1).sum()))


def select_shown(plan: ExperimentPlan, heads: pl.DataFrame) -> pl.DataFrame:
    """Return the summaries of recommendations that showed items of a shown variant.

    Args:
        plan: The experiment.
        heads: Its recommendations; see :meth:`.RecommendationLog.recommendation_summaries`.
    """
    names = [variant.name for variant in plan.shown_variants]
    return heads.filter(~pl.col("shadow") & pl.col("variant").is_in(names) & pl.col("listed"))


def _events_in_window(
    impressions: pl.DataFrame, reactions: pl.DataFrame, attribution: Attribution
) -> pl.DataFrame:
    """Return the events of impressions within the window; events without a time are within."""
    events = reactions.select(
        *IMPRESSION_KEY,
        event_type=normalize_types(pl.col("event_type").cast(pl.String)),
        value=pl.col("value").cast(pl.Float64),
        happened_at=pl.col("timestamp").cast(pl.Float64),
    )
    matched = events.join(
        impressions.select(*IMPRESSION_KEY, "at").unique(IMPRESSION_KEY),
        on=IMPRESSION_KEY,
        maintain_order="left",
    )
    delay = (pl.col("happened_at") - pl.col("at")).fill_nan(None).fill_null(0.0)
    return matched.filter(delay.is_between(-MAX_CLOCK_SKEW_S, attribution.window_h * 3600))


def _last_per_type(events: pl.DataFrame) -> pl.DataFrame:
    return events.unique([*IMPRESSION_KEY, "event_type"], keep="last", maintain_order=True)


def _type_names(names: Sequence[str]) -> list[str]:
    return [normalize_type(name) for name in names]


def _unit_id(answer: LoggedRecommendation, unit: RandomizationUnit) -> str | None:
    """Return the id of the unit that a recommendation counts for, as in the assignment."""
    first, second = UNIT_COLUMNS[unit]
    id_: str | None = getattr(answer, first) or getattr(answer, second)
    return id_


def _unit_expression(plan: ExperimentPlan) -> pl.Expr:
    named = (pl.when(pl.col(name) != "").then(pl.col(name)) for name in UNIT_COLUMNS[plan.unit])
    return pl.coalesce(*named)
