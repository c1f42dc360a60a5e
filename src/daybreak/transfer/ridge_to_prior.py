"""Ridge regression towards a prior instead of towards zero."""

from typing import Any

import numpy as np
import scipy.linalg as sl

from daybreak.errors import ConfigError
from daybreak.types import Doubles, Floats, Sparse

MAX_DIRECT_ROWS = 4096
"""Rows up to which the equations are solved directly; beyond, by conjugate gradients."""
MAX_CG_ITERATIONS = 200
"""Iterations of conjugate gradients, at most."""
CG_TOLERANCE = 1e-4
"""Residual of a column, relative to its right-hand side, at which the iterations end."""


class RidgeToPrior:
    """Fit ``W = argmin ‖B W − T‖² + λ ‖W − W₀‖²`` for several λ.

    With more columns than rows the dual is the small problem:
    ``W = W₀ + Bᵀ (B Bᵀ + λ I)⁻¹ (T − B W₀)``.

    Cost: n³ / 3 multiplications for each λ and n ≤ 4,096 rows; else ``4·nnz(B)·dim`` for each
    of at most 200 iterations. Memory: 16·n² bytes, or 24·n·dim.

    Args:
        rows: (n, m) CSR matrix ``B``.
        targets: (n, dim) matrix ``T``.
        prior: (m, dim) matrix ``W₀``.
        max_direct_rows: Largest n for which the dual is solved directly.

    Source:
        The dual of ridge regression: Saunders, Gammerman and Vovk 1998, eq. 8, for ``W − W₀``.
        Conjugate gradients: Hestenes and Stiefel 1952, section 3.

    Example:
        One text with two tokens, the value 1 and the prior 0: each token gets 1/(2 + λ).

        >>> import scipy.sparse as sp
        >>> both = sp.csr_array(np.ones((1, 2), np.float32))
        >>> RidgeToPrior(both, np.ones((1, 1)), np.zeros((2, 1))).fit(1.0).round(4)
        array([[0.3333],
               [0.3333]], dtype=float32)
    """

    def __init__(
        self,
        rows: Sparse,
        targets: Floats | Doubles,
        prior: Floats | Doubles,
        *,
        max_direct_rows: int = MAX_DIRECT_ROWS,
    ) -> None:
        self.rows = rows
        self.prior = prior
        self._left = np.asarray(targets - rows @ prior, np.float64)
        """(n, dim) residual of the prior"""
        is_small = rows.shape[0] <= max_direct_rows
        self._gram = (rows @ rows.T).toarray().astype(np.float64) if is_small else None

    def fit(self, ridge: float) -> Floats:
        """Return the (m, dim) weights for one λ.

        Raises:
            ConfigError: λ is not positive.
        """
        if not ridge > 0:
            raise ConfigError(f"a ridge must be above 0, got {ridge!r}")
        if self._gram is None:
            solved = self._solve_cg(ridge)
        else:
            full = self._gram + ridge * np.eye(len(self._gram))
            solved = sl.solve(full, self._left, assume_a="pos", overwrite_a=True)
        return np.asarray(self.prior + self.rows.T @ solved, np.float32)

    def _solve_cg(self, ridge: float) -> Doubles:
        """Solve all columns by conjugate gradients."""
        solved = np.zeros_like(self._left)
        left = self._left.copy()
        way = left.copy()
        size = _column_dots(left, left)
        enough = CG_TOLERANCE**2 * size
        for _ in range(MAX_CG_ITERATIONS):
            if (size <= enough).all():
                break
            image = self.rows @ (self.rows.T @ way) + ridge * way
            step = size / np.maximum(_column_dots(way, image), 1e-300)
            solved += step * way
            left -= step * image
            before, size = size, _column_dots(left, left)
            way = left + (size / np.maximum(before, 1e-300)) * way
        return solved


def _column_dots(a: Any, b: Any) -> Doubles:
    return np.asarray(np.einsum("nd,nd->d", a, b))
