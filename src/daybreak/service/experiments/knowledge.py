"""What is known of items: how many there are, when they had events, what they are about."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import polars as pl

from daybreak.data import Tables
from daybreak.data.items import Items
from daybreak.service.experiments.attributing import SEEN

EVENTS = {"item_id": pl.String, "timestamp": pl.Float64}


@dataclass(frozen=True, eq=False)
class Knowledge:
    """Of the items of a shop, for measures that need more than answers and reactions."""

    n_items: int = 0
    """0: unknown, so there is no coverage."""
    events: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EVENTS))
    """Who-less events, ``item_id`` and ``timestamp`` (null: long ago)."""
    content: Items | None = None
    """Encoded catalogue; None: no diversity."""

    @classmethod
    def of(cls, tables: Tables, content: Items | None = None) -> Self:
        """Return what tables tell; that an item was shown is no event of it."""
        events = tables.events.select(
            "item_id",
            pl.col("timestamp").cast(pl.Float64).fill_nan(None),
            kind=pl.col("event_type").cast(pl.String),
        )
        counted = events.filter(pl.col("kind").ne_missing(SEEN)).drop("kind")
        return cls(tables.items.height, counted, content)

    def cold(self, shown: pl.DataFrame, below: int) -> pl.Series:
        """Return for each place whether its item had fewer than ``below`` events by then.

        Args:
            shown: With ``item_id`` and ``at``.
            below: Events that make an item no longer cold.

        Example:
            >>> known = Knowledge(events=pl.DataFrame({
            ...     "item_id": ["a", "a"], "timestamp": [1.0, 3.0]}, schema=EVENTS))
            >>> shown = pl.DataFrame({"item_id": ["a", "a", "b"], "at": [2.0, 4.0, 4.0]})
            >>> known.cold(shown, below=2).to_list()
            [True, False, True]
        """
        numbered = shown.select("item_id", "at").with_row_index().sort("at")
        joined = numbered.join_asof(
            self._counted,
            on="at",
            by="item_id",
            allow_exact_matches=False,
            check_sortedness=False,
        ).sort("index")
        return (joined["n"].fill_null(0) < below).rename("cold")

    @cached_property
    def _counted(self) -> pl.DataFrame:
        """Events in the order of time, each with its number among those of its item."""
        times = self.events.select("item_id", at=pl.col("timestamp").fill_null(-math.inf))
        return times.sort("at").with_columns(n=pl.int_range(1, pl.len() + 1).over("item_id"))
