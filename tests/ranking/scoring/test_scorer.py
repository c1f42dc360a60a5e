from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from daybreak.data.dataset import Queries
from daybreak.ranking.blending.strategies import FittedStrategies, default_strategies
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    ArrivalShift,
    Blend,
    nearest_level,
)
from daybreak.ranking.explain import QueryParts, decompose
from daybreak.ranking.scoring.factor_rows import FactorProducts
from daybreak.ranking.scoring.fused_weights import MAX_FUSED_BYTES, FusedWeights
from daybreak.ranking.scoring.scorer import Scorer


@pytest.fixture
def fitted(data):
    return FittedStrategies.fit_on(data, default_strategies(), seed=0)


@pytest.fixture
def blend(fitted):
    rng = np.random.default_rng(2)
    shape = (len(EVENT_LEVELS), len(default_strategies()))
    for_warm, for_new = fitted.item_masks
    return Blend(
        fitted.names,
        (rng.random(len(default_strategies())) + 0.5).astype(np.float32),
        rng.random(shape) * for_warm,
        rng.random(shape) * for_new,
        rng.random(len(EVENT_LEVELS)),
    )


@pytest.fixture
def queries(data):
    return Queries.for_users(data, data.events.filter(data.events.user % 9 != 0), np.arange(30))


def naive(fitted, blend, data, queries):
    """Add up centred, scaled scores of one model, one query and one item at a time."""
    is_warm = np.isin(np.arange(len(data.items)), data.train_item_rows)
    total = np.zeros((len(queries), len(data.items)))
    linear_models = fitted.linear_models(data.items)
    for row, level in enumerate(nearest_level(queries.n_events)):
        for s, (model, linear) in enumerate(zip(fitted.models, linear_models, strict=True)):
            product = linear.weights.apply(model.query_features(queries.take(np.array([row]))))
            score = linear.bias if product is None else product[0] + linear.bias
            z = (score - score[is_warm].mean()) / blend.scale[s] * linear.scored
            total[row] += (
                np.where(is_warm, blend.weights[level, s], blend.new_weights[level, s]) * z
            )
        total[row, ~is_warm] += blend.new_bias[level]
    return total


def test_scores_are_the_weighted_sum_of_centred_scores(fitted, blend, data, queries):
    scores = Scorer(blend, fitted, data.items).score(queries)
    assert scores.dtype == np.float32
    assert np.unique(nearest_level(queries.n_events)).size >= 3
    np.testing.assert_allclose(scores, naive(fitted, blend, data, queries), atol=2e-4)


def test_new_items_are_shifted_by_their_own_probability(fitted, blend, data, queries):
    """At slope 0.5 and intercept 3, none of it applied on average, all of it for one item.

    Strategies whose weights are fitted apart, such as ``content/history``, are not shifted.
    """
    is_shifted = [model.card.fitted_on == "ordinary" for model in fitted.models]
    blend = replace(blend, new_weights=blend.new_weights * is_shifted)
    new = np.flatnonzero(~np.isin(np.arange(len(data.items)), data.train_item_rows))
    arrived = data.items.ids.ids[new[0]]
    shift = ArrivalShift(0.0, 0.5, 3.0, {arrived: 1.0})
    plain = Scorer(blend, fitted, data.items)
    shifted = Scorer(replace(blend, arrival=shift), fitted, data.items)
    before, after = plain.score(queries), shifted.score(queries)
    np.testing.assert_allclose(after[:, new[0]], 0.5 * before[:, new[0]] + 3, atol=2e-3)
    others = np.arange(len(data.items)) != new[0]
    np.testing.assert_allclose(after[:, others], before[:, others], atol=1e-5)
    part = shifted.for_items(data.items.take(new[:1]))
    np.testing.assert_allclose(part.score(queries)[:, 0], after[:, new[0]], atol=2e-3)


def test_levels_outside_the_cache_score_the_same(fitted, blend, data, queries):
    expected = Scorer(blend, fitted, data.items).score(queries)
    uncached = Scorer(blend, fitted, data.items, max_cache_bytes=0)
    np.testing.assert_allclose(uncached.score(queries), expected, atol=1e-4)
    assert not uncached.level_weights(3).fused.get("history")


def test_a_partition_scores_like_the_whole_catalogue(fitted, blend, data, queries):
    whole = Scorer(blend, fitted, data.items)
    rows = np.array([3, 33, 39, 0])
    partition = whole.for_items(data.items.take(rows))
    assert partition.is_warm.tolist() == whole.is_warm[rows].tolist()
    np.testing.assert_allclose(
        partition.score(queries), whole.score(queries)[:, rows], atol=1e-4
    )


@pytest.mark.parametrize("max_bytes", [0, MAX_FUSED_BYTES])
def test_a_small_partition_scores_the_same_with_and_without_fused_weights(
    fitted, blend, data, queries, max_bytes
):
    whole, rows = Scorer(blend, fitted, data.items), np.array([3, 33, 39, 0])
    partition = whole.for_items(data.items.take(rows), max_fused_bytes=max_bytes)
    expected = whole.score(queries)[:, rows]
    np.testing.assert_allclose(partition.score(queries), expected, atol=1e-4)


def test_weights_are_fused_only_within_the_limit(fitted, blend, data):
    scorer = Scorer(blend, fitted, data.items)
    weights = np.stack([scorer.level_weights(n).weights for n in range(len(EVENT_LEVELS))])
    fused = FusedWeights.from_levels(scorer.linear_models, weights, scorer.layout)
    size = fused.matrix.nbytes
    args = (scorer.linear_models, weights, scorer.layout)
    assert FusedWeights.from_levels(*args, size) is not None
    assert FusedWeights.from_levels(*args, size - 1) is None


def test_one_query_scores_as_in_a_batch(fitted, blend, data, queries):
    scorer = Scorer(blend, fitted, data.items)
    batch = scorer.score(queries)
    for row in range(len(queries)):
        alone = scorer.score(queries.take(np.array([row])))[0]
        np.testing.assert_allclose(alone, batch[row], atol=1e-5)


def test_queries_of_all_levels_read_factors_together(data, queries, blend, monkeypatch):
    monkeypatch.setattr("daybreak.models.shared_content.MAX_LANDMARKS", 8)
    data = replace(data)  # without what was computed before
    fitted = FittedStrategies.fit_on(data, default_strategies(), seed=0)
    scorer = Scorer(blend, fitted, data.items)
    asked = []

    class CountedProducts(FactorProducts):
        def apply(self, strategy, weights, features):
            asked.append((strategy, features.shape[0]))
            return super().apply(strategy, weights, features)

    scorer.products = CountedProducts()
    batch = scorer.score(queries)
    assert asked == [(fitted.names.index("content/ridge"), len(queries))]
    np.testing.assert_allclose(batch, naive(fitted, blend, data, queries), atol=1e-3)


@pytest.mark.parametrize("sums_rows", [True, False])
def test_scores_with_weights_of_8_bits_are_nearly_the_same(
    fitted, blend, data, queries, sums_rows
):
    exact = Scorer(blend, fitted, data.items).score(queries)
    small = Scorer(blend, fitted, data.items, min_quantized_bytes=0, sums_rows=sums_rows)
    found = small.score(queries)
    assert 0 < np.abs(found - exact).max() < 0.01 * np.ptp(exact, axis=1).min()
    whole = Scorer(blend, fitted, data.items, min_quantized_bytes=0).score(queries)
    np.testing.assert_allclose(found, whole, atol=1e-4)
    for row in (0, 7):
        alone = small.score(queries.take(np.array([row])))[0]
        np.testing.assert_allclose(alone, found[row], atol=1e-4)


@pytest.mark.parametrize(
    "options", [{}, {"min_quantized_bytes": 0}, {"min_quantized_bytes": 0, "sums_rows": True}]
)
def test_parts_add_up_to_scores(fitted, blend, data, queries, options):
    scorer = Scorer(blend, fitted, data.items, **options)
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


def test_the_dominant_strategy_is_informative(fitted, blend, data):
    scorer = Scorer(blend, fitted, data.items)
    yes, no = np.array([True]), np.array([False])
    no_events = np.array([0])
    constant = {"ease", "item_knn", "graph_filter", "transitions", "profile", "content/ridge"}
    assert scorer.dominant_strategy(no_events, no, no)[0] not in constant
    new = scorer.dominant_strategy(np.array([5]), yes, yes)[0]
    assert new in {s.name for s in default_strategies() if s.scores_new}


def test_summed_levels_stay_within_the_cache(fitted, blend, data, queries):
    whole = Scorer(blend, fitted, data.items)
    whole.score(queries)
    size = cache_size(whole)
    half = Scorer(blend, fitted, data.items, max_cache_bytes=size / 2)
    half.score(queries)
    assert 0 < cache_size(half) <= size / 2


def cache_size(scorer):
    """Return the bytes of the summed weights that are dense."""
    levels = [scorer.level_weights(level) for level in range(len(EVENT_LEVELS))]
    matrices = [matrix for level in levels for matrix in level.fused.values()]
    return sum(matrix.dense.nbytes for matrix in matrices if matrix.dense is not None)
