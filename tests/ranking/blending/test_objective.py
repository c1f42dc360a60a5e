import numpy as np
import pytest
from scipy.sparse import csr_array

from daybreak.metrics import ndcg as reference
from daybreak.ranked_lists import top_k
from daybreak.ranking.blending.features import CandidatePool
from daybreak.ranking.blending.objective import (
    RankingTask,
    _softmax_loss,
    coordinate_search,
    fit_softmax,
    mean_sampled_ndcg,
    sampled_ndcg,
)


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


def test_the_gradient_equals_finite_differences(task):
    weights = np.array([0.3, 0.7, -0.2])
    _, slope = _softmax_loss(task, weights)
    step = 1e-3
    for index in range(3):
        move = np.eye(3)[index] * step
        change = _softmax_loss(task, weights + move)[0] - _softmax_loss(task, weights - move)[0]
        assert slope[index] == pytest.approx(change / (2 * step), abs=2e-3)


def test_the_gradient_finds_the_feature_that_tells(task):
    found = fit_softmax([task], np.zeros(3), [(0, None)] * 3)
    assert np.argmax(found) == 1
    assert mean_sampled_ndcg([task], found) > mean_sampled_ndcg([task], np.array([1.0, 0, 0]))


def test_the_search_is_never_worse_than_its_best_start(task):
    starts = [np.array([1.0, 0, 0]), np.array([0.2, 0.4, 0.9])]
    found = coordinate_search([task], starts, [0, 1, 2])
    assert mean_sampled_ndcg([task], found) >= max(
        mean_sampled_ndcg([task], start) for start in starts
    )
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
    task = RankingTask(features, pool, present)
    wanted = (1 + 1 / 2) / (1 + 1 / np.log2(3))
    assert sampled_ndcg(features[0], task).tolist() == pytest.approx([wanted])


def test_ndcg_of_a_pool_is_that_of_the_evaluation(task):
    rng = np.random.default_rng(4)
    scores = np.where(task.present, rng.normal(size=task.present.shape), -np.inf)
    ranked = top_k(scores, 10)
    wanted = reference(ranked, csr_array(task.pool.relevant.astype(np.float32)))
    assert sampled_ndcg(scores.astype(np.float32), task).tolist() == pytest.approx(
        wanted.tolist()
    )
