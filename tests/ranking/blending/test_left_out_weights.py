import numpy as np
import pytest

from daybreak.ranking.blending.left_out_weights import (
    BIAS_SHIFTS,
    add_left_out_weights,
    choose_content_weight,
    usable_strategies,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import default_strategies, get_strategies
from daybreak.ranking.blending.tasks import MIN_QUERIES
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.simulation.left_out_customers import MAX_FEW_CUSTOMERS, iter_left_out
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
    assert choose_content_weight(some, 1.0, -4.0, 0.5) == (0.0, 0.0)


def test_larger_shops_and_other_strategies_are_left_alone():
    data = staples(MAX_FEW_CUSTOMERS + 1)
    names = {s.name for s in default_strategies()}
    assert {s.name for s in usable_strategies(data, default_strategies())} == names - {
        "content/history"
    }
    assert usable_strategies(staples(), default_strategies()) == default_strategies()
    assert usable_strategies(data, STRATEGIES[1:]) == STRATEGIES[1:]
    before = weights()
    (kept,), report = add_left_out_weights(data, NO_QUERIES, STRATEGIES, [before])
    assert kept is before
    assert report == []
