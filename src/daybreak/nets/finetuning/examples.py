"""What objectives draw their batches from: texts of items and histories of users, as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from daybreak.errors import DataError
from daybreak.types import Doubles, Rows


def _no_rows() -> Rows:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Ratings:
    """Ratings of items with texts, high and low."""

    users: Rows = field(default_factory=_no_rows)
    """(n,) row of the user"""
    items: Rows = field(default_factory=_no_rows)
    """(n,) row of the item"""
    values: Doubles = field(default_factory=lambda: np.empty(0))
    """(n,) rating, in the unit of the data"""


@dataclass(frozen=True, eq=False)
class TrainingExamples:
    """Texts and events that a text model may learn from.

    Only items with a text have rows here; hidden items have none.
    """

    texts: tuple[tuple[str, ...], ...]
    """Texts of each item, one or more"""
    items: Rows
    """(n_events,) item of each event, sorted by user and then by time"""
    starts: Rows
    """(n_users + 1,) position of the first event of each user in ``items``"""
    ratings: Ratings = field(default_factory=Ratings)
    other_texts: tuple[str, ...] = field(default=(), repr=False)
    """Texts of the catalogue of which no event is known"""

    def users_with(self, n_events: int) -> Rows:
        """Return the users with at least so many events.

        Args:
            n_events: Number of events.

        Raises:
            DataError: There is none.
        """
        users = np.flatnonzero(np.diff(self.starts) >= n_events)
        if not len(users):
            raise DataError(f"no user has {n_events} events on items with texts")
        return users

    @cached_property
    def log_shares(self) -> Doubles:
        """(n_items,) logarithm of the share of the events that each item has."""
        counts = np.bincount(self.items, minlength=len(self.texts)) + 1.0
        return np.asarray(np.log(counts / counts.sum()))

    def draw_texts(self, items: Sequence[int] | Rows, rng: np.random.Generator) -> list[str]:
        """Return one text of each item, drawn at random.

        Args:
            items: Items.
            rng: Random generator.
        """
        return [self.texts[item][int(rng.integers(len(self.texts[item])))] for item in items]

    def history(self, user: int) -> Rows:
        """Return the items of a user, earliest first.

        Args:
            user: Row of the user.
        """
        return self.items[self.starts[user] : self.starts[user + 1]]
