"""All rows of something that the service gives in pages.

Feedback in the place of older one of the same type, user and item.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from daybreak.data.times import epoch_seconds
from daybreak.server.gorse.convert import event_row
from daybreak.server.gorse.schemas import GorseFeedback
from daybreak.service.serving import IngestResult

if TYPE_CHECKING:
    from daybreak.service.serving import RecommenderService


PAGE_ROWS = 10_000
"""Rows of one page."""

Row = Mapping[str, Any]


def iter_events(
    live: "RecommenderService", *, user: str | None = None, item: str | None = None
) -> Iterator[Row]:
    """Yield all events, or those of a user, of an item, or of both."""
    return iter_rows(lambda cursor: live.events(user, item, cursor, PAGE_ROWS))


def iter_rows(page: Callable[[str | None], Any]) -> Iterator[Row]:
    """Yield the rows of one page after the other.

    Args:
        page: Returns ``rows`` and a ``cursor`` (None after the last page) for a cursor.
    """
    cursor: str | None = None
    while True:
        found = page(cursor)
        yield from found.rows
        cursor = found.cursor
        if cursor is None:
            return


def filter_by_type(rows: Iterable[Row], event_type: str | None) -> Iterator[Row]:
    """Yield the events of a type; None: all."""
    return (row for row in rows if event_type is None or row.get("event_type") == event_type)


FeedbackKey = tuple[str | None, str, str]


def replace_feedback(
    live: "RecommenderService", feedback: Sequence[GorseFeedback]
) -> IngestResult:
    """Write feedback, the last of each type, user and item; older one is deleted.

    The new is on the disk before the old goes: a crash between leaves both, never none.
    """
    new = {_feedback_key(row, row["user_id"]): row for row in map(_with_timestamp, feedback)}
    users = dict.fromkeys(one.user_id for one in feedback)
    before = [
        (_feedback_key(row, user), row)
        for user in users
        for row in iter_events(live, user=user)
    ]
    outcome = live.add_events(list(new.values()))
    bad = {rejected.row for rejected in outcome.rejected}
    stored = {key: row for place, (key, row) in enumerate(new.items()) if place not in bad}
    old = [row for key, row in before if key in stored and not _is_same(row, stored[key])]
    if old:
        live.delete_events(equal_to=old)
    return outcome


def _feedback_key(row: Row, user: str) -> FeedbackKey:
    """Return what only one feedback may have; the user as the caller calls him."""
    return row.get("event_type"), user, row["item_id"]


def _is_same(first: Row, second: Row) -> bool:
    return all(first.get(name) == second.get(name) for name in ("timestamp", "value"))


def _with_timestamp(one: GorseFeedback) -> dict[str, Any]:
    """Return the event with its time as a number, so that it is recognised once stored."""
    row = event_row(one)
    text = row.get("timestamp")
    if text is None:
        return {**row, "timestamp": time.time()}
    at = epoch_seconds(pl.Series([text]))[0].item()
    return row if at is None else {**row, "timestamp": at}
