"""Ids that make it safe to send events again.

Many rows in parts, and one account of them all.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from daybreak.client.results import Accepted
from daybreak.errors import ConfigError


def with_event_ids(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return events that all have an ``event_id``; those without one get a random one.

    A service takes an event with a known id only once. Call this before
    :meth:`Client.add_events` and keep the result when the program itself may want to repeat
    the whole call, for example after a crash.

    Raises:
        ConfigError: A row is not a mapping.

    Example:
        >>> rows = with_event_ids([{"user_id": "ann", "item_id": "tea", "event_id": "7"},
        ...                        {"user_id": "bob", "item_id": "rum"}])
        >>> rows[0]["event_id"], len(rows[1]["event_id"])
        ('7', 32)
    """
    return [_with_id(row) for row in rows]


def _with_id(row: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise ConfigError(f"an event must be a mapping such as a dict, got {row!r:.80}")
    if row.get("event_id") is not None:
        return dict(row)
    return {**row, "event_id": uuid.uuid4().hex}


ROWS_PER_REQUEST = 1_000
"""Rows of one request."""
NO_ROWS = Accepted(0)


def merge_results(before: Accepted, part: Accepted, start: int) -> Accepted:
    """Return the account of two parts; rejected rows are counted from the first.

    Example:
        >>> from daybreak.client.results import Rejected
        >>> both = joined(Accepted(999), Accepted(8, rejected=(Rejected(3, "no id"),)), 1_000)
        >>> both.accepted, both.rejected[0].row
        (1007, 1003)
    """
    rejected = tuple(replace(one, row=one.row + start) for one in part.rejected)
    return Accepted(
        before.accepted + part.accepted,
        before.duplicates + part.duplicates,
        before.rejected + rejected,
    )
