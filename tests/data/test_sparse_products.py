"""Products without checks are those of scipy, to the last bit and in the same order."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import sparse_products
from daybreak.data.sparse_products import (
    add_multiples,
    multiply_dense,
    multiply_sparse,
    multiply_sparse_to_dense,
)

KINDS = st.tuples(st.sampled_from(["f4", "f8"]), st.sampled_from(["i4", "i8"]))
"""Types of values and of indices."""
SEED, SHARE = st.integers(0, 2**31), st.sampled_from([0.0, 0.1, 0.6])


def made(rng, shape, share, kind, index):
    """Return a CSR matrix whose columns are in any order."""
    matrix = sp.csr_array(rng.standard_normal(shape) * (rng.random(shape) < share))
    order = np.concatenate(
        [
            np.empty(0, int),
            *map(rng.permutation, np.split(np.arange(matrix.nnz), matrix.indptr[1:])),
        ]
    ).astype(int)
    matrix.data, matrix.indices = matrix.data[order].astype(kind), matrix.indices[order]
    matrix.indices, matrix.indptr = matrix.indices.astype(index), matrix.indptr.astype(index)
    matrix.has_sorted_indices = False
    return matrix


def assert_same(found, wanted):
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    for part in ("data", "indices", "indptr"):
        assert getattr(found, part).tolist() == getattr(wanted, part).tolist()


@given(st.integers(0, 5), st.integers(1, 6), SHARE, KINDS, KINDS, SEED)
def test_products_are_those_of_scipy(n, k, share, first, second, seed):
    rng = np.random.default_rng(seed)
    left, right = made(rng, (n, k), share, *first), made(rng, (k, 7), 0.4, *second)
    assert_same(multiply_sparse(left, right), left @ right)
    found, wanted = multiply_sparse_to_dense(left, right), (left @ right).toarray()
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    dense = rng.standard_normal((k, 3)).astype(second[0])
    for array in (dense, np.asfortranarray(dense)):
        found, wanted = multiply_dense(left, array), left @ array
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_long_products_take_no_more_memory_than_their_entries(monkeypatch):
    monkeypatch.setattr(sparse_products, "MAX_SPARE_ENTRIES", 3)
    rng = np.random.default_rng(1)
    left, right = made(rng, (4, 6), 0.8, "f4", "i4"), made(rng, (6, 5), 0.8, "f4", "i4")
    found = multiply_sparse(left, right)
    assert_same(found, left @ right)
    assert found.data.base is None or len(found.data.base) == found.nnz
    np.testing.assert_array_equal(multiply_sparse_to_dense(left, right), found.toarray())


@pytest.mark.parametrize("has_kernels", [True, False])
def test_multiples_of_some_rows_are_added(has_kernels, monkeypatch):
    """The rows 1 and 2 of three: 5 times to the last row, 7 and 1 times to both."""
    if not has_kernels:
        monkeypatch.setattr(sparse_products, "KERNELS", None)
    total, dense = np.ones((2, 2)), np.array([[1.0, 2.0], [10.0, 0.0]])
    starts, targets = np.array([1, 2, 4]), np.array([0, 1, 0, 1])
    add_multiples(total, dense, starts, targets, np.array([9.0, 5.0, 7.0, 1.0]))
    assert total.tolist() == [[71, 1], [16, 11]]


@pytest.mark.parametrize("change", ["kernels", "format", "count"])
def test_scipy_multiplies_what_the_loops_cannot(change, monkeypatch):
    rng = np.random.default_rng(2)
    left, right = made(rng, (4, 6), 0.5, "f4", "i4"), made(rng, (6, 5), 0.5, "f4", "i4")
    wanted = left @ right
    if change == "kernels":
        monkeypatch.setattr(sparse_products, "KERNELS", None)
    elif change == "count":
        monkeypatch.setattr(sparse_products, "MAX_ENTRIES", 1)
    other = right.tocsc() if change == "format" else right
    np.testing.assert_array_equal(multiply_sparse(left, other).toarray(), wanted.toarray())
    np.testing.assert_array_equal(multiply_sparse_to_dense(left, other), wanted.toarray())
    dense = rng.random((6, 2), dtype=np.float32)
    np.testing.assert_array_equal(multiply_dense(left, dense), left @ dense)


def test_other_sizes_are_refused():
    left = sp.csr_array((2, 3), dtype=np.float32)
    with pytest.raises(ValueError, match="mismatch"):
        multiply_sparse(left, sp.csr_array((2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="mismatch"):
        multiply_dense(left, np.ones((2, 3), dtype=np.float32))
