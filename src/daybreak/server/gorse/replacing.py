"""Feedback in the place of older one of the same type, user and item."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from daybreak.data.times import epoch_seconds
from daybreak.server.gorse.pages import Row, events_of
from daybreak.server.gorse.rows import event_row
from daybreak.server.gorse.schemas import Feedback
from daybreak.service.live import Accepted

if TYPE_CHECKING:
    from daybreak.service.live import Live

Key = tuple[str | None, str, str]


def replace_feedback(live: "Live", feedback: Sequence[Feedback]) -> Accepted:
    """Write feedback, the last of each type, user and item; older one is deleted.

    The new is on the disk before the old goes: a crash between leaves both, never none.
    """
    new = {_key(row, row["user_id"]): row for row in map(_dated, feedback)}
    users = dict.fromkeys(one.user_id for one in feedback)
    before = [(_key(row, user), row) for user in users for row in events_of(live, user=user)]
    outcome = live.add_events(list(new.values()))
    bad = {rejected.row for rejected in outcome.rejected}
    stored = {key: row for place, (key, row) in enumerate(new.items()) if place not in bad}
    old = [row for key, row in before if key in stored and not _same(row, stored[key])]
    if old:
        live.delete_events(equal_to=old)
    return outcome


def _key(row: Row, user: str) -> Key:
    """Return what only one feedback may have; the user as the caller calls him."""
    return row.get("event_type"), user, row["item_id"]


def _same(first: Row, second: Row) -> bool:
    return all(first.get(name) == second.get(name) for name in ("timestamp", "value"))


def _dated(one: Feedback) -> dict[str, Any]:
    """Return the event with its time as a number, so that it is recognised once stored."""
    row = event_row(one)
    text = row.get("timestamp")
    if text is None:
        return {**row, "timestamp": time.time()}
    at = epoch_seconds(pl.Series([text]))[0].item()
    return row if at is None else {**row, "timestamp": at}
