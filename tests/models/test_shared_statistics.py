import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.models.shared_statistics import (
    cached,
    cap_rows,
    dense_product,
    gram_matrix,
    invert_spd_matrix,
    iter_blocks,
    largest_per_column,
    normalised_interactions,
    sparse_cooccurrence,
    top_per_column,
    top_per_row,
    top_positive_per_column,
    truncated_svd,
)
from tests.models.tiny import dataset, random_dataset


def test_the_inverse_of_two_by_two_by_hand():
    found = invert_spd_matrix(np.array([[2, 1], [1, 1]], dtype=np.float32))
    np.testing.assert_allclose(found, [[1, -1], [-1, 2]], atol=1e-5)


@pytest.mark.parametrize("n", [0, 1, 40, 300])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_the_inverse_is_that_of_the_textbook(n, kind):
    rows = np.random.default_rng(0).standard_normal((n, n))
    matrix = (rows @ rows.T + max(n, 1) * np.eye(n)).astype(kind)
    found = invert_spd_matrix(matrix.copy())
    assert found.dtype == kind
    np.testing.assert_allclose(found, np.linalg.inv(matrix), atol=1e-3)


def test_a_matrix_without_an_inverse_is_an_error():
    with pytest.raises(np.linalg.LinAlgError):
        invert_spd_matrix(-np.eye(3, dtype=np.float32))


@given(st.integers(1, 12), st.integers(1, 12))
def test_the_largest_weights_of_a_column_are_kept(n_rows, keep):
    columns = np.random.default_rng(n_rows).permutation(n_rows * 5).reshape(n_rows, 5) + 1.0
    columns *= np.where(np.arange(5) % 2, 1, -1)
    wanted = np.where(
        np.argsort(np.argsort(-np.abs(columns), axis=0), axis=0) < keep, columns, 0
    )
    np.testing.assert_array_equal(top_per_column(columns, keep).toarray(), wanted)
    np.testing.assert_array_equal(
        top_per_row(sp.csr_array(columns.T), keep).toarray(), wanted.T
    )


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.integers(1, 12))
def test_long_rows_are_thinned_evenly(sizes, most):
    full = sp.csr_array((np.arange(30) < np.array(sizes)[:, None]).astype(np.float32))
    capped = cap_rows(full, most)
    np.testing.assert_array_equal(np.diff(capped.indptr), np.minimum(sizes, most))
    for size, row in zip(sizes, capped.toarray(), strict=True):
        gaps = np.diff(np.flatnonzero(row))
        assert size <= most or not len(gaps) or gaps.max() - gaps.min() <= 1


def test_dense_products_do_not_depend_on_the_size_of_parts():
    data = random_dataset()
    x = data.interactions
    np.testing.assert_array_equal(dense_product(x, x, block_rows=7), (x.T @ x).toarray())
    np.testing.assert_array_equal(gram_matrix(data), (x.T @ x).toarray())


@pytest.mark.parametrize("speed", [0, 90])
def test_counts_are_made_in_parts_of_bounded_work(monkeypatch, speed):
    monkeypatch.setattr("daybreak.models.shared_statistics.DENSE_PRODUCT_SPEED", speed)
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_BLOCK_CELLS", 30)
    x = random_dataset().interactions
    found = sparse_cooccurrence(x, lambda counts, row, column: counts * (row + 100 * column))
    n = x.shape[1]
    wanted = (x.T @ x).toarray() * (np.arange(n)[:, None] + 100 * np.arange(n)[None, :])
    np.fill_diagonal(wanted, 0)
    np.testing.assert_allclose(found.toarray(), wanted)


@pytest.mark.parametrize("n_kept", [1, 3, 50])
def test_dense_and_sparse_blocks_give_the_same_neighbours(monkeypatch, n_kept):
    rng = np.random.default_rng(n_kept)
    values = rng.random((60, 40)) * (rng.random((60, 40)) < 0.3)
    x = sp.csr_array(values.astype(np.float32))
    roots = np.arange(1, 41, dtype=np.float32) ** 0.5

    def rescale(counts, row, column):
        return counts * roots[column] / roots[row]

    found = []
    for speed in (0, 1e9):
        monkeypatch.setattr("daybreak.models.shared_statistics.DENSE_PRODUCT_SPEED", speed)
        found.append(sparse_cooccurrence(x, rescale, n_kept).toarray())
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)
    assert (np.count_nonzero(found[1], axis=0) <= n_kept).all()


def test_threads_count_the_same_pairs(monkeypatch):
    statistics = "daybreak.models.shared_statistics"
    monkeypatch.setattr(f"{statistics}.DENSE_PRODUCT_SPEED", 0)
    monkeypatch.setattr(f"{statistics}.MAX_BLOCK_CELLS", 30)
    monkeypatch.setattr(f"{statistics}.thread_count", lambda: 3)
    x = random_dataset().interactions

    def rescale(counts, row, column):
        return counts * (row + 100 * column)

    alone = sparse_cooccurrence(x, rescale, 4)
    monkeypatch.setattr(f"{statistics}.MIN_THREADED_PRODUCTS", 0)
    together = sparse_cooccurrence(x, rescale, 4)
    np.testing.assert_array_equal(alone.toarray(), together.toarray())


def test_people_with_very_many_events_count_in_part(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_EVENTS_PER_USER", 2)
    x = dataset([[0, 1, 2, 3]], 4).interactions
    found = sparse_cooccurrence(x, lambda counts, row, column: counts)
    assert found.nnz == 2


def test_spans_narrow_for_tall_blocks(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_BLOCK_CELLS", 10)
    assert [span.stop - span.start for span in iter_blocks(5, 4)] == [2, 2, 1]
    assert [span.stop - span.start for span in iter_blocks(2, 400)] == [1, 1]
    assert list(iter_blocks(0, 4)) == []


def test_normalised_interactions_by_hand():
    """Ann has both items, Bob the first: ``1 / sqrt(2 * 2)``, ``1 / sqrt(2 * 1)``, ..."""
    found = normalised_interactions(dataset([[0, 1], [0]], 2)).toarray()
    np.testing.assert_allclose(found, [[0.5, 0.5**0.5], [0.5**0.5, 0]], rtol=1e-6)


def test_a_statistic_is_computed_once():
    data, calls = random_dataset(), []
    assert [cached(data, "it", lambda: calls.append(1) or 7) for _ in range(3)] == [7, 7, 7]
    assert len(calls) == 1


@pytest.mark.parametrize("shape", [(30, 12), (12, 30)])
def test_the_truncated_svd_is_the_leading_part_of_the_exact_one(shape):
    matrix = np.random.default_rng(0).random(shape) * (
        np.random.default_rng(1).random(shape) < 0.3
    )
    left, sizes, right = truncated_svd(sp.csr_array(matrix), 5, np.random.default_rng(2))
    u, s, vt = np.linalg.svd(matrix)
    np.testing.assert_allclose(sizes, s[:5], rtol=1e-4)
    np.testing.assert_allclose(left * sizes @ right.T, u[:, :5] * s[:5] @ vt[:5], atol=1e-4)


@given(
    st.integers(1, 9),
    st.integers(0, 12),
    st.integers(1, 12),
    st.integers(1, 4),
    st.integers(0, 5),
)
def test_the_largest_positive_weights_of_a_column_are_kept(
    n_columns, n, n_kept, n_values, seed
):
    drawn = np.random.default_rng(seed).integers(-1, n_values, (n, n_columns))
    matrix = drawn.astype(np.float32)
    kept = top_positive_per_column(matrix, n_kept).toarray()
    for column, found in zip(matrix.T, kept.T, strict=True):
        best = sorted(range(n), key=lambda row: (-column[row], row))[:n_kept]
        wanted = [column[row] if row in best and column[row] > 0 else 0 for row in range(n)]
        assert found.tolist() == wanted


@given(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12), st.integers(0, 5))
def test_the_largest_weights_of_either_sign_are_kept(n_columns, n, n_kept, seed):
    drawn = np.random.default_rng(seed).integers(-3, 4, (n, n_columns))
    matrix = drawn.astype(np.float32)
    kept = largest_per_column(matrix, n_kept).toarray()
    for column, found in zip(matrix.T, kept.T, strict=True):
        best = sorted(range(n), key=lambda row: (-abs(column[row]), row))[:n_kept]
        assert found.tolist() == [column[row] if row in best else 0 for row in range(n)]


def test_blocks_are_bounded_by_the_number_of_products_not_by_their_values(monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_statistics.MAX_BLOCK_CELLS", 40)
    monkeypatch.setattr("daybreak.models.shared_statistics.DENSE_PRODUCT_SPEED", 0)
    values = np.full((3, 10), 1e-3, dtype=np.float32)  # 30 products for each item
    sizes = []

    def keep(counts, row, column):
        sizes.append(len(counts))
        return counts

    found = sparse_cooccurrence(sp.csr_array(values), keep)
    assert len(sizes) == 10
    assert max(sizes) == 9  # the pairs of one item with the others
    assert np.allclose(found.toarray(), 3e-6 * (1 - np.eye(10)))
