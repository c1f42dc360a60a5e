"""Erases a user, and counts the rows of the user that are left.

Start with :func:`erase_user`.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from daybreak.encoders import CATALOGUE_PREFIX
from daybreak.store import Store


@dataclass(frozen=True)
class ErasureCheck:
    """Number of rows of a user in one table or cache, before and after the erasure."""

    place: str
    """Name of the table or cache, such as ``store events`` or ``live profiles``."""
    before: int
    """Rows before the erasure."""
    after: int
    """Rows after the erasure; 0 if it is complete."""


@dataclass(frozen=True)
class ErasureReport:
    """Result of the erasure of one user."""

    digest: str
    """SHA-256 of the id, so that the report does not name the user."""
    at: float
    """Epoch [s]."""
    traces: tuple[ErasureCheck, ...]
    notes: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no row of the user is left."""
        return all(trace.after == 0 for trace in self.traces)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {**asdict(self), "complete": self.complete}


RELEASES_NOTE = (
    "releases hold no data of single users (no ids, no histories, no profiles), so no new "
    "training is needed"
)
VECTORS_NOTE = (
    "vectors of what people say are kept in memory only; those that earlier versions stored "
    "are deleted, of all users"
)
COPIES_NOTE = "earlier copies (dumps, backups) still hold the user; delete them yourself"


@dataclass(frozen=True)
class ErasureTarget:
    """A cache or queue of this process that can contain data of a user."""

    count: Callable[[str], int]
    """Returns the number of rows of a user."""
    forget: Callable[[str], object]
    """Deletes the rows of a user."""


def erase_user(
    store: Store, user: str, at: float, targets: Mapping[str, ErasureTarget]
) -> ErasureReport:
    """Erase a user from the store and from memory, then count the rows that are left.

    Args:
        store: The store.
        user: The id under which the user is stored.
        at: Time of the erasure, epoch [s].
        targets: Caches and queues of this process, by name; they are erased before and after
            the store.

    Raises:
        StoreError: The store cannot be written; nothing was erased from it.
    """
    before = _count_rows(store, user, targets)
    for target in targets.values():
        target.forget(user)  # before the store, so that no waiting row is written later
    store.delete_vectors(outside=CATALOGUE_PREFIX)
    store.erase(users=[user])
    for target in targets.values():
        target.forget(user)
    after = _count_rows(store, user, targets)
    checks = tuple(ErasureCheck(place, before[place], after[place]) for place in before)
    digest = hashlib.sha256(user.encode()).hexdigest()
    return ErasureReport(digest, at, checks, (RELEASES_NOTE, VECTORS_NOTE, COPIES_NOTE))


def _count_rows(
    store: Store, user: str, targets: Mapping[str, ErasureTarget]
) -> dict[str, int]:
    tables = store.tables(users=[user])
    return {
        "store users": int((tables.users["user_id"] == user).sum()),
        "store events": int((tables.events["user_id"] == user).sum()),
        "store answers": len(store.recommendations(user=user)),
        "store vectors of texts of people": store.count_vectors(outside=CATALOGUE_PREFIX),
        **{name: target.count(user) for name, target in targets.items()},
    }
