"""Ties in time: detect events of equal time that are sorted by item id."""

from dataclasses import dataclass

import polars as pl

from daybreak.deprecation import RenamedAttribute


@dataclass(frozen=True)
class TieReport:
    """Statistics of neighbouring events of the same user and time."""

    n_pairs: int
    """Number of such neighbours with different items."""
    ascending_share: float
    """Share of them whose item ids ascend, in [0, 1]; 0.5 for a random order."""
    tied_share: float
    """Share of all events that have a tie with another event of their user, in [0, 1]."""

    @property
    def is_sorted_by_id(self) -> bool:
        """Whether ids ascend more often than by chance: over 60 % and 6 standard errors."""
        excess = (self.ascending_share - 0.5) * 2 * self.n_pairs**0.5
        return self.n_pairs >= 20 and self.ascending_share > 0.6 and excess > 6

    pairs = RenamedAttribute("n_pairs")
    ascending = RenamedAttribute("ascending_share")
    share = RenamedAttribute("tied_share")
    sorted_by_id = RenamedAttribute("is_sorted_by_id")


def measure_ties(events: pl.DataFrame) -> TieReport:
    """Compare neighbouring events of equal user and time, in the order of the file.

    All events of a day are ties if the data have dates only. A sequence model or a split by
    time that relies on such an order learns the ids.

    Example:
        >>> day = pl.DataFrame({"user_id": ["a"] * 3, "item_id": ["1", "2", "10"],
        ...                     "timestamp": [0.0] * 3})
        >>> measure_ties(day)
        TieReport(n_pairs=2, ascending_share=1.0, tied_share=1.0)
    """
    timed = events.filter(pl.col("timestamp").is_not_null())
    if not timed.height:
        return TieReport(0, 0.5, 0.0)
    group = ["user_id", "timestamp"]
    order = _sortable_ids(timed["item_id"])
    ranked = timed.select(*group, order.alias("order")).sort(group, maintain_order=True)
    ties = ranked.select(
        tied=pl.struct(group).is_duplicated(),
        step=pl.when(
            (pl.col("user_id") == pl.col("user_id").shift())
            & (pl.col("timestamp") == pl.col("timestamp").shift())
        ).then(pl.col("order").cast(pl.Float64) - pl.col("order").cast(pl.Float64).shift()),
    )
    steps = ties["step"].drop_nulls()
    steps = steps.filter(steps != 0)
    up = int((steps > 0).sum()) / len(steps) if len(steps) else 0.5
    return TieReport(len(steps), up, int(ties["tied"].sum()) / timed.height)


def _sortable_ids(ids: pl.Series) -> pl.Series:
    """Return the ids as numbers if all of them are numbers, else their ranks as text."""
    number = ids.cast(pl.Float64, strict=False)
    return ids.rank("dense").cast(pl.Float64) if number.null_count() else number
