import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.models.shared_statistics import truncated_svd


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_it_is_the_leading_part_of_the_exact_one(shape):
    matrix = np.random.default_rng(0).random(shape) * (
        np.random.default_rng(1).random(shape) < 0.3
    )
    left, sizes, right = truncated_svd(sp.csr_array(matrix), 5, np.random.default_rng(2))
    u, s, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(sizes, s[:5], rtol=1e-4)
    np.testing.assert_allclose(left * sizes @ right.T, u[:, :5] * s[:5] @ vt[:5], atol=1e-4)
