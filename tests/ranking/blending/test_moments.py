"""Queries at moments count as far as the present differs from the past."""

from dataclasses import replace

import numpy as np
import pytest

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.vocabulary import Vocabulary
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.moments import (
    MAX_SHARE,
    MIN_SHARE,
    MIN_STRANGERS,
    share_of_moments,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.repeat_weights import fit_repeat_weights
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.tasks import RankingTask, normalise_shares
from daybreak.ranking.blending.weights import EVENT_LEVELS

WIDTH = 12


def pool(features, n_events=0.0):
    """Return the pool of queries whose only target is the first candidate."""
    features = np.asarray(features, dtype=np.float32)
    n = features.shape[1]
    relevant = np.zeros((n, WIDTH), dtype=bool)
    relevant[:, 0] = True
    present, rows = np.ones((n, WIDTH), dtype=bool), np.tile(np.arange(WIDTH), (n, 1))
    return CandidatePool(
        features,
        relevant,
        present,
        np.zeros((n, WIDTH), dtype=bool),
        np.ones(n, dtype=np.int64),
        np.full(n, n_events, dtype=np.float32),
        rows.astype(np.int32),
    )


def scores(first, n):
    """Return (n, WIDTH) scores in which the target has a rank."""
    values = np.tile(-np.arange(WIDTH, dtype=np.float32), (n, 1))
    values[:, 0] = -first + 0.5
    return values


@pytest.mark.parametrize(
    ("rank_of_all_time", "share"), [(1, MIN_SHARE), (11, MAX_SHARE), (3, 2 * (0.5 - 0.3))]
)
def test_the_share_is_twice_the_relative_gain_beyond_its_bound(rank_of_all_time, share):
    # A target at rank 3 has an NDCG of 1 / log2(4), half of that of the first rank.
    n, strategies = MIN_STRANGERS, get_strategies(["popular", "popular/now"])
    made = pool([scores(rank_of_all_time, n), scores(1, n)])
    found = share_of_moments(TrainingPools({"now": made}, np.ones(2, np.float32)), strategies)
    assert found == pytest.approx(min(share, MAX_SHARE), abs=1e-3)


def test_fewer_queries_need_a_gain_of_more_standard_errors():
    """Gains of 1 and 0 by turns: 100 queries are sure of .5 - .05; 26 of .5 - .192, with
    sqrt(100 / 26) standard errors of .098."""
    strategies = get_strategies(["popular", "popular/now"])
    shares = []
    for n in (100, 26):
        all_time = scores(1, n)
        all_time[::2] = scores(WIDTH, (n + 1) // 2)
        made = pool([all_time, scores(1, n)])
        pools = TrainingPools({"now": made}, np.ones(2, np.float32))
        shares.append(share_of_moments(pools, strategies))
    assert shares == pytest.approx([2 * (0.45 - 0.3), MIN_SHARE], abs=1e-3)


def test_few_strangers_say_little():
    n, strategies = MIN_STRANGERS - 1, get_strategies(["popular", "popular/now"])
    made = pool([scores(11, n), scores(1, n)])
    pools = TrainingPools({"now": made}, np.ones(2, np.float32))
    assert share_of_moments(pools, strategies) == MIN_SHARE
    assert share_of_moments(replace(pools, pools={}), strategies) == 0


def shop(n_weeks):
    """Return the data of five people who take the same two items in each week."""
    user = np.repeat(np.arange(5), 2 * n_weeks)
    item = np.tile([0, 1], 5 * n_weeks)
    at = 1.7e9 + np.tile(np.repeat(np.arange(n_weeks), 2), 5) * 604_800.0
    repeated = Events(user, item, at)
    items = Items(Vocabulary(["milk", "bread"]))
    return Dataset(items, Events.of(user, item, at), 5, repeated=repeated)


def tasks(**shares):
    made = pool(np.zeros((1, 2, WIDTH)))
    return [
        RankingTask(made.features, made, made.present, None, share, kind=kind)
        for kind, share in shares.items()
    ]


@pytest.mark.parametrize(
    ("given", "known_users", "wanted"),
    [
        (
            {"new_user": 3, "user": 1, "now": 9},
            False,
            {"new_user": 0.3, "user": 0.1, "now": 0.6},
        ),
        ({"user": 1, "later": 1, "now": 1}, True, {"user": 0.5, "later": 0.2, "now": 0.3}),
        ({"user": 1, "later": 1}, True, {"user": 0.5, "later": 0.5}),
        ({"user": 1, "now": 1}, True, {"user": 0.5, "now": 0.5}),
        ({"now": 4}, False, {"now": 1}),
        ({"new_user": 4}, False, {"new_user": 1}),
        ({}, True, {}),
    ],
)
def test_shares_of_kinds(given, known_users, wanted):
    found = normalise_shares(tasks(**given), 0.6, known_users=known_users)
    assert {task.kind: task.share for task in found} == pytest.approx(wanted)


def test_what_people_take_again_gets_a_weight():
    strategies = get_strategies(["popular", "again"])
    n = 40
    # Popularity puts the target on rank 6; its frequency is 1, that of all others 0.
    frequency = np.zeros((n, WIDTH), dtype=np.float32)
    frequency[:, 0] = 1
    pools = TrainingPools(
        {"again": pool([scores(6, n), frequency], n_events=10)}, np.ones(2, np.float32)
    )
    others = np.tile([1.0, 0.0], (len(EVENT_LEVELS), 1))
    weights, (measured,) = fit_repeat_weights(shop(n_weeks=2), pools, strategies, others)
    assert measured["events"] == 10
    assert measured["ndcg@10"] == 1 > measured["without"]
    assert (weights[:, 1] > 4.5).all()
    assert (weights[:, 0] == 1).all()
    assert (others[:, 1] == 0).all()


@pytest.mark.parametrize(("n_weeks", "weight"), [(9, 4.0), (1, 0.0)])
def test_a_weight_that_cannot_be_measured_follows_from_the_others(n_weeks, weight):
    strategies = get_strategies(["popular", "again"])
    others = np.tile([1.0, 0.0], (len(EVENT_LEVELS), 1))
    pools = TrainingPools({}, np.ones(2, np.float32))
    weights, report = fit_repeat_weights(shop(n_weeks), pools, strategies, others)
    assert report == []
    assert (weights[:, 0] == 1).all()
    assert (weights[:, 1] == weight).all()
