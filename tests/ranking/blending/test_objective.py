import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from daybreak.metrics import ndcg as ndcg_of_lists
from daybreak.metrics import ndcg_of_hits
from daybreak.ranked_lists import top_k
from daybreak.ranking.blending import objective
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import (
    coordinate_search,
    fit_softmax,
    list_positions,
    mean_sampled_ndcg,
    sampled_ndcg,
    sampled_ndcg_of_each,
    softmax_loss,
)
from daybreak.ranking.blending.tasks import RankingTask


@pytest.fixture
def task():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(3, 12, 15)).astype(np.float32)
    relevant = rng.random((12, 15)) < 0.2
    relevant[:, 0] = True
    features[1] += relevant * 1.5
    present = rng.random((12, 15)) < 0.9
    present[:, 0] = True
    relevant &= present
    pool = CandidatePool(
        features,
        relevant,
        present,
        np.zeros_like(present),
        relevant.sum(axis=1),
        np.zeros(12, np.float32),
        np.tile(np.arange(15), (12, 1)),
    )
    return RankingTask(features, pool, present)


def planted_task(weights, n=600, width=30, seed=7):
    """Return queries whose single target is drawn from the softmax of planted weights."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(len(weights), n, width)).astype(np.float32)
    scores = np.tensordot(weights, features, 1) + rng.gumbel(size=(n, width))
    relevant = np.zeros((n, width), dtype=bool)
    relevant[np.arange(n), scores.argmax(axis=1)] = True
    pool = CandidatePool(
        features,
        relevant,
        np.ones_like(relevant),
        np.zeros_like(relevant),
        np.ones(n, dtype=np.int64),
        np.zeros(n, np.float32),
        np.tile(np.arange(width), (n, 1)),
    )
    return RankingTask(features, pool, pool.present)


def test_the_gradient_equals_finite_differences(task):
    weights = np.array([0.3, 0.7, -0.2])
    _, slope = softmax_loss(task, weights)
    step = 1e-3
    for index in range(3):
        move = np.eye(3)[index] * step
        change = softmax_loss(task, weights + move)[0] - softmax_loss(task, weights - move)[0]
        assert slope[index] == pytest.approx(change / (2 * step), abs=2e-3)


def test_planted_weights_are_recovered():
    """Targets are drawn from a softmax, so its maximum likelihood estimate is consistent."""
    planted = np.array([1.5, 0.0, 0.75])
    found = fit_softmax([planted_task(planted)], np.ones(3, dtype=bool))
    assert found == pytest.approx(planted, abs=0.12)


def test_a_useless_feature_gets_a_weight_of_zero():
    task = planted_task(np.array([1.5, 0.0, -0.5]))
    smooth = fit_softmax([task], np.ones(3, dtype=bool))
    found = coordinate_search([task], [smooth, np.array([1.0, 0, 0])], [0, 1, 2])
    assert found[2] == 0
    assert found[1] < 0.05 * found[0]


def test_a_weight_that_is_not_allowed_stays_zero(task):
    found = fit_softmax([task], np.array([True, False, True]))
    assert found[1] == 0
    assert (found >= 0).all()


def test_only_a_bias_may_be_negative():
    task = planted_task(np.array([1.0, -1.0]))
    assert fit_softmax([task], np.ones(2, dtype=bool))[1] == 0
    with_bias = fit_softmax([task], np.ones(2, dtype=bool), has_bias=True)
    assert with_bias[1] == pytest.approx(-1.0, abs=0.15)


def test_the_search_is_never_worse_than_its_best_start(task):
    starts = [np.array([1.0, 0, 0]), np.array([0.2, 0.4, 0.9])]
    found = coordinate_search([task], starts, [0, 1, 2])
    best = max(mean_sampled_ndcg([task], start) for start in starts)
    assert mean_sampled_ndcg([task], found) >= best
    assert starts[0].tolist() == [1.0, 0, 0]


def test_ndcg_by_hand():
    relevant = np.array([[True, False, True]])
    present = np.ones((1, 3), dtype=bool)
    features = np.array([[[3.0, 2.0, 1.0]]], dtype=np.float32)
    pool = CandidatePool(
        features,
        relevant,
        present,
        ~present,
        np.array([2]),
        np.zeros(1, np.float32),
        0 * present,
    )
    expected = (1 + 1 / 2) / (1 + 1 / np.log2(3))
    found = sampled_ndcg(features[0], RankingTask(features, pool, present))
    assert found.tolist() == pytest.approx([expected])


def test_ndcg_of_a_pool_equals_that_of_ranked_lists(task):
    rng = np.random.default_rng(4)
    scores = np.where(task.present, rng.normal(size=task.present.shape), -np.inf)
    relevant = csr_array(task.pool.relevant.astype(np.float32))
    expected = ndcg_of_lists(top_k(scores, 10), relevant)
    found = sampled_ndcg(scores.astype(np.float32), task)
    assert found.tolist() == pytest.approx(expected.tolist())


def test_several_scores_have_the_values_of_each_alone(task):
    """Rounded, so that some scores are equal."""
    scores = np.stack([task.score(np.array(w)).round(1) for w in np.eye(3).tolist()])
    found = sampled_ndcg_of_each(scores, task)
    np.testing.assert_array_equal(found, [sampled_ndcg(one, task) for one in scores])


@pytest.mark.parametrize("far", [False, True])
def test_steps_of_a_large_task_are_measured_one_by_one_to_the_same_weights(
    task, monkeypatch, far
):
    start = [np.array([0.2, 0.0, 0.5])]
    at_once = coordinate_search([task, task], start, range(3), far=far)
    monkeypatch.setattr(objective, "MAX_SCORES_AT_ONCE", 0)
    assert (
        coordinate_search([task, task], start, range(3), far=far).tolist() == at_once.tolist()
    )
    assert at_once.tolist() != start[0].tolist()


def test_positions_in_a_list_by_hand():
    """Equal targets follow each other, after other candidates with the same score."""
    best = np.array([[2.0, 5.0, 3.0, 3.0], [1.0, 1.0, 1.0, 4.0]], dtype=np.float32)
    query = np.array([0, 0, 0, 1, 1])
    score = np.array([3.0, 5.0, 3.0, 1.0, 1.0], dtype=np.float32)
    assert list_positions(query, score, best).tolist() == [1, 0, 2, 2, 3]


def test_a_list_of_equal_scores_has_its_targets_last():
    relevant = np.array([[True, False, False, False]])
    present = np.ones((1, 4), dtype=bool)
    pool = CandidatePool(
        np.zeros((1, 1, 4), dtype=np.float32),
        relevant,
        present,
        ~present,
        np.array([1]),
        np.zeros(1, np.float32),
        0 * present,
    )
    task = RankingTask(pool.features, pool, present)
    assert sampled_ndcg(np.zeros((1, 4), np.float32), task, 4)[0] == pytest.approx(
        1 / np.log2(5)
    )


@given(seed=st.integers(0, 10_000), width=st.integers(1, 30))
def test_the_ndcg_is_that_of_the_sorted_list(seed, width):
    rng = np.random.default_rng(seed)
    features = rng.permutation(4 * width).reshape(1, 4, width).astype(np.float32)
    relevant = rng.random((4, width)) < 0.3
    present = rng.random((4, width)) < 0.8
    pool = CandidatePool(
        features,
        relevant,
        present,
        ~present,
        relevant.sum(axis=1),
        np.zeros(4, np.float32),
        np.zeros((4, width), np.int32),
    )
    scores = np.where(present, features[0], -np.inf).astype(np.float32)
    order = np.argsort(-scores, axis=1)[:, :10]
    hits = np.take_along_axis(relevant & present, order, axis=1)
    expected = np.nan_to_num(ndcg_of_hits(hits, pool.n_relevant))
    found = sampled_ndcg(scores, RankingTask(features, pool, present))
    assert found == pytest.approx(expected, abs=1e-6)
