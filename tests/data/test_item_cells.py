"""Cells that list items become one event for each item."""

import random

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.item_cells import ITEM_CELLS, match_events
from daybreak.errors import DataError


def events_of(log, **options):
    return read_tables(log, **options).tables.events


def pairs(log) -> list[tuple[str, str]]:
    return events_of(log).select("user_id", "item_id").rows()


def baskets(separator: str, n: int = 40) -> list[str]:
    rng = random.Random(1)
    return [
        separator.join(f"p{i}" for i in rng.sample(range(12), rng.randint(1, 6)))
        for _ in range(n)
    ]


@pytest.mark.parametrize(
    "cell", ["tea, cup", "tea|cup", "tea;cup", '["tea", "cup"]', "{tea,cup}"]
)
@pytest.mark.parametrize("name", ["items", "product_ids", "Basket", "produits", "商品列表"])
def test_a_basket_is_one_event_for_each_item(cell, name):
    assert pairs({"user": ["ann", "bob"], name: [cell, cell]}) == [
        ("ann", "tea"),
        ("ann", "cup"),
        ("bob", "tea"),
        ("bob", "cup"),
    ]


@pytest.mark.parametrize("separator", ["|", ";", ",", " "])
def test_lists_are_found_under_a_name_of_single_ids(separator):
    cells = baskets(separator)
    log = {"user_id": [f"u{n}" for n in range(40)], "Artikel": cells}
    assert events_of(log).height == sum(len(cell.split(separator)) for cell in cells)


@pytest.mark.parametrize(
    "cells",
    [
        [f"Shirt {n % 5}, {size}" for n in range(20) for size in "SM"],  # variants
        [f"{n % 7}|red" for n in range(40)],  # ids of two parts
        ["The Good, the Bad and the Ugly", "Up", "Alien", "Me, Myself and Irene"] * 10,
        baskets("|", 6),  # too few to say
    ],
)
def test_ids_with_separators_stay_ids(cells):
    log = {"user_id": [f"u{n}" for n in range(len(cells))], "item_id": cells}
    assert sorted(events_of(log)["item_id"]) == sorted(cells)


def test_shown_items_are_clicked_or_not():
    log = {
        "user_id": ["a", "a"],
        "time": [1e9, 2e9],
        "history": ["N1 N2", "N1 N2"],
        "impressions": ["N3-1 N4-0", "N5-0"],
    }
    assert events_of(log).select("item_id", "event_type", "timestamp").rows() == [
        ("N1", "click", None),
        ("N2", "click", None),
        ("N3", "click", 1e9),
        ("N4", "impression", 1e9),
        ("N5", "impression", 2e9),
    ]


def test_lists_of_what_was_shown_and_clicked_have_types():
    log = {"visitor_id": ["a"], "shown": ["n1 n2 n3"], "clicked": ["n2"]}
    assert events_of(log).select("item_id", "event_type").rows() == [
        ("n1", "impression"),
        ("n2", "impression"),
        ("n3", "impression"),
        ("n2", "clicked"),
    ]


def test_a_type_of_the_row_is_that_of_its_items():
    log = {"user_id": ["a"], "event_type": ["return"], "items": ["x;y"]}
    assert events_of(log)["event_type"].to_list() == ["return", "return"]


def test_numbered_columns_hold_one_item_each():
    log = {
        "user_id": ["a", "b"],
        "item1": ["x", "y"],
        "item2": ["y", None],
        "item3": ["", None],
    }
    assert pairs(log) == [("a", "x"), ("a", "y"), ("b", "y")]


def test_ratings_in_numbered_columns_are_no_items():
    ratings = {f"movie {n}": [1, 5, 3, n % 5] for n in range(9)}
    with pytest.raises(DataError, match="no column for item_id"):
        read_tables({"user_id": ["a", "b", "c", "d"]} | ratings)


def test_a_name_that_comes_twice_is_no_list():
    log = {"user_id": ["a"], "item_id": ["x"], "item_id_2": ["x"]}
    assert pairs(log) == [("a", "x")]


def test_items_of_one_event_have_ids_of_their_own():
    result = read_tables({"user_id": ["a"], "event_id": ["e"], "items": ["x;y"]})
    assert result.event_ids.to_list() == ["e", "e#1"]


def test_a_note_says_how_many_rows_name_no_item():
    result = read_tables({"user_id": ["a", "b"], "items": ["x|y", None]})
    assert any("1 of 2 events name no item" in note for note in result.notes)


def test_rows_that_are_rejected_are_those_of_the_file(tmp_path):
    path = tmp_path / "events.csv"
    path.write_text("user_id,items\nann,a|b\n,c|d\nbob,a\n")
    rejects = read_tables(path).rejects
    assert [(one.row, one.reason) for one in rejects.rows] == [(3, "no user_id")] * 2


def test_sentences_under_the_name_of_an_event_are_no_lists():
    log = pl.DataFrame({"user_id": ["a"], "comment": ["I like 2 of them, and more"]})
    with pytest.raises(DataError, match="no column for item_id"):
        match_events(log.columns, {}, log.select)


def test_a_chosen_column_is_kept():
    log = {"user_id": ["a"], "items": ["x|y"], "sku": ["s"]}
    assert pairs(log) == [("a", "s")]
    mapping = read_tables(log, columns={"item_id": "items"}).mappings["events"]
    assert mapping.source_of(ITEM_CELLS) is None
