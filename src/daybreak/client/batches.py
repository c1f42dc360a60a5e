"""Rows that are sent in several requests: event ids and the merged result."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from daybreak.client.results import Accepted
from daybreak.errors import ConfigError

ROWS_PER_REQUEST = 1_000
"""Largest number of rows in one request."""
NO_ROWS = Accepted(0)
"""Result before any row is sent."""


def with_event_ids(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return events that all have an ``event_id``; those without one get a random one.

    A service stores an event with a known id only once. Call this function before
    :meth:`Client.add_events`, and keep its result, if the program itself may have to repeat the
    whole call, for example after a crash.

    Raises:
        ConfigError: A row is not a mapping.

    Example:
        >>> rows = with_event_ids([{"user_id": "ann", "item_id": "tea", "event_id": "7"},
        ...                        {"user_id": "bob", "item_id": "rum"}])
        >>> rows[0]["event_id"], len(rows[1]["event_id"])
        ('7', 32)
    """
    return [_with_event_id(row) for row in rows]


def merge_results(total: Accepted, batch: Accepted, start: int) -> Accepted:
    """Return the result of several requests together.

    Args:
        total: Result of the earlier requests.
        batch: Result of the next request.
        start: Number of rows sent before that request; it is added to the row numbers.

    Example:
        >>> from daybreak.client.results import Rejected
        >>> batch = Accepted(8, rejected=(Rejected(3, "no id"),))
        >>> total = merge_results(Accepted(999), batch, 1_000)
        >>> total.accepted, total.rejected[0].row
        (1007, 1003)
    """
    rejected = tuple(replace(row, row=row.row + start) for row in batch.rejected)
    return Accepted(
        total.accepted + batch.accepted,
        total.duplicates + batch.duplicates,
        total.rejected + rejected,
        notes=(*total.notes, *batch.notes),
    )


def _with_event_id(row: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise ConfigError(f"an event must be a mapping such as a dict, got {row!r:.80}")
    if row.get("event_id") is not None:
        return dict(row)
    return {**row, "event_id": uuid.uuid4().hex}
