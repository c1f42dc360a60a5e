"""Items chosen by the same users."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_statistics import (
    MAX_WEIGHTS_PER_ITEM,
    cached,
    fits_dense,
    gram_matrix,
    needs_neighbour_form,
    sparse_cooccurrence,
    top_per_column,
    top_per_row,
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
    expected_share: float = field(default=0.0, metadata={"added": "0.2"})
    """Share of the pairs expected by chance that is subtracted from the observed ones [0-1];
    random events add pairs by chance only."""


@dataclass(frozen=True, eq=False)
class ItemKnnState:
    """State of :class:`ItemKnnModel`."""

    weights: Sparse
    """(n_train_items, n_train_items) CSR, at most ``neighbours`` in a column"""


@models.register("item_knn")
class ItemKnnModel(LinearModel[ItemKnnConfig, ItemKnnState]):
    """Score by shrunk cosine similarity to the items of the history, recent ones weighted more.

    A share of the pairs that two items have by chance can be subtracted; all of it would leave
    the covariance, which forgets popularity. On validation data half raised NDCG@10 of this
    strategy alone by 3 % on ml100k and 1 % on gift_shop, but blends with it ranked new items
    4 % worse on ml100k, so that the default is none.

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
            "expected_share": Range(0, 1),
        },
        inputs="recent history",
        use="items chosen together",
        formula="`max(c_ij - e c_i c_j / u, 0) / (sqrt(c_i c_j) + s)`, 100 nearest",
        source="Sarwar et al. 2001",
        cost="pairs",
        memory="n², or 200n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ItemKnnState:
        """Count pairs; see :meth:`Model.learn`."""
        return ItemKnnState(fit_knn_weights(data, self.config))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the neighbours; see :meth:`LinearModel.linear_scorer`."""
        return make_known_item_scorer(
            train_items, items, WeightMatrix(sparse=self.state.weights)
        )


def fit_knn_weights(data: Dataset, config: ItemKnnConfig) -> Sparse:
    """Return the pruned similarities of the items of a data set; computed once.

    Where EASE takes its form of neighbours, too, both read the same count of pairs.
    """
    counts, n_users = data.weighted_counts, float(data.pair_weights.sum())

    def similarity(pairs: Floats, row: Rows, column: Rows) -> Floats:
        return shrunk_similarity(pairs, counts[row], counts[column], n_users, config)

    is_wider_needed = config.neighbours < MAX_WEIGHTS_PER_ITEM and needs_neighbour_form(data)

    def compute() -> Sparse:
        if is_wider_needed:
            wide = fit_knn_weights(data, replace(config, neighbours=MAX_WEIGHTS_PER_ITEM))
            return sp.csr_array(top_per_row(sp.csr_array(wide.T), config.neighbours).T)
        if not fits_dense(data):
            return sparse_cooccurrence(
                data.weighted_interactions, similarity, config.neighbours
            )
        every = np.arange(len(counts))
        dense = similarity(gram_matrix(data), every[:, None], every[None, :])
        np.fill_diagonal(dense, 0)
        return sp.csr_array(top_per_column(dense, config.neighbours))

    return cached(data, f"knn {config}", compute)


def shrunk_similarity(
    pairs: Floats, left: Floats, right: Floats, n_users: float, config: ItemKnnConfig
) -> Floats:
    """Return similarities from numbers of common users.

    Args:
        pairs: Numbers of common users.
        left: Numbers of users of the first items.
        right: Numbers of users of the second items.
        n_users: Number of users with events.
        config: Options of the model.

    Example:
        >>> config = ItemKnnConfig(shrinkage=1.0, expected_share=0.5)
        >>> float(shrunk_similarity(*np.float32([3, 4, 4]), 16, config))
        0.5
    """
    product = left * right
    excess = pairs
    if config.expected_share:
        excess = np.maximum(pairs - config.expected_share / max(n_users, 1) * product, 0)
    return np.asarray(excess / (np.sqrt(product) + config.shrinkage), dtype=np.float32)
