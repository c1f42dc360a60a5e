"""EASE over the nearest neighbours of each item, for catalogues that no dense matrix fits."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.models.shared_item_similarity import ItemKnnConfig, fit_knn_weights
from daybreak.models.shared_statistics import (
    MAX_WEIGHTS_PER_ITEM,
    cached,
    scale_ridge,
    top_per_row,
)
from daybreak.types import Floats, Rows, Sparse

NEIGHBOURS = 100
"""Neighbours of an item that EASE uses unless an option says otherwise [items]."""


def fit_neighbour_ease(data: Dataset, ridge: float, n_neighbours: int = NEIGHBOURS) -> Sparse:
    """Return the weights of EASE that are restricted to the neighbours of each item.

    Column ``j`` is the ridge regression of item ``j`` on its nearest items ``N`` by shrunk
    cosine: ``(C_NN + λI) b = C_Nj``, where ``C = X'X - n s s'`` is centred by the item shares
    ``s``. Pair counts are those of :func:`.fit_knn_weights`, counted once; a pair that is
    nearest for neither of its items counts as independent.

    Args:
        data: Training data.
        ridge: Ridge, in units of the square root of the number of users.
        n_neighbours: Neighbours of an item, at most ``MAX_WEIGHTS_PER_ITEM``.

    Returns:
        (n_train_items, n_train_items) CSR with at most ``n_neighbours`` weights in a column.

    Source:
        Steck 2019, "Markov random fields for collaborative filtering", section 3.2: the normal
        equations of each item on its strongest relations only; neighbours of Ning and Karypis
        2011, "SLIM: sparse linear methods for top-n recommender systems", section 4.3 (fsSLIM).

    Memory: 16 * ``MAX_WEIGHTS_PER_ITEM`` bytes for each item, and as much again while solving.
    """

    def compute() -> Sparse:
        nearest = sp.csr_array(fit_knn_weights(data, _pair_config()).T)
        equations = NeighbourEquations.from_similarities(data, nearest, ridge)
        kept = top_per_row(nearest, n_neighbours)
        kept.sort_indices()
        solved = [
            equations.solve(item, kept.indices[kept.indptr[item] : kept.indptr[item + 1]])
            for item in range(kept.shape[0])
        ]
        values = np.concatenate(solved) if solved else kept.data
        by_item = sp.csr_array((values, kept.indices, kept.indptr), shape=kept.shape)
        return sp.csr_array(by_item.T)

    return cached(data, f"neighbour ease {ridge} {n_neighbours}", compute)


def _pair_config() -> ItemKnnConfig:
    """Return the options of the similarities that pairs are counted with."""
    return ItemKnnConfig(neighbours=MAX_WEIGHTS_PER_ITEM)


@dataclass(frozen=True, eq=False)
class NeighbourEquations:
    """The normal equations of centred interactions, of which small parts are solved."""

    excess: Sparse
    """(n, n) symmetric CSR: pair counts minus those expected by chance; no diagonal"""
    diagonal: Floats
    """(n,) variances of the items, times the number of users, plus the ridge"""

    @classmethod
    def from_similarities(
        cls, data: Dataset, nearest: Sparse, ridge: float
    ) -> "NeighbourEquations":
        """Return the equations of a data set.

        Args:
            data: Training data.
            nearest: (n, n) CSR shrunk cosines of each item to its nearest ones.
            ridge: Ridge, in units of the square root of the number of users.
        """
        counts, config = data.weighted_counts, _pair_config()
        n_users = max(float(data.pair_weights.sum()), 1.0)
        mutual = sp.csr_array(nearest.maximum(nearest.T), dtype=np.float32)
        mutual.sort_indices()
        row = np.repeat(np.arange(len(counts), dtype=np.int32), np.diff(mutual.indptr))
        product = counts[row] * counts[mutual.indices]
        del row
        pairs = mutual.data * (np.sqrt(product) + config.shrinkage)
        mutual.data = (pairs - product / n_users).astype(np.float32)
        diagonal = counts - counts**2 / n_users + scale_ridge(n_users, ridge)
        return cls(mutual, diagonal.astype(np.float32))

    def solve(self, item: int, neighbours: Rows) -> Floats:
        """Return the (n_neighbours,) weights that predict an item from its neighbours.

        Where unknown pairs leave the matrix indefinite, all pairs are halved until it is not.
        """
        n = len(neighbours)
        if not n:
            return np.empty(0, dtype=np.float32)
        gathered = self._gather(item, neighbours)
        square, right = np.asfortranarray(gathered[:, :n]), gathered[:, n]
        at = np.arange(n)
        while True:
            square[at, at] = self.diagonal[neighbours]
            _, weights, is_indefinite = self._solve_spd(square, right)
            if not is_indefinite:
                return np.asarray(weights, dtype=np.float32).ravel()
            square *= np.float32(0.5)

    def _gather(self, item: int, neighbours: Rows) -> Floats:
        """Return the (n, n + 1) excess among neighbours; the last column is the item's."""
        position, matrix, n = self._position, self.excess, len(neighbours)
        position[neighbours] = np.arange(n)
        position[item] = n
        starts = matrix.indptr[neighbours]
        sizes = matrix.indptr[neighbours + 1] - starts
        skipped = starts - np.r_[0, np.cumsum(sizes)[:-1]]
        entries = np.arange(sizes.sum()) + np.repeat(skipped, sizes)
        column = position[matrix.indices[entries]]
        used = np.flatnonzero(column >= 0)
        row = np.repeat(np.arange(n), sizes)[used]
        gathered = np.zeros((n, n + 1), dtype=np.float32)
        gathered[row, column[used]] = matrix.data[entries[used]]
        position[neighbours] = -1
        position[item] = -1
        return gathered

    @cached_property
    def _solve_spd(self) -> Callable[[Floats, Floats], tuple[Floats, Floats, int]]:
        """LAPACK's solver of symmetric positive definite equations, looked up once."""
        from scipy.linalg import get_lapack_funcs  # noqa: PLC0415 - slow to import, needed in training only

        found: Callable[[Floats, Floats], tuple[Floats, Floats, int]]
        found = get_lapack_funcs("posv", dtype=np.float32)
        return found

    @cached_property
    def _position(self) -> Rows:
        """(n,) place of each item among the neighbours at hand, -1 elsewhere; a buffer."""
        return np.full(self.excess.shape[0], -1, dtype=np.int32)
