from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.tasks import (
    MIN_QUERIES,
    RankingTask,
    WarmItemTasks,
    build_new_item_tasks,
    build_warm_item_tasks,
    sample_by_share,
    sum_features,
)
from daybreak.ranking.blending.weights import EVENT_LEVELS


def pool_of(n_events, n_new=0, width=8, n_features=2):
    """Return queries with one target each, the last candidate; the last ones are new."""
    n = len(n_events)
    rng = np.random.default_rng(0)
    relevant = np.zeros((n, width), dtype=bool)
    relevant[:, -1] = True
    is_new = np.zeros((n, width), dtype=bool)
    is_new[:, width - n_new :] = True
    return CandidatePool(
        rng.standard_normal((n_features, n, width)).astype(np.float32),
        relevant,
        np.ones((n, width), dtype=bool),
        is_new,
        np.ones(n, dtype=np.int64),
        np.array(n_events, dtype=np.float32),
        np.tile(np.arange(width, dtype=np.int32), (n, 1)),
    )


def test_halves_by_item_share_no_new_item_and_all_others():
    pool = pool_of([0] * 4, n_new=6)
    task = RankingTask(pool.features, pool, pool.present)
    first, second = task.split_by_item()
    assert (first.present & second.present)[:, :2].all()
    assert not (first.present & second.present)[:, 2:].any()
    assert (first.present | second.present).all()
    expected = (pool.relevant & first.present).sum(axis=1)
    assert first.pool.n_relevant.tolist() == expected.tolist()


def test_halves_by_user_share_no_user():
    pool = replace(pool_of([0] * 6), users=np.array([5, 2, 5, 9, 2, 7]))
    task = RankingTask(pool.features, pool, pool.present)
    halves = [half.pool.users.tolist() for half in task.split_by_user()]
    assert halves == [[2, 2, 7], [5, 5, 9]]


def test_levels_with_few_queries_have_no_tasks():
    pools = TrainingPools({"new_user": pool_of([0] * MIN_QUERIES + [3])}, np.ones(2))
    tasks = build_warm_item_tasks(pools)
    assert [len(one) for one in tasks] == [1, *[0] * (len(EVENT_LEVELS) - 1)]


def test_strangers_alone_do_not_fit_the_weights_of_people_with_events():
    strangers = TrainingPools({"now": pool_of([0] * 40)}, np.ones(2))
    assert [len(one) for one in build_warm_item_tasks(strangers)] == [1, *[0] * 7]
    both = {"now": pool_of([0] * 40), "new_user": pool_of([3] * 40)}
    tasks = build_warm_item_tasks(TrainingPools(both, np.ones(2)))
    assert [len(one) for one in tasks] == [1, 0, 2, *[0] * 5]


def test_known_users_with_rare_numbers_of_events_share_their_queries():
    events = [20] * 20 + [50] * 20
    tasks = build_warm_item_tasks(TrainingPools({"user": pool_of(events)}, np.ones(2)))
    assert [len(one) for one in tasks] == [0, 0, 0, 0, 0, 1, 1, 1]
    assert len(tasks[-1][0].pool.n_events) == len(events)


def test_shares_of_a_level_sum_to_one_and_new_users_dominate_at_few_events():
    pools = {"new_user": pool_of([3] * 40), "user": pool_of([3] * 40)}
    new_users, known_users = build_warm_item_tasks(TrainingPools(pools, np.ones(2)))[2]
    assert np.isclose(new_users.share + known_users.share, 1.0)
    assert new_users.share > 0.8


def test_new_items_are_ranked_among_all_and_among_themselves():
    pool = pool_of([0] * 40, n_new=3)
    weights = np.ones((len(EVENT_LEVELS), 2))
    tasks = build_new_item_tasks(TrainingPools({"new_item": pool}, np.ones(2)), weights)
    one_list, among_new = tasks[0]
    assert tasks[1:] == [[], []]
    assert one_list.features.shape[0] == 3
    assert (one_list.features[-1] == pool.is_new).all()
    assert not one_list.offset[pool.is_new].any()
    expected = pool.features.sum(axis=0)[~pool.is_new]
    np.testing.assert_allclose(one_list.offset[~pool.is_new], expected, rtol=1e-5)
    assert among_new.present.shape == (40, 3)
    assert among_new.present.all()
    assert (among_new.features[:2] == pool.features[:, :, -3:]).all()
    assert among_new.pool.relevant.tolist() == [[False, False, True]] * 40


def test_a_target_loses_ties():
    pool = pool_of([0] * 2)
    task = RankingTask(np.zeros_like(pool.features), pool, pool.present)
    scores = task.score(np.ones(2))
    assert (scores.argmin(axis=1) == pool.relevant.argmax(axis=1)).all()


def test_masked_candidates_score_minus_infinity():
    pool = pool_of([0] * 2)
    task = replace(RankingTask(pool.features, pool, pool.present), present=pool.relevant)
    assert np.isneginf(task.score(np.ones(2))[~pool.relevant]).all()


def test_a_part_of_the_queries_has_no_columns_that_none_of_them_uses():
    pool = pool_of([0] * 4)
    present = pool.present.copy()
    present[:2, 5:] = False
    task = RankingTask(pool.features, replace(pool, present=present), present)
    part = task.restrict_queries(np.arange(2))
    assert part.features.shape == (2, 2, 5)
    assert (part.features == pool.features[:, :2, :5]).all()
    weights = np.array([0.5, 2.0])
    assert part.score(weights) == pytest.approx(task.score(weights)[:2, :5])


@pytest.mark.parametrize("used", [[], [1], [0, 5], [0, 1, 2, 4], [3, 4, 5]])
def test_a_sum_of_some_features_is_that_of_all_with_zeros(used):
    features = np.random.default_rng(0).standard_normal((6, 3, 4)).astype(np.float32)
    weights = np.isin(np.arange(6), used) * np.arange(1.0, 7.0)
    expected = np.tensordot(weights, features, 1)
    found = sum_features(features, weights, np.array(used, dtype=np.int64))
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_tasks_with_a_small_share_have_fewer_queries():
    pool = pool_of(range(400))
    tasks = [RankingTask(pool.features, pool, pool.present, share=s) for s in (0.6, 0.3, 0.02)]
    sampled = sample_by_share(tasks)
    assert [len(task.pool.n_events) for task in sampled] == [400, 250, 100]
    assert [task.share for task in sampled] == [0.6, 0.3, 0.02]
    assert sampled[2].pool.n_events[[0, -1]].tolist() == [0, 399]


def test_tasks_that_are_built_one_level_after_another_are_the_same():
    events = np.repeat([1.0, 3.0, 30.0], 40)
    user_pools = TrainingPools({"new_user": pool_of(events)}, np.ones(2))
    lazy, whole = WarmItemTasks(user_pools), build_warm_item_tasks(user_pools)
    assert len(lazy) == len(whole)
    for level, (one, other) in enumerate(zip(lazy, whole, strict=True)):
        assert [task.share for task in one] == [task.share for task in other]
        assert all(
            (task.features == same.features).all()
            for task, same in zip(one, other, strict=True)
        )
        assert lazy[level] is one
