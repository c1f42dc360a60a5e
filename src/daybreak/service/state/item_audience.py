"""How many users have chosen each item, as the rule ``novelty`` needs it."""

from dataclasses import dataclass, field

import numpy as np

from daybreak.data.dataset import Events
from daybreak.ranking.reranking.rerank import self_information
from daybreak.types import Doubles, Floats


@dataclass(frozen=True, eq=False)
class ItemAudience:
    """Users of each item at one moment."""

    n_users_by_item: Doubles = field(default_factory=lambda: np.zeros(0))
    """Number of users who have chosen each item, by its row; later rows have none."""
    n_users: int = 0
    """Number of users who have chosen any item."""

    @classmethod
    def of(cls, positive: Events) -> "ItemAudience":
        """Count the users of positive events, of which each pair occurs once.

        Example:
            >>> counted = ItemAudience.of(Events.of([0, 0, 3], [1, 2, 1], [0, 0, 0]))
            >>> counted.n_users_by_item.tolist(), counted.n_users
            ([0.0, 2.0, 1.0], 2)
        """
        counts = np.bincount(positive.item).astype(np.float64)
        return cls(counts, int(np.count_nonzero(np.bincount(positive.user))))

    def self_information(self, n_items: int) -> Floats:
        """Return the (n_items,) self-information of the items of a catalogue [nats]."""
        return self_information(self.counts(n_items), self.n_users)

    def counts(self, n_items: int) -> Doubles:
        """Return the (n_items,) number of users of each item of a catalogue."""
        counts = np.zeros(n_items)
        known = min(n_items, len(self.n_users_by_item))
        counts[:known] = self.n_users_by_item[:known]
        return counts
