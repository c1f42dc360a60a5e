from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import (
    mean_sampled_ndcg,
    sampled_ndcg,
    softmax_loss,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.ranking.blending.taste_weights import (
    BALANCED_POPULARITY,
    MIN_NDCG_SHARE,
    UNMEASURED_TASTE,
    TasteMasks,
    TasteTasks,
    _best_within_bound,
    effective_queries,
    exposure_gains,
    fit_taste_weights,
)
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet

WIDTH = 40


def pool_of(features, relevant, n_events):
    n = len(relevant)
    return CandidatePool(
        features.astype(np.float32),
        relevant,
        np.ones_like(relevant),
        np.zeros_like(relevant),
        relevant.sum(axis=1),
        np.full(n, n_events, dtype=np.float32),
        np.tile(np.arange(WIDTH, dtype=np.int32), (n, 1)),
    )


@pytest.fixture
def pools():
    """Ordinary users choose what is popular; the topic of a few users has its own strategy."""
    rng = np.random.default_rng(5)
    n = 200
    popular = np.tile(np.linspace(2, -2, WIDTH), (n, 1))
    chosen = popular + rng.gumbel(size=(n, WIDTH))
    relevant = chosen >= np.sort(chosen, axis=1)[:, -3:-2]
    silent = np.zeros((n, WIDTH))
    ordinary = pool_of(np.stack([popular, silent]), relevant, 3)
    topic = np.zeros((20, WIDTH), dtype=bool)
    topic[:, -12:] = True
    topics = pool_of(np.stack([popular[:20], topic.astype(float)]), topic, 3)
    return TrainingPools({"new_user": ordinary, "topic": topics}, np.ones(2, np.float32))


@pytest.fixture
def plain():
    weights = np.tile([1.0, 0.0], (len(EVENT_LEVELS), 1))
    return WeightSet(1.0, weights, np.zeros_like(weights), np.zeros(len(EVENT_LEVELS)))


def test_the_values_of_targets_by_hand():
    """Targets with 1 and 4 events at exponent 0.5 have the values 1 and 0.5, of mean 0.75."""
    relevant = np.zeros((1, WIDTH), dtype=bool)
    relevant[0, :2] = True
    pool = pool_of(np.zeros((1, 1, WIDTH)), relevant, 0)
    gains = exposure_gains(pool, np.array([4.0, 4.0, *[1.0] * WIDTH]), 0.5)
    assert gains[0, :2].tolist() == [1, 1]
    exposure = np.array([1.0, 4.0, *[1.0] * WIDTH])
    gains = exposure_gains(pool, exposure, 0.5)
    clipped = 0.5 + 0.95 * 0.5  # the quantile of two values
    np.testing.assert_allclose(gains[0, :2], np.array([clipped, 0.5]) * 2 / (clipped + 0.5))
    assert not gains[0, 2:].any()


def test_the_ndcg_with_values_is_a_ratio_of_sums():
    relevant = np.zeros((2, WIDTH), dtype=bool)
    relevant[:, 0] = True
    scores = np.zeros((1, 2, WIDTH))
    scores[0, 0, 0] = 1  # found by the first query only
    scores[0, 1, 1:] = 1
    pool = pool_of(scores, relevant, 0)
    gains = np.zeros((2, WIDTH), np.float32)
    gains[:, 0] = 3, 1
    task = RankingTask(pool.features, pool, pool.present, gains=gains)
    assert task.ideal_dcg.tolist() == pytest.approx([2, 2])
    assert mean_sampled_ndcg([task], np.ones(1)) == pytest.approx(3 / 4)


def test_equal_values_change_neither_the_softmax_loss_nor_its_gradient(pools):
    pool = pools.pools["new_user"]
    task = RankingTask(pool.features, pool, pool.present)
    equal = RankingTask(
        pool.features, pool, pool.present, gains=exposure_gains(pool, np.ones(WIDTH), 0.7)
    )
    for one, other in zip(
        softmax_loss(task, np.ones(2)), softmax_loss(equal, np.ones(2)), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def fit(pools, plain):
    free, taste = np.ones(2, dtype=bool), np.array([False, True])
    masks = TasteMasks(free, free, taste, np.array([True, False]))
    return fit_taste_weights(pools, plain, masks, np.linspace(100, 1, WIDTH))


def test_the_balanced_weights_keep_the_plain_ndcg_and_show_the_topic(pools, plain):
    (taste, balanced, last), report = fit(pools, plain)
    assert (taste.popularity, balanced.popularity) == (0, BALANCED_POPULARITY)
    assert last is plain
    (level,) = (one for one in report if one["events"] == 3)
    kept = level["ndcg@10"][str(BALANCED_POPULARITY)] / level["ndcg@10"]["1.0"]
    assert kept >= MIN_NDCG_SHARE
    assert level["topic ndcg@10"]["1.0"] < 0.1
    assert level["topic ndcg@10"][str(BALANCED_POPULARITY)] > 0.9
    assert level["topic ndcg@10"]["0.0"] > 0.9


def test_a_level_without_queries_keeps_its_balanced_weights(pools, plain):
    (taste, balanced, _), _ = fit(pools, plain)
    np.testing.assert_array_equal(balanced.weights[0], plain.weights[0])
    np.testing.assert_array_equal(taste.weights[0], [1, UNMEASURED_TASTE])


def test_a_topic_that_costs_too_much_is_not_shown_by_the_balanced_weights(pools, plain):
    ordinary = pools.pools["new_user"]
    ordinary.features[1] = -10 * ordinary.relevant  # the strategy puts all targets last
    (_, balanced, _), _ = fit(pools, plain)
    task = RankingTask(ordinary.features, ordinary, ordinary.present)
    before = sampled_ndcg(task.score(plain.weights[2]), task).mean()
    after = sampled_ndcg(task.score(balanced.weights[2]), task).mean()
    assert after >= MIN_NDCG_SHARE * before


@pytest.mark.parametrize("seed", [0, 2])
def test_a_taste_that_costs_a_little_is_not_shown_where_nothing_beats_the_best_sellers(
    pools, plain, seed
):
    """The order of the topic is slightly worse than that of the best sellers for the others."""
    ordinary = pools.pools["new_user"]
    noise = np.random.default_rng(seed).normal(size=ordinary.relevant.shape)
    ordinary.features[1] = 0.5 * ordinary.features[0] + 0.05 * noise
    (_, balanced, _), _ = fit(pools, plain)
    unseen = RankingTask(ordinary.features, ordinary, ordinary.present).split_by_query()[1]
    before = sampled_ndcg(unseen.score(plain.weights[2]), unseen).mean()
    after = sampled_ndcg(unseen.score(balanced.weights[2]), unseen).mean()
    assert after >= before - 1e-6


def test_the_effective_number_of_queries_by_hand(pools):
    """Shares of 0.9 for 90 queries and 0.1 for 10 are equal shares; 0.5 for each are not."""
    pool = pools.pools["new_user"]
    task = RankingTask(pool.features, pool, pool.present)
    parts = [task.restrict_queries(rows) for rows in np.split(np.arange(100), [90])]
    equal = [replace(one, share=share) for one, share in zip(parts, (0.9, 0.1), strict=True)]
    halves = [replace(one, share=0.5) for one in parts]
    assert effective_queries(equal) == pytest.approx(100)
    assert effective_queries(halves) == pytest.approx(1 / (0.25 / 90 + 0.25 / 10))


def test_few_queries_change_no_weight_but_those_of_tastes(pools, plain):
    """A third strategy is as good as the best sellers, by which a search could replace them."""
    ordinary, topics = pools.pools["new_user"], pools.pools["topic"]
    wide = {"new_user": ordinary.take(np.arange(60)), "topic": topics}
    for name, pool in wide.items():
        noise = np.random.default_rng(3).normal(size=pool.features[:1].shape)
        third = pool.features[:1] + 0.5 * noise.astype(np.float32)
        wide[name] = replace(pool, features=np.concatenate([pool.features, third]))
    weights = np.tile([1.0, 0.0, 0.5], (len(EVENT_LEVELS), 1))
    start = WeightSet(1.0, weights, np.zeros_like(weights), np.zeros(len(EVENT_LEVELS)))
    masks = TasteMasks(
        np.ones(3, dtype=bool),
        np.ones(3, dtype=bool),
        np.array([False, True, False]),
        np.array([True, False, False]),
    )
    few = TrainingPools(wide, np.ones(3, np.float32))
    (_, balanced, _), _ = fit_taste_weights(few, start, masks, np.linspace(100, 1, WIDTH))
    np.testing.assert_allclose(balanced.weights[:, [0, 2]], weights[:, [0, 2]], rtol=1e-6)
    assert balanced.weights[2, 1] > 0


def test_a_taste_that_costs_nothing_is_raised_where_all_together_cost_too_much(pools):
    """Two strategies show the topic; one of them puts the targets of the others last."""
    wide = {}
    for name, pool in pools.pools.items():
        costly = pool.features[1:2].copy()
        if name == "new_user":
            costly[0] = -10 * pool.relevant
        wide[name] = replace(pool, features=np.concatenate([pool.features, costly]))
    ordinary, topics = (
        RankingTask(pool.features, pool, pool.present) for pool in wide.values()
    )
    free = np.ones(3, dtype=bool)
    masks = TasteMasks(
        free, free, np.array([False, True, True]), np.array([True, False, False])
    )
    weights = _best_within_bound(
        TasteTasks([ordinary], [ordinary], topics),
        np.array([1.0, 0.0, 0.0]),
        [np.array([1.0, 1.0, 1.0])],
        masks,
    )
    assert weights[1] > 0
    assert weights[2] == 0
    assert mean_sampled_ndcg([topics], weights) > 0.9
