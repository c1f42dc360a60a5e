"""Metrics of experiments: columns of impressions, their sums by unit, and ratios of the sums.

:class:`ImpressionReader` reads impressions with all columns, :func:`sum_by_unit` adds them up,
and :class:`RatioMetric` estimates a metric from the sums with an error clustered by unit.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl
import scipy.sparse as sp

from daybreak.data import Tables
from daybreak.data.dataset import Items
from daybreak.estimates import RatioEstimate, clustered_ratio
from daybreak.service.experiments.experiment import (
    DEFAULT_MIN_EFFECTS,
    Attribution,
    RandomizationUnit,
)
from daybreak.service.experiments.impressions import (
    IMPRESSION_EVENT,
    MAX_CHUNK_ANSWERS,
    Participants,
    attribute_events,
    impression_rows,
    iter_answer_chunks,
)
from daybreak.store import LoggedRecommendation, RecommendationLog
from daybreak.types import Doubles, Mask, Sparse

MAX_PENDING_ROWS = 200_000
"""Rows that :class:`RunningSums` holds before it adds them up."""
COUNT_COLUMNS = ("impressions", "clicks", "conversions", "opinion", "told", "cold", "explored")
"""Columns of :func:`sum_by_unit` that reports give as totals."""
ITEM_EVENT_SCHEMA = {"item_id": pl.String, "timestamp": pl.Float64}
DIVERSITY_SCHEMA = {"recommendation_id": pl.String, "diversity": pl.Float64}


@dataclass(frozen=True)
class RatioMetric:
    """A metric that is the ratio of two sums over units."""

    name: str
    label: str
    """Name in reports."""
    numerator: str
    denominator: str
    min_effect: float
    """Default of the smallest difference that matters."""

    def estimate(self, sums: pl.DataFrame) -> RatioEstimate:
        """Return the ratio and its standard error.

        Args:
            sums: Result of :func:`sum_by_unit`.
        """
        numerators, denominators = (
            sums[name].to_numpy().astype(float) for name in (self.numerator, self.denominator)
        )
        return clustered_ratio(numerators, denominators)


RATIO_METRICS: Mapping[str, RatioMetric] = {
    name: RatioMetric(name, label, numerator, denominator, min_effect)
    for name, label, numerator, denominator, min_effect in (
        ("ctr", "click rate", "clicks", "impressions", DEFAULT_MIN_EFFECTS["ctr"]),
        (
            "conversion",
            "conversion rate",
            "conversions",
            "impressions",
            DEFAULT_MIN_EFFECTS["conversion"],
        ),
        (
            "satisfaction",
            "satisfaction",
            "opinion",
            "impressions",
            DEFAULT_MIN_EFFECTS["satisfaction"],
        ),
        ("diversity", "diversity of lists", "diversity", "lists", 0.02),
        ("cold_exposure", "share of cold items", "cold", "impressions", 0.02),
        ("explored", "share of explored items", "explored", "impressions", 0.02),
    )
}
"""Metrics by name; the first three can be the primary metric of an experiment."""


@dataclass(frozen=True, eq=False)
class ItemFacts:
    """Facts of the catalogue for metrics that need more than impressions and events."""

    n_items: int = 0
    """Number of items; 0: unknown, so there is no coverage."""
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ITEM_EVENT_SCHEMA))
    """All events, ``item_id`` and ``timestamp`` (null: before all others)."""
    content: Items | None = None
    """Encoded catalogue; None: there is no diversity."""

    @classmethod
    def from_tables(cls, tables: Tables, content: Items | None = None) -> Self:
        """Return the facts of tables; events that only report impressions do not count.

        Args:
            tables: Items and events.
            content: Encoded catalogue.
        """
        events = tables.events.select(
            "item_id",
            pl.col("timestamp").cast(pl.Float64).fill_nan(None),
            kind=pl.col("event_type").cast(pl.String),
        )
        counted = events.filter(pl.col("kind").ne_missing(IMPRESSION_EVENT)).drop("kind")
        return cls(tables.items.height, counted, content)

    def coverage(self, n_shown: int) -> float | None:
        """Return a number of items as a share of the catalogue; None if its size is unknown."""
        return n_shown / self.n_items if self.n_items else None

    def is_cold(self, impressions: pl.DataFrame, min_events: int) -> pl.Series:
        """Return for each impression whether its item had few events before it.

        Args:
            impressions: Frame with ``item_id`` and ``at``.
            min_events: Number of events from which an item is not cold.

        Example:
            >>> facts = ItemFacts(events=pl.DataFrame({
            ...     "item_id": ["a", "a"], "timestamp": [1.0, 3.0]}, schema=ITEM_EVENT_SCHEMA))
            >>> shown = pl.DataFrame({"item_id": ["a", "a", "b"], "at": [2.0, 4.0, 4.0]})
            >>> facts.is_cold(shown, min_events=2).to_list()
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
        """Events in the order of time, each with its number among the events of its item."""
        times = self.events.select("item_id", at=pl.col("timestamp").fill_null(-math.inf))
        return times.sort("at").with_columns(n=pl.int_range(1, pl.len() + 1).over("item_id"))


@dataclass(frozen=True, eq=False)
class ImpressionReader:
    """Reads logged recommendations as impressions with outcomes and metric columns."""

    log: RecommendationLog
    reactions: pl.DataFrame
    """Events that name recommendations; see :meth:`.RecommendationLog.reactions`."""
    attribution: Attribution
    item_facts: ItemFacts
    unit: RandomizationUnit = "user"
    chunk_size: int = MAX_CHUNK_ANSWERS
    """Recommendations that are in memory at a time."""

    def iter_answers(self, ids: pl.Series) -> Iterator[list[LoggedRecommendation]]:
        """Yield the recommendations with the given ids in chunks."""
        return iter_answer_chunks(self.log, ids, self.chunk_size)

    def iter_measured(self, ids: pl.Series) -> Iterator[pl.DataFrame]:
        """Yield the impressions of recommendations in chunks, with outcomes and metrics."""
        for answers in self.iter_answers(ids):
            impressions = self.attribute(answers)
            yield add_metric_columns(impressions, self.item_facts, self.attribution)

    def attribute(self, answers: Sequence[LoggedRecommendation]) -> pl.DataFrame:
        """Return the impressions of recommendations with their outcomes."""
        rows = impression_rows(answers, self.unit)
        return attribute_events(rows, self.reactions, self.attribution)


def add_metric_columns(
    impressions: pl.DataFrame, item_facts: ItemFacts, attribution: Attribution
) -> pl.DataFrame:
    """Return impressions with ``cold``, and ``diversity`` on the first of each list.

    Args:
        impressions: Result of :func:`.attribute_events`.
        item_facts: Facts of the catalogue; without content all diversities are null.
        attribution: Defines which items are cold.
    """
    cold = item_facts.is_cold(impressions, attribution.cold_below).cast(pl.Float64)
    with_cold = impressions.with_columns(cold, pl.col("explored").cast(pl.Float64))
    if item_facts.content is None:
        return with_cold.with_columns(diversity=pl.lit(None, pl.Float64))
    first = pl.col("recommendation_id").is_first_distinct()
    return with_cold.join(
        list_diversity(item_facts.content, impressions),
        on="recommendation_id",
        how="left",
        maintain_order="left",
    ).with_columns(diversity=pl.when(first).then("diversity"))


def list_diversity(content: Items, impressions: pl.DataFrame) -> pl.DataFrame:
    """Return the mean distance between the items of each list: 0 all alike, 1 all different.

    The distance between two items is 1 minus the similarity of their content. Items without
    content are ignored, and so are lists with fewer than two items with content.

    Args:
        content: The encoded catalogue.
        impressions: Frame with ``recommendation_id`` and ``item_id``.

    Returns:
        Columns ``recommendation_id`` and ``diversity``.

    Source:
        Ziegler et al. 2005, Improving recommendation lists through topic diversification
        (intra-list similarity), as 1 minus the mean over pairs.

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
    used = (item >= 0) & _has_content(content)[item] if len(content) else item >= 0
    members = sp.csr_array(
        (np.ones(int(used.sum())), (row[used], item[used])), shape=(len(lists), len(content))
    )
    columns = {"recommendation_id": lists, "diversity": _mean_pair_distances(content, members)}
    return pl.DataFrame(columns, schema=DIVERSITY_SCHEMA).filter(
        pl.col("diversity").is_not_nan()
    )


def sum_by_unit(impressions: pl.DataFrame, by: str, *within: str) -> pl.DataFrame:
    """Return one row a unit: ``by``, ``COUNT_COLUMNS``, ``diversity`` and ``lists``.

    Each list of an anonymous request is a unit of its own.

    Args:
        impressions: Result of :func:`add_metric_columns`.
        by: Column with the id of the unit.
        *within: Further key columns.
    """
    unit = pl.coalesce(by, "recommendation_id").alias(by)
    return impressions.group_by(*within, unit, maintain_order=True).agg(
        pl.len().cast(pl.Float64).alias("impressions"),
        pl.col("clicked").sum().alias("clicks"),
        pl.col("converted").sum().alias("conversions"),
        pl.col("opinion", "told", "cold", "explored").sum(),
        pl.col("diversity").sum(),
        pl.col("diversity").count().cast(pl.Float64).alias("lists"),
    )


def sum_by_key(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Return one row for each key, with the sums of all other columns."""
    return frame.group_by(*keys, maintain_order=True).agg(pl.exclude(*keys).sum())


def total_counts(sums: pl.DataFrame) -> dict[str, float]:
    """Return the totals of ``COUNT_COLUMNS``."""
    totals = sums.select(pl.col(*COUNT_COLUMNS).sum()).row(0, named=True)
    return {name: float(np.nan_to_num(value)) for name, value in totals.items()}


class RunningSums:
    """Sums of many frames by key, with bounded memory.

    Args:
        *keys: Key columns; all other columns are added up.
        max_pending: Rows that are held before they are added up.

    Example:
        >>> sums = RunningSums("user")
        >>> for number in (1.0, 2.0):
        ...     sums.add(pl.DataFrame({"user": ["ann"], "clicks": [number]}))
        >>> sums.totals().rows()
        [('ann', 3.0)]
    """

    def __init__(self, *keys: str, max_pending: int = MAX_PENDING_ROWS) -> None:
        self._keys = keys
        self._max_pending = max_pending
        self._frames: list[pl.DataFrame] = []
        self._pending_rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Add a frame; all frames have the same columns."""
        self._frames.append(frame)
        self._pending_rows += frame.height
        if self._pending_rows > self._max_pending:
            self._frames = [self.totals()]
            self._pending_rows = 0

    def totals(self) -> pl.DataFrame:
        """Return one row for each key, in the order of first appearance."""
        return sum_by_key(pl.concat(self._frames), self._keys)


class DistinctRows:
    """Distinct rows of many frames."""

    def __init__(self) -> None:
        self._rows: pl.DataFrame | None = None

    def add(self, frame: pl.DataFrame) -> None:
        """Add a frame; all frames have the same columns."""
        distinct = frame.unique()
        self._rows = (
            distinct if self._rows is None else pl.concat([self._rows, distinct]).unique()
        )

    def rows(self) -> pl.DataFrame:
        """Return each row once."""
        assert self._rows is not None  # noqa: S101 - there is at least one frame
        return self._rows


@dataclass(frozen=True, eq=False)
class VariantTotals:
    """Sums of an experiment by unit, and the items that each variant showed."""

    sums: pl.DataFrame
    """Result of :func:`sum_by_unit`, with ``group``: the variant that the unit counts for."""
    items: pl.DataFrame
    """``variant`` and ``item_id``, each pair once."""

    @classmethod
    def read(cls, reader: ImpressionReader, participants: Participants) -> Self:
        """Read the impressions of the participants, one chunk at a time."""
        sums, items = RunningSums("unit"), DistinctRows()
        for impressions in reader.iter_measured(participants.answer_ids):
            sums.add(sum_by_unit(impressions, "unit"))
            items.add(impressions.select("variant", "item_id"))
        totals = sums.totals().join(
            participants.units, on="unit", how="left", maintain_order="left"
        )
        return cls(totals, items.rows())

    def variant_sums(self, variant: str) -> pl.DataFrame:
        """Return the sums of each unit of a variant."""
        return self.sums.filter(pl.col("group") == variant)

    def n_items(self, variant: str) -> int:
        """Return the number of different items that a variant showed."""
        return self.items.filter(pl.col("variant") == variant).height


def _has_content(content: Items) -> Mask:
    """Return (n_items,) whether an item has any content."""
    has_content = np.zeros(len(content), dtype=bool)
    for block in content.blocks:
        has_content |= _squared_row_norms(block.matrix) > 0
    return has_content


def _mean_pair_distances(content: Items, members: Sparse) -> Doubles:
    """Return (n_lists,) mean distances of all pairs; NaN for lists without a pair.

    The similarities of all pairs of a list add up to half of the squared norm of the sum of its
    vectors minus the squared norm of each vector.

    Args:
        content: The encoded catalogue.
        members: (n_lists, n_items) 1 where a list has an item.
    """
    similarity, total_weight = np.zeros(members.shape[0]), 0.0
    for block in content.blocks:
        total_weight += block.weight
        squared_norms = members @ _squared_row_norms(block.matrix)
        similarity += (
            block.weight * (_squared_row_norms(members @ block.matrix) - squared_norms) / 2
        )
    n = np.asarray(members.sum(axis=1)).ravel()
    pairs = n * (n - 1) / 2
    mean = np.full(len(pairs), np.nan)
    np.divide(pairs - similarity / (total_weight or 1.0), pairs, out=mean, where=pairs > 0)
    return mean


def _squared_row_norms(matrix: Sparse | Doubles) -> Doubles:
    """Return the squared Euclidean norm of each row."""
    any_kind: Any = matrix
    squared = any_kind.multiply(matrix) if sp.issparse(matrix) else np.square(matrix)
    return np.asarray(squared.sum(axis=1), dtype=np.float64).ravel()
