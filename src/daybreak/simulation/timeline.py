"""Positive events in the order in which a user had them, each item once."""

import polars as pl

from daybreak.data import Tables, measure_ties
from daybreak.rng import create_generator

MIN_DISTINCT_TIMES = 10
"""With no more moments than this, times say nothing about order [moments]."""


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
    ties = measure_ties(tables.events)
    if not ties.is_sorted_by_id:
        return ()
    return (
        f"{ties.ascending_share:.0%} of {ties.n_pairs:,} neighbouring events with one time follow "
        "the order of item ids: order within a time is not time; ties are put in random order here",
    )
