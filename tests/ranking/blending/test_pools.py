import numpy as np
import pytest

from daybreak.ranking.blending.pools import TIE_NOISE, order_ties


def test_ties_have_one_random_order_in_all_strategies_and_queries():
    scores = np.zeros((2, 3, 200), dtype=np.float32)
    scores[:, :, :100] = 1.0
    ordered = scores.copy()
    order_ties(ordered)
    assert (ordered[:, :, :100].min() > ordered[:, :, 100:].max()).all()
    orders = np.argsort(-ordered[:, :, :100], axis=2).reshape(6, 100)
    assert (orders == orders[0]).all()
    assert (orders[0] != np.arange(100)).any()


def test_scores_that_differ_by_more_keep_their_order():
    rng = np.random.default_rng(0)
    scores = rng.permutation(50).astype(np.float32)[None, None] * np.float32(2 * TIE_NOISE)
    ordered = scores.copy()
    order_ties(ordered)
    assert (np.argsort(ordered) == np.argsort(scores)).all()


@pytest.mark.parametrize("n_items", [0, 1, 7])
def test_scores_that_are_equal_for_all_items_stay_equal(n_items):
    scores = np.full((2, 2, n_items), 3.0, dtype=np.float32)
    order_ties(scores)
    assert (scores == 3).all()
