"""Items that say to be without something, for who wants none of it."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders.free_from import free_from_pattern


@pytest.mark.parametrize(
    ("clause", "title", "expected"),
    [
        ("gluten", "Gluten-free bread", True),
        ("gluten", "Glutenfreies Brot", True),
        ("gluten", "Pan sin gluten", True),
        ("gluten", "Bread with gluten", False),
        ("caffeine", "Decaf coffee", True),
        ("Koffein", "Decaffeinated espresso", True),
        ("added sugar", "Lemonade, no added sugar", True),
        ("nuts", "Nut free chocolate", True),
        ("糖", "无糖可乐", True),
        ("latex", "Latex-free gloves", True),
        ("dogs", "NO DOGS metal sign", False),
        ("sugar", "Sugar bowl", False),
    ],
)
def test_labels_are_found_in_titles(clause, title, expected):
    assert bool(free_from_pattern([clause]).search(title)) is expected


def test_long_clauses_name_no_substance():
    assert free_from_pattern(["stories about long and lonely wars"]) is None


TITLES = [
    *("Gluten free cookies", "Wheat cookies", "Oat cookies", "Ginger cookies", "Desk lamp"),
    *("Decaf ground coffee", "Dark roast coffee", "House blend coffee", "Coffee grinder"),
]
SAID = {
    "cookies without gluten": "Gluten free cookies",
    "Kekse ohne Gluten": "Gluten free cookies",
    "coffee without caffeine": "Decaf ground coffee",
    "no caffeine": "Decaf ground coffee",
}


@pytest.mark.parametrize("said", SAID)
def test_what_says_to_be_without_it_comes_first(said):
    items = pl.DataFrame({"item_id": TITLES, "title": TITLES})
    sold = [("a", "Wheat cookies"), ("b", "Dark roast coffee"), ("b", "Desk lamp")]
    events = pl.DataFrame(sold, ["user_id", "item_id"], orient="row")
    shop = Recommender(encoder="none").fit(events, items=items)
    asked = [{"user_id": "new", "text": said}]
    assert shop.recommend(profiles=asked, k=3)["item_id"][0] == SAID[said]
