"""Erase a user from a store, and look again whether anything is left."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from daybreak.service.privacy.proof import Proof, Trace
from daybreak.store import Store

RELEASES = (
    "releases hold nothing of single users: no ids, no histories, no profiles; a new training "
    "is not needed"
)
COPIES = (
    "copies that were made before (dumps, backups) still hold the user; delete them yourself"
)


@dataclass(frozen=True)
class Memory:
    """A place in this process where something of a user may be."""

    count: Callable[[str], int]
    """Rows of a user that are there now."""
    forget: Callable[[str], object]
    """Removes them."""


def erase(store: Store, user: str, at: float, memories: Mapping[str, Memory]) -> Proof:
    """Erase a user everywhere, then count again in every place.

    Args:
        store: Where everything is kept.
        user: The id under which the user is stored.
        at: Now, epoch [s].
        memories: Places in this process, by name; they forget before and after the store.

    Raises:
        StoreError: The store cannot be written; nothing was erased there.
    """
    before = _counts(store, user, memories)
    for memory in memories.values():
        memory.forget(user)  # first: what waits to be written must not come after the erasing
    store.journal.erase(users=[user])
    for memory in memories.values():
        memory.forget(user)
    after = _counts(store, user, memories)
    traces = tuple(Trace(place, before[place], after[place]) for place in before)
    digest = hashlib.sha256(user.encode()).hexdigest()
    return Proof(digest, at, traces, (RELEASES, COPIES))


def _counts(store: Store, user: str, memories: Mapping[str, Memory]) -> dict[str, int]:
    tables = store.tables(users=[user])
    return {
        "store users": int((tables.users["user_id"] == user).sum()),
        "store events": int((tables.events["user_id"] == user).sum()),
        "store answers": len(store.journal.answers(user=user)),
        **{name: memory.count(user) for name, memory in memories.items()},
    }
