"""Items chosen by the same people."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, columns, models
from daybreak.models.operators import Operator
from daybreak.models.statistics import gram, is_dense, largest, once, sparse_cooccurrence
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True)
class ItemKnnConfig:
    """Options of :class:`ItemKnnModel`."""

    neighbours: int = 100
    """Neighbours kept for an item."""
    shrinkage: float = 10.0
    """Added to the denominator, so that a chance meeting of two rare items counts little."""


@dataclass(frozen=True, eq=False)
class ItemKnnState:
    """What :class:`ItemKnnModel` learned."""

    weights: Sparse
    """(n_anchors, n_anchors) CSR, at most ``neighbours`` in a column"""


@models.register("item_knn")
class ItemKnnModel(LinearModel[ItemKnnConfig, ItemKnnState]):
    """Score by shrunk cosine similarity to the items of the history, the latest counting most.

    Source:
        Sarwar et al. 2001, "Item-based collaborative filtering", with the shrinkage of Bell and
        Koren 2007, "Scalable collaborative filtering with jointly derived weights", eq. 8.
    """

    Config: ClassVar = ItemKnnConfig
    State: ClassVar = ItemKnnState
    evidence: ClassVar[Evidence] = "recent"

    def learn(self, data: Dataset, rng: np.random.Generator) -> ItemKnnState:
        """Count pairs; see :meth:`Model.learn`."""
        return ItemKnnState(knn_weights(data, self.config.neighbours, self.config.shrinkage))

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Look the neighbours up; see :meth:`LinearModel.linear`."""
        weights, known = columns(anchors, items, Operator(sparse=self.state.weights))
        return Linear(weights, np.zeros(len(items), dtype=np.float32), known)


def knn_weights(data: Dataset, neighbours: int, shrinkage: float) -> Sparse:
    """Return the pruned shrunk cosine similarities of a data set; computed once."""
    root = np.sqrt(data.counts)

    def cosine(counts: Floats, row: Rows, column: Rows) -> Floats:
        return np.asarray(counts / (root[row] * root[column] + shrinkage), dtype=np.float32)

    def compute() -> Sparse:
        if not is_dense(data):
            return sparse_cooccurrence(data.interactions, cosine, neighbours)
        every = np.arange(len(root))
        similarity = cosine(gram(data), every[:, None], every[None, :])
        np.fill_diagonal(similarity, 0)
        return sp.csr_array(largest(similarity, neighbours))

    return once(data, f"knn {neighbours} {shrinkage}", compute)
