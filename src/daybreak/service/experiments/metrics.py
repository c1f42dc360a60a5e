"""How unlike each other the items of a list are.

What is known of items: how many there are, when they had events, what they are about.

What is measured, and its sums for each person.

What people saw and did in an experiment, added up piece by piece.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import Tables
from daybreak.data.dataset import BLOCK_SIMILARITY_WEIGHTS, Items
from daybreak.estimates import RatioEstimate, clustered_ratio
from daybreak.service.experiments.experiment import (
    DEFAULT_MIN_EFFECTS,
    Attribution,
    ExperimentPlan,
)
from daybreak.service.experiments.impressions import (
    IMPRESSION_EVENT,
    DistinctRows,
    Participants,
    RunningSums,
    attribute_events,
    impression_rows,
    iter_answer_chunks,
)
from daybreak.store import RecommendationLog
from daybreak.types import Doubles, Mask, Sparse

DIVERSITY_SCHEMA = {"recommendation_id": pl.String, "diversity": pl.Float64}


def list_diversity(content: Items, impressions: pl.DataFrame) -> pl.DataFrame:
    """Return the mean distance of the items of each list, from 0, all alike, to 1.

    The distance of two items is 1 less the similarity of their content. Items without content
    are passed over, and so is a list with fewer than two others.

    Args:
        content: The encoded catalogue.
        shown: With ``recommendation_id`` and ``item_id``.

    Returns:
        Columns ``recommendation_id`` and ``diversity``.

    Source:
        Ziegler et al. 2005, Improving recommendation lists through topic diversification
        (intra-list similarity), as one less the mean over pairs.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.dataset import ContentBlock
        >>> words = ContentBlock("words", np.eye(2, dtype=np.float32))
        >>> two = Items(Vocabulary(["a", "b"]), (words,))
        >>> shown = {"recommendation_id": ["r", "r", "s"], "item_id": ["a", "b", "a"]}
        >>> list_diversity(two, pl.DataFrame(shown)).row(0)
        ('r', 1.0)
    """
    lists, row = np.unique(impressions["recommendation_id"].to_numpy(), return_inverse=True)
    item = content.ids.rows(impressions["item_id"].to_list())
    real = (item >= 0) & _has_content(content)[item] if len(content) else item >= 0
    members = sp.csr_array(
        (np.ones(int(real.sum())), (row[real], item[real])), shape=(len(lists), len(content))
    )
    found = {"recommendation_id": lists, "diversity": _mean_pair_distances(content, members)}
    return pl.DataFrame(found, schema=DIVERSITY_SCHEMA).filter(pl.col("diversity").is_not_nan())


def _has_content(content: Items) -> Mask:
    """Return which items have any content."""
    known = np.zeros(len(content), dtype=bool)
    for block in content.blocks:
        known |= _squared_row_norms(block.matrix) > 0
    return known


def _mean_pair_distances(content: Items, members: Sparse) -> Doubles:
    """Return (n_lists,) mean distances of pairs; NaN without a pair.

    The similarities of all pairs of a list add up to half of the squared length of the sum of
    its vectors, less the squared lengths of each.
    """
    alike, most = np.zeros(members.shape[0]), 0.0
    for block in content.blocks:
        weight = BLOCK_SIMILARITY_WEIGHTS.get(block.name, 1.0)
        most += weight
        pairs = _squared_row_norms(members @ block.matrix) - members @ _squared_row_norms(
            block.matrix
        )
        alike += weight * pairs / 2
    n = np.asarray(members.sum(axis=1)).ravel()
    pairs = n * (n - 1) / 2
    mean = np.full(len(pairs), np.nan)
    np.divide(pairs - alike / (most or 1.0), pairs, out=mean, where=pairs > 0)
    return mean


def _squared_row_norms(matrix: Sparse | Doubles) -> Doubles:
    """Return the squared length of each row."""
    any_kind: Any = matrix
    squared = any_kind.multiply(matrix) if sp.issparse(matrix) else np.square(matrix)
    return np.asarray(squared.sum(axis=1), dtype=np.float64).ravel()


ITEM_EVENT_SCHEMA = {"item_id": pl.String, "timestamp": pl.Float64}


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """Of the items of a shop, for measures that need more than answers and reactions."""

    n_items: int = 0
    """0: unknown, so there is no coverage."""
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ITEM_EVENT_SCHEMA))
    """Who-less events, ``item_id`` and ``timestamp`` (null: long ago)."""
    content: Items | None = None
    """Encoded catalogue; None: no diversity."""

    @classmethod
    def from_tables(cls, tables: Tables, content: Items | None = None) -> Self:
        """Return what tables tell; that an item was shown is no event of it."""
        events = tables.events.select(
            "item_id",
            pl.col("timestamp").cast(pl.Float64).fill_nan(None),
            kind=pl.col("event_type").cast(pl.String),
        )
        counted = events.filter(pl.col("kind").ne_missing(IMPRESSION_EVENT)).drop("kind")
        return cls(tables.items.height, counted, content)

    def is_cold(self, impressions: pl.DataFrame, min_events: int) -> pl.Series:
        """Return for each place whether its item had fewer than ``below`` events by then.

        Args:
            shown: With ``item_id`` and ``at``.
            below: Events that make an item no longer cold.

        Example:
            >>> known = ItemFacts(events=pl.DataFrame({
            ...     "item_id": ["a", "a"], "timestamp": [1.0, 3.0]}, schema=ITEM_EVENT_SCHEMA))
            >>> shown = pl.DataFrame({"item_id": ["a", "a", "b"], "at": [2.0, 4.0, 4.0]})
            >>> known.is_cold(shown, min_events=2).to_list()
            [True, False, True]
        """
        numbered = impressions.select("item_id", "at").with_row_index().sort("at")
        joined = numbered.join_asof(
            self._cumulative_counts,
            on="at",
            by="item_id",
            allow_exact_matches=False,
            check_sortedness=False,
        ).sort("index")
        return (joined["n"].fill_null(0) < min_events).rename("cold")

    @cached_property
    def _cumulative_counts(self) -> pl.DataFrame:
        """Events in the order of time, each with its number among those of its item."""
        times = self.events.select("item_id", at=pl.col("timestamp").fill_null(-math.inf))
        return times.sort("at").with_columns(n=pl.int_range(1, pl.len() + 1).over("item_id"))


@dataclass(frozen=True)
class RatioMetric:
    """A ratio of two sums over people."""

    name: str
    label: str
    numerator: str
    denominator: str
    min_effect: float
    """The smallest difference that matters where nobody says another."""

    def estimate(self, sums: pl.DataFrame) -> RatioEstimate:
        """Return the ratio over the people of :func:`sum_by_unit`, and its error."""
        tops, bottoms = (
            sums[name].to_numpy().astype(float) for name in (self.numerator, self.denominator)
        )
        return clustered_ratio(tops, bottoms)


RATIO_METRICS: Mapping[str, RatioMetric] = {
    measure.name: measure
    for measure in (
        RatioMetric("ctr", "click rate", "clicks", "impressions", DEFAULT_MIN_EFFECTS["ctr"]),
        RatioMetric(
            "conversion",
            "conversion rate",
            "conversions",
            "impressions",
            DEFAULT_MIN_EFFECTS["conversion"],
        ),
        RatioMetric(
            "satisfaction",
            "satisfaction",
            "opinion",
            "impressions",
            DEFAULT_MIN_EFFECTS["satisfaction"],
        ),
        RatioMetric("diversity", "diversity of lists", "diversity", "lists", 0.02),
        RatioMetric("cold_exposure", "share of cold items", "cold", "impressions", 0.02),
        RatioMetric("explored", "share of explored items", "explored", "impressions", 0.02),
    )
}
"""The first three may decide an experiment."""

COUNT_COLUMNS = ("impressions", "clicks", "conversions", "opinion", "told", "cold", "explored")


def add_metric_columns(
    impressions: pl.DataFrame, item_facts: ItemFacts, attribution: Attribution
) -> pl.DataFrame:
    """Return attributed places with ``cold``, and ``diversity`` on the first of each list.

    The diversity is null where there is none, and on all other places.
    """
    cold = item_facts.is_cold(impressions, attribution.cold_below).cast(pl.Float64)
    places = impressions.with_columns(cold, pl.col("explored").cast(pl.Float64))
    if item_facts.content is None:
        return places.with_columns(diversity=pl.lit(None, pl.Float64))
    first = pl.col("recommendation_id").is_first_distinct()
    return places.join(
        list_diversity(item_facts.content, impressions),
        on="recommendation_id",
        how="left",
        maintain_order="left",
    ).with_columns(diversity=pl.when(first).then("diversity"))


def sum_by_unit(impressions: pl.DataFrame, by: str, *within: str) -> pl.DataFrame:
    """Return the sums of each person: ``by``, what is in ``COUNT_COLUMNS``, ``diversity``, ``lists``.

    Places of nobody are witnesses of their own list each.

    Args:
        places: Of :func:`add_metric_columns`.
        by: Column of the person.
        *within: More columns, whose values are kept apart.
    """
    who = pl.coalesce(by, "recommendation_id").alias(by)
    return impressions.group_by(*within, who, maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("impressions"),
        pl.col("clicked").sum().alias("clicks"),
        pl.col("converted").sum().alias("conversions"),
        pl.col("opinion", "told", "cold", "explored").sum(),
        pl.col("diversity").sum(),
        pl.col("diversity").count().cast(pl.Float64).alias("lists"),
    )


def total_counts(sums: pl.DataFrame) -> dict[str, float]:
    """Return the totals of ``COUNT_COLUMNS``."""
    totals = sums.select(pl.col(*COUNT_COLUMNS).sum()).row(0, named=True)
    return {name: float(np.nan_to_num(value)) for name, value in totals.items()}


@dataclass(frozen=True, eq=False)
class VariantTotals:
    """Sums by person, and which items each variant showed."""

    sums: pl.DataFrame
    """Of :func:`.sum_by_unit`, with ``group``: for which variant the person counts."""
    items: pl.DataFrame
    """``variant`` and ``item_id``, each pair once."""

    @classmethod
    def read(
        cls,
        plan: ExperimentPlan,
        log: RecommendationLog,
        participants: Participants,
        reactions: pl.DataFrame,
        item_facts: ItemFacts,
    ) -> Self:
        """Read what people saw; there is never more than a piece of it in memory."""
        sums, items = RunningSums("unit"), DistinctRows()
        for part in iter_answer_chunks(log, participants.answer_ids):
            served = attribute_events(
                impression_rows(part, plan.unit), reactions, plan.attribution
            )
            full = add_metric_columns(served, item_facts, plan.attribution)
            sums.add(sum_by_unit(full, "unit"))
            items.add(full.select("variant", "item_id"))
        total = sums.totals().join(
            participants.units, on="unit", how="left", maintain_order="left"
        )
        return cls(total, items.rows())

    def variant_sums(self, variant: str) -> pl.DataFrame:
        """Return the sums of each person of a variant."""
        return self.sums.filter(pl.col("group") == variant)

    def n_items(self, variant: str) -> int:
        """Return how many different items a variant showed."""
        return self.items.filter(pl.col("variant") == variant).height
