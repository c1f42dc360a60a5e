"""Which impression did what: events find the place of the answer that they name."""

from collections.abc import Mapping, Sequence

import polars as pl

from daybreak.data.expressions import type_key, type_name
from daybreak.service.experiments.attribution import Attribution
from daybreak.service.experiments.experiment import Unit
from daybreak.service.experiments.satisfaction import opinion
from daybreak.store.journal import Answer

SKEW_S = 300.0
"""An event may be so much before its answer: clocks of clients may be behind [s]."""
PLACES = {
    "recommendation_id": pl.String,
    "unit": pl.String,
    "variant": pl.String,
    "at": pl.Float64,
    "item_id": pl.String,
    "explored": pl.Boolean,
}
"""Columns of a frame of places, one row for each item of each answer."""
SEEN = "impression"
"""Type of the event by which a client says that an item was on the screen."""
KEY = ["recommendation_id", "item_id"]
WHO: Mapping[Unit, tuple[str, str]] = {
    "user": ("user_id", "session_id"),
    "session": ("session_id", "user_id"),
}
"""Which id of an answer names the person, and which if there is none."""


def places(answers: Sequence[Answer], unit: Unit = "user") -> pl.DataFrame:
    """Return what was shown, one row for each item of each answer; see ``PLACES``.

    The person is null where nobody was named.
    """
    rows = [
        (
            answer.id,
            _who(answer, unit),
            answer.variant,
            answer.at,
            shown.item_id,
            shown.explored,
        )
        for answer in answers
        for shown in answer.shown
    ]
    return pl.DataFrame(rows, schema=PLACES, orient="row")


def attributed(
    shown: pl.DataFrame, reactions: pl.DataFrame, rules: Attribution
) -> pl.DataFrame:
    """Return places with what came of them.

    An event belongs to the place whose recommendation and item it names, if it happened within
    the window. An event that names none, or an item that was not shown, belongs to no place.
    Of several events of one type on one place the last one counts.

    Args:
        shown: Of :func:`places`.
        reactions: Of :meth:`.Journal.reactions`.
        rules: Which events count, and how long.

    Returns:
        The places with ``clicked`` and ``converted`` (0 or 1), ``opinion`` (the sum of what was
        said, at most 1 either way; 0 for nothing) and ``told`` (0 or 1: whether anything was).
        With ``rules.reported`` only the places that were seen.
    """
    events = _last(_in_time(shown, reactions, rules))
    kind = pl.col("event_type")
    found = (
        events.with_columns(opinion=opinion(rules))
        .group_by(KEY)
        .agg(
            clicked=kind.is_in(_types(rules.clicks)).any().cast(pl.Float64),
            converted=kind.is_in(_types(rules.conversions)).any().cast(pl.Float64),
            opinion=pl.col("opinion").sum().clip(-1, 1),
            told=pl.col("opinion").is_not_null().any().cast(pl.Float64),
            seen=(kind == SEEN).any(),
        )
    )
    joined = shown.join(found, on=KEY, how="left", maintain_order="left")
    if rules.reported:
        joined = joined.filter(pl.col("seen"))
    return joined.drop("seen").with_columns(
        pl.col("clicked", "converted", "opinion", "told").fill_null(0.0)
    )


def _in_time(shown: pl.DataFrame, reactions: pl.DataFrame, rules: Attribution) -> pl.DataFrame:
    """Return the events of places, within the window; one without a time is taken as in it."""
    events = reactions.select(
        *KEY,
        event_type=type_key(pl.col("event_type").cast(pl.String)),
        value=pl.col("value").cast(pl.Float64),
        later=pl.col("timestamp").cast(pl.Float64),
    )
    mine = events.join(shown.select(*KEY, "at").unique(KEY), on=KEY, maintain_order="left")
    later = (pl.col("later") - pl.col("at")).fill_nan(None).fill_null(0.0)
    return mine.filter(later.is_between(-SKEW_S, rules.window_h * 3600))


def _last(events: pl.DataFrame) -> pl.DataFrame:
    return events.unique([*KEY, "event_type"], keep="last", maintain_order=True)


def _types(names: Sequence[str]) -> list[str]:
    return [type_name(name) for name in names]


def _who(answer: Answer, unit: Unit) -> str | None:
    """Return the person that an answer counts for, as in the assignment."""
    first, second = WHO[unit]
    found: str | None = getattr(answer, first) or getattr(answer, second)
    return found
