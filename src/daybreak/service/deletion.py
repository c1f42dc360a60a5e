"""Deleting items, users and events from a store, for the command line.

A running server follows by the change feed of the store.
"""

import time
from collections.abc import Sequence

import polars as pl

from daybreak.data.ids import lookup_id
from daybreak.errors import ConfigError
from daybreak.service.privacy import Pseudonyms, erase_user
from daybreak.store import Store


def delete_items(store: Store, ids: Sequence[str]) -> int:
    """Delete items with their events; return how many there were."""
    return store.erase(items=[*dict.fromkeys(map(lookup_id, ids))]).items


def delete_users(store: Store, ids: Sequence[str], pseudonyms: Pseudonyms | None = None) -> int:
    """Erase users with all that is stored about them; return how many there were.

    Args:
        store: The store.
        ids: Ids of users.
        pseudonyms: Replaces ids of users; None: ids are kept.
    """
    at, deleted = time.time(), 0
    for user in dict.fromkeys(_stored_user(id_, pseudonyms) for id_ in ids):
        report = erase_user(store, user, at, {})
        deleted += any(trace.before for trace in report.traces if trace.place != _SHARED_PLACE)
    return deleted


def _stored_user(user: str, pseudonyms: Pseudonyms | None) -> str:
    spelled = lookup_id(user)
    return spelled if pseudonyms is None else pseudonyms.of(spelled)


_SHARED_PLACE = "store vectors of texts of people"
"""Place of an erasure that is not counted by user."""


def delete_events(
    store: Store,
    ids: Sequence[str] = (),
    user: str | None = None,
    item: str | None = None,
    pseudonyms: Pseudonyms | None = None,
) -> int:
    """Delete events by id, and all of a user, of an item, or of both.

    Args:
        store: The store.
        ids: Ids of events.
        user: Id of a user.
        item: Id of an item.
        pseudonyms: Replaces ids of users; None: ids are kept.

    Returns:
        Number of deleted events.

    Raises:
        ConfigError: Nothing is named.
    """
    conditions: dict[str, list[str]] = {}
    if user is not None:
        conditions["user_id"] = [_stored_user(user, pseudonyms)]
    if item is not None:
        conditions["item_id"] = [lookup_id(item)]
    if not ids and not conditions:
        raise ConfigError("name the events to delete: by id, by user, or by item")
    deleted = store.erase(events=[*map(lookup_id, ids)]).events if ids else 0
    if conditions:
        deleted += store.erase(events=pl.DataFrame(conditions)).events
    return deleted
