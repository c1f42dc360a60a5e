import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.simulation.left_out_customers import (
    MAX_FEW_CUSTOMERS,
    MAX_LEFT_OUT,
    N_HISTORIES,
    expected_best_seller_ndcg,
    has_few_customers,
    iter_left_out,
)


def shop_of(choices, topics):
    """Return a shop whose customers chose some items; items of a topic are alike."""
    content = np.eye(max(topics) + 1, dtype=np.float32)[list(topics)]
    block = ContentBlock("attributes", sp.csr_array(content))
    items = Items(Vocabulary(f"i{n}" for n in range(len(topics))), (block,))
    user = np.repeat(np.arange(len(choices)), [len(one) for one in choices])
    item = np.concatenate([np.array(one) for one in choices])
    return Dataset(items, Events.of(user, item, np.zeros(len(item))), len(choices))


def staples(n_customers=6):
    """Everybody chose the same six items, and one item of their own."""
    choices = [[*range(6), 6 + n] for n in range(n_customers)]
    return shop_of(choices, [n % 7 for n in range(6 + max(n_customers, 34))])


def test_a_left_out_customer_counts_neither_for_the_others_nor_with_known_items():
    data = staples()
    customers = list(iter_left_out(data, 2))
    assert len(customers) == 6
    for one in customers:
        assert sorted(one.buyers, reverse=True)[:6] == [5] * 6
        assert one.allowed.shape[0] == N_HISTORIES // 6
        assert ((~one.allowed).sum(axis=1) == 2).all()
        assert (one.relevant.sum(axis=1) == 5).all()
        assert not (one.relevant & ~one.allowed).any()


def test_likeness_is_the_sum_of_similarities_over_the_root_of_their_number():
    data = shop_of([[0, 1, 2, 3], [4, 5, 6, 7]], [0, 0, 0, 0, 1, 1, 1, 1, 0, 1])
    for one in iter_left_out(data, 2):
        np.testing.assert_allclose(np.unique(one.likeness), [0, 2 / np.sqrt(2)], rtol=1e-5)


def test_together_is_the_sum_of_the_cosines_of_the_other_customers():
    """Without the third customer, items 0, 1 and 2 have 2, 1 and 1 customers; item 0 is chosen
    with each of the others once: 1 / sqrt(2 * 1).
    """
    data = shop_of([[0, 1], [0, 2], [0, 3, 4]], [0] * 5)
    (one,) = iter_left_out(data, 1)
    known = np.flatnonzero(~one.allowed[:, 0])[0]
    np.testing.assert_allclose(
        one.together[known], [1, 1 / np.sqrt(2), 1 / np.sqrt(2), 0, 0], rtol=1e-6
    )


@pytest.mark.parametrize(("n_known", "n_customers"), [(1, 3), (5, 3), (6, 0), (40, 0)])
def test_customers_with_too_few_items_are_not_left_out(n_known, n_customers):
    assert len(list(iter_left_out(staples(3), n_known))) == n_customers


def test_a_random_part_of_many_customers_is_left_out():
    assert len(list(iter_left_out(staples(MAX_FEW_CUSTOMERS), 1))) == MAX_LEFT_OUT


def test_shops_of_few_customers_with_content_are_asked():
    assert has_few_customers(staples())
    assert not has_few_customers(staples(MAX_FEW_CUSTOMERS + 1))
    data = staples()
    assert not has_few_customers(Dataset(Items(data.items.ids), data.events, data.n_users))


def test_best_sellers_are_expected_by_the_items_of_one_and_two_customers():
    """Two of three customers chose item 0; items 1 and 2 have one customer each.

    Such an item is chosen next with ``2 * 1 / (2 * 3) = 1/3``, item 0 with 2/3; the discounts
    are 1, 0.631 and 0.5.
    """
    data = shop_of([[0], [0, 1], [2]], [0, 0, 0])
    expected = (2 / 3 + 0.6309 / 3 + 0.5 / 3) / 2.1309
    assert expected_best_seller_ndcg(data) == pytest.approx(expected, abs=1e-4)


def test_nothing_is_expected_of_best_sellers_whom_nobody_else_chose():
    assert expected_best_seller_ndcg(shop_of([[0], [1], [2]], [0, 0, 0])) == 0
