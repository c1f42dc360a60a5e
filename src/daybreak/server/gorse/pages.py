"""All rows of something that the service gives in pages."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daybreak.service.live import Live

AT_ONCE = 10_000
"""Rows of one page."""

Row = Mapping[str, Any]


def events_of(
    live: "Live", *, user: str | None = None, item: str | None = None
) -> Iterator[Row]:
    """Yield all events, or those of a user, of an item, or of both."""
    return all_of(lambda cursor: live.events(user, item, cursor, AT_ONCE))


def all_of(page: Callable[[str | None], Any]) -> Iterator[Row]:
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


def typed(rows: Iterable[Row], kind: str | None) -> Iterator[Row]:
    """Yield the events of a type; None: all."""
    return (row for row in rows if kind is None or row.get("event_type") == kind)
