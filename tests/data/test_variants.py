"""Sizes and colours of a product are one item, and items may be named by their titles."""

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.fields import HIDDEN_COLUMN

NAMES = ["Rose", "Tulip", "Spade", "Kettle"]
SIZES = ["S", "M", "L"]


def shopify(*, skus=True, full_titles=False):
    rows = [
        {
            "Handle": name.lower(),
            "Title": name if size == "S" or full_titles else "",
            "Vendor": "Acme" if size == "S" else "",
            "Option1 Value": size,
            "Variant SKU": f"{name}-{size}" if skus else "",
        }
        for name in NAMES
        for size in SIZES
    ]
    return pl.DataFrame(rows)


def orders(column, template):
    items = [template.format(name=name, size=size) for name in NAMES for size in SIZES]
    return pl.DataFrame({"Email": [f"u{n}" for n in range(len(items))], column: items})


@pytest.mark.parametrize("full_titles", [False, True])
def test_a_product_is_recommended_once(full_titles):
    result = read_tables(
        orders("Lineitem sku", "{name}-{size}"), shopify(full_titles=full_titles)
    )
    items = result.tables.items
    shown = items.filter(pl.col(HIDDEN_COLUMN).fill_null("") != "true")
    assert shown["item_id"].to_list() == [f"{name}-S" for name in NAMES]
    assert result.tables.events["item_id"].to_list() == [f"{n}-S" for n in NAMES for _ in SIZES]
    assert items["title"].to_list() == [name for name in NAMES for _ in SIZES]
    assert items["vendor"].null_count() == 0
    assert any("8 items are variants of another one" in note for note in result.notes)


def test_a_parent_with_a_row_of_its_own_stands_for_its_variants():
    parents = [{"sku": n, "name": n, "parent": ""} for n in NAMES]
    variants = [
        {"sku": f"{n}-{s}", "name": f"{n} {s}", "parent": n} for n in NAMES for s in SIZES
    ]
    result = read_tables(orders("sku", "{name}-{size}"), pl.DataFrame(parents + variants))
    assert result.tables.events["item_id"].to_list() == [n for n in NAMES for _ in SIZES]


def test_parents_of_woocommerce_are_numbers_of_rows():
    parents = [{"ID": n, "SKU": one, "Name": one, "Parent": ""} for n, one in enumerate(NAMES)]
    variants = [
        {"ID": 90 + n, "SKU": f"{one}-M", "Name": f"{one} - M", "Parent": f"id:{n}"}
        for n, one in enumerate(NAMES)
    ]
    result = read_tables(orders("sku", "{name}-M"), pl.DataFrame(parents + variants))
    assert set(result.tables.events["item_id"]) == set(NAMES)


@pytest.mark.parametrize(
    "columns",
    [
        {
            "title": ["Pilot", "Cat's in the Bag", "Ozymandias", "Felina"],
            "parent_id": ["bb"] * 4,
        },
        {"title": ["Red shirt", "Blue shirt", "Hat", "Pan"], "handle": ["a", "b", "c", "d"]},
        {"title": ["Rose", "Tulip", "Pan", "Pot"], "parent": ["garden"] * 2 + ["kitchen"] * 2},
    ],
)
def test_other_items_are_no_variants(columns):
    items = read_tables(items=pl.DataFrame({"item_id": list("wxyz")} | columns)).tables.items
    assert HIDDEN_COLUMN not in items.columns


@pytest.mark.parametrize(
    "template", ["{name}", "{name} - {size}", "{name} ({size})", "{name} / x"]
)
def test_order_lines_without_numbers_are_told_by_title(template):
    lines = orders("Lineitem name", template).with_columns(pl.lit("").alias("Lineitem sku"))
    result = read_tables(lines, shopify(skus=False))
    assert result.tables.events["item_id"].to_list() == [
        n.lower() for n in NAMES for _ in SIZES
    ]
    assert result.tables.items["title"].to_list() == NAMES


def test_single_lines_without_a_number_take_the_title():
    lines = pl.DataFrame(
        {"Email": list("abc"), "Lineitem sku": ["Rose-S", "", None]}
        | {"Lineitem name": ["Rose - S", "Tulip - M", "Lamp"]}
    )
    result = read_tables(lines, shopify())
    assert result.tables.events["item_id"].to_list() == ["Rose-S", "Tulip-S", "Lamp"]
    assert any("2 of 3 rows have no Lineitem sku" in note for note in result.notes)


def test_numbers_are_no_titles():
    items = pl.DataFrame({"item_id": ["a"], "title": ["1984"]})
    log = pl.DataFrame({"user_id": ["u"], "item_id": ["1984"]})
    assert read_tables(log, items).tables.events["item_id"].to_list() == ["1984"]
