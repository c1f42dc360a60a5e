"""Ids by their number of events, for people and items that stand for many."""

import polars as pl


def rank_by_events(events: pl.DataFrame, column: str) -> list[str]:
    """Return the ids of a column of events, those with the most events first.

    Example:
        >>> rank_by_events(pl.DataFrame({"item_id": ["a", "b", "b"]}), "item_id")
        ['b', 'a']
    """
    counts = events.group_by(column).len().sort("len", column, descending=[True, False])
    return [str(one) for one in counts[column]]
