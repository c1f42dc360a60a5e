"""Training items that represent items which the models were not trained on."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.models.shared_content import nearest_neighbour_weights
from daybreak.service.state.item_updates import ItemUpdate
from daybreak.types import Floats, Rows

Arrays: TypeAlias = dict[str, np.ndarray[tuple[int], np.dtype]]

N_NEIGHBOURS = 20
"""Training items that represent a new item, or a text, in a history."""


class Neighbours(NamedTuple):
    """Training items that represent a new item; parts of arrays of many items."""

    items: Rows
    """(n,) rows of training items"""
    weights: Floats
    """(n,) their shares"""


class ItemNeighbours:
    """Neighbours of new items among the training items, computed once for each item.

    Args:
        train_items: The training items.
    """

    def __init__(self, train_items: Items) -> None:
        self._train_items = train_items
        self._by_row: dict[int, Neighbours] = {}

    def of(self, items: Items, rows: Sequence[int]) -> list[Neighbours]:
        """Return the neighbours of new items.

        Args:
            items: The catalogue.
            rows: Rows of the items in it.
        """
        self.compute(items, rows)
        return [self._by_row[row] for row in rows]

    def compute(
        self, items: Items, rows: Sequence[int], shared: DerivedArrays | None = None
    ) -> None:
        """Compute the neighbours of those new items that have none yet.

        Args:
            items: The catalogue.
            rows: Rows of the items in it.
            shared: Arrays of the release whose catalogue it is; None: it has changed.
        """
        missing = [row for row in dict.fromkeys(rows) if row not in self._by_row]
        if not missing:
            return
        chosen = np.array(missing, dtype=np.int64)
        arrays = (
            self._find(items, chosen)
            if shared is None
            else shared.load(
                b"neighbours " + chosen.tobytes(), lambda: self._find(items, chosen)
            )
        )
        self._put(missing, arrays)

    def compute_part(self, update: ItemUpdate, chosen: Rows) -> None:
        """Compute the neighbours of some new items of an update.

        Args:
            update: New and changed rows of the catalogue.
            chosen: Positions of the items among them.
        """
        if len(chosen):
            rows = update.rows[chosen].tolist()
            self._put(rows, self._find(update.part, chosen))

    def without(self, rows: Sequence[int]) -> "ItemNeighbours":
        """Return the neighbours of the other items.

        Args:
            rows: Rows of items that are new or have changed.
        """
        others = ItemNeighbours(self._train_items)
        others._by_row = self._by_row.copy()
        for row in rows:
            others._by_row.pop(row, None)
        return others

    def _put(self, rows: Sequence[int], arrays: Arrays) -> None:
        """Keep the neighbours of items that :meth:`_find` has found, by their rows."""
        near, weights, starts = arrays["near"], arrays["weights"], arrays["starts"].tolist()
        spans = map(slice, starts[:-1], starts[1:])
        self._by_row |= {
            row: Neighbours(near[span], weights[span])
            for row, span in zip(rows, spans, strict=True)
        }

    def _find(self, items: Items, rows: Rows) -> Arrays:
        found = sp.csr_array(
            nearest_neighbour_weights(self._train_items, items, N_NEIGHBOURS, rows).T
        )
        weights = found.data.astype(np.float32, copy=False)
        return {"near": found.indices, "weights": weights, "starts": found.indptr}
