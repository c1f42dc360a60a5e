import numpy as np
import pytest
from scipy.sparse import csr_array

from daybreak.data.dataset import Queries
from daybreak.ranking.blending.strategies import FittedStrategies, default_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, nearest_level
from daybreak.ranking.explain import QueryParts, decompose
from daybreak.ranking.scoring import scorer as module
from daybreak.ranking.scoring.scorer import Scorer


@pytest.fixture
def fitted(data):
    return FittedStrategies.fit_on(data, default_strategies(), seed=0)


@pytest.fixture
def blend(fitted):
    rng = np.random.default_rng(2)
    shape = (len(EVENT_LEVELS), len(default_strategies()))
    may_old, may_new = fitted.item_masks
    return Blend(
        fitted.names,
        (rng.random(len(default_strategies())) + 0.5).astype(np.float32),
        rng.random(shape) * may_old,
        rng.random(shape) * may_new,
        rng.random(len(EVENT_LEVELS)),
    )


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def naive(fitted, blend, data, queries):
    """Add up centred, scaled scores of one model, one query and one item at a time."""
    old = np.isin(np.arange(len(data.items)), data.train_item_rows)
    total = np.zeros((len(queries), len(data.items)))
    forms = fitted.linear_models(data.items)
    for row, level in enumerate(nearest_level(queries.n_events)):
        for s, (model, form) in enumerate(zip(fitted.models, forms, strict=True)):
            product = form.weights.apply(model.query_features(queries.take(np.array([row]))))
            score = form.bias if product is None else product[0] + form.bias
            z = (score - score[old].mean()) / blend.scale[s] * form.scored
            total[row] += (
                np.where(old, blend.weights[level, s], blend.new_weights[level, s]) * z
            )
        total[row, ~old] += blend.new_bias[level]
    return total


def test_scores_are_the_weighted_sum_of_centred_scores(fitted, blend, data, queries):
    scores = Scorer(blend, fitted, data.items).score(queries)
    assert scores.dtype == np.float32
    assert np.unique(nearest_level(queries.n_events)).size >= 3
    np.testing.assert_allclose(scores, naive(fitted, blend, data, queries), atol=2e-4)


def test_levels_that_are_not_written_out_score_the_same(
    fitted, blend, data, queries, monkeypatch
):
    wanted = Scorer(blend, fitted, data.items).score(queries)
    lazy = Scorer(blend, fitted, data.items)
    lazy._free_cache_bytes = 0
    np.testing.assert_allclose(lazy.score(queries), wanted, atol=1e-4)
    assert not lazy.level_weights(3).fused.get("history")


def test_a_wing_scores_like_a_scorer_of_the_whole_catalogue(fitted, blend, data, queries):
    whole = Scorer(blend, fitted, data.items)
    some = np.array([3, 33, 39, 0])
    wing = whole.for_items(data.items.take(some))
    assert wing.is_warm.tolist() == whole.is_warm[some].tolist()
    np.testing.assert_allclose(wing.score(queries), whole.score(queries)[:, some], atol=1e-4)


@pytest.mark.parametrize("largest", [0, module.MAX_FUSED_BYTES])
def test_a_wing_is_one_matrix_where_that_is_small(
    fitted, blend, data, queries, monkeypatch, largest
):
    monkeypatch.setattr(module, "MAX_FUSED_BYTES", largest)
    whole, some = Scorer(blend, fitted, data.items), np.array([3, 33, 39, 0])
    wing = whole.for_items(data.items.take(some))
    assert (wing._fused is None) == (largest == 0)
    np.testing.assert_allclose(wing.score(queries), whole.score(queries)[:, some], atol=1e-4)


def test_one_query_scores_as_in_a_batch(fitted, blend, data, queries):
    scorer = Scorer(blend, fitted, data.items)
    batch = scorer.score(queries)
    for row in range(len(queries)):
        alone = scorer.score(queries.take(np.array([row])))[0]
        np.testing.assert_allclose(alone, batch[row], atol=1e-5)


def test_pieces_add_up_to_scores(fitted, blend, data, queries):
    scorer = Scorer(blend, fitted, data.items)
    scores = scorer.score(queries)
    items = np.array([0, 7, 34, 39])
    for row in range(len(queries)):
        history = queries.history[[row]]
        names = tuple(("event", data.train_items.ids.ids[place]) for place in history.indices)
        each = np.zeros((len(names), history.shape[1]), np.float32)
        each[np.arange(len(names)), history.indices] = 1
        recent = each * queries.recent_history[[row]].toarray()
        query = QueryParts(names, csr_array(each), csr_array(recent), queries.profile[[row]])
        found = decompose(scorer, query, items, ["a", "b", "c", "d"])
        np.testing.assert_allclose(found.values.sum(axis=0), scores[row, items], atol=1e-4)
        shown = found.reasons(0, max_reasons=2)
        assert sum(r.value for r in shown) == pytest.approx(float(scores[row, 0]), abs=1e-4)
        assert len(shown) <= 3


def test_the_leading_strategy_is_one_that_could_speak(fitted, blend, data):
    scorer = Scorer(blend, fitted, data.items)
    yes, no = np.array([True]), np.array([False])
    stranger = np.array([0])
    silent = {"ease", "item_knn", "graph_filter", "transitions", "profile", "content/ridge"}
    assert scorer.dominant_strategy(stranger, no, no)[0] not in silent
    new = scorer.dominant_strategy(np.array([5]), yes, yes)[0]
    assert new in {s.name for s in default_strategies() if s.scores_new}


def test_written_levels_keep_to_their_room(fitted, blend, data, queries):
    scorer = Scorer(blend, fitted, data.items)
    scorer.score(queries)
    assert 0 <= scorer._free_cache_bytes <= module.MAX_LEVEL_CACHE_BYTES
