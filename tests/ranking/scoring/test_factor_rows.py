"""Rows of low-rank weights that are written out."""

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import derived_arrays
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring import factor_rows
from daybreak.ranking.scoring.factor_rows import FactorProducts, FactorRows


@pytest.fixture
def weights():
    """Weights of 30 events and 400 items with 5 dimensions, one event without any."""
    rng = np.random.default_rng(0)
    left = rng.standard_normal((30, 5)).astype(np.float32)
    left[3] = 0
    return WeightMatrix(left=left, right=rng.standard_normal((5, 400)).astype(np.float32))


def features_of(*events):
    """Return one query for each tuple of events."""
    dense = np.zeros((len(events), 30), dtype=np.float32)
    for query, rows in enumerate(events):
        dense[query, list(rows)] = 1 + np.arange(len(rows))
    return sp.csr_array(dense)


def test_a_row_by_hand():
    """The largest weight is 127 units; .25 is 31.75 of them, hence 32."""
    right = np.float32([[1.0, 0.25, 0.0]])
    rows = FactorRows(WeightMatrix(left=np.float32([[2], [0]]), right=right))
    found = rows.apply(sp.csr_array(np.float32([[3, 1], [0, 1]])))
    assert found.tolist() == [pytest.approx([6, 6 * 32 / 127, 0]), [0, 0, 0]]
    assert len(rows) == 2


def test_rows_that_are_written_out_give_nearly_the_same_products(weights):
    rows = FactorRows(weights)
    assert rows.fill(100) == 30
    features = features_of((1, 2, 3), (4,), (), (29, 1))
    exact, found = weights.apply(features), rows.apply(features)
    assert found[2].tolist() == [0] * 400
    largest_error = 1.001 * features @ rows._units[rows._places] / 2
    assert (np.abs(found - exact) <= largest_error[:, None] + 1e-6).all()
    assert (found != exact).any()


def test_a_batch_that_misses_more_rows_than_it_has_queries_is_exact(weights):
    rows = FactorRows(weights)
    features = features_of((1, 2, 3))
    np.testing.assert_array_equal(rows.apply(features), weights.apply(features))
    assert len(rows) == 0
    rows.apply(features_of((1,), (2, 3), (2,)))
    assert len(rows) == 3
    assert (rows.apply(features) != weights.apply(features)).any()


def test_rows_that_were_missed_most_are_written_out_first(weights):
    rows = FactorRows(weights)
    for _ in range(2):
        rows.apply(features_of((20, 25)))
    rows.apply(features_of((7, 25)))
    assert [rows.fill(1) for _ in range(2)] == [1, 1]
    assert np.flatnonzero(rows._places >= 0).tolist() == [20, 25]
    assert rows.fill(100) == 28
    assert rows.fill(100) == 0


def test_rows_take_no_more_than_their_room(weights):
    rows = FactorRows(weights, max_bytes=2 * 400)
    rows.apply(features_of((1,)))
    assert rows.fill(100) == 1
    features = features_of((1,), (9,))
    np.testing.assert_array_equal(rows.apply(features), weights.apply(features))
    assert len(rows) == 2


def test_only_large_factors_have_rows_and_only_once_they_are_filled(weights, monkeypatch):
    products, features = FactorProducts(), features_of((1,))
    exact = weights.apply(features)
    np.testing.assert_array_equal(products.apply(0, weights, features), exact)
    assert products.fill() == 0
    monkeypatch.setattr(factor_rows, "MIN_FACTOR_BYTES", 1)
    np.testing.assert_array_equal(products.apply(0, weights, features), exact)
    assert products.fill() == 30
    assert (products.apply(0, weights, features) != exact).any()


def test_other_parts_and_other_weights_count(weights, monkeypatch):
    monkeypatch.setattr(factor_rows, "MIN_FACTOR_BYTES", 1)
    products, features = FactorProducts(), features_of((1,))

    def filled(weights):
        products.apply(0, weights, features)
        assert products.fill() == 30
        return products.apply(0, weights, features)

    first = filled(weights)
    sparse = sp.random_array((30, 400), density=0.3, rng=1, dtype=np.float32, format="csr")
    both = WeightMatrix(sparse=sparse, left=weights.left, right=weights.right)
    np.testing.assert_allclose(filled(both), first + (features @ sparse).toarray(), atol=1e-6)
    doubled = WeightMatrix(left=2 * weights.left, right=weights.right)
    np.testing.assert_allclose(filled(doubled), 2 * first, rtol=1e-5)


def test_strategies_are_filled_in_turns_a_few_rows_at_a_time(weights, monkeypatch):
    monkeypatch.setattr(factor_rows, "MIN_FACTOR_BYTES", 1)
    monkeypatch.setattr(factor_rows, "PRODUCTS_PER_FILL", 20 * 5 * 400)
    products = FactorProducts()
    for strategy in range(2):
        other = WeightMatrix(left=weights.left, right=weights.right)
        products.apply(strategy, other, features_of((1,)))
    filled, sizes = [], []
    while n_filled := products.fill():
        filled.append(n_filled)
        sizes.append([len(rows) for _, rows in products._rows.values()])
    assert filled == [20, 20, 10, 10]
    assert sizes[1] == [20, 20]
    assert sizes[-1] == [30, 30]


def test_rows_are_kept_for_other_processes(weights, monkeypatch, tmp_path):
    monkeypatch.setattr(factor_rows, "MIN_FACTOR_BYTES", 1)
    monkeypatch.setattr(derived_arrays, "MIN_MAPPED_BYTES", 1)
    features = features_of((1, 2, 3), (29,), ())
    plain, kept = FactorProducts(), FactorProducts()
    for products, shared in ((plain, None), (kept, DerivedArrays(tmp_path / "r1", b"v1"))):
        products.apply(2, weights, features)
        products.fill(shared)
    expected = plain.apply(2, weights, features)
    np.testing.assert_array_equal(kept.apply(2, weights, features), expected)

    opened, nothing = FactorProducts(), np.zeros(400, dtype=np.float32)
    small = LinearScorer(WeightMatrix(), nothing, nothing > 0)
    models = [small, small, LinearScorer(weights, nothing, nothing == 0)]
    opened.restore(models, DerivedArrays(tmp_path / "r1", b"v1"))
    np.testing.assert_array_equal(opened.apply(2, weights, features), expected)
    assert opened.fill(DerivedArrays(tmp_path / "r1", b"v1")) == 0

    late = FactorProducts()
    late.apply(2, weights, features)
    assert late.fill(DerivedArrays(tmp_path / "r1", b"v1")) == 0
    np.testing.assert_array_equal(late.apply(2, weights, features), expected)
