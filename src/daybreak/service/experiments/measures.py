"""What is measured, and its sums for each person."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from daybreak.evaluation.sequential import Ratio, clustered_ratio
from daybreak.service.experiments.attribution import Attribution
from daybreak.service.experiments.experiment import EFFECTS
from daybreak.service.experiments.knowledge import Knowledge
from daybreak.service.experiments.spread import spread


@dataclass(frozen=True)
class Measure:
    """A ratio of two sums over people."""

    name: str
    label: str
    top: str
    bottom: str
    effect: float
    """The smallest difference that matters where nobody says another."""

    def of(self, sums: pl.DataFrame) -> Ratio:
        """Return the ratio over the people of :func:`sums_of`, and its error."""
        tops, bottoms = (
            sums[name].to_numpy().astype(float) for name in (self.top, self.bottom)
        )
        return clustered_ratio(tops, bottoms)


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("ctr", "click rate", "clicks", "impressions", EFFECTS["ctr"]),
        Measure(
            "conversion",
            "conversion rate",
            "conversions",
            "impressions",
            EFFECTS["conversion"],
        ),
        Measure(
            "satisfaction", "satisfaction", "opinion", "impressions", EFFECTS["satisfaction"]
        ),
        Measure("diversity", "diversity of lists", "diversity", "lists", 0.02),
        Measure("cold_exposure", "share of cold items", "cold", "impressions", 0.02),
        Measure("explored", "share of explored items", "explored", "impressions", 0.02),
    )
}
"""The first three may decide an experiment."""

SUMS = ("impressions", "clicks", "conversions", "opinion", "told", "cold", "explored")


def enriched(shown: pl.DataFrame, known: Knowledge, rules: Attribution) -> pl.DataFrame:
    """Return attributed places with ``cold``, and ``diversity`` on the first of each list.

    The diversity is null where there is none, and on all other places.
    """
    cold = known.cold(shown, rules.cold_below).cast(pl.Float64)
    places = shown.with_columns(cold, pl.col("explored").cast(pl.Float64))
    if known.content is None:
        return places.with_columns(diversity=pl.lit(None, pl.Float64))
    first = pl.col("recommendation_id").is_first_distinct()
    return places.join(
        spread(known.content, shown), on="recommendation_id", how="left", maintain_order="left"
    ).with_columns(diversity=pl.when(first).then("diversity"))


def sums_of(places: pl.DataFrame, by: str, *within: str) -> pl.DataFrame:
    """Return the sums of each person: ``by``, what is in ``SUMS``, ``diversity``, ``lists``.

    Places of nobody are witnesses of their own list each.

    Args:
        places: Of :func:`enriched`.
        by: Column of the person.
        *within: More columns, whose values are kept apart.
    """
    who = pl.coalesce(by, "recommendation_id").alias(by)
    return places.group_by(*within, who, maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("impressions"),
        pl.col("clicked").sum().alias("clicks"),
        pl.col("converted").sum().alias("conversions"),
        pl.col("opinion", "told", "cold", "explored").sum(),
        pl.col("diversity").sum(),
        pl.col("diversity").count().cast(pl.Float64).alias("lists"),
    )


def counts(sums: pl.DataFrame) -> dict[str, float]:
    """Return the totals of ``SUMS``."""
    totals = sums.select(pl.col(*SUMS).sum()).row(0, named=True)
    return {name: float(np.nan_to_num(value)) for name, value in totals.items()}
