"""Vectors of items from how much more often than by chance they are near each other."""

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.models.truncated_svd import truncated_svd
from daybreak.types import Floats, Sparse

PRIOR = 1.0
"""Pairs credited to observation and expectation alike."""


def lift(data: Dataset, reach: int) -> Sparse:
    """Return the (n_anchors, n_anchors) CSR of ``log((observed + 1) / (expected + 1))``.

    Pairs are those of one user's events at most ``reach`` events apart, in both directions;
    only those above chance are kept.

    Source:
        Levy and Goldberg 2014, "Neural word embedding as implicit matrix factorization", eq. 10
        (positive pointwise mutual information), shrunk by a prior.

    Cost: ``reach * n_events`` pairs.
    """
    n, user = len(data.anchor_rows), data.events.user
    item = np.searchsorted(data.anchor_rows, data.events.item)
    total = sp.csr_array((n, n), dtype=np.float32)
    for gap in range(1, min(reach, len(user) - 1) + 1):
        same = user[gap:] == user[:-gap]
        pair = (item[:-gap][same], item[gap:][same])
        ones = np.ones(len(pair[0]), dtype=np.float32)
        total = total + sp.csr_array((ones, pair), shape=(n, n))
    pairs = sp.coo_array(total + total.T)
    sums = np.asarray(pairs.sum(axis=1), dtype=np.float32).ravel()
    row, column = pairs.coords
    expected = sums[row] * sums[column] / max(float(sums.sum()), 1.0)
    value = np.log((pairs.data + PRIOR) / (expected + PRIOR))
    above = value > 0
    at = (row[above], column[above])
    return sp.csr_array((value[above].astype(np.float32), at), shape=(n, n))


def lift_vectors(data: Dataset, reach: int, dim: int, rng: np.random.Generator) -> Floats:
    """Return (n_anchors, dim) vectors whose dot products come near :func:`lift`.

    They are turned at random, so that every number of a vector says about as much.

    Source:
        Levy and Goldberg 2014, section 4.2, ``U sqrt(S)`` of the singular value decomposition.
    """
    near = lift(data, reach)
    # Nothing is nearer to an item than itself; without it, no product could be a square.
    near = near + sp.diags_array(near.max(axis=1).toarray().ravel()) if near.nnz else near
    vectors = np.zeros((near.shape[0], dim), dtype=np.float32)
    turn = np.linalg.qr(rng.standard_normal((dim, dim)))[0].astype(np.float32)
    if near.nnz:
        _, sizes, right = truncated_svd(near, dim, rng)
        vectors[:, : len(sizes)] = right * np.sqrt(sizes)
    return np.asarray(vectors @ turn, dtype=np.float32)
