import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from daybreak.metrics import expected_ndcg, ndcg
from daybreak.ranked_lists import top_k


@given(st.integers(0, 10_000), st.integers(1, 25), st.integers(1, 12))
def test_without_ties_it_is_the_ndcg_of_the_evaluation(seed, n_items, k):
    rng = np.random.default_rng(seed)
    scores = rng.permuted(np.tile(np.arange(n_items, dtype=np.float32), (6, 1)), axis=1)
    allowed = rng.random(scores.shape) < 0.8
    relevant = (rng.random(scores.shape) < 0.3) & allowed
    lists = top_k(scores, k, exclude=~allowed)
    expected = ndcg(lists, sp.csr_array(relevant))
    np.testing.assert_allclose(expected_ndcg(scores, allowed, relevant, k), expected)


def test_ties_are_worth_the_mean_over_random_orders():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 4, (5, 12)).astype(np.float32)
    relevant = rng.random(scores.shape) < 0.3
    relevant[:, 0] = True
    allowed = np.ones_like(relevant)
    draws = []
    for _ in range(4000):
        order = rng.permutation(12)
        lists = top_k(scores[:, order], 3)
        draws.append(ndcg(lists, sp.csr_array(relevant[:, order])))
    np.testing.assert_allclose(
        expected_ndcg(scores, allowed, relevant, 3), np.mean(draws, axis=0), atol=0.02
    )


def test_what_has_no_score_ranks_last():
    scores = np.array([[np.nan, -5.0, np.nan]], dtype=np.float32)
    allowed = np.ones((1, 3), dtype=bool)
    last = expected_ndcg(scores, allowed, np.array([[True, False, False]]), 10)
    # Places 2 and 3 are equally likely.
    assert last[0] == pytest.approx((1 / np.log2(3) + 1 / 2) / 2)


def test_nobody_gains_from_a_target_that_is_no_candidate():
    scores = np.array([[3.0, 2.0]], dtype=np.float32)
    allowed = np.array([[False, True]])
    assert np.isnan(expected_ndcg(scores, allowed, np.array([[True, False]]))).all()
    assert expected_ndcg(scores, allowed, np.array([[True, True]])) == 1
