from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.ablation import SelectionThresholds
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.new_item_weights import (
    NewItemWeights,
    fit_arrival_shift,
    fit_new_item_weights,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.prior import PriorWeights
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.ranking.blending.training_pools import drop_unhelpful
from daybreak.ranking.blending.warm_item_weights import fit_warm_item_weights
from daybreak.ranking.blending.weights import EVENT_LEVELS, ExclusionReason

STRICT = SelectionThresholds(joint_gain_new_items=np.inf, single_gain=np.inf)
FAST = (Strategy("a", "factors"), Strategy("b", "factors"))
WITH_SLOW = (*FAST, Strategy("slow", "factors", is_slow=True))


def slow(name):
    return replace(get_strategies(name)[0], is_slow=True)


def planted_pool(weights_of, n_events, seed=0, width=30, n_new=0, bias=0.0):
    """Return queries whose targets are drawn from the softmax of planted weights.

    Args:
        weights_of: The planted weights for each number of events.
        n_events: Number of events of each query.
        seed: Seed of features and targets.
        width: Number of candidates.
        n_new: Number of candidates without events.
        bias: Added to the scores of these.
    """
    rng = np.random.default_rng(seed)
    n_events = np.asarray(n_events, dtype=np.float32)
    weights = np.array([weights_of(events) for events in n_events])
    features = rng.normal(size=(weights.shape[1], len(n_events), width)).astype(np.float32)
    is_new = np.zeros((len(n_events), width), dtype=bool)
    is_new[:, width - n_new :] = True
    scores = np.einsum("qs,sqw->qw", weights, features) + bias * is_new
    scores += rng.gumbel(size=scores.shape)
    relevant = np.zeros(scores.shape, dtype=bool)
    relevant[np.arange(len(scores)), scores.argmax(axis=1)] = True
    return CandidatePool(
        features,
        relevant,
        np.ones_like(relevant),
        is_new,
        np.ones(len(scores), dtype=np.int64),
        n_events,
        np.tile(np.arange(width, dtype=np.int32), (len(scores), 1)),
    )


def warm_weights(pool, strategies, thresholds=None):
    pools = TrainingPools({"new_user": pool}, np.ones(len(strategies)))
    return fit_warm_item_weights(pools, strategies, thresholds or SelectionThresholds(), None)


def new_item_weights(weights):
    return NewItemWeights(weights, np.zeros(len(weights)))


def test_planted_weights_are_recovered():
    pool = planted_pool(lambda events: (2.0, 1.0), [0] * 500)
    weights = warm_weights(pool, FAST).weights
    ratio = weights[0, 1] / weights[0, 0]
    assert ratio == pytest.approx(0.5, abs=0.15)


def test_a_useless_slow_strategy_has_weight_zero():
    pool = planted_pool(lambda events: (2.0, 1.0, 0.0), [0] * 500)
    warm = warm_weights(pool, WITH_SLOW)
    assert not warm.weights[:, 2].any()
    assert warm.report[0]["costly"]["heard"] == []


def test_a_slow_strategy_that_helps_at_one_level_counts_only_there():
    def weights_of(events):
        return (1.0, 1.0, 2.0) if events == 0 else (1.0, 1.0, 0.0)

    pool = planted_pool(weights_of, [0] * 400 + [5] * 400)
    warm = warm_weights(pool, WITH_SLOW, SelectionThresholds(joint_gain=2.0))
    weights = warm.weights
    assert weights[0, 2] > weights[0, 0]
    assert not weights[EVENT_LEVELS.index(5), 2]
    assert [one["costly"]["heard"] for one in warm.report] == [["slow"], []]


def test_each_level_has_the_weights_of_its_own_queries():
    def weights_of(events):
        return (2.0, 0.0) if events == 0 else (0.0, 2.0)

    weights = warm_weights(planted_pool(weights_of, [0] * 400 + [5] * 400), FAST).weights
    assert weights[0, 0] > 5 * weights[0, 1]
    level = EVENT_LEVELS.index(5)
    assert weights[level, 1] > 5 * weights[level, 0]
    np.testing.assert_array_equal(weights[level + 1 :], np.tile(weights[level], (4, 1)))


def test_levels_without_queries_have_the_weights_of_the_prior():
    levels = np.tile([1.0, 3.0], (len(EVENT_LEVELS), 1))
    prior = PriorWeights(levels, levels, np.full(len(EVENT_LEVELS), -2.0), 100.0, 100.0, 100.0)
    pools = TrainingPools({}, np.ones(2))
    warm = fit_warm_item_weights(pools, FAST, SelectionThresholds(), None, prior)
    np.testing.assert_allclose(warm.weights, levels)
    new = fit_new_item_weights(pools, FAST, warm.weights, SelectionThresholds(), None, prior)
    np.testing.assert_allclose(new.weights, levels)
    np.testing.assert_allclose(new.bias, -2.0)


def weights_beside_prior(planted):
    """Return the weights and the report of one level beside a prior of equal weights."""
    levels = np.tile([0.5, 0.5], (len(EVENT_LEVELS), 1))
    prior = PriorWeights(levels, levels, np.zeros(len(EVENT_LEVELS)), 500.0)
    pool = planted_pool(lambda events: planted, [1] * 500)
    pools = TrainingPools({"new_user": pool}, np.ones(2))
    warm = fit_warm_item_weights(pools, FAST, SelectionThresholds(), None, prior)
    return warm.weights[1], warm.report[0]


def test_queries_move_the_weights_from_the_prior():
    weights, report = weights_beside_prior((2.0, 1.7))
    fitted = warm_weights(planted_pool(lambda events: (2.0, 1.7), [1] * 500), FAST).weights[1]
    share = fitted[0] / fitted.sum()
    assert share > 0.51
    assert weights[0] / weights.sum() == pytest.approx(0.5 * share + 0.25, abs=1e-6)
    assert report["prior"]["share"] == 0.5
    assert report["prior"]["questions"] == 500


def test_a_prior_that_ranks_significantly_worse_counts_less():
    weights, report = weights_beside_prior((2.0, 0.0))
    assert weights[0] / weights.sum() > 0.9
    assert report["prior"]["share"] < 0.25


def test_the_bias_of_new_items_is_recovered(monkeypatch):
    monkeypatch.setattr("daybreak.ranking.blending.new_item_weights.BEST_STRATEGY_SHARE", 0.0)
    pool = planted_pool(lambda events: (2.0, 1.0), [0] * 500, n_new=10, bias=1.5)
    warm = np.tile([2.0, 1.0], (len(EVENT_LEVELS), 1))
    pools = TrainingPools({"new_item": pool}, np.ones(2))
    new = fit_new_item_weights(pools, FAST, warm, SelectionThresholds(), None)
    assert new.bias[0] == pytest.approx(1.5, abs=0.4)
    assert new.weights[0, 1] / new.weights[0, 0] == pytest.approx(0.5, abs=0.2)
    assert [one["events"] for one in new.report] == [0]


def test_weights_of_new_items_lean_towards_the_best_strategy(monkeypatch):
    pool = planted_pool(lambda events: (2.0, 1.0), [0] * 500, n_new=10, bias=1.5)
    warm = np.tile([2.0, 1.0], (len(EVENT_LEVELS), 1))
    pools = TrainingPools({"new_item": pool}, np.ones(2))
    shares = []
    for share in (0.0, 0.5):
        monkeypatch.setattr(
            "daybreak.ranking.blending.new_item_weights.BEST_STRATEGY_SHARE", share
        )
        new = fit_new_item_weights(pools, FAST, warm, SelectionThresholds(), None)
        shares.append(new.weights[0, 0] / new.weights[0].sum())
    assert shares[1] == pytest.approx(0.5 + 0.5 * shares[0])


def test_the_shift_of_arrivals_is_recovered():
    """Arrivals score half as much as randomly hidden items, and 1 less."""
    pool = planted_pool(lambda events: (2.0,), [5] * 500, n_new=10)
    scores = np.where(pool.is_new, pool.features[0] - 1.0, 2 * pool.features[0])
    scores = scores + np.random.default_rng(1).gumbel(size=scores.shape)
    relevant = np.zeros_like(pool.relevant)
    relevant[np.arange(len(scores)), scores.argmax(axis=1)] = True
    warm = np.full((len(EVENT_LEVELS), 1), 2.0)
    new = new_item_weights(warm)
    pools = TrainingPools({"arriving": replace(pool, relevant=relevant)}, np.ones(1))
    slope, intercept = fit_arrival_shift(pools, warm, new)
    assert slope == pytest.approx(0.5, abs=0.2)
    assert intercept == pytest.approx(-1.0, abs=0.6)


def test_without_arrivals_there_is_no_shift():
    levels = len(EVENT_LEVELS)
    new = new_item_weights(np.ones((levels, 1)))
    pools = TrainingPools({}, np.ones(1))
    assert fit_arrival_shift(pools, np.ones((levels, 1)), new) == (1.0, 0.0)


def test_unhelpful_slow_strategies_are_excluded():
    strategies = (*WITH_SLOW, Strategy("useful", "popular", is_slow=True))
    pool = planted_pool(lambda events: (1.0, 1.0, 0.0, 2.0), [0] * 500)
    candidates = CandidateStrategies(strategies)
    pools = TrainingPools({"new_user": pool}, np.ones(4))
    drop_unhelpful(candidates, pools, 3, SelectionThresholds())
    assert [s.name for s in candidates.remaining()] == ["a", "b", "useful"]
    assert candidates.excluded["slow"].reason is ExclusionReason.NOT_HELPFUL


def test_without_time_to_test_them_all_slow_strategies_are_excluded():
    pool = planted_pool(lambda events: (1.0, 1.0, 2.0), [0] * 500)
    candidates = CandidateStrategies(WITH_SLOW, TimeBudget(1e-9))
    pools = TrainingPools({"new_user": pool}, np.ones(3))
    drop_unhelpful(candidates, pools, 3, SelectionThresholds())
    assert [s.name for s in candidates.remaining()] == ["a", "b"]
    assert candidates.excluded["slow"].reason is ExclusionReason.NO_TIME
    assert candidates.excluded["slow"].message.startswith("no time to test whether it helps")


def test_without_a_fast_strategy_a_slow_one_needs_no_gain(data):
    blend, _ = fit_blend(data, [slow("content/ridge")], 0, thresholds=STRICT)
    assert blend.strategies == ("content/ridge",)
    assert blend.weights.max() > 0
    assert (blend.new_weights[:, 0] > 0).any()


def test_a_slow_strategy_counts_for_new_items_that_no_fast_one_scores(data):
    strategies = [*get_strategies("popular"), slow("content/ridge")]
    blend, _ = fit_blend(data, strategies, 0, thresholds=STRICT)
    assert (blend.new_weights[:, blend.strategies.index("content/ridge")] > 0).any()


def test_beside_fast_strategies_a_slow_one_needs_a_significant_gain(data):
    strategies = [*get_strategies("content/match"), slow("content/ridge")]
    blend, _ = fit_blend(data, strategies, 0, thresholds=STRICT)
    assert blend.strategies == ("content/match",)
    assert blend.excluded["content/ridge"].reason is ExclusionReason.NOT_HELPFUL


def test_the_report_repeats_the_fields_of_the_blend(data):
    blend, fitted = fit_blend(data, get_strategies("auto"), 0)
    assert blend.strategies == fitted.names
    assert blend.report["arrival"] == blend.arrival.to_report()
    left_out = {n: one["left_out"] for n, one in blend.report["candidates"].items()}
    assert {n: m for n, m in left_out.items() if m} == {
        name: exclusion.message for name, exclusion in blend.excluded.items()
    }
