"""Events of a request as rows of the catalogue."""

from typing import Any

import polars as pl

from daybreak.data import EVENT_COLUMNS, EventRules, Vocabulary
from daybreak.errors import DataError
from daybreak.service.inputs import as_frame


def event_rows(
    events: Any, items: Vocabulary, rules: EventRules | None
) -> list[tuple[str, int, float, bool]]:
    """Return (user id, item row, time, whether positive) of each event on a known item.

    An event without a time is the latest: it has just happened. An event on an item that nobody
    has described says nothing that could be used, and is left out.

    Raises:
        DataError: A column or an id is missing.
    """
    frame = as_frame(as_frame(events, "user_id"), "item_id")
    missing = frame.filter(pl.col("user_id").is_null() | pl.col("item_id").is_null())
    if missing.height:
        raise DataError(
            f"{missing.height} of {frame.height} events have no user_id or no item_id"
        )
    full = frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(kind, strict=False).alias(c)
        for c, kind in EVENT_COLUMNS.items()
    )
    signs = (rules or EventRules()).resolve(full).signs(full).to_list()
    row = items.rows(full["item_id"].to_list()).tolist()
    at = full["timestamp"].fill_null(float("inf")).to_list()
    users = full["user_id"].to_list()
    return [
        (user, item, time, sign > 0)
        for user, item, time, sign in zip(users, row, at, signs, strict=True)
        if item >= 0
    ]
