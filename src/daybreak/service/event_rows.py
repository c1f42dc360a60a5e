"""Events of a request as rows of the catalogue."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EVENT_COLUMNS, Vocabulary
from daybreak.data.rules import ResolvedRules
from daybreak.errors import DataError
from daybreak.service.inputs import as_frame
from daybreak.types import Doubles, Mask, Rows


@dataclass(frozen=True, eq=False)
class EventRows:
    """Events on items of the catalogue, as they came."""

    users: list[str]
    item: Rows
    at: Doubles
    """Epoch seconds; infinite where unknown: it has just happened."""
    liked: Mask
    """Whether the event is positive; else the item was only seen."""

    def __len__(self) -> int:
        return len(self.users)


def event_rows(events: Any, items: Vocabulary, rules: ResolvedRules) -> EventRows:
    """Return the events on known items.

    An event without a time is the latest: it has just happened. An event on an item that nobody
    has described says nothing that could be used, and is left out.

    Raises:
        DataError: A column or an id is missing.
    """
    frame = as_frame(events, "user_id", "item_id")
    missing = frame.filter(pl.col("user_id").is_null() | pl.col("item_id").is_null())
    if missing.height:
        raise DataError(
            f"{missing.height} of {frame.height} events have no user_id or no item_id"
        )
    full = frame.select(
        (pl.col(c) if c in frame.columns else pl.lit(None)).cast(kind, strict=False).alias(c)
        for c, kind in EVENT_COLUMNS.items()
    )
    row = items.rows(full["item_id"].to_list())
    known = row >= 0
    users = full["user_id"].to_list()
    at = full["timestamp"].fill_nan(None).fill_null(float("inf")).to_numpy()
    return EventRows(
        [users[place] for place in np.flatnonzero(known)],
        row[known],
        at[known],
        rules.signs(full).to_numpy()[known] > 0,
    )
