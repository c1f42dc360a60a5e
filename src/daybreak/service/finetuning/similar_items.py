"""Lists of similar items as a measure of text vectors, where nothing is learned from events."""

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Items
from daybreak.metrics import expected_gains
from daybreak.models.shared_text_kernel import TEXT_BLOCK
from daybreak.rng import create_generator
from daybreak.types import Mask, Rows, Sparse


@dataclass(frozen=True, eq=False)
class SimilarScores:
    """NDCG@10 of lists of similar items."""

    gains: Sparse
    """(n_queries, n_items) CSR of what each target adds"""
    users: Rows
    """(n_queries,) row of the user whose items a query has"""


@dataclass(frozen=True, eq=False)
class SimilarQueries:
    """For each user with several hidden items: one is asked with, the others are to be found.

    The list ranks the hidden items by the similarity of their content, as
    :meth:`daybreak.Recommender.similar_items` ranks items without events.
    """

    anchors: Rows
    """(n_queries,) item that a list is similar to"""
    targets: Sparse
    """(n_queries, n_items) CSR of ones: the other hidden items of the user"""
    is_hidden: Mask
    """(n_items,) items of which no event is known: the candidates"""
    users: Rows

    @classmethod
    def draw(cls, users: Rows, chosen: Sparse, is_hidden: Mask, seed: int) -> "SimilarQueries":
        """Draw the item that each user asks with.

        Args:
            users: (n,) rows of users.
            chosen: (n, n_items) CSR, non-zero at the hidden items that they chose.
            is_hidden: (n_items,) which items are hidden.
            seed: Seed of the draw.
        """
        rng = create_generator(seed, "similar items of fine-tuning")
        rows = np.flatnonzero(np.diff(chosen.indptr) >= 2)
        parts = [chosen.indices[chosen.indptr[row] : chosen.indptr[row + 1]] for row in rows]
        anchors = np.array([rng.choice(part) for part in parts], dtype=np.int64)
        targets = sp.lil_array(chosen[rows])
        targets[np.arange(len(rows)), anchors] = 0
        kept = sp.csr_array(targets)
        kept.eliminate_zeros()
        return cls(anchors, kept, is_hidden, users[rows])

    def score(self, items: Items) -> SimilarScores:
        """Return the NDCG@10 of the lists.

        Args:
            items: The items, with the content that is compared.
        """
        distinct, row_of = np.unique(self.anchors, return_inverse=True)
        found = items.take(distinct).similarity(items)[row_of]
        allowed = np.tile(self.is_hidden, (len(self.anchors), 1))
        allowed[np.arange(len(self.anchors)), self.anchors] = False
        relevant = np.zeros_like(allowed)
        relevant[self.targets.nonzero()] = True
        return SimilarScores(expected_gains(found, allowed, relevant), self.users)


def keep_text_only(items: Items) -> Items:
    """Return the items with the vectors of the text encoder as their only content.

    Args:
        items: Encoded items.
    """
    texts = tuple(block for block in items.blocks if block.name == TEXT_BLOCK)
    return replace(items, blocks=texts)
