"""The order of items with equal numbers of customers."""

import numpy as np
import pytest

from daybreak.models.popular import PopularModel
from daybreak.models.shared_equal_counts import MAX_CUSTOMERS, count_similar_purchases
from tests.models.tiny import ask, dataset

# Items 1 and 2 have a cosine of .8, items 0 and 3 are unlike everything.
CONTENT = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.8, 0.6, 0], [0, 0, 0, 1]]


def test_customers_of_similar_items_count_by_the_fourth_power_of_the_similarity():
    """Half of .8⁴ = .4096, divided by two customers, is .1024."""
    data = dataset([[0, 1], [2, 3]], 4, vectors=CONTENT)
    np.testing.assert_allclose(count_similar_purchases(data), [0, 0.1024, 0.1024, 0], atol=1e-6)


def test_the_own_customers_of_an_item_are_not_counted_again():
    data = dataset([[1, 2], [1], [0]], 4, vectors=CONTENT)
    extra = count_similar_purchases(data)  # item 1 has both customers of item 2
    np.testing.assert_allclose(extra, [0, 0, 0.4096 / 6], atol=1e-6)


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
    assert not count_similar_purchases(data).any()


def test_larger_shops_count_customers_only():
    few = dataset([[0, 1], [2, 3]] * (MAX_CUSTOMERS // 2), 4, vectors=CONTENT)
    many = dataset([[0, 1], [2, 3]] * MAX_CUSTOMERS, 4, vectors=CONTENT)
    assert count_similar_purchases(few).any()
    assert not count_similar_purchases(many).any()


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
