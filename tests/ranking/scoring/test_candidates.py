"""Terms of candidate generation against products of whole matrices."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak.models.wish import saturate_wishes
from daybreak.ranking.scoring import candidates as module
from daybreak.ranking.scoring import quantized
from daybreak.ranking.scoring.candidates import (
    DenseTerm,
    ItemLimits,
    LevelTerms,
    SparseTerm,
    VectorTerm,
    WeightGroups,
    sum_sparse_rows,
)
from daybreak.ranking.scoring.quantized import BestRows, QuantizedVectors
from daybreak.ranking.scoring.scorer import LevelWeights

N_ITEMS, N_QUERIES, DIM = 23, 3, 4


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(quantized, "ITEMS_PER_BLOCK", 10)
    monkeypatch.setattr(module, "ITEMS_PER_BLOCK", 10)


def floats(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def make_terms(rng, is_quantized):
    """Return the terms of three strategies and a wish, and the scores by whole matrices."""
    weights = floats(rng, 4, 2)[:, rng.integers(0, 2, N_ITEMS)]
    bias, means = floats(rng, N_ITEMS), floats(rng, N_QUERIES, 4)
    vectors, right = floats(rng, N_QUERIES, DIM), floats(rng, DIM, N_ITEMS)
    features = sp.random_array((N_QUERIES, 6), density=0.5, format="csr", rng=rng)
    sparse = sp.random_array((6, N_ITEMS), density=0.3, format="csr", rng=rng)
    products = floats(rng, N_QUERIES, N_ITEMS)
    wish = floats(rng, 1, DIM)
    pairs = [sum_sparse_rows(features, query, sparse) for query in range(N_QUERIES)]
    columns, values = ([pair[side] for pair in pairs] for side in (0, 1))
    stored = QuantizedVectors.from_columns(right, quantized=is_quantized)
    terms = LevelTerms(
        LevelWeights(weights, bias, {}),
        [
            VectorTerm(vectors, right, stored, 0),
            SparseTerm(columns, values, 1),
            DenseTerm(products, None),
        ],
        [VectorTerm(wish, right, stored, None)],
        {1: 0},
        3,
        means,
        WeightGroups.of(weights),
    )
    scores = bias + (vectors @ right) * weights[0] + products - means @ weights
    scores += (features @ sparse).toarray() * weights[1]
    scores[1] += saturate_wishes(wish @ right)[0] * weights[3]
    return terms, scores


def candidates_of(terms, query, size, limits=None):
    best = BestRows(size)
    for start in range(0, N_ITEMS, 10):
        span = slice(start, min(start + 10, N_ITEMS))
        scores = terms.approximate_block(query, span)
        if limits is not None:
            module._apply_limits(scores, limits, span)
        best.add(start, scores)
    return best.rows()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, N_ITEMS))
def test_with_float32_vectors_candidates_are_the_best_items(seed, size):
    terms, scores = make_terms(np.random.default_rng(seed), is_quantized=False)
    for query in range(N_QUERIES):
        rows = candidates_of(terms, query, size)
        assert len(np.unique(rows)) == size
        least = np.sort(scores[query])[-size]
        assert (scores[query, rows] >= least - 1e-4).all()
        found = terms.exact_scores(query, rows)
        np.testing.assert_allclose(found, scores[query, rows], atol=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_exact_scores_do_not_depend_on_quantized_vectors(seed):
    terms, scores = make_terms(np.random.default_rng(seed), is_quantized=True)
    rows = candidates_of(terms, 1, 8)
    np.testing.assert_allclose(terms.exact_scores(1, rows), scores[1, rows], atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_limits_hold_before_candidates_are_chosen(seed):
    rng = np.random.default_rng(seed)
    terms, scores = make_terms(rng, is_quantized=False)
    allowed, excluded = rng.random(N_ITEMS) < 0.5, np.flatnonzero(rng.random(N_ITEMS) < 0.2)
    added = floats(rng, N_ITEMS)
    rows = candidates_of(terms, 0, 5, ItemLimits(allowed, excluded, added))
    possible = np.setdiff1d(np.flatnonzero(allowed), excluded)
    assert np.isin(rows, possible).all()
    assert len(rows) == min(5, len(possible))
    total = scores[0] + added
    least = np.sort(total[possible])[-len(rows)] if len(rows) else 0
    assert (total[rows] >= least - 1e-4).all()


def test_hand_worked_score():
    # bias 1, product 2 * 3 = 6 at weight 0.5, sparse 4, mean 1 * 0.5: 1 + 3 + 4 - 0.5
    right = np.array([[3.0]], dtype=np.float32)
    terms = LevelTerms(
        LevelWeights(np.array([[0.5]], np.float32), np.array([1.0], np.float32), {}),
        [
            VectorTerm(
                np.array([[2.0]], np.float32), right, QuantizedVectors.from_columns(right), 0
            ),
            SparseTerm([np.array([0])], [np.array([4.0], np.float32)], None),
        ],
        [],
        {},
        -1,
        np.array([[1.0]], dtype=np.float32),
        None,
    )
    assert terms.exact_scores(0, np.array([0])).tolist() == [7.5]
    assert terms.approximate_block(0, slice(0, 1)) == pytest.approx(7.5, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_sums_of_sparse_rows_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    features = sp.random_array((2, 5), density=0.5, format="csr", dtype=np.float32, rng=rng)
    weights = sp.random_array((5, 9), density=0.4, format="csr", dtype=np.float32, rng=rng)
    for query in range(2):
        columns, values = sum_sparse_rows(features, query, weights)
        assert (np.diff(columns) > 0).all()
        dense = np.zeros(9, dtype=np.float32)
        dense[columns] = values
        np.testing.assert_allclose(dense, (features @ weights).toarray()[query], rtol=1e-5)


def test_items_with_equal_weights_are_a_group():
    weights = np.array([[1, 2, 1], [0, 3, 0]], dtype=np.float32)
    groups = WeightGroups.of(weights)
    assert groups is not None
    assert np.array_equal(groups.table[:, groups.group], weights)
    distinct = np.arange(2 * (module.MAX_WEIGHT_GROUPS + 1), dtype=np.float32).reshape(2, -1)
    assert WeightGroups.of(distinct) is None
