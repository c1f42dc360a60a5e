"""Items chosen by the same users."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_columns,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_statistics import (
    cached,
    fits_dense,
    gram_matrix,
    sparse_cooccurrence,
    top_per_column,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True)
class ItemKnnConfig:
    """Options of :class:`ItemKnnModel`."""

    neighbours: int = 100
    """Neighbours kept for an item [items]."""
    shrinkage: float = 10.0
    """Added to the denominator; reduces the similarity of rare items."""


@dataclass(frozen=True, eq=False)
class ItemKnnState:
    """State of :class:`ItemKnnModel`."""

    weights: Sparse
    """(n_train_items, n_train_items) CSR, at most ``neighbours`` in a column"""


@models.register("item_knn")
class ItemKnnModel(LinearModel[ItemKnnConfig, ItemKnnState]):
    """Score by shrunk cosine similarity to the items of the history, recent ones weighted more.

    Source:
        Sarwar et al. 2001, "Item-based collaborative filtering", with the shrinkage of Bell and
        Koren 2007, "Scalable collaborative filtering with jointly derived weights", eq. 8.
    """

    Config: ClassVar = ItemKnnConfig
    State: ClassVar = ItemKnnState
    feature_kind: ClassVar[QueryFeatureKind] = "recent"
    card: ClassVar = ModelCard(
        strategies={"item_knn": {}},
        search_space={
            "neighbours": Range(20, 500, log=True, is_integer=True),
            "shrinkage": Range(0.5, 200, log=True),
        },
        inputs="recent history",
        use="items chosen together",
        formula="`c_ij / (sqrt(c_i c_j) + s)`, 100 nearest",
        source="Sarwar et al. 2001",
        cost="pairs",
        memory="n², or 200n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ItemKnnState:
        """Count pairs; see :meth:`Model.learn`."""
        return ItemKnnState(
            fit_knn_weights(data, self.config.neighbours, self.config.shrinkage)
        )

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the neighbours; see :meth:`LinearModel.linear_scorer`."""
        weights, known = align_columns(
            train_items, items, WeightMatrix(sparse=self.state.weights)
        )
        return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), known)


def fit_knn_weights(data: Dataset, neighbours: int, shrinkage: float) -> Sparse:
    """Return the pruned shrunk cosine similarities of a data set; computed once."""
    root = np.sqrt(data.user_counts)

    def cosine(counts: Floats, row: Rows, column: Rows) -> Floats:
        return np.asarray(counts / (root[row] * root[column] + shrinkage), dtype=np.float32)

    def compute() -> Sparse:
        if not fits_dense(data):
            return sparse_cooccurrence(data.interactions, cosine, neighbours)
        every = np.arange(len(root))
        similarity = cosine(gram_matrix(data), every[:, None], every[None, :])
        np.fill_diagonal(similarity, 0)
        return sp.csr_array(top_per_column(similarity, neighbours))

    return cached(data, f"knn {neighbours} {shrinkage}", compute)
