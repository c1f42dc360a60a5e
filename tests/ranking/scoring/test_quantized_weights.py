"""Weights of 8 bits: their values, products, and changes of single items."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import sparse_products
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring import quantized_weights
from daybreak.ranking.scoring.quantized_weights import (
    MAX_CODE,
    quantize_weights,
    quantized_size_bytes,
)
from daybreak.ranking.scoring.sums import (
    is_quantized,
    store_sum,
    stored_size_bytes,
    sum_quantized,
    sum_weighted,
)


@pytest.fixture
def rows():
    """Rows of many small weights and few large ones, one of zeros, one of a single weight."""
    weights = np.random.default_rng(0).standard_t(2, (30, 400)).astype(np.float32)
    weights[3], weights[4] = 0, 0
    weights[4, 7] = 2.5
    return weights


@pytest.fixture
def features():
    return sp.random_array((5, 30), density=0.4, rng=1, dtype=np.float32, format="csr")


def quantized(rows, columns=None):
    return quantize_weights([rows[:16], rows[16:]], rows.shape, columns)


def test_a_row_by_hand():
    """100 weights: the second largest has the code 127, the largest is kept."""
    row = np.zeros((1, 100), dtype=np.float32)
    row[0, :4] = 12.7, -0.26, 0.04, 500
    weights = quantize_weights([row], row.shape)
    assert weights.units.tolist() == pytest.approx([0.1])
    assert weights.codes[0, :5].tolist() == [127, -3, 0, 0, 0]
    assert weights.rest.toarray()[0, :4].tolist() == [0, 0, 0, 500]
    assert weights.to_dense()[0, :4].tolist() == pytest.approx([12.7, -0.3, 0, 500])


def test_each_weight_is_within_half_a_unit_and_large_ones_are_exact(rows):
    weights = quantized(rows)
    error = np.abs(weights.to_dense() - rows)
    assert (error <= 0.501 * weights.units[:, None]).all()
    large = np.abs(rows) > (MAX_CODE + 1) * weights.units[:, None]
    assert large.any()
    np.testing.assert_array_equal(weights.to_dense()[large], rows[large])
    assert weights.rest.nnz <= 0.02 * rows.size
    assert weights.to_dense()[4, 7] == 2.5
    assert not weights.to_dense()[3].any()


def test_they_take_a_quarter_of_the_memory(rows):
    assert quantized(rows).nbytes < 0.3 * rows.nbytes
    assert quantized_size_bytes(rows.shape) == pytest.approx(quantized(rows).nbytes, rel=0.1)


def test_products_are_those_of_the_written_out_weights(rows, features):
    weights = quantized(rows)
    expected = features @ weights.to_dense()
    np.testing.assert_allclose(weights.apply(features), expected, atol=1e-4)
    items = np.array([5, 0, 399, 7])
    chosen = weights.apply_to_columns(features, items)
    np.testing.assert_allclose(chosen, expected[:, items], atol=1e-4)
    for query in range(5):
        alone = weights.apply(features[[query]])
        np.testing.assert_allclose(alone[0], expected[query], atol=1e-4)
    nothing = sp.csr_array((2, 30), dtype=np.float32)
    assert not weights.apply(nothing).any()
    assert weights.apply(nothing).shape == (2, 400)


@pytest.mark.parametrize("has_kernels", [True, False])
def test_a_product_of_several_queries_has_the_same_bits_in_any_batch(
    rows, features, has_kernels, monkeypatch
):
    """Each query has its own features only; two rows are written out at a time."""
    monkeypatch.setattr(quantized_weights, "ROWS_PER_PRODUCT", 2)
    if not has_kernels:
        monkeypatch.setattr(sparse_products, "KERNELS", None)
    weights = quantized(rows)
    together = weights.apply(features)
    for pair in ([3, 0], [1, 4], [2, 2]):
        np.testing.assert_array_equal(weights.apply(features[pair]), together[pair])
    alone = np.concatenate([weights.apply(features[[query]]) for query in range(5)])
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)


def test_rows_are_added_to_the_queries_that_have_them():
    """2 * 5 * (1, -2) for the first query, 3 * 5 * (1, -2) + 4 * (7, 0) for the second."""
    codes = np.array([[1, -2], [9, 9], [7, 0]], dtype=np.int8)
    features = sp.csr_array(np.array([[0, 2], [4, 3]], dtype=np.float32))
    totals, units = np.ones((2, 2), dtype=np.float32), np.array([1, 5], dtype=np.float32)
    quantized_weights.add_coded_rows(totals, features, units, codes, np.array([2, 0]))
    assert totals.tolist() == [[11, -19], [44, -29]]


@pytest.mark.parametrize("has_columns", [True, False])
def test_changed_items_have_their_new_weights_and_others_keep_theirs(
    rows, features, has_columns
):
    """The first changed item had no weights before, the last one has none afterwards."""
    if has_columns:
        columns = np.full(500, -1)
        columns[100:] = np.arange(400)
    else:
        columns = None
    before = quantized(rows, columns)
    changed = np.array([5, 150, 399])
    new = np.zeros((30, 3), dtype=np.float32)
    new[1] = 0.25, 1, 0
    new[4, 1] = 70
    after = before.with_columns(changed, new)
    found, kept = after.to_dense(), np.delete(np.arange(after.shape[1]), changed)
    np.testing.assert_array_equal(found[:, kept], before.to_dense()[:, kept])
    assert (np.abs(found[:, changed] - new) <= 0.501 * before.units[:, None]).all()
    assert found[4, 150] == 70
    np.testing.assert_allclose(after.apply(features), features @ found, atol=1e-4)
    assert after.shape == before.shape


def test_a_change_leaves_the_weights_in_use_as_they_are(rows):
    before = quantized(rows)
    written_out = before.to_dense()
    before.with_columns(np.array([1]), np.full((30, 1), 9, dtype=np.float32))
    np.testing.assert_array_equal(before.to_dense(), written_out)


def test_sums_of_strategies_are_close_to_exact_ones_and_leave_out_items(rows, features):
    """Of 500 items, 400 have weights: one strategy has columns, one other entries."""
    columns = np.full(500, -1)
    columns[:400] = np.arange(400)
    sparse = sp.random_array((30, 500), density=0.02, rng=2, dtype=np.float32, format="csr")
    factors = np.full(500, 0.5, dtype=np.float32)
    factors[420:] = 0
    pairs = [
        (WeightMatrix(rows, columns=columns), 2 * factors),
        (WeightMatrix(dense=np.roll(np.pad(rows, ((0, 0), (0, 100))), 1)), factors),
        (WeightMatrix(sparse=sparse), factors),
    ]
    exact, found = sum_weighted(pairs), sum_quantized(pairs)
    assert found.codes.shape == (30, 420)
    assert found.shape == (30, 500)
    error = np.abs(found.to_dense() - exact.to_dense())
    assert (error <= 0.501 * found.units[:, None] + 1e-5).all()
    assert not found.to_dense()[:, 420:].any()


def test_only_large_dense_sums_have_8_bits(rows):
    factors = np.ones(400, dtype=np.float32)
    dense, sparse = WeightMatrix(rows), WeightMatrix(sparse=sp.csr_array(rows))
    low_rank = WeightMatrix(left=rows[:, :2], right=rows[:2])
    assert is_quantized([(dense, factors)], rows.nbytes)
    assert not is_quantized([(dense, factors)], rows.nbytes + 1)
    assert not is_quantized([(sparse, factors)], 0)
    assert not is_quantized([(low_rank, factors), (dense, factors)], 0)
    assert not is_quantized([], 0)
    assert stored_size_bytes([(dense, factors)], 0) < 0.3 * rows.nbytes
    assert stored_size_bytes([(dense, factors)], np.inf) == rows.nbytes


def test_some_rows_of_a_sum_have_the_weights_of_the_whole_sum(rows):
    pairs = [(WeightMatrix(rows), np.ones(400, dtype=np.float32))]
    chosen = np.array([20, 2])
    found, whole = store_sum(pairs, 0, chosen), store_sum(pairs, 0)
    np.testing.assert_array_equal(found.to_dense(), whole.to_dense()[chosen])
