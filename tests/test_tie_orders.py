"""Peers with equal scores: several random orders of the items, whose values are averaged."""

import numpy as np
import pytest
import scipy.sparse as sp

pd = pytest.importorskip("pandas", reason="peers of benchmarks need pandas")

from benchmarks.peers.batch import _drop_equal_orders  # noqa: E402 - needs pandas
from benchmarks.peers.inputs import Split  # noqa: E402 - needs pandas
from benchmarks.peers.popular import rank  # noqa: E402 - needs pandas


def shop(counts, tie_orders):
    users = sum(counts)
    bought = np.repeat(np.arange(len(counts)), counts)
    train = sp.csr_matrix(
        (np.ones(users), (np.arange(users), bought)), (users + 1, len(counts))
    )
    ids = pd.Index([str(n) for n in range(users + 1)])
    items = pd.Index([str(n) for n in range(len(counts))])
    return Split(
        ids,
        items,
        train,
        train,
        np.array([users]),
        train[[users]],
        {"all": np.arange(len(counts))},
        pd.DataFrame(index=items),
        pd.DataFrame(index=ids),
        tie_orders,
    )


def test_items_with_equal_counts_come_first_in_some_orders_each():
    lists = rank(shop([3, 1, 1, 1], 40), 2)
    assert set(lists[lists["rank"] == 1].item_id) == {"0"}
    assert set(lists[lists["rank"] == 2].item_id) == {"1", "2", "3"}
    assert lists.groupby("tie_order").size().tolist() == [2] * 40


def test_one_order_is_kept_where_all_give_the_same_lists():
    different = rank(shop([2, 1, 1], 20), 2)
    assert _drop_equal_orders(different).equals(different)
    equal = _drop_equal_orders(rank(shop([3, 2, 1], 20), 2))
    assert equal.item_id.tolist() == ["0", "1"]
    assert "tie_order" not in equal


def test_without_several_orders_lists_are_as_before():
    lists = rank(shop([3, 2, 1], 1), 3)
    assert "tie_order" not in lists
    assert lists.item_id.tolist() == ["0", "1", "2"]
