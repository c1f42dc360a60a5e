"""Paths of categories in one column: each name in them is a category of the item."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data.category_paths import (
    find_path_separator,
    separator_in_lists,
    split_text,
    split_values,
)
from daybreak.data.fields import infer_fields

SHOP = {
    "pan": ("steel pan 24", ("Home", "Kitchen", "Pots")),
    "pot": ("copper casserole", ("Home", "Kitchen", "Pots")),
    "knife": ("santoku", ("Home", "Kitchen", "Knives")),
    "hose": ("green hose 20 m", ("Home", "Garden", "Hoses")),
    "rake": ("rake", ("Home", "Garden", "Rakes")),
    "novel": ("a novel", ("Books", "Fiction", "Crime")),
    "atlas": ("an atlas", ("Books", "Reference", "Maps")),
    "drill": ("cordless drill", ("Tools", "Power")),
}
IN_KITCHEN = {"pan", "pot", "knife"}
SURE = [">", " > ", " -> ", "=>", " » ", " › ", " → ", "::", " :: ", "^", "~", "\\", " &gt; "]
UNSURE = ["/", " / ", "//", " - ", ":"]


def shop(separator):
    rows = [
        {"item_id": item, "title": title, "category": separator.join(path)}
        for item, (title, path) in SHOP.items()
    ]
    events = [
        {"user_id": f"u{n}", "item_id": list(SHOP)[(n * step) % len(SHOP)], "timestamp": n}
        for n in range(12)
        for step in (1, 3)
    ]
    return Recommender(encoder="none").fit(events, items=rows)


@pytest.mark.parametrize("separator", [*SURE, *UNSURE])
def test_a_filter_for_a_name_in_a_path_finds_its_items(separator):
    trained = shop(separator)

    def found(where):
        return set(trained.recommend(["new"], k=8, where=where)["item_id"])

    whole = separator.join(("Home", "Kitchen", "Pots"))
    assert found("has(categories, 'Kitchen')") == IN_KITCHEN
    assert found("categories = 'Kitchen'") == IN_KITCHEN
    assert found("categories != 'Kitchen'") == set(SHOP) - IN_KITCHEN
    assert found(f"categories = '{whole}'") == {"pan", "pot"}
    assert found(f"categories LIKE '{separator.join(('Home', 'Kitchen'))}%'") == IN_KITCHEN


@pytest.mark.parametrize("separator", [" > ", "/", "^"])
def test_a_sentence_with_a_name_in_a_path_finds_its_items(separator):
    asked = [{"user_id": "new", "text": "something for the kitchen"}]
    first = shop(separator).recommend(profiles=asked, k=3)["item_id"]
    assert set(first) == IN_KITCHEN


def test_lists_of_paths_name_all_categories():
    values = ["Clothing > Hoodies, Sale", "Clothing > Shirts", "Music > Albums, Sale"] * 4
    frame = pl.DataFrame({"item_id": [str(n) for n in range(12)], "categories": values})
    (field,) = (f for f in infer_fields(frame, "item_id") if f.name == "categories")
    assert field.separator == separator_in_lists(">", ",")
    assert split_text(values[0], field.separator) == ["Clothing", "Hoodies", "Sale"]
    lists = frame.select(split_values(pl.col("categories"), field.separator))["categories"]
    assert lists[0].to_list() == ["Clothing", "Hoodies", "Sale"]


@pytest.mark.parametrize(
    "values",
    [
        ["CD/DVD", "Books", "CD/DVD", "Books/Maps"],
        ["Black/White", "White/Red", "Red", "Black"],
        ["AC/DC", "Kiss", "Abba", "Queen"],
        ["http://a.example/1", "http://a.example/2", "http://b.example/3", "http://b/4"],
        ["24/7", "1/2", "3/4", "12/24"],
        ["12:30", "13:45", "14:15", "12:45"],
        ["~10 cm", "~20 cm", "~30 cm", "~10 cm"],
        ["> 5 kg", "> 10 kg", "> 5 kg", "> 5 kg"],
        ["Tea - green", "Tea", "Rum", "Gin"],
    ],
)
def test_signs_that_separate_no_categories_are_left_alone(values):
    assert find_path_separator(pl.Series(values), trusted=True) is None


def test_few_names_that_make_many_texts_are_lists():
    genres = ["Action/Comedy", "Action/Drama", "Comedy/Drama", "Drama/Action/Comedy", "Drama"]
    assert find_path_separator(pl.Series(genres), trusted=True) == "/"


def test_texts_with_arrows_are_no_paths():
    steps = pl.Series([f"step {n} -> then another one {n * n}" for n in range(20)])
    assert find_path_separator(steps, trusted=False) is None
