"""Ridge regressions and draws of rows that the bridges from sources share."""

import numpy as np
import scipy.sparse as sp

from daybreak.models.shared_statistics import add_ridge, solve_spd_matrix
from daybreak.types import Floats, Rows, Sparse


def solve_ridge(features: Floats, targets: Sparse | Floats, ridge: float) -> Floats:
    """Return ``(F'F + λI)^-1 F'Y``, the ridge estimator with many responses.

    Args:
        features: (n, dim) F.
        targets: (n, n_items) Y, CSR or dense.
        ridge: λ, above 0.

    Example:
        One user with one feature and λ = 1: half of the target.

        >>> y = sp.csr_array(np.array([[1.0, 0.0]]))
        >>> solve_ridge(np.ones((1, 1), np.float32), y, 1.0).round(3)
        array([[0.5, 0. ]], dtype=float32)
    """
    normal = add_ridge(features.T @ features, ridge)
    right = (targets.T @ features).T if sp.issparse(targets) else features.T @ targets
    return np.asarray(solve_spd_matrix(normal, np.asarray(right, np.float32)), np.float32)


def solve_relative_ridge(features: Floats, targets: Sparse | Floats, share: float) -> Floats:
    """Return :func:`solve_ridge` with a share of the mean eigenvalue of F'F as the ridge.

    Args:
        features: (n, dim) F.
        targets: (n, n_items) Y, CSR or dense.
        share: Share of the mean eigenvalue.

    Example:
        One feature of length 1: the mean eigenvalue is 1.

        >>> one = np.ones((1, 1), np.float32)
        >>> solve_relative_ridge(one, one, 1.0).round(3)
        array([[0.5]], dtype=float32)
    """
    mean = float(np.square(features, dtype=np.float64).sum()) / features.shape[1]
    return solve_ridge(features, targets, share * mean + 1e-9)


def unit_sparse_rows(matrix: Sparse) -> Sparse:
    """Return a CSR matrix with rows of length 1; empty rows stay."""
    matrix = sp.csr_array(matrix, dtype=np.float32)
    length = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scale = np.repeat(1 / np.maximum(length, 1e-9), np.diff(matrix.indptr))
    return sp.csr_array((matrix.data * scale, matrix.indices, matrix.indptr), matrix.shape)


def draw_rows(n: int, n_max: int, rng: np.random.Generator) -> Rows:
    """Return at most ``n_max`` of ``n`` rows, ascending."""
    return np.arange(n) if n <= n_max else np.sort(rng.permutation(n)[:n_max])
