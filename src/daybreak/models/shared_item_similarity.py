"""Similarities of items by the users that they share: several models read them."""

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
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
from daybreak.types import Floats, Rows, Sparse


@dataclass(frozen=True)
class ItemKnnConfig:
    """Options of the similarities, and of the model ``item_knn``."""

    neighbours: int = 100
    """Neighbours kept for an item [items]."""
    shrinkage: float = 10.0
    """Added to the denominator; reduces the similarity of rare items."""
    expected_share: float = field(default=0.0, metadata={"added": "0.2"})
    """Share of the pairs expected by chance that is subtracted from the observed ones [0-1];
    random events add pairs by chance only."""


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
