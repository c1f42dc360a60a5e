"""The order of items with equal numbers of customers."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data.dataset import ContentBlock
from daybreak.models.popular import PopularModel
from daybreak.models.shared_equal_counts import (
    MAX_CUSTOMERS,
    MAX_SHARE,
    count_attribute_values,
    count_similar_purchases,
    fit_attribute_slope,
    order_equal_counts,
)
from tests.models.tiny import ask, dataset, unit

# Items 1 and 2 have a cosine of .8, items 0 and 3 are unlike everything.
CONTENT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.8, 0.6, 0], [0, 0, 0, 1]]


def described(histories, n_values):
    """Items with a number of attribute values each, and no other content."""
    data = dataset(histories, len(n_values))
    values = np.arange(max(n_values)) < np.array(n_values)[:, None]
    block = ContentBlock("attributes", sp.csr_array(unit(values)))
    return replace(data, items=replace(data.items, blocks=(block,)))


def test_customers_of_similar_items_count_by_the_fourth_power_of_the_similarity():
    data = dataset([[0, 1], [2, 3]], 4, vectors=CONTENT)
    np.testing.assert_allclose(count_similar_purchases(data), [0, 0.4096, 0.4096, 0], atol=1e-6)


def test_the_own_customers_of_an_item_are_not_counted_again():
    data = dataset([[1, 2], [1], [0]], 4, vectors=CONTENT)
    similar = count_similar_purchases(data)  # item 1 has both customers of item 2
    np.testing.assert_allclose(similar, [0, 0, 0.4096], atol=1e-6)


def test_attribute_values_of_all_blocks_of_attributes_are_counted():
    assert count_attribute_values(described([[0]], [2, 0, 3]).items).tolist() == [2, 0, 3]
    assert not count_attribute_values(dataset([[0]], 2, vectors=[[1], [1]]).items).any()


def test_the_slope_solves_its_penalised_equations():
    """At features -1 and 1 with counts 1 and 3, (3 - mu) - (1 - mu') = slope / .09.

    The intercept makes mu + mu' = 4, so mu = 2 (1 + tanh slope), and the slope is the root of
    2 - 4 tanh(s) = s / .09: 0.1326.
    """
    slope = fit_attribute_slope(np.array([-1.0, 1.0]), np.array([1.0, 3.0]))
    assert slope == pytest.approx(0.1326, abs=1e-4)
    assert 2 - 4 * np.tanh(slope) == pytest.approx(slope / 0.09)


def test_without_attributes_the_slope_is_zero():
    assert fit_attribute_slope(np.zeros(3), np.array([1.0, 2.0, 3.0])) == 0


def test_items_described_like_those_that_sell_come_first_among_equal_counts():
    """Those with three values sell, so item 5 comes before 4, which has one."""
    histories = [[0, 1], [0, 1, 2], [1, 0, 4], [2, 5]]
    many_sell = order_equal_counts(described(histories, [3, 3, 3, 1, 1, 3, 1, 1]))
    few_sell = order_equal_counts(described(histories, [1, 1, 1, 3, 3, 1, 3, 3]))
    assert many_sell[4] > many_sell[3]  # positions among items with events: 4 is item 5
    assert few_sell[4] > few_sell[3]
    assert many_sell.max() == few_sell.max() == MAX_SHARE


def test_equal_counts_are_ordered_by_similar_items_and_others_keep_their_order():
    data = dataset([[0, 1, 3], [2, 3]], 4, vectors=CONTENT)
    scores = PopularModel().fit(data).score(ask(data, []), data.items)[0]
    assert scores[3] > scores[1] == scores[2] > scores[0]


@pytest.mark.parametrize("seed", range(3))
def test_unequal_counts_keep_their_order(seed):
    rng = np.random.default_rng(seed)
    histories = [rng.permutation(12)[: 1 + rng.integers(8)].tolist() for _ in range(9)]
    data = dataset(histories, 12, vectors=rng.random((12, 3)))  # much alike
    scores = PopularModel().fit(data).score(ask(data, []), data.items)[0]
    counts = np.bincount(np.concatenate(histories), minlength=12)
    for more, less in zip(*np.nonzero(counts[:, None] > counts[None, :]), strict=True):
        assert counts[less] == 0 or scores[more] > scores[less]


@pytest.mark.parametrize("vectors", [None, [[0, 0]] * 4])
def test_without_content_equal_counts_stay_equal(vectors):
    data = dataset([[0, 1], [2, 3]], 4, vectors=vectors)
    assert not order_equal_counts(data).any()


def test_larger_shops_count_customers_only():
    few = dataset([[0, 1], [2, 3]] * (MAX_CUSTOMERS // 2), 4, vectors=CONTENT)
    many = dataset([[0, 1], [2, 3]] * MAX_CUSTOMERS, 4, vectors=CONTENT)
    assert order_equal_counts(few).any()
    assert not order_equal_counts(many).any()


def test_fading_counts_are_not_changed():
    at = [1, 2, 3, 4]
    with_content = dataset([[0, 1], [2, 3]], 4, vectors=CONTENT, at=at)
    without = dataset([[0, 1], [2, 3]], 4, at=at)
    scores = [
        PopularModel(window=0.5).fit(data).score(ask(data, []), data.items)
        for data in (with_content, without)
    ]
    np.testing.assert_array_equal(*scores)


def test_counts_of_newer_events_are_ordered_in_the_same_way():
    data = dataset([[0, 1], [2, 3]], 4, vectors=CONTENT)
    model = PopularModel().fit(data)
    np.testing.assert_array_equal(model.recounted(data).state.values, model.state.values)
