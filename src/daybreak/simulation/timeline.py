"""Positive events in the order in which a user had them, each item once."""

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.rng import create_generator

MIN_DISTINCT_TIMES = 10
"""With no more moments than this, times say nothing about order [moments]."""
MIN_SORTED_SHARE = 0.9
"""Ties with at least this share of ascending item ids were sorted by id, not by time."""
MIN_TIED_PAIRS = 100
"""Fewer tied pairs than this prove nothing [pairs]."""


def build_timeline(events: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return the earliest event of each pair, by time, numbered within each user.

    Ties in time, and everything when times are unknown, are put in a random order of the seed:
    the order of files and ids often knows something that no recommender could.

    Args:
        events: Positive events.
        seed: Of the order of ties.

    Returns:
        The columns of events, and ``place`` (0, 1, … within a user) and ``size`` (of the user).

    Example:
        >>> rows = [("u", "tea", 2.0), ("u", "rum", 1.0), ("u", "tea", 3.0)]
        >>> events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
        >>> timeline(events, seed=0).select("item_id", "place", "size").rows()
        [('rum', 0, 2), ('tea', 1, 2)]
    """
    events = events.sort("user_id", "item_id", "timestamp", nulls_last=False)
    events = events.unique(["user_id", "item_id"], keep="first", maintain_order=True)
    tie = create_generator(seed, "ties in time").random(events.height)
    events = events.with_columns(tie=tie).sort("timestamp", "tie", nulls_last=False)
    return events.drop("tie").with_columns(
        place=pl.int_range(pl.len()).over("user_id"), size=pl.len().over("user_id")
    )


def has_usable_times(events: pl.DataFrame) -> bool:
    """Say whether times tell an order: enough events have one, at more than ten moments.

    Example:
        >>> has_usable_times(pl.DataFrame({"timestamp": [1.0] * 99}))
        False
    """
    known = events["timestamp"].drop_nulls()
    return bool(2 * len(known) > events.height and known.n_unique() > MIN_DISTINCT_TIMES)


def tie_order_warnings(tables: Tables) -> tuple[str, ...]:
    """Return a warning when events of one user at one time follow the order of item ids.

    Source:
        Ties sorted by id upstream let sequence models guess the next item from the id alone;
        seen in shop reviews dated by day, and in catalogues exported row by row.
    """
    share, pairs = measure_sorted_ties(tables.events)
    if pairs < MIN_TIED_PAIRS or share < MIN_SORTED_SHARE:
        return ()
    return (
        f"{share:.0%} of {pairs:,} neighbouring events with one time follow the order of item "
        "ids: order within a time is not time; ties are put in random order here",
    )


def measure_sorted_ties(events: pl.DataFrame) -> tuple[float, int]:
    """Return the share of ascending ids among neighbours of one user and time, and how many.

    Example:
        >>> rows = [("u", "a", 1.0), ("u", "b", 1.0), ("u", "c", 1.0), ("u", "a", 2.0)]
        >>> measure_sorted_ties(pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row"))
        (1.0, 2)
    """
    timed = events.filter(pl.col("timestamp").is_not_null())
    number = timed["item_id"].cast(pl.Int64, strict=False)
    item = number if len(number) and number.null_count() == 0 else timed["item_id"]
    place = timed.select("user_id", "timestamp", item=item).with_row_index("line")
    place = place.sort("user_id", "timestamp", "line")
    same = pl.all_horizontal(
        pl.col(name) == pl.col(name).shift() for name in ("user_id", "timestamp")
    )
    ties = place.filter(same & (pl.col("item") != pl.col("item").shift()))
    ascending = place.filter(same & (pl.col("item") > pl.col("item").shift()))
    return (ascending.height / ties.height if ties.height else np.nan, ties.height)
