from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.guard import (
    MIN_WINDOW_USERS,
    guard_arrivals,
    guard_bias,
    guard_weights,
    popular_rows,
    windowed_rows,
)
from daybreak.ranking.blending.objective import mean_sampled_ndcg, sampled_ndcg
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import RankingTask

STRATEGIES = (Strategy("best sellers", "popular"), Strategy("noise", "factors"))


def task_of(n_queries=60, width=40, n_new=0, seed=0):
    """Return queries whose targets are the best sellers; the second strategy is noise."""
    rng = np.random.default_rng(seed)
    counts = np.linspace(3, 0, width)
    features = np.stack([np.tile(counts, (n_queries, 1)), rng.normal(size=(n_queries, width))])
    relevant = np.zeros((n_queries, width), dtype=bool)
    relevant[np.arange(n_queries), rng.integers(0, 5, n_queries)] = True
    is_new = np.zeros_like(relevant)
    is_new[:, width - n_new :] = n_new > 0
    pool = CandidatePool(
        features.astype(np.float32),
        relevant,
        np.ones_like(relevant),
        is_new,
        np.ones(n_queries, dtype=np.int64),
        np.zeros(n_queries, dtype=np.float32),
        np.tile(np.arange(width, dtype=np.int32), (n_queries, 1)),
    )
    return RankingTask(pool.features, pool, pool.present)


def folds_of(task, weights):
    """Return both halves of the queries, each with weights that were not fitted on it."""
    return [(weights, [half]) for half in task.split_by_query()]


@pytest.mark.parametrize("seed", range(4))
def test_weights_below_the_best_sellers_are_moved_to_them(seed):
    task, noise = task_of(seed=seed), np.array([0.0, 1.0])
    guarded, share = guard_weights([task], noise, folds_of(task, noise), np.array([0]))
    assert share > 0
    assert guarded.sum() == pytest.approx(1)
    best = mean_sampled_ndcg([task], np.array([1.0, 0.0]))
    assert mean_sampled_ndcg([task], noise) < best - 0.1
    assert mean_sampled_ndcg([task], guarded) >= best - 1e-6


def test_weights_above_the_best_sellers_stay():
    task, weights = task_of(), np.array([1.0, 0.0])
    guarded, share = guard_weights([task], weights, folds_of(task, weights), np.array([0]))
    assert guarded is weights
    assert share == 0


def test_recent_popularity_is_believed_less_than_popularity_of_all_time():
    strategies = (Strategy("all", "popular"), Strategy("now", "popular", {"window": 0.02}))
    assert windowed_rows(strategies) == {1}
    task = task_of()
    same = np.stack([task.features[0], task.features[0]])
    task = RankingTask(same, replace(task.pool, features=same), task.present)
    noise = np.array([0.0, 0.0])
    guarded, _ = guard_weights([task], noise, folds_of(task, noise), np.array([0, 1]), {1})
    assert guarded[0] > 0
    assert guarded[1] == 0


def two_windows(recent_wins, n_queries=60):
    """Return queries of which recent popularity ranks a share first, all others by chance."""
    task = task_of(n_queries)
    rng = np.random.default_rng(7)
    recent = rng.normal(size=task.features[0].shape).astype(np.float32)
    wins = np.arange(n_queries) < recent_wins * n_queries
    recent[wins] = 5 * task.pool.relevant[wins]
    features = np.stack([task.features[0], recent, recent * 0])
    return RankingTask(features, replace(task.pool, features=features), task.present)


@pytest.mark.parametrize(("recent_wins", "chosen"), [(0.0, 0), (0.6, 0), (1.0, 1)])
def test_recent_popularity_counts_where_it_is_significantly_better(recent_wins, chosen):
    task, nothing = two_windows(recent_wins), np.array([0.0, 0.0, 1.0])
    guarded, _ = guard_weights([task], nothing, folds_of(task, nothing), np.array([0, 1]), {1})
    assert guarded[chosen] > 0
    assert guarded[1 - chosen] == 0


def test_without_a_strategy_of_popularity_nothing_is_guarded():
    noise = np.array([0.0, 1.0])
    rows = popular_rows(STRATEGIES[1:], np.ones(1, dtype=bool))
    assert guard_weights([task_of()], noise, folds_of(task_of(), noise), rows) == (noise, 0.0)


def test_only_allowed_strategies_of_popularity_guard():
    assert popular_rows(STRATEGIES, np.array([True, True])).tolist() == [0]
    assert popular_rows(STRATEGIES, np.array([False, True])).tolist() == []


def test_a_bias_that_puts_unsold_items_first_is_lowered():
    task = task_of(n_new=20)
    features = np.concatenate([task.features, np.ones_like(task.features[:1])])
    offset = np.where(task.pool.is_new, 0, task.features[0]).astype(np.float32)
    one_list = RankingTask(features * task.pool.is_new, task.pool, task.present, offset)
    guarded = guard_bias(one_list, np.array([0]), np.array([0.0, 1.0, 9.0]), total=1.0)
    assert guarded[:2].tolist() == [0.0, 1.0]
    alone = np.where(task.pool.is_new, -np.inf, task.features[0]).astype(np.float32)
    best = sampled_ndcg(alone - np.float32(1e-5) * task.pool.relevant, task).mean()
    assert sampled_ndcg(one_list.score(guarded), one_list).mean() >= best - 1e-3


def arrivals(n_queries=60, width=40, n_new=20):
    """Half of the targets are new; one strategy knows all of them, and ranks them first."""
    rng = np.random.default_rng(0)
    task = task_of(n_queries, width, n_new)
    pool, relevant = task.pool, np.zeros((n_queries, width), dtype=bool)
    relevant[np.arange(n_queries), rng.integers(0, width, n_queries)] = True
    known = np.where(relevant, 5.0, rng.normal(size=relevant.shape))
    pool = replace(pool, relevant=relevant, features=np.stack([known] * 2).astype(np.float32))
    listed = np.stack([known, np.ones_like(known)]).astype(np.float32) * pool.is_new
    return RankingTask(listed, pool, pool.present, np.where(pool.is_new, 0, known))


def test_arrivals_are_raised_to_the_rank_that_the_best_strategy_gives_them():
    task, buried = arrivals(), np.array([1.0, -4.0])
    raised = guard_arrivals(task, buried, np.array([0]))
    assert raised[1] > buried[1]
    assert mean_sampled_ndcg([task], raised) > mean_sampled_ndcg([task], buried)


def test_arrivals_that_are_not_lowered_stay():
    task, shift = arrivals(), np.array([1.0, 0.0])
    np.testing.assert_array_equal(guard_arrivals(task, shift, np.array([0])), shift)


def test_without_a_strategy_that_scores_both_arrivals_stay():
    task, shift = arrivals(), np.array([1.0, -4.0])
    np.testing.assert_array_equal(guard_arrivals(task, shift, np.array([], int)), shift)


@pytest.mark.parametrize(("n_users", "chosen"), [(5, 0), (MIN_WINDOW_USERS - 1, 0), (20, 1)])
def test_few_users_who_are_asked_often_do_not_prefer_recent_popularity(n_users, chosen):
    task, nothing = two_windows(1.0, n_queries=60), np.array([0.0, 0.0, 1.0])
    users = np.arange(60) % n_users
    task = replace(task, pool=replace(task.pool, users=users))
    guarded, _ = guard_weights([task], nothing, folds_of(task, nothing), np.array([0, 1]), {1})
    assert guarded[chosen] > 0
    assert guarded[1 - chosen] == 0
