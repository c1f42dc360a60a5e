"""Sizes of clothes and shoes in sentences."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.encoders.sizes import SizeTerms

SHOP = SizeTerms.of(["size=s", "size=m", "size=xl", "size=2xl", "schuhgröße=42", "rooms=3"])


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("black jeans in XL", ["size=xl"]),
        ("jeans xl", ["size=xl"]),
        ("T-shirt 2XL", ["size=2xl"]),
        ("a dress, size m", ["size=m"]),
        ("Kleid Größe S", ["size=s"]),
        ("红色连衣裙 XL码", ["size=xl"]),
        ("Schuhe in Größe 42", ["schuhgröße=42"]),
        ("shoes in 42", ["schuhgröße=42"]),
        ("a dress in S", ["size=s"]),
        ("the men's jeans", []),
        ("Samuel M. Fox", []),
        ("I'm 42, and 3 of my friends", []),
        ("a bottle of 5 M", []),
        ("xylophone", []),
    ],
)
def test_sizes_are_found_where_they_are_said(text, sizes):
    assert SHOP.find(text) == sizes


def test_columns_of_single_letters_are_no_sizes():
    assert SizeTerms.of(["grade=s", "grade=a"]).find("size S") == []


@pytest.mark.parametrize("size", ["S", "XL"])
def test_a_size_comes_first(size):
    items = pl.DataFrame(
        [
            {
                "item_id": f"{kind}-{colour}-{own}",
                "title": f"{colour} {kind}",
                "size": own,
                "colour": colour,
            }
            for kind in ("jeans", "dress", "shirt")
            for colour in ("red", "black", "white")
            for own in ("S", "M", "XL")
        ]
    )
    shop = Recommender(encoder="none").fit([], items=items)
    asked = [{"user_id": "new", "text": f"black jeans in {size}"}]
    found = shop.recommend(profiles=asked, k=3)["item_id"].to_list()
    assert found[0] == f"jeans-black-{size}"
