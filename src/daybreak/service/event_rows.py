"""Events of a request as rows of the catalogue."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from daybreak.data import EVENT_COLUMNS, Vocabulary
from daybreak.data.rules import ResolvedRules
from daybreak.errors import DataError
from daybreak.service.inputs import as_frame
from daybreak.types import Doubles, Mask, Rows

FEW = 200
"""Events that are read one by one: for so few a query plan takes longer than the work."""


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
    if isinstance(events, pl.DataFrame) and events.height <= FEW and _is_plain(events):
        return _few(events, items, rules)
    frame = as_frame(events, "user_id", "item_id")
    missing = frame.filter(pl.col("user_id").is_null() | pl.col("item_id").is_null())
    if missing.height:
        raise _nameless(missing.height, frame.height)
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


def _is_plain(frame: pl.DataFrame) -> bool:
    """Say whether a frame has the columns of events, as a store gives them."""
    return dict(frame.schema) == EVENT_COLUMNS


def _few(frame: pl.DataFrame, items: Vocabulary, rules: ResolvedRules) -> EventRows:
    users, ids, kinds, values, times = (
        frame[name].to_list()
        for name in ("user_id", "item_id", "event_type", "value", "timestamp")
    )
    missing = sum(None in pair for pair in zip(users, ids, strict=True))
    if missing:
        raise _nameless(missing, frame.height)
    row = items.rows(ids)
    known = row >= 0
    at = np.array([np.inf if _unknown(time) else time for time in times], dtype=np.float64)
    signs = rules.signs_of(list(zip(kinds, values, strict=True)))
    return EventRows(
        [users[place] for place in np.flatnonzero(known)],
        row[known],
        at[known],
        np.array([sign > 0 for sign in signs], dtype=bool)[known],
    )


def _unknown(time: float | None) -> bool:
    return time is None or math.isnan(time)


def _nameless(count: int, total: int) -> DataError:
    return DataError(f"{count} of {total} events have no user_id or no item_id")
