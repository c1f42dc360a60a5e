import numpy as np
import pytest

from daybreak.data.dataset import Queries
from daybreak.ranking.blending.strategies import FittedStrategies, get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, nearest_level
from daybreak.ranking.scoring.scorer import Scorer

NAMES = ("popular", "profile", "ease", "transitions", "meta_bayes")


@pytest.fixture
def scorer(data):
    fitted = FittedStrategies.fit_on(data, get_strategies(NAMES), seed=0)
    weights = np.ones((len(EVENT_LEVELS), len(NAMES)))
    scale = np.ones(len(NAMES), dtype=np.float32)
    return Scorer(
        Blend(fitted.names, scale, weights, weights, weights[:, 0]), fitted, data.items
    )


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def test_queries_of_a_level_are_consecutive(scorer, queries):
    features = scorer.encode(queries)
    levels = nearest_level(queries.n_events)
    assert np.unique(levels).size >= 3
    for level, rows in features.level_slices.items():
        assert (levels[features.order[rows]] == level).all()
    restored = features.restore_order(features.queries.n_events[:, None])
    np.testing.assert_array_equal(restored[:, 0], queries.n_events)


def test_a_single_query_is_not_sorted(scorer, queries):
    features = scorer.encode(queries.take(np.array([3])))
    assert features.order is None
    assert features.at_level("history", 0) is features.matrices["history"]


def test_the_features_of_a_level_are_its_rows(scorer, queries):
    features = scorer.encode(queries)
    for kind in ("history", "profile", "vectors 4"):
        for level, rows in features.level_slices.items():
            found, matrix = features.at_level(kind, level), features.matrices[kind]
            np.testing.assert_array_equal(dense(found), dense(matrix)[rows])


def test_concatenated_features_have_columns_for_each_level(scorer, queries):
    features, layout = scorer.encode(queries), scorer.layout
    joined = (
        features.concatenated()
        .toarray()
        .reshape(len(queries), len(EVENT_LEVELS), layout.n_features)
    )
    rows = np.arange(len(queries))
    for kind, start in layout.offsets.items():
        mine = joined[rows, features.levels, start : start + layout.widths[kind]]
        np.testing.assert_array_equal(mine, dense(features.matrices[kind]))
    assert np.count_nonzero(joined) == np.count_nonzero(joined[rows, features.levels])


def test_features_without_weights_are_not_computed(scorer, queries):
    scorer.blend.weights[:, 2:] = scorer.blend.new_weights[:, 2:] = 0
    assert set(scorer.encode(queries).matrices) == {"profile"}


def dense(matrix):
    return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
