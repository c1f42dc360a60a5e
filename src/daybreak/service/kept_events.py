"""Stored events as plain rows, with all that is kept of them."""

import json
from typing import Any

import polars as pl


def kept_rows(events: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """Return events without what is not known of them; contexts are objects again.

    Args:
        events: Of :class:`daybreak.store.journal.EventPage`.

    Example:
        >>> event = {"item_id": "tea", "value": None, "context": '{"n":1}'}
        >>> kept_rows(pl.DataFrame([event]))
        ({'item_id': 'tea', 'context': {'n': 1}},)
    """
    return tuple(map(_row, events.iter_rows(named=True)))


def _row(event: dict[str, Any]) -> dict[str, Any]:
    known = {name: value for name, value in event.items() if value is not None}
    if "context" in known:
        known["context"] = json.loads(known["context"])
    return known
