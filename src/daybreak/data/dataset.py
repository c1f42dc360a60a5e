"""What models learn from."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.events import Events
from daybreak.data.items import Items
from daybreak.types import Floats, Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class Dataset:
    """A catalogue, profiles of users, and the events between them; rows, no ids of users.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> data = Dataset(shop, Events.of([0, 1], [1, 1], [0, 0]), n_users=2)
        >>> data.anchors.ids.ids
        ('rum',)
    """

    items: Items
    events: Events
    n_users: int
    profiles: Sparse = None
    """(n_users, n_attributes) CSR of 0 and 1; zero columns when nothing is known of users."""
    kernel: Floats | None = field(default=None, repr=False)
    """(n_items, n_items) content similarities when they were computed before; else computed."""
    memo: dict[str, Any] = field(default_factory=dict, repr=False, init=False)
    """Statistics that several models share; pure functions of the data."""

    def __post_init__(self) -> None:
        if self.profiles is None:
            object.__setattr__(
                self, "profiles", sp.csr_array((self.n_users, 0), dtype=np.float32)
            )

    @cached_property
    def anchor_rows(self) -> Rows:
        """Rows of the items with events; of all items when nothing has one."""
        rows = np.unique(self.events.item)
        return rows if len(rows) else np.arange(len(self.items))

    @cached_property
    def anchors(self) -> Items:
        """The items that histories are made of; models keep their ids."""
        return self.items.take(self.anchor_rows)

    @cached_property
    def interactions(self) -> Sparse:
        """(n_active_users, n_anchors) CSR of ones; users without events are left out."""
        return self.events.matrix(self.n_users, len(self.items))[self.active][
            :, self.anchor_rows
        ]

    @cached_property
    def active(self) -> Rows:
        """Rows of the users with events."""
        return np.unique(self.events.user)

    @cached_property
    def counts(self) -> Floats:
        """(n_anchors,) number of users of each anchor."""
        counts = np.bincount(self.events.item, minlength=len(self.items))
        return counts[self.anchor_rows].astype(np.float32)

    def visible(self, mask: Mask) -> "Dataset":
        """Return the data set with only the events of a mask; the catalogue stays."""
        return Dataset(
            self.items, self.events.where(mask), self.n_users, self.profiles, self.kernel
        )
