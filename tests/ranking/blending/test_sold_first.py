"""Lists of tiny shops, whose weights are those of other shops."""

import warnings

import numpy as np
import polars as pl
import pytest

from daybreak import Recommender

TITLES = (
    *("Oak table", "Pine chair", "Red lamp", "Blue rug", "Glass vase"),
    *("Tea mug", "Wool sock", "Silk scarf", "Tin box", "Iron pan"),
)


def fit_shop(n_items, sales):
    """Return a trained shop; ``sales`` has a customer and the number of an item for each."""
    items = pl.DataFrame(
        {"item_id": [f"i{n}" for n in range(n_items)], "title": TITLES[:n_items]}
    )
    days = [f"2026-11-{10 + n % 18:02d}" for n in range(len(sales))]
    events = pl.DataFrame(
        {
            "user_id": [user for user, _ in sales],
            "item_id": [f"i{item}" for _, item in sales],
            "event_type": "purchase",
            "timestamp": days,
        }
    )
    return Recommender().fit(events, items=items)


def list_for_stranger(shop, **options):
    return shop.recommend(["somebody new"], k=10, **options)["item_id"].to_list()


@pytest.mark.parametrize(
    ("n_items", "sales"),
    [
        (3, [("a", 0), ("b", 0), ("c", 1)]),
        (10, [(f"u{n}", n * n % 7) for n in range(30)]),
    ],
)
def test_what_was_sold_once_comes_before_what_was_never_sold(n_items, sales):
    """Weights of other shops put an item that nobody bought before one with five buyers."""
    shop = fit_shop(n_items, sales)
    found = list_for_stranger(shop)
    sold = {f"i{item}" for _, item in sales}
    assert len(found) == n_items
    assert set(found[: len(sold)]) == sold
    for popularity in (0, 1):
        found = list_for_stranger(shop, popularity=popularity)
        assert set(found[: len(sold)]) == sold


def test_known_users_find_what_is_sold_first_as_well():
    """Before, some users got an item that nobody bought before one with buyers."""
    sales = [(f"u{n % 6}", n * n % 7) for n in range(30)]
    shop = fit_shop(10, sales)
    sold = {f"i{item}" for _, item in sales}
    for user in sorted({user for user, _ in sales}):
        own = {f"i{item}" for one, item in sales if one == user}
        found = shop.recommend([user], k=10)["item_id"].to_list()
        assert set(found[: len(sold - own)]) == sold - own
        says = pl.DataFrame({"user_id": [user], "text": ["a wool sock"]})
        asked = shop.recommend(profiles=says, k=1, exclude_seen=False)
        assert asked["item_id"].to_list() == ["i6"]


def test_what_somebody_asks_for_comes_before_what_sells():
    shop = fit_shop(10, [(f"u{n}", n * n % 7) for n in range(30)])
    profiles = pl.DataFrame({"user_id": ["me"], "text": ["a wool sock"]})
    assert shop.recommend(profiles=profiles, k=1)["item_id"].to_list() == ["i6"]


def test_a_shop_in_which_everybody_bought_the_same_item_has_lists():
    """Of one sold item, no share is among the newest; the mean of none was the score of all."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        shop = fit_shop(10, [(f"u{n}", 4) for n in range(12)])
    found = shop.recommend(["somebody new"], k=10)
    assert found["item_id"][0] == "i4"
    assert found.height == 10
    assert np.isfinite(found["score"].to_numpy()).all()
