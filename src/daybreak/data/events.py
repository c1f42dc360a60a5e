"""Events as models see them: columns of rows and times, in one order for everybody."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Events:
    """Positive events, one for each (user, item), sorted by user and then by time.

    Example:
        >>> events = Events.of(user=[1, 0, 0, 0], item=[5, 7, 5, 7], at=[9.0, 3.0, 1.0, 2.0])
        >>> events.user.tolist(), events.item.tolist(), events.at.tolist()
        ([0, 0, 1], [5, 7, 5], [1.0, 2.0, 9.0])
    """

    user: Rows
    item: Rows
    at: Doubles
    """Epoch seconds; 0 where unknown."""

    @classmethod
    def of(cls, user: object, item: object, at: object, *, seed: int = 0) -> "Events":
        """Sort, and keep the earliest event of each pair.

        Equal times are put in a random order: the order of files is often that of the ids,
        which would be learned as if it were behaviour.
        """
        user, item = np.asarray(user, dtype=np.int64), np.asarray(item, dtype=np.int64)
        at = np.nan_to_num(np.asarray(at, dtype=np.float64))
        tie = np.random.default_rng(seed).permutation(len(user))
        order = np.lexsort((tie, at, user))
        user, item, at = user[order], item[order], at[order]
        n_items = int(item.max(initial=-1)) + 1
        _, first = np.unique(user * n_items + item, return_index=True)
        keep = np.sort(first)
        return cls(user[keep], item[keep], at[keep])

    @property
    def dated(self) -> bool:
        """Whether the times tell an order: more than a handful of distinct ones."""
        return len(self) > 0 and len(np.unique(self.at)) > 10

    def where(self, mask: Mask) -> "Events":
        """Return the events of a mask."""
        return Events(self.user[mask], self.item[mask], self.at[mask])

    def position(self) -> Rows:
        """Return for each event how many events its user has before it."""
        return np.arange(len(self)) - self._starts()

    def from_end(self) -> Rows:
        """Return for each event how many events its user has after it."""
        sizes = np.bincount(self.user, minlength=1)
        return sizes[self.user] - 1 - self.position()

    def decayed(self, factor: float) -> Floats:
        """Return ``factor ** (number of later events)``; events of one time share the highest.

        Without known times every event weighs 1: there is no order to forget by. What a user's
        events weigh does not depend on those of others.
        """
        if not len(self):
            return np.empty(0, dtype=np.float32)
        steps = self.from_end()
        last = np.r_[(self.user[1:] != self.user[:-1]) | (self.at[1:] != self.at[:-1]), True]
        end = np.flatnonzero(last)
        group = np.searchsorted(end, np.arange(len(self)))
        return (factor ** steps[end[group]]).astype(np.float32)

    def matrix(self, n_users: int, n_items: int, weights: Floats | None = None) -> Sparse:
        """Return the (n_users, n_items) CSR matrix of events, each counting 1 or its weight."""
        values = np.ones(len(self), dtype=np.float32) if weights is None else weights
        return sp.csr_array((values, (self.user, self.item)), shape=(n_users, n_items))

    def _starts(self) -> Rows:
        new = np.r_[True, self.user[1:] != self.user[:-1]] if len(self) else np.empty(0, bool)
        starts = np.where(new, np.arange(len(self)), 0)
        return np.maximum.accumulate(starts) if len(self) else starts.astype(np.int64)

    def __len__(self) -> int:
        return len(self.user)
