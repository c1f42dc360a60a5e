"""One file with events and the attributes of their items."""

import polars as pl

from daybreak.data import read_tables

SALES = pl.DataFrame(
    {
        "customer_id": [f"c{n % 7}" for n in range(30)],
        "sku": [f"s{n % 6}" for n in range(30)],
        "product_name": [f"Tea {n % 6}" for n in range(30)],
        "bought_at": [f"2026-03-{n + 1:02d}" for n in range(30)],
        "coupon": [f"k{n}" for n in range(30)],
        "shop": ["main"] * 30,
    }
)
TOLD = "the same in all events of an item"


def test_columns_of_items_are_named():
    notes = [note for note in read_tables(SALES).notes if TOLD in note]
    expected = f"events: {TOLD}: product_name; to use them, read the file as items, too"
    assert notes == [expected]


def test_items_have_the_columns_that_do_not_vary():
    result = read_tables(SALES, SALES)
    assert result.tables.items.columns == ["item_id", "title", "shop"]
    assert result.tables.items.height == 6
    assert not any(TOLD in note for note in result.notes)
    assert "items: columns not used: customer_id, bought_at, coupon" in result.notes


def test_a_catalogue_keeps_the_user_who_sells():
    items = {"item_id": ["a", "b"], "user_id": ["ann", "bob"], "title": ["A", "B"]}
    assert "user_id" in read_tables(items=items).tables.items.columns


def test_few_events_say_nothing():
    assert not any(TOLD in note for note in read_tables(SALES.head(4)).notes)


def test_a_column_for_each_item_is_told():
    wide = {"user_id": ["a", "b"]} | {f"film {n}": [5, None if n % 2 else 1] for n in range(9)}
    assert not any("each item has a column" in note for note in read_tables(users=wide).notes)
    wide |= {f"film {n}": [5, 1] for n in range(9)}
    assert any("9 columns hold few small" in note for note in read_tables(users=wide).notes)
