"""The peers and the split of the study of next baskets."""

import numpy as np
import polars as pl
import pytest

from benchmarks.studies.basket_peers import BasketHistory, TifuKnn, personal_frequency
from benchmarks.studies.next_basket import hold_out, number_baskets
from daybreak import Tables

WEEK = 604_800.0


def history():
    """Ann takes milk in three baskets and bread in the first; Bob takes bread once."""
    return BasketHistory(
        np.array([0, 0, 0, 0, 1]), np.array([0, 1, 0, 0, 1]), np.array([0, 0, 1, 2, 0]), 2, 2
    )


def test_personal_frequency_counts_baskets():
    assert personal_frequency(history()).toarray().tolist() == [[3, 1], [0, 1]]


def test_two_decays_weigh_the_baskets_of_tifu_knn():
    # Groups of two from the end: {1, 2} and {0}. Milk: (1 + .5) / 2 and .1 * 1, over 2 groups.
    model = TifuKnn(group_size=2, within_group=0.5, between_groups=0.1)
    found = model.user_vectors(history()).toarray()
    np.testing.assert_allclose(found, [[0.425, 0.05], [0, 1]])


def test_neighbours_add_their_mean():
    model = TifuKnn(
        group_size=2, within_group=0.5, between_groups=0.1, n_neighbours=1, own_share=0.6
    )
    np.testing.assert_allclose(model.score(history()), [[0.255, 0.43], [0.17, 0.62]], rtol=1e-6)


@pytest.fixture
def tables():
    rows = [
        (f"h{user:02d}", item, 1.7e9 + week * WEEK + user)
        for user in range(20)
        for week in range(4)
        for item in ("milk", "bread" if week % 2 else "jam")
    ]
    return Tables.of(pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row"))


def test_the_last_basket_is_held_out(tables):
    data = hold_out(tables, 20)
    assert data.last["h03"] == {"milk", "bread"}
    assert data.train.events.filter(user_id="h03").height == 6


def test_baskets_are_numbered_by_time(tables):
    shuffled = tables.events.sample(fraction=1, shuffle=True, seed=1)
    found = number_baskets(shuffled).filter(user_id="h07")
    assert found["basket"].to_list() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert found["n_baskets"].unique().to_list() == [4]
