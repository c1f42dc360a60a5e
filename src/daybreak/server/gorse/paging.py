"""All rows of the service, read page by page."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from daybreak.service.serving import RecommenderService

PAGE_ROWS = 10_000
"""Number of rows of a page."""

Row = Mapping[str, Any]


def iter_rows(fetch_page: Callable[[str | None], Any]) -> Iterator[Row]:
    """Yield the rows of all pages.

    Args:
        fetch_page: Function that returns, for a cursor, a page with ``rows`` and the
            ``cursor`` of the next page, which is None after the last one.
    """
    cursor: str | None = None
    while True:
        page = fetch_page(cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def iter_events(
    service: "RecommenderService", *, user: str | None = None, item: str | None = None
) -> Iterator[Row]:
    """Yield all events, or the events of a user, of an item, or of both."""
    return iter_rows(lambda cursor: service.events.page(user, item, cursor, PAGE_ROWS))


def filter_by_type(rows: Iterable[Row], event_type: str | None) -> Iterator[Row]:
    """Yield the events of a type; None: all events."""
    return (row for row in rows if event_type is None or row.get("event_type") == event_type)
