"""Everything that is kept of one user, as plain values."""

from dataclasses import asdict
from typing import Any

from daybreak.service.kept_events import kept_rows
from daybreak.store import Store


def export(store: Store, user: str) -> dict[str, Any]:
    """Return what the store has of a user: attributes, events, answers.

    Args:
        store: Where to look.
        user: The id under which the user is stored.

    Returns:
        ``user_id, attributes, events, answers``; times are epoch seconds. Of a user whom nobody
        knows all parts are empty.
    """
    tables = store.tables(users=[user])
    profile = tables.users.filter(tables.users["user_id"] == user).drop("user_id")
    rows = profile.to_dicts()
    events = store.journal.events(user=user).events
    answers = [asdict(answer) for answer in store.journal.answers(user=user)]
    return {
        "user_id": user,
        "attributes": _given(rows[0]) if rows else {},
        "events": list(kept_rows(events.drop("user_id"))),
        "answers": answers,
    }


def _given(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
