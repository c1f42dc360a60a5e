"""Export the data of one user as JSON values."""

import json
from dataclasses import asdict
from typing import Any

import polars as pl

from daybreak.store import Store


def event_records(events: pl.DataFrame) -> tuple[dict[str, Any], ...]:
    """Return events as JSON objects without unknown fields; contexts are objects.

    Args:
        events: Events of an :class:`daybreak.store.base.EventPage`.

    Example:
        >>> event = {"item_id": "tea", "value": None, "context": '{"n":1}'}
        >>> event_records(pl.DataFrame([event]))
        ({'item_id': 'tea', 'context': {'n': 1}},)
    """
    return tuple(map(_event_record, events.iter_rows(named=True)))


def _event_record(event: dict[str, Any]) -> dict[str, Any]:
    record = {name: value for name, value in event.items() if value is not None}
    if "context" in record:
        record["context"] = json.loads(record["context"])
    return record


def export_user(store: Store, user: str) -> dict[str, Any]:
    """Return all stored data of a user: attributes, events, recommendations.

    Args:
        store: The store.
        user: The id under which the user is stored.

    Returns:
        ``user_id, attributes, events, answers``; times are epoch seconds. All parts of an
        unknown user are empty.
    """
    tables = store.tables(users=[user])
    profile = tables.users.filter(tables.users["user_id"] == user).drop("user_id")
    rows = profile.to_dicts()
    events = store.event_page(user=user).events
    answers = [asdict(answer) for answer in store.recommendations(user=user)]
    return {
        "user_id": user,
        "attributes": _drop_nulls(rows[0]) if rows else {},
        "events": list(event_records(events.drop("user_id"))),
        "answers": answers,
    }


def _drop_nulls(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
