import numpy as np
import pytest

from daybreak.ranking.blending.left_out_guard import choose_behaviour_share, guard_behaviour
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.tasks import MIN_QUERIES
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.simulation.left_out_customers import LeftOutCustomer
from tests.ranking.blending.test_tasks import pool_of
from tests.simulation.test_left_out_customers import shop_of

STRATEGIES = get_strategies(["popular", "ease", "content/match"])
NO_QUERIES = TrainingPools({}, np.ones(3, dtype=np.float32))


def weights():
    levels = np.tile([1.0, 3.0, 2.0], (len(EVENT_LEVELS), 1))
    return WeightSet(1.0, levels, levels.copy(), np.full(len(EVENT_LEVELS), -4.0))


def customer(is_told_by_others):
    """Of twelve items, the targets are the three with most customers or those chosen with."""
    buyers = np.array([9, 8, 7, *[1] * 9])
    together = np.zeros((1, 12), dtype=np.float32)
    together[0, 9:] = 1
    relevant = np.zeros((1, 12), dtype=bool)
    relevant[0, slice(9, 12) if is_told_by_others else slice(0, 3)] = True
    return LeftOutCustomer(buyers, together, together, np.ones_like(relevant), relevant)


@pytest.mark.parametrize(("is_told_by_others", "share"), [(True, 1.0), (False, 0.0)])
def test_behaviour_counts_as_far_as_it_tells_what_left_out_customers_choose(
    is_told_by_others, share
):
    assert choose_behaviour_share([customer(is_told_by_others)] * 3, 1.0, 3.0) == share


def independent(n_customers=8):
    """Customers choose items by popularity alone, each seven of forty."""
    rng = np.random.default_rng(1)
    chance = 1 / (1 + np.arange(40)) ** 1.5
    choices = [
        rng.choice(40, 7, replace=False, p=chance / chance.sum()) for _ in range(n_customers)
    ]
    return shop_of([np.sort(one).tolist() for one in choices], [n % 5 for n in range(40)])


def test_only_the_weights_of_behaviour_are_changed_at_levels_without_a_test():
    pools = TrainingPools({"new_user": pool_of([1] * MIN_QUERIES)}, NO_QUERIES.scale)
    before = weights()
    (found,), report = guard_behaviour(independent(), pools, STRATEGIES, [before])
    np.testing.assert_array_equal(found.weights[:2], before.weights[:2])
    np.testing.assert_array_equal(found.weights[:, [0, 2]], before.weights[:, [0, 2]])
    assert (found.weights[2:, 1] < 3).all()
    assert [one["events"] for one in report] == list(EVENT_LEVELS[2:])
    assert report[0]["behaviour"] == found.weights[2, 1] / 3


def test_groups_of_customers_who_choose_the_same_keep_the_weights():
    choices = [[*range(8 * (n % 2), 8 * (n % 2) + 8), 16 + n] for n in range(8)]
    before = weights()
    data = shop_of(choices, [n % 5 for n in range(30)])
    (found,), report = guard_behaviour(data, NO_QUERIES, STRATEGIES, [before])
    np.testing.assert_array_equal(found.weights, before.weights)
    assert report == []


@pytest.mark.parametrize("n_customers", [2, 101])
def test_two_customers_say_nothing_and_many_have_simulations(n_customers):
    before = weights()
    (found,), report = guard_behaviour(
        independent(n_customers), NO_QUERIES, STRATEGIES, [before]
    )
    assert found is before
    assert report == []
