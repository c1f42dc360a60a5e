"""Matrices whose columns are multiplied by factors."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import sparse_products
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.scaled_columns import ScaledColumns, as_span

COLUMNS = np.array([1, -1, 0, 1, 0])


@pytest.mark.parametrize("factors", [[1, 0, 2, 3, 1], [0, 0, 3, 0, 0], [0, 0, 0, 2, 3]])
def test_dense_rows_are_added_by_hand(factors):
    matrix = WeightMatrix(dense=np.array([[1, 2], [3, 4], [5, 6]], np.float32), columns=COLUMNS)
    total, scale = np.ones((2, 5), np.float32), np.array(factors, np.float32)
    ScaledColumns.of(matrix, scale).add_dense_rows(total, slice(1, 3), np.empty_like(total))
    # by hand: rows 3 4 and 5 6 with the columns 4 - 3 4 3 and 6 - 5 6 5
    wanted = 1 + np.array([[4, 0, 3, 4, 3], [6, 0, 5, 6, 5]]) * scale
    np.testing.assert_array_equal(total, wanted)


@pytest.mark.parametrize("has_kernels", [True, False])
@pytest.mark.parametrize("rows", [slice(0, 3), slice(1, 2), slice(2, 2)])
def test_sparse_rows_are_those_of_scipy(monkeypatch, rows, has_kernels):
    if not has_kernels:
        monkeypatch.setattr(sparse_products, "KERNELS", None)
    matrix = sp.csr_array(np.array([[1, 0, 2], [0, 0, 3], [4, 5, 0]], np.float32))
    factors = np.array([2, 0, -1], np.float32)
    total = np.ones((rows.stop - rows.start, 3), np.float32)
    ScaledColumns.of(WeightMatrix(sparse=matrix), factors).add_sparse_rows(total, rows)
    np.testing.assert_array_equal(total, 1 + matrix.toarray()[rows] * factors)


def test_a_matrix_has_only_the_parts_that_it_has():
    total = np.ones((1, 2), np.float32)
    dense = ScaledColumns.of(WeightMatrix(dense=np.ones((1, 2), np.float32)), total[0])
    dense.add_sparse_rows(total, slice(0, 1))
    sparse = ScaledColumns.of(WeightMatrix(sparse=sp.csr_array(total)), total[0])
    sparse.add_dense_rows(total, slice(0, 1), np.empty_like(total))
    np.testing.assert_array_equal(total, [[1, 1]])


@pytest.mark.parametrize("places", [[], [3], [1, 2], [2, 1], [0, 2], [1, 1]])
def test_a_span_reads_the_same_places(places):
    values, chosen = np.arange(5), np.array(places, dtype=np.int64)
    np.testing.assert_array_equal(values[as_span(chosen)], values[chosen])
