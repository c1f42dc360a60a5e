"""One signed number for what people say of an item: from -1, blame, to 1, praise.

Which impression did what: events find the place of the answer that they name.

Answers a piece at a time: however many there are, few are in memory.

Who takes part in an experiment, and where they count.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from daybreak.data.rules import normalize_type, normalize_types
from daybreak.service.experiments.experiment import (
    Attribution,
    ExperimentPlan,
    RandomizationUnit,
)
from daybreak.store import LoggedRecommendation, RecommendationLog

EVENT_SENTIMENT = {"like": 1.0, "dislike": -1.0, "hide": -1.0}
"""What a type of event says by itself."""
MAX_DWELL_SENTIMENT = 0.5
"""How much the longest dwell counts; staying is a weaker word than a like."""


def sentiment(attribution: Attribution) -> pl.Expr:
    """Return what each event says, in [-1, 1]; null where it says nothing.

    ``like`` 1, ``dislike`` and ``hide`` -1; a ``rating`` is its distance from the middle of the
    scale over half the scale; a ``dwell`` of ``t`` seconds is ``t / dwell_s - 1/2``, from -1/2
    to 1/2. Values beyond a scale count as its end.

    Example:
        >>> events = pl.DataFrame({
        ...     "event_type": ["like", "rating", "rating", "dwell", "click"],
        ...     "value": [None, 4.0, 9.0, 15.0, 1.0]})
        >>> events.select(opinion=sentiment(Attribution()))["opinion"].to_list()
        [1.0, 0.5, 1.0, 0.0, None]
    """
    kind, value = pl.col("event_type"), pl.col("value").fill_nan(None)
    low, high = attribution.ratings
    return (
        pl.when(kind.is_in(list(EVENT_SENTIMENT)))
        .then(kind.replace_strict(EVENT_SENTIMENT, default=None, return_dtype=pl.Float64))
        .when(kind == "rating")
        .then(((2 * value - low - high) / (high - low)).clip(-1, 1))
        .when(kind == "dwell")
        .then(
            (2 * MAX_DWELL_SENTIMENT * value / attribution.dwell_s - MAX_DWELL_SENTIMENT).clip(
                -MAX_DWELL_SENTIMENT, MAX_DWELL_SENTIMENT
            )
        )
    )


MAX_CLOCK_SKEW_S = 300.0
"""An event may be so much before its answer: clocks of clients may be behind [s]."""
IMPRESSION_SCHEMA = {
    "recommendation_id": pl.String,
    "unit": pl.String,
    "variant": pl.String,
    "at": pl.Float64,
    "item_id": pl.String,
    "explored": pl.Boolean,
}
"""Columns of a frame of places, one row for each item of each answer."""
IMPRESSION_EVENT = "impression"
"""Type of the event by which a client says that an item was on the screen."""
IMPRESSION_KEY = ["recommendation_id", "item_id"]
UNIT_COLUMNS: Mapping[RandomizationUnit, tuple[str, str]] = {
    "user": ("user_id", "session_id"),
    "session": ("session_id", "user_id"),
}
"""Which id of an answer names the person, and which if there is none."""


def impression_rows(
    answers: Sequence[LoggedRecommendation], unit: RandomizationUnit = "user"
) -> pl.DataFrame:
    """Return what was shown, one row for each item of each answer; see ``IMPRESSION_SCHEMA``.

    The person is null where nobody was named.
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
    """Return places with what came of them.

    An event belongs to the place whose recommendation and item it names, if it happened within
    the window. An event that names none, or an item that was not shown, belongs to no place.
    Of several events of one type on one place the last one counts.

    Args:
        shown: Of :func:`places`.
        reactions: Of :meth:`.RecommendationLog.reactions`.
        rules: Which events count, and how long.

    Returns:
        The places with ``clicked`` and ``converted`` (0 or 1), ``opinion`` (the sum of what was
        said, at most 1 either way; 0 for nothing) and ``told`` (0 or 1: whether anything was).
        With ``rules.reported`` only the places that were seen.
    """
    events = _last_per_type(_events_in_window(impressions, reactions, attribution))
    kind = pl.col("event_type")
    found = (
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
    joined = impressions.join(found, on=IMPRESSION_KEY, how="left", maintain_order="left")
    if attribution.reported:
        joined = joined.filter(pl.col("seen"))
    return joined.drop("seen").with_columns(
        pl.col("clicked", "converted", "opinion", "told").fill_null(0.0)
    )


def _events_in_window(
    impressions: pl.DataFrame, reactions: pl.DataFrame, attribution: Attribution
) -> pl.DataFrame:
    """Return the events of places, within the window; one without a time is taken as in it."""
    events = reactions.select(
        *IMPRESSION_KEY,
        event_type=normalize_types(pl.col("event_type").cast(pl.String)),
        value=pl.col("value").cast(pl.Float64),
        later=pl.col("timestamp").cast(pl.Float64),
    )
    mine = events.join(
        impressions.select(*IMPRESSION_KEY, "at").unique(IMPRESSION_KEY),
        on=IMPRESSION_KEY,
        maintain_order="left",
    )
    later = (pl.col("later") - pl.col("at")).fill_nan(None).fill_null(0.0)
    return mine.filter(later.is_between(-MAX_CLOCK_SKEW_S, attribution.window_h * 3600))


def _last_per_type(events: pl.DataFrame) -> pl.DataFrame:
    return events.unique([*IMPRESSION_KEY, "event_type"], keep="last", maintain_order=True)


def _type_names(names: Sequence[str]) -> list[str]:
    return [normalize_type(name) for name in names]


def _unit_id(answer: LoggedRecommendation, unit: RandomizationUnit) -> str | None:
    """Return the person that an answer counts for, as in the assignment."""
    first, second = UNIT_COLUMNS[unit]
    found: str | None = getattr(answer, first) or getattr(answer, second)
    return found


MAX_CHUNK_ANSWERS = 5_000
"""Answers of a piece; ten places each take about 25 MB."""
MAX_PENDING_ROWS = 200_000
"""Rows of sums that may wait to be added up."""


def iter_answer_chunks(
    log: RecommendationLog, ids: pl.Series
) -> Iterator[list[LoggedRecommendation]]:
    """Yield the answers with these ids, in their order; one that was erased is missing.

    There is at least one piece, so that nothing has columns, too.
    """
    for start in range(0, max(1, len(ids)), MAX_CHUNK_ANSWERS):
        yield log.recommendations(ids=ids[start : start + MAX_CHUNK_ANSWERS].to_list())


class RunningSums:
    """Adds up frames of numbers by their keys.

    Args:
        keys: Columns whose values are kept apart; all others are added.

    Example:
        >>> sums = RunningSums("who")
        >>> for number in (1.0, 2.0):
        ...     sums.add(pl.DataFrame({"who": ["ann"], "clicks": [number]}))
        >>> sums.totals().rows()
        [('ann', 3.0)]
    """

    def __init__(self, *keys: str) -> None:
        self._keys = keys
        self._parts: list[pl.DataFrame] = []
        self._pending_rows = 0

    def add(self, part: pl.DataFrame) -> None:
        """Add a part; all parts have the same columns."""
        self._parts.append(part)
        self._pending_rows += part.height
        if self._pending_rows > MAX_PENDING_ROWS:
            self._parts = [self.totals()]
            self._pending_rows = 0

    def totals(self) -> pl.DataFrame:
        """Return one row for each key, in the order in which they came."""
        return sum_by_key(pl.concat(self._parts), self._keys)


class DistinctRows:
    """Different rows of many frames."""

    def __init__(self) -> None:
        self._rows: pl.DataFrame | None = None

    def add(self, part: pl.DataFrame) -> None:
        """Add a part."""
        new = part.unique()
        self._rows = new if self._rows is None else pl.concat([self._rows, new]).unique()

    def rows(self) -> pl.DataFrame:
        """Return each row once."""
        assert self._rows is not None  # noqa: S101 - an empty part comes first
        return self._rows


def sum_by_key(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return one row for each key, with the sums of all other columns."""
    return frame.group_by(*keys, maintain_order=True).agg(pl.exclude(*keys).sum())


@dataclass(frozen=True, eq=False)
class Participants:
    """Everybody who was shown something."""

    answer_ids: pl.Series
    """Ids of the answers that they saw, the oldest first."""
    units: pl.DataFrame
    """Each person once, ``unit`` and ``group`` (the variant they saw first, for which they
    count), in the order in which they came."""
    crossed: int
    """How many saw more than one variant."""

    @classmethod
    def from_heads(cls, plan: ExperimentPlan, heads: pl.DataFrame) -> Self:
        """Find them.

        Args:
            plan: The experiment.
            heads: Of its answers; see :meth:`.RecommendationLog.recommendation_summaries`.
        """
        mine = (
            select_shown(plan, heads)
            .with_columns(unit=_unit_expression(plan))
            .drop_nulls("unit")
        )
        people = mine.group_by("unit", maintain_order=True).agg(
            group=pl.col("variant").first(), n=pl.col("variant").n_unique()
        )
        return cls(mine["id"], people.drop("n"), int((people["n"] > 1).sum()))


def select_shown(plan: ExperimentPlan, heads: pl.DataFrame) -> pl.DataFrame:
    """Return the heads of answers that showed something of a variant that people see."""
    names = [variant.name for variant in plan.shown_variants]
    return heads.filter(~pl.col("shadow") & pl.col("variant").is_in(names) & pl.col("listed"))


def _unit_expression(plan: ExperimentPlan) -> pl.Expr:
    named = (pl.when(pl.col(name) != "").then(pl.col(name)) for name in UNIT_COLUMNS[plan.unit])
    return pl.coalesce(*named)
