import numpy as np
import pytest
from scipy.sparse import csr_array

from daybreak.evaluation.metrics import ndcg as reference
from daybreak.evaluation.ranking import top_k
from daybreak.ranking.features import Pool
from daybreak.ranking.fitting import Task, _loss, by_gradient, by_search, ndcg, objective


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
    pool = Pool(
        features,
        relevant,
        present,
        np.zeros_like(present),
        relevant.sum(axis=1),
        np.zeros(12, np.float32),
        np.tile(np.arange(15), (12, 1)),
    )
    return Task(features, pool, present)


def test_the_gradient_equals_finite_differences(task):
    weights = np.array([0.3, 0.7, -0.2])
    _, slope = _loss(task, weights)
    step = 1e-3
    for index in range(3):
        move = np.eye(3)[index] * step
        change = _loss(task, weights + move)[0] - _loss(task, weights - move)[0]
        assert slope[index] == pytest.approx(change / (2 * step), abs=2e-3)


def test_the_gradient_finds_the_feature_that_tells(task):
    found = by_gradient([task], np.zeros(3), [(0, None)] * 3)
    assert np.argmax(found) == 1
    assert objective([task], found) > objective([task], np.array([1.0, 0, 0]))


def test_the_search_is_never_worse_than_its_best_start(task):
    starts = [np.array([1.0, 0, 0]), np.array([0.2, 0.4, 0.9])]
    found = by_search([task], starts, [0, 1, 2])
    assert objective([task], found) >= max(objective([task], start) for start in starts)
    assert starts[0].tolist() == [1.0, 0, 0]


def test_ndcg_by_hand():
    relevant = np.array([[True, False, True]])
    present = np.ones((1, 3), dtype=bool)
    features = np.array([[[3.0, 2.0, 1.0]]], dtype=np.float32)
    pool = Pool(
        features,
        relevant,
        present,
        ~present,
        np.array([2]),
        np.zeros(1, np.float32),
        0 * present,
    )
    task = Task(features, pool, present)
    wanted = (1 + 1 / 2) / (1 + 1 / np.log2(3))
    assert ndcg(features[0], task).tolist() == pytest.approx([wanted])


def test_ndcg_of_a_pool_is_that_of_the_evaluation(task):
    rng = np.random.default_rng(4)
    scores = np.where(task.present, rng.normal(size=task.present.shape), -np.inf)
    ranked = top_k(scores, 10)
    wanted = reference(ranked, csr_array(task.pool.relevant.astype(np.float32)))
    assert ndcg(scores.astype(np.float32), task).tolist() == pytest.approx(wanted.tolist())
