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


def test_askers_of_one_level_are_together(scorer, queries):
    heard = scorer.encode(queries)
    levels = nearest_level(queries.n_events)
    assert np.unique(levels).size >= 3
    for level, span in heard.level_slices.items():
        assert (levels[heard.order[span]] == level).all()
    back = heard.restore_order(heard.queries.n_events[:, None])
    np.testing.assert_array_equal(back[:, 0], queries.n_events)


def test_one_asker_needs_no_sorting(scorer, queries):
    heard = scorer.encode(queries.take(np.array([3])))
    assert heard.order is None
    assert heard.at_level("history", 0) is heard.matrices["history"]


def test_the_evidence_of_a_level_is_its_rows(scorer, queries):
    heard = scorer.encode(queries)
    for kind in ("history", "profile", "vectors 4"):
        for level, span in heard.level_slices.items():
            found, whole = heard.at_level(kind, level), heard.matrices[kind]
            np.testing.assert_array_equal(dense(found), dense(whole)[span])


def test_evidence_stands_side_by_side_for_each_level(scorer, queries):
    heard, kinds = scorer.encode(queries), scorer.layout
    joined = (
        heard.concatenated()
        .toarray()
        .reshape(len(queries), len(EVENT_LEVELS), kinds.n_features)
    )
    rows = np.arange(len(queries))
    for kind, start in kinds.offsets.items():
        mine = joined[rows, heard.levels, start : start + kinds.widths[kind]]
        np.testing.assert_array_equal(mine, dense(heard.matrices[kind]))
    assert np.count_nonzero(joined) == np.count_nonzero(joined[rows, heard.levels])


def test_what_nobody_asks_for_is_not_gathered(scorer, queries):
    scorer.blend.weights[:, 2:] = scorer.blend.new_weights[:, 2:] = 0
    assert set(scorer.encode(queries).matrices) == {"profile"}


def dense(evidence):
    return evidence if isinstance(evidence, np.ndarray) else evidence.toarray()
