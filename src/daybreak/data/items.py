"""Items as models see them: ids, content in blocks of unit rows, and age."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.vocabulary import Vocabulary
from daybreak.types import Doubles, Floats, Rows, Sparse

WEIGHTS = {"meaning": 0.5}
"""Share of a block in the similarity of items; others count 1.

Half for the language model was best or within noise of the best on simulated cold items of four
catalogues; 0 was 5 to 20 % worse."""


@dataclass(frozen=True, eq=False)
class Block:
    """One view of the content of items: words, attributes, or vectors of a language model."""

    name: str
    matrix: Sparse | Floats
    """(n_items, dim) float32, rows of length 1, or all zero where nothing is known."""

    def take(self, rows: Rows) -> "Block":
        """Return the block of these rows, in their order."""
        return Block(self.name, self.matrix[rows])

    def cosine(self, other: "Block") -> Floats:
        """Return the (n_items, n_others) similarities of the rows of two blocks."""
        product: Any = self.matrix @ other.matrix.T
        dense = product.toarray() if sp.issparse(product) else product
        return np.asarray(dense, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Items:
    """A catalogue, or a part of one; no model needs to have been trained on any of it."""

    ids: Vocabulary
    blocks: tuple[Block, ...] = ()
    created_at: Doubles = field(default_factory=lambda: np.empty(0))
    """(n_items,) epoch seconds, NaN unknown; empty when no item has one."""

    def take(self, rows: Rows) -> "Items":
        """Return the items of these rows, in their order."""
        return Items(
            Vocabulary(self.ids.ids[row] for row in rows),
            tuple(block.take(rows) for block in self.blocks),
            self.created_at[rows] if len(self.created_at) else self.created_at,
        )

    def similarity(self, others: "Items") -> Floats:
        """Return the (n_items, n_others) weighted sum over blocks of cosine similarities.

        The sum is the kernel of the blocks side by side, each by its share.
        Memory: 4 * n_items * n_others bytes.
        """
        total = np.zeros((len(self), len(others)), dtype=np.float32)
        for mine, theirs in zip(self.blocks, others.blocks, strict=True):
            total += WEIGHTS.get(mine.name, 1.0) * mine.cosine(theirs)
        return total

    def __len__(self) -> int:
        return len(self.ids)
