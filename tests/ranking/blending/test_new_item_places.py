from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending import new_item_places
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.new_item_places import raise_bias
from daybreak.ranking.blending.objective import mean_sampled_ndcg
from daybreak.ranking.blending.tasks import RankingTask


def one_list(old_score, n_queries=60, width=30):
    """Return queries with one target with events and one without, which its score finds.

    Items with events have the scores ``old_score`` down to 0, and the first is a target. Of the
    items without events, the last third, one has the score 1 and is a target.
    """
    rng = np.random.default_rng(0)
    is_new = np.zeros((n_queries, width), dtype=bool)
    is_new[:, 20:] = True
    scores = np.zeros((n_queries, width), dtype=np.float32)
    relevant = np.zeros_like(is_new)
    relevant[:, 0] = True
    chosen = (np.arange(n_queries), rng.integers(20, width, n_queries))
    scores[chosen], relevant[chosen] = 1, True
    features = np.stack([scores, is_new.astype(np.float32)])
    offset = np.where(is_new, 0, np.linspace(old_score, 0, width)).astype(np.float32)
    pool = CandidatePool(
        features,
        relevant,
        np.ones_like(relevant),
        is_new,
        np.full(n_queries, 2),
        np.ones(n_queries, dtype=np.float32),
        np.tile(np.arange(width, dtype=np.int32), (n_queries, 1)),
    )
    return RankingTask(features, pool, pool.present, offset)


def test_new_items_get_the_places_that_cost_nothing():
    task, buried = one_list(old_score=2.5), np.array([1.0, -4.0])
    assert mean_sampled_ndcg([task], buried) == pytest.approx(1 / (1 + 1 / np.log2(3)))
    bias = raise_bias([task], buried, total=4.0)
    assert bias == -4.0 + 1.5 * 4.0  # with 2.2 * 4, all new items come before the other target
    assert mean_sampled_ndcg([task], np.array([1.0, bias])) == pytest.approx(1.0)


def test_the_largest_of_the_best_values_is_chosen():
    task = one_list(old_score=2.5)
    first = np.array([1.0, 2.0])  # both targets are first, and the next new item is third
    raised = raise_bias([task], first, total=1.0)
    assert raised == 2.0 + 0.45  # with 0.7, other new items come before the second target


def test_few_queries_allow_less_than_the_same_ones_often(monkeypatch):
    monkeypatch.setattr(new_item_places, "MAX_LOSS", 0.1)
    monkeypatch.setattr(new_item_places, "BIAS_STEPS", np.linspace(0, 3, 61).tolist())
    rng, raised = np.random.default_rng(0), []
    for _ in range(20):
        few = one_list(3.0, n_queries=12)
        noise = rng.normal(0, 0.3, few.offset.shape).astype(np.float32)
        few = replace(few, offset=few.offset + noise * ~few.pool.is_new)
        many = few.restrict_queries(np.tile(np.arange(12), 50))
        raised.append([raise_bias([task], np.array([1.0, 0.0]), 1.2) for task in (few, many)])
    of_few, of_many = np.array(raised).T
    assert (of_few <= of_many).all()
    assert of_few.mean() < of_many.mean()
