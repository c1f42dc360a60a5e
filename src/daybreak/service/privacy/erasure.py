"""Proof that a user is gone.

Erase a user from a store, and look again whether anything is left.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from daybreak.store import Store


@dataclass(frozen=True)
class ErasureCheck:
    """One place that was looked at."""

    place: str
    """``store events``, ``live profiles`` and so on."""
    before: int
    """Rows that were found there."""
    after: int
    """Rows that are left; proof is that this is 0."""


@dataclass(frozen=True)
class ErasureReport:
    """What was erased of one user, and that nothing is left: looked up again afterwards."""

    digest: str
    """SHA-256 of the id: the proof itself does not name the user."""
    at: float
    """Epoch [s]."""
    traces: tuple[ErasureCheck, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether nothing is left in any place."""
        return all(trace.after == 0 for trace in self.traces)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {**asdict(self), "complete": self.complete}


RELEASES_NOTE = (
    "releases hold nothing of single users: no ids, no histories, no profiles; a new training "
    "is not needed"
)
COPIES_NOTE = (
    "copies that were made before (dumps, backups) still hold the user; delete them yourself"
)


@dataclass(frozen=True)
class ErasureTarget:
    """A place in this process where something of a user may be."""

    count: Callable[[str], int]
    """Rows of a user that are there now."""
    forget: Callable[[str], object]
    """Removes them."""


def erase_user(
    store: Store, user: str, at: float, targets: Mapping[str, ErasureTarget]
) -> ErasureReport:
    """Erase a user everywhere, then count again in every place.

    Args:
        store: Where everything is kept.
        user: The id under which the user is stored.
        at: Now, epoch [s].
        memories: Places in this process, by name; they forget before and after the store.

    Raises:
        StoreError: The store cannot be written; nothing was erased there.
    """
    before = _count_rows(store, user, targets)
    for memory in targets.values():
        memory.forget(user)  # first: what waits to be written must not come after the erasing
    store.erase(users=[user])
    for memory in targets.values():
        memory.forget(user)
    after = _count_rows(store, user, targets)
    traces = tuple(ErasureCheck(place, before[place], after[place]) for place in before)
    digest = hashlib.sha256(user.encode()).hexdigest()
    return ErasureReport(digest, at, traces, (RELEASES_NOTE, COPIES_NOTE))


def _count_rows(
    store: Store, user: str, targets: Mapping[str, ErasureTarget]
) -> dict[str, int]:
    tables = store.tables(users=[user])
    return {
        "store users": int((tables.users["user_id"] == user).sum()),
        "store events": int((tables.events["user_id"] == user).sum()),
        "store answers": len(store.recommendations(user=user)),
        **{name: memory.count(user) for name, memory in targets.items()},
    }
