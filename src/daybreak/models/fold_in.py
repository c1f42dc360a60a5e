"""Vectors of people from their histories, exactly, whole batches at a time."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from daybreak.data.sparse_rows import rows_of
from daybreak.types import Floats, Rows, Sparse

BATCH_CELLS = 4_000_000
"""Numbers gathered at a time: 16 MB, which stays in the cache of most processors."""


@dataclass(frozen=True, eq=False)
class Objective:
    """The weighted least squares problem whose solution is the vector of a history.

    For a history ``x`` and a prior mean ``m`` it is
    ``Σ_i w_i (1 + α x_i) (1[x_i > 0] - q_i'p)² + λ |p - m|²`` over *all* items: what was not
    chosen counts as 0, weakly. An event of weight ``x_i`` between 0 and 1 counts in part.

    Source:
        Hu, Koren and Volinsky 2008, "Collaborative filtering for implicit feedback datasets",
        eq. 4, with a weight for each item and a mean for the prior.
    """

    vectors: Floats
    """(n_anchors, dim) q"""
    weights: Floats
    """(n_anchors,) w"""
    gram: Floats
    """(dim, dim) ``Σ_i w_i q_i q_i'``"""
    confidence: float
    """α"""
    ridge: float
    """λ"""

    def solve(self, histories: Sparse, prior: Floats) -> Floats:
        """Return the (n, dim) minimisers.

        Args:
            histories: (n, n_anchors) CSR, each event 1 or its share.
            prior: (n, dim) means.

        Example:
            One item with q = 1, w = 1, α = 1, λ = 2 and m = 0: ``p = 2 / (1 + 1 + 2)``.

            >>> import scipy.sparse as sp
            >>> one = np.ones((1, 1), dtype=np.float32)
            >>> Objective(one, one[0], one, 1.0, 2.0).solve(sp.csr_array(one), 0 * one)
            array([[0.5]], dtype=float32)
        """
        dim = self.vectors.shape[1]
        values = histories.data * self.weights[histories.indices]
        parts = (values, histories.indices, histories.indptr)
        pull = sp.csr_array(parts, shape=histories.shape)
        right = (1 + self.confidence) * (pull @ self.vectors) + self.ridge * prior
        fixed = self.gram + self.ridge * np.eye(dim, dtype=np.float32)
        found = np.empty((histories.shape[0], dim), dtype=np.float32)
        for rows in _batches(np.diff(histories.indptr), dim):
            seen = self._gathered(rows_of(pull, rows))
            left = np.matmul(seen.transpose(0, 2, 1), seen) + fixed
            found[rows] = np.linalg.solve(left, right[rows][:, :, None])[:, :, 0]
        return found

    def _gathered(self, pull: Sparse) -> Floats:
        """Return (n, longest, dim) vectors of histories, each times ``sqrt(α w x)``, or 0."""
        sizes = np.diff(pull.indptr)
        longest = int(sizes.max(initial=0))
        item = np.zeros((len(sizes), longest), dtype=np.int64)
        root = np.zeros((len(sizes), longest), dtype=np.float32)
        row = np.repeat(np.arange(len(sizes)), sizes)
        place = np.arange(pull.nnz) - np.repeat(pull.indptr[:-1], sizes)
        item[row, place] = pull.indices
        root[row, place] = np.sqrt(self.confidence * pull.data)
        gathered: Floats = self.vectors[item] * root[:, :, None]
        return gathered


def _batches(sizes: Rows, dim: int) -> list[Rows]:
    """Cut rows into batches of like sizes, each within ``BATCH_CELLS`` where one row allows."""
    order, batches, start = np.argsort(-sizes, kind="stable"), [], 0
    while start < len(order):
        height = max(int(sizes[order[start]]), dim)
        stop = start + max(BATCH_CELLS // (height * dim), 1)
        batches.append(order[start:stop])
        start = stop
    return batches
