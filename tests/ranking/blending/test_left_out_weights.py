from dataclasses import replace

import numpy as np
import pytest

from daybreak.data.common_terms import CommonTerms
from daybreak.ranking.blending.left_out_weights import (
    BIAS_SHIFTS,
    ContentChoice,
    add_left_out_weights,
    choose_content_weight,
    usable_strategies,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import default_strategies, get_strategies
from daybreak.ranking.blending.tasks import MIN_QUERIES
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.simulation.left_out_customers import (
    MAX_FEW_CUSTOMERS,
    LeftOutCustomer,
    iter_left_out,
)
from tests.ranking.blending.test_tasks import pool_of
from tests.simulation.test_left_out_customers import shop_of, staples

STRATEGIES = get_strategies(["popular", "content/history"])
NO_QUERIES = TrainingPools({}, np.full(2, 0.5, dtype=np.float32))


def tastes(n_customers=6):
    """Everybody chose eight of ten items of a topic of their own, and two that all chose."""
    choices = [[0, 1, *range(10 * n + 2, 10 * n + 10)] for n in range(n_customers)]
    choices = [sorted({*one, 60 + n, 70 + n, 80}) for n, one in enumerate(choices)]
    return shop_of(choices, [min(n // 10, 6) for n in range(90)])


def needs(n_customers=12):
    """Everybody chose twelve of the same sixteen items, of all topics."""
    rng = np.random.default_rng(0)
    choices = [sorted(rng.permutation(16)[:12].tolist()) for _ in range(n_customers)]
    return shop_of(choices, [n % 7 for n in range(40)])


def weights(bias=-4.0):
    levels = np.tile([1.0, 0.0], (len(EVENT_LEVELS), 1))
    return WeightSet(1.0, levels, levels, np.full(len(EVENT_LEVELS), bias))


def test_content_has_no_weight_and_unsold_items_come_last_where_all_buy_the_same():
    (found,), report = add_left_out_weights(needs(), NO_QUERIES, STRATEGIES, [weights()])
    assert (found.weights[:, 1] <= 0.5).all()
    assert (found.new_bias[1:] == -4 + BIAS_SHIFTS[0]).all()
    assert found.new_bias[0] == -4
    assert [one["events"] for one in report] == list(EVENT_LEVELS[1:])


def test_content_and_unsold_items_count_where_everybody_has_a_taste():
    (found,), _ = add_left_out_weights(tastes(), NO_QUERIES, STRATEGIES, [weights()])
    assert (found.weights[1:4, 1] > 0).all()
    assert (found.new_weights[1:, 1] == found.weights[1:, 1]).all()
    assert (found.new_bias[1:4] > -4).all()
    assert not found.weights[0, 1]


def test_levels_with_simulated_queries_are_left_alone():
    pool = pool_of([3] * MIN_QUERIES)
    pools = TrainingPools({"new_user": pool}, NO_QUERIES.scale)
    (found,), report = add_left_out_weights(tastes(), pools, STRATEGIES, [weights()])
    assert found.weights[2, 1] == 0
    assert found.new_bias[2] == -4
    assert found.weights[1, 1] > 0
    assert 3 not in [one["events"] for one in report]


@pytest.mark.parametrize("n_customers", [0, 1, 2])
def test_two_customers_say_nothing(n_customers):
    some = list(iter_left_out(tastes(), 1))[:n_customers]
    assert choose_content_weight(some, 1.0, -4.0, 0.5) == (0.0, 0.0, 1.0)


def test_larger_shops_and_other_strategies_are_left_alone():
    data = staples(MAX_FEW_CUSTOMERS + 1)
    ordinary = tuple(s for s in default_strategies() if s.name != "profile/match")
    names = {s.name for s in ordinary}
    assert {s.name for s in usable_strategies(data, default_strategies())} == names - {
        "content/history"
    }
    assert usable_strategies(staples(), default_strategies()) == ordinary
    assert usable_strategies(data, STRATEGIES[1:]) == STRATEGIES[1:]
    before = weights()
    (kept,), report = add_left_out_weights(data, NO_QUERIES, STRATEGIES, [before])
    assert kept is before
    assert report == []


def test_profiles_that_name_what_items_have_are_used_where_there_are_some():
    match = get_strategies(["popular", "profile/match"])
    assert usable_strategies(staples(), match) == match[:1]
    named = replace(staples(), common_terms=CommonTerms.of([(0, 0)]))
    assert usable_strategies(named, match) == match


def prior_of_content(data):
    """Return what is left of the prior weights of content, and the report."""
    strategies = get_strategies(["popular", "content/match", "content/history"])
    levels = np.tile([1.0, 0.8, 0.0], (len(EVENT_LEVELS), 1))
    plain = WeightSet(1.0, levels, levels, np.full(len(EVENT_LEVELS), -4.0))
    pools = TrainingPools({}, np.full(3, 0.5, dtype=np.float32))
    (found,), report = add_left_out_weights(data, pools, strategies, [plain])
    assert (found.weights[:, 0] == 1).all()
    assert found.weights[0, 1] == 0.8  # nobody is asked without events
    return found.weights[1:4, 1], report


def groceries(n_customers=6, seed=0):
    """Everybody chose one of each of twelve pairs that are alike, and four of their own."""
    rng = np.random.default_rng(seed)
    choices = [
        [*(2 * np.arange(12) + (rng.random(12) < 0.4)), *range(24 + 4 * n, 28 + 4 * n)]
        for n in range(n_customers)
    ]
    return shop_of(choices, [(n // 2) % 12 for n in range(24 + 4 * n_customers)])


@pytest.mark.parametrize("seed", range(3))
def test_the_prior_of_content_does_not_count_where_content_tells_nothing(seed):
    left, report = prior_of_content(groceries(seed=seed))
    assert (left < 0.2).all()
    assert [one["content"] for one in report[:3]] == [0.0] * 3
    assert all(one["trust"] < 0.25 for one in report[:3])


def test_the_prior_of_content_stays_where_everybody_has_a_taste():
    left, report = prior_of_content(tastes())
    assert (left == 0.8).all()
    assert {one["trust"] for one in report[:3]} == {1.0}


def test_a_small_gain_of_few_customers_is_compared_with_the_best_sellers():
    """The same gain counts in a newsroom, whose best sellers nobody chooses, and not in a shop
    whose best sellers are good.
    """
    likeness = np.tile(np.linspace(1, 0, 60, dtype=np.float32), (1, 1))
    buyers, relevant = np.ones(60, dtype=np.int64), np.zeros((1, 60), dtype=bool)
    relevant[0, 5::6] = True
    every = np.ones_like(relevant)
    one = LeftOutCustomer(buyers, likeness, likeness, every, relevant)
    better = LeftOutCustomer(buyers, -likeness, likeness, every, relevant[:, ::-1])
    newsroom = choose_content_weight([one, better, one], 1.0, -4.0, 0.5, expected=0.0)
    grocery = choose_content_weight([one, better, one], 1.0, -4.0, 0.5, expected=0.5)
    assert newsroom.trust >= grocery.trust
    assert newsroom.weight >= grocery.weight


def test_half_of_a_choice_counts_but_for_a_bias_that_is_lowered():
    assert ContentChoice(4.0, 2.0, 0.0).shrink(0.5) == (2.0, 1.0, 0.5)
    assert ContentChoice(0.5, -8.0, 1.0).shrink(0.1) == (0.05, -8.0, 1.0)


def test_items_that_nobody_bought_do_not_come_first_in_an_order_by_chance():
    """One target is the most alike, and twelve other items are more alike than the rest of the
    targets; in an order by chance, all of the catalogue would compete, not these candidates.
    """
    buyers = np.repeat([1, 0, 0], [20, 12, 10])
    relevant = np.tile(np.arange(42) >= 32, (4, 1))
    likeness = np.tile(np.repeat([0.0, 1.0, 0.5, 2.0], [20, 12, 9, 1]), (4, 1)).astype(
        np.float32
    )
    every = np.ones_like(relevant)
    customers = [LeftOutCustomer(buyers, likeness, likeness, every, relevant)] * 5
    found = choose_content_weight(customers, 1.0, -4.0, 0.5)
    assert found.weight > 0
