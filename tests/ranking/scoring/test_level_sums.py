import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Queries
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.ranking.scoring.level_sums import join_sums, sum_levels, with_own_columns
from daybreak.ranking.scoring.query_features import FeatureLayout
from tests.ranking.scoring.test_updates import CHANGED, scorer_of

LAYOUT = FeatureLayout(
    {"history": [0, 1], "vectors 2": [2], "repeats": [3], "profile": [4]},
    {"history": 2, "vectors 2": 2, "repeats": 2, "profile": 0},
    {},
    {"history": 0, "vectors 2": 2, "profile": 4},
    4,
)


def linear(matrix):
    """Return a linear function for two items."""
    return LinearScorer(matrix, np.zeros(2, np.float32), np.ones(2, dtype=bool))


def matrix(rows):
    return np.array(rows, dtype=np.float32)


MODELS = [
    linear(WeightMatrix(dense=matrix([[1, 2], [3, 4]]))),
    linear(WeightMatrix(sparse=sp.csr_array(matrix([[0, 10], [0, 0]])))),
    *[linear(WeightMatrix(dense=matrix([[1, 1], [1, 1]])))] * 2,
    linear(WeightMatrix()),
]
WEIGHTS = matrix([[[1, 0.5], [1, 0.1]], [[2, 0], [0, 1]]])
WEIGHTS = np.concatenate([WEIGHTS, np.ones((2, 3, 2), np.float32)], axis=1)


def test_levels_are_the_weighted_sums_of_the_strategies_of_a_kind():
    first, second = sum_levels(MODELS, WEIGHTS, LAYOUT, 1_000)
    assert first.keys() == {"history"}
    # item 0: 1 * (1, 3) + 1 * (0, 0); item 1: 0.5 * (2, 4) + 0.1 * (10, 0)
    np.testing.assert_allclose(first["history"].dense, [[1, 2], [3, 2]])
    # item 0: 2 * (1, 3); item 1: 1 * (10, 0)
    np.testing.assert_allclose(second["history"].dense, [[2, 10], [6, 0]])


def test_sums_that_are_too_large_or_of_factors_are_not_made():
    size = 4 * 2 * 2 * 2  # of two levels, two features and two items
    assert sum_levels(MODELS, WEIGHTS, LAYOUT, size)
    assert sum_levels(MODELS, WEIGHTS, LAYOUT, size - 1) == []
    factors = linear(WeightMatrix(left=matrix([[1], [1]]), right=matrix([[1, 1]])))
    assert sum_levels([factors, *MODELS[1:]], WEIGHTS, LAYOUT, size) == []
    wider = linear(WeightMatrix(dense=matrix([[1, 2], [3, 4], [5, 6]])))
    assert sum_levels([wider, *MODELS[1:]], WEIGHTS, LAYOUT, size) == []


def test_a_few_items_have_weights_of_their_own(data):
    """Of five columns, two items use the last and none; the others are left alone."""
    shared = WeightMatrix(dense=matrix([[1, 2, 3, 4, 5]]), columns=np.array([4, -1]))
    own, same = with_own_columns([linear(shared), MODELS[1]])
    assert own.weights.dense.tolist() == [[5, 0]]
    assert own.weights.columns is None
    assert same is MODELS[1]
    partition = scorer_of(data).for_items(data.items.take(CHANGED), max_fused_bytes=0)
    assert all(one.weights.columns is None for one in partition.linear_models)


def test_a_small_partition_without_sums_makes_one_product_for_all_levels(data, monkeypatch):
    queries = Queries.for_users(data, data.events, np.arange(30))
    partition = scorer_of(data).for_items(data.items.take(CHANGED), max_fused_bytes=0)
    assert not any(partition.level_weights(n).fused for n in range(len(EVENT_LEVELS)))
    wanted, features = partition.score(queries), partition.encode(queries)
    assert len(features.level_slices) > 1
    called = []
    applied = WeightMatrix.apply
    monkeypatch.setattr(
        WeightMatrix, "apply", lambda self, rows: called.append(rows) or applied(self, rows)
    )
    found = features.restore_order(partition.score_encoded(features))
    np.testing.assert_array_equal(found, wanted)
    assert {one.shape[0] for one in called} == {len(queries)}


def test_sums_of_other_kinds_are_not_joined():
    (one, _), nothing = sum_levels(MODELS, WEIGHTS, LAYOUT, 1_000), {}
    both = join_sums([(one, np.array([1])), (one, np.array([0, 1]))], 1_000)
    np.testing.assert_array_equal(both["history"].dense, [[2, 1, 2], [2, 3, 2]])
    assert join_sums([(one, np.array([0])), (nothing, np.array([0]))], 1_000) == {}


def test_the_levels_of_a_few_items_have_the_bits_of_levels_computed_one_by_one(data):
    partition = scorer_of(data).for_items(data.items.take(CHANGED))
    for level in range(len(EVENT_LEVELS)):
        found, expected = partition.level_weights(level), partition.sum_level(level)
        np.testing.assert_array_equal(found.weights, expected.weights)
        np.testing.assert_array_equal(found.bias, expected.bias)
        assert expected.bias.any()
