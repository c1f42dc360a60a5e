import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.pools import TIE_NOISE, mark_top, measure_scales, order_ties


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


def test_the_best_of_each_strategy_and_group_by_hand():
    """The first strategy is the same for all; the second one says nothing about query 2."""
    scores = np.array(
        [
            [[5, 4, 3, 2, 1, 0]] * 2,
            [[0, 1, 2, 3, 4, 5], [7, 7, 7, 7, 7, 7]],
        ],
        dtype=np.float32,
    )
    allowed = np.ones((2, 6), dtype=bool)
    allowed[0, 0] = False
    is_warm = np.arange(6) < 4
    found = mark_top(scores, allowed, (is_warm, ~is_warm), n_top=1)
    assert np.argwhere(found[0]).ravel().tolist() == [1, 3, 4, 5]
    assert np.argwhere(found[1]).ravel().tolist() == [0, 4]


@given(seed=st.integers(0, 10_000), n_top=st.integers(1, 6))
def test_the_best_candidates_are_those_of_the_sorted_list(seed, n_top):
    rng = np.random.default_rng(seed)
    scores = rng.permutation(36).reshape(1, 4, 9).astype(np.float32)
    scores[0] -= scores[0, :1] * (seed % 2)  # a first query without any difference
    allowed = rng.random((4, 9)) < 0.7
    found = mark_top(scores, allowed, (np.ones(9, dtype=bool),), n_top)
    for values, candidates, best in zip(scores[0], allowed, found, strict=True):
        rows = np.flatnonzero(candidates)
        order = rows[np.argsort(-values[rows], kind="stable")][:n_top]
        says_nothing = not len(rows) or np.ptp(values[rows]) == 0
        assert set(np.flatnonzero(best)) == (set() if says_nothing else set(order))


@pytest.mark.parametrize("level", [0.065, 1e-8, 3e4])
def test_differences_of_the_size_of_rounding_errors_have_no_scale(level):
    """One item in 24 whose 32-bit score is the next number: a scale of it was 4e-9."""
    equal = np.full((1, 2, 24), level, dtype=np.float32)
    equal[0, 1, 3] = np.nextafter(equal[0, 1, 3], np.float32(np.inf))
    scorer = LinearScorer(WeightMatrix(), np.zeros(24, np.float32), np.ones(24, dtype=bool))
    assert measure_scales(equal, np.ones(24, dtype=bool), (scorer,)).tolist() == [1]


def test_the_scale_is_the_mean_deviation_of_the_queries_whose_scores_differ():
    scores = np.array([[[3, 3, 3, 3], [1, 1, -1, -1], [2, -2, 2, -2]]], dtype=np.float32)
    scorer = LinearScorer(WeightMatrix(), np.zeros(4, np.float32), np.ones(4, dtype=bool))
    assert measure_scales(scores, np.ones(4, dtype=bool), (scorer,)).tolist() == [1.5]
