"""Items of a catalogue that are new or have changed, as the parts of a state take them over."""

from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Items
from daybreak.types import Rows


@dataclass(frozen=True, eq=False)
class ItemUpdate:
    """New and changed rows of a catalogue.

    Similarities are kept as long as the items that they belong to: all parts of a state read
    those of the one object ``part``.

    Example:
        >>> from daybreak.data.vocabulary import Vocabulary
        >>> shop = Items(Vocabulary(["tea", "rum", "gin"]))
        >>> update = ItemUpdate.of(shop, np.array([2, 0, 2]))
        >>> update.rows.tolist(), update.part.ids.ids
        ([0, 2], ('tea', 'gin'))
    """

    items: Items
    """The whole catalogue."""
    rows: Rows
    """(n,) rows that are new or have changed, ascending."""
    part: Items
    """The n items of these rows."""

    @classmethod
    def of(cls, items: Items, rows: Rows) -> "ItemUpdate":
        """Return the update of some rows.

        Args:
            items: The catalogue as it is now.
            rows: New and changed rows, in any order.
        """
        fresh = np.unique(rows)
        return cls(items, fresh, items.take(fresh))
