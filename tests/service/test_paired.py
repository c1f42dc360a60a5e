import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import t

from daybreak.estimates import clustered_difference


def matrices(differences):
    """Two sides whose entries differ by what is given; NaN: no target."""
    differences = np.asarray(differences, float)
    row, column = np.nonzero(~np.isnan(differences))
    old = csr_array((np.ones(len(row)), (row, column)), shape=differences.shape)
    new = csr_array((1 + differences[row, column], (row, column)), shape=differences.shape)
    return new, old


def test_with_a_target_each_it_is_the_paired_t_interval():
    values = np.array([0.3, -0.1, 0.2, 0.0, 0.4])
    new, old = matrices(values[:, None])
    gap = clustered_difference(new, old, np.arange(5), 0.95, by_item=False)
    reach = t.ppf(0.975, 4) * values.std(ddof=1) / np.sqrt(5)
    assert gap.difference == pytest.approx(0.16)
    assert (gap.low, gap.high) == pytest.approx((0.16 - reach, 0.16 + reach))


def test_a_user_who_is_asked_twice_is_one_witness():
    values = np.array([0.3, -0.1, 0.2, 0.0])
    once = clustered_difference(*matrices(values[:, None]), np.arange(4), 0.95, by_item=False)
    twice = np.repeat(values, 2)[:, None]
    again = clustered_difference(
        *matrices(twice), np.repeat(np.arange(4), 2), 0.95, by_item=False
    )
    assert again == pytest.approx(once)


def test_an_item_that_all_want_is_one_witness_where_items_are_a_sample():
    by_item = np.tile([0.2, -0.1, 0.05, 0.1], 25)
    differences = np.full((100, 4), np.nan)
    differences[np.arange(100), np.arange(100) % 4] = by_item
    new, old = matrices(differences)
    users_only = clustered_difference(new, old, np.arange(100), 0.95, by_item=False)
    both = clustered_difference(new, old, np.arange(100), 0.95, by_item=True)
    assert users_only.low > 0
    # The items alone: four witnesses.
    alone = np.array([0.2, -0.1, 0.05, 0.1])
    reach = t.ppf(0.975, 3) * alone.std(ddof=1) / 2
    assert both.high - both.difference == pytest.approx(reach, rel=0.01)


@pytest.mark.parametrize("by_item", [False, True])
def test_equal_sides_are_called_different_as_seldom_as_promised(by_item):
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(400):
        tastes = rng.normal(size=60)[None, :] * 0.3 * by_item
        differences = (tastes + rng.normal(size=(80, 60))) * (rng.random((80, 60)) < 0.1)
        differences[rng.random((80, 60)) < 0.6] = np.nan
        gap = clustered_difference(*matrices(differences), np.arange(80), 0.95, by_item=by_item)
        alarms += gap.low > 0 or gap.high < 0
    assert alarms / 400 < 0.08


def test_one_witness_says_nothing():
    gap = clustered_difference(*matrices([[0.5]]), np.array([0]), 0.95, by_item=False)
    assert (gap.low, gap.high) == (-np.inf, np.inf)
