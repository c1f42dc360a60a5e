"""Results depend on the data and the seed, not on the order of rows."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.data import Tables
from daybreak.data.canonical import canonical_tables
from daybreak.data.dataset import Events


def shop(seed):
    rng = np.random.default_rng(0)
    events = pl.DataFrame({
        "user_id": [f"u{n}" for n in rng.integers(0, 40, 300)],
        "item_id": [f"i{n}" for n in rng.integers(0, 30, 300) // rng.integers(1, 4, 300)],
        "timestamp": (rng.integers(0, 40, 300) * 86_400 + 1_700_000_000).astype(float),
    })  # fmt: skip
    items = pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(35)], "shelf": ["a", "b", "c", "d", "e"] * 7}
    )
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(40)], "sex": ["f", "m"] * 20})
    if not seed:
        return events, items, users
    return tuple(
        frame.sample(fraction=1, shuffle=True, seed=seed) for frame in (events, items, users)
    )


def test_lists_are_the_same_for_another_order_of_all_tables():
    lists = [
        Recommender(encoder="none")
        .fit(*shop(seed))
        .recommend([*map("u{}".format, range(40)), "new"])
        for seed in (0, 1)
    ]
    assert lists[0].select("user_id", "item_id").equals(lists[1].select("user_id", "item_id"))


@given(st.permutations(range(6)))
def test_the_order_of_ties_is_that_of_the_pairs(order):
    rows = np.array(order)
    user, item = np.array([0, 0, 0, 1, 1, 1]), np.array([3, 1, 2, 3, 1, 2])
    events, others = (
        Events.of(user, item, np.ones(6)),
        Events.of(user[rows], item[rows], np.ones(6)),
    )
    assert events.item.tolist() == others.item.tolist()


def test_the_order_of_items_is_not_that_of_their_ids():
    items = pl.DataFrame({"item_id": [f"i{n:02d}" for n in range(50)]})
    ids = canonical_tables(Tables.of(items=items))[0].items["item_id"].to_list()
    assert sorted(ids) == items["item_id"].to_list() != ids


def test_prices_that_requests_stored_as_text_are_numbers():
    items = pl.DataFrame(
        {
            "item_id": ["a", "b", "c"],
            "price": ["12,50 €", "3", "on request"],
            "price_range": ["low", "high", "low"],
        }
    )
    tables, notes = canonical_tables(Tables.of(items=items))
    assert dict(tables.items.select("item_id", "price").rows()) == {
        "a": 12.5,
        "b": 3,
        "c": None,
    }
    assert tables.items["price_range"].dtype == pl.String
    assert notes == (
        "price: 1 of 3 values are no numbers, such as 'on request'; they are not used",
    )
