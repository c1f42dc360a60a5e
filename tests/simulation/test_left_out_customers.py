import numpy as np
import pytest
import scipy.sparse as sp

from daybreak.data import Vocabulary
from daybreak.data.dataset import ContentBlock, Dataset, Events, Items
from daybreak.simulation.left_out_customers import MAX_FEW_CUSTOMERS, best_seller_margin


def shop_of(choices, topics):
    """Return a shop whose customers chose some items; items of a topic are alike."""
    n_items = len(topics)
    content = np.eye(max(topics) + 1, dtype=np.float32)[list(topics)]
    block = ContentBlock("attributes", sp.csr_array(content))
    items = Items(Vocabulary(f"i{n}" for n in range(n_items)), (block,))
    user = np.repeat(np.arange(len(choices)), [len(one) for one in choices])
    item = np.concatenate([np.array(one) for one in choices])
    return Dataset(items, Events.of(user, item, np.zeros(len(item))), len(choices))


def staples(n_customers=6):
    """Everybody chose the same six items, and one item of their own."""
    choices = [[*range(6), 6 + n] for n in range(n_customers)]
    return shop_of(choices, [n % 7 for n in range(40)])


def tastes(n_customers=6):
    """Everybody chose eight items of a topic of their own."""
    choices = [list(range(8 * n, 8 * n + 8)) for n in range(n_customers)]
    return shop_of(choices, [n // 8 for n in range(8 * n_customers)])


def test_best_sellers_win_where_everybody_buys_the_same():
    assert best_seller_margin(staples()) > 5


def test_likeness_wins_where_everybody_has_a_taste_of_their_own():
    assert best_seller_margin(tastes()) < -5


@pytest.mark.parametrize("seed", range(3))
def test_other_random_choices_do_not_change_a_clear_case(seed):
    assert best_seller_margin(staples(), seed) > 5


def test_large_shops_shops_without_content_and_two_customers_say_nothing():
    assert best_seller_margin(staples(MAX_FEW_CUSTOMERS + 1)) == 0
    assert best_seller_margin(staples(2)) == 0
    data = staples()
    bare = Dataset(Items(data.items.ids), data.events, data.n_users)
    assert best_seller_margin(bare) == 0
