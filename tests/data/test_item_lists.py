"""Events with a list of items each: web analytics and orders as systems export them."""

import json

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.readers.item_lists import find_item_list
from daybreak.service.ingest.files import find_files

CASES = {
    "GA4 in BigQuery": (
        [
            {
                "event_date": "20260501",
                "event_timestamp": "1777800000000000",
                "event_name": "purchase",
                "event_params": [{"key": "page", "value": {"string_value": "/"}}],
                "user_pseudo_id": "1.2",
                "items": [
                    {"item_id": "mug", "item_name": "Mug", "price": 4.5, "quantity": 2},
                    {"item_id": "pot", "item_name": "Pot", "price": 9.0, "quantity": 1},
                ],
            },
            {
                "event_date": "20260501",
                "event_timestamp": "1777800009000000",
                "event_name": "page_view",
                "event_params": [],
                "user_pseudo_id": "3.4",
                "items": [],
            },
        ],
        [("1.2", "mug", "purchase", 2.0), ("1.2", "pot", "purchase", 1.0)],
    ),
    "orders of a shop": (
        [
            {
                "id": 1001,
                "customer": {"id": 7, "email": "a@b"},
                "line_items": [{"id": 5, "sku": "mug", "quantity": 2}],
            },
            {
                "id": 1002,
                "customer": {"id": 8, "email": "c@d"},
                "line_items": [
                    {"id": 6, "sku": "mug", "quantity": 1},
                    {"id": 7, "sku": "pot", "quantity": 3},
                ],
            },
        ],
        [("7", "mug", None, 2.0), ("8", "mug", None, 1.0), ("8", "pot", None, 3.0)],
    ),
    "objects with a bare id": (
        [{"member_id": "m", "products": [{"id": "x1"}, {"id": "x2"}]}],
        [("m", "x1", None, None), ("m", "x2", None, None)],
    ),
    "inner objects": (
        [{"user": "u", "items": [{"product": {"id": "x1"}, "quantity": 4}]}],
        [("u", "x1", None, 4.0)],
    ),
    "baskets of plain ids": (
        [{"customer": "c1", "basket": ["a", "b", None]}, {"customer": "c2", "basket": []}],
        [("c1", "a", None, None), ("c1", "b", None, None)],
    ),
    "a user in China": (
        [{"用户id": "u", "行为": "购买", "商品列表": [{"商品id": "茶", "数量": 2}]}],
        [("u", "茶", "购买", 2.0)],
    ),
}
FORMS = ("records", "frame", "jsonl", "json", "parquet", "pandas")


def put(records, form, folder):
    if form == "records":
        return records
    if form == "frame":
        return pl.DataFrame(records)
    if form == "pandas":
        pandas = pytest.importorskip("pandas")
        return pandas.DataFrame(records)
    path = folder / f"export.{form}"
    if form == "parquet":
        pl.DataFrame(records).write_parquet(path)
    elif form == "jsonl":
        path.write_text("\n".join(json.dumps(one) for one in records))
    else:
        path.write_text(json.dumps({"data": records}))
    return path


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", FORMS)
def test_each_item_of_a_list_is_an_event(case, form, tmp_path):
    records, wanted = CASES[case]
    read = read_tables(put(records, form, tmp_path))
    events = read.tables.events.select("user_id", "item_id", "event_type", "value").rows()
    assert events == wanted
    assert not read.rejects.counts
    n_empty = sum(not one for record in records for one in record.values() if one == [])
    told = [note for note in read.notes if "is an event of its own" in note]
    assert len(told) == 1
    assert ("name no item" in told[0]) == bool(n_empty and case != "orders of a shop")


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_such_a_file_is_recognised_as_events(form, tmp_path):
    path = put(CASES["GA4 in BigQuery"][0], form, tmp_path)
    assert list(find_files([path])) == ["events"]


@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_variants_of_a_product_are_no_events(form, tmp_path):
    products = [
        {"id": "p1", "title": "Mug", "variants": [{"sku": "p1-red"}, {"sku": "p1-blue"}]},
        {"id": "p2", "title": "Pot", "variants": []},
    ]
    path = put(products, form, tmp_path)
    (table,) = find_files([path])
    assert table == "items"
    assert read_tables(items=path).tables.items["item_id"].to_list() == ["p1", "p2"]


def test_ids_of_events_stay_different(tmp_path):
    records = [
        {"event_id": "e1", "user_id": "u", "items": [{"item_id": n} for n in "abc"]},
        {"event_id": "e2", "user_id": "u", "items": [{"item_id": "a"}]},
    ]
    for form in FORMS:
        read = read_tables(put(records, form, tmp_path))
        assert read.event_ids.to_list() == ["e1", "e1#1", "e1#2", "e2"]


def test_an_event_on_an_item_keeps_its_lists():
    records = [{"user_id": "u", "item_id": "a", "products": [{"item_id": "b"}]}]
    assert read_tables(records).tables.events["item_id"].to_list() == ["a"]
    assert find_item_list({"user_id": None, "tags": (), "notes": ("text",)}) is None


def test_rows_of_rejects_are_those_of_the_file(tmp_path):
    records = [
        {"user_id": "u", "items": [{"item_id": "a"}, {"item_id": "b"}]},
        {"user_id": "u", "items": [{"item_id": "c"}, {"item_id": None}]},
    ]
    for form in FORMS:
        read = read_tables(put(records, form, tmp_path))
        assert [(row.row, row.reason) for row in read.rejects.rows] == [(2, "no item_id")]


def test_lists_may_begin_late_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("daybreak.data.readers.text.READ_BLOCK_BYTES", 200)
    rows = [{"user_id": f"u{n}", "items": [{"item_id": "x"}] * (n > 20)} for n in range(30)]
    (tmp_path / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    read = read_tables(tmp_path / "log.jsonl")
    assert read.tables.events.height == 9


def test_events_with_and_without_lists_name_their_items(tmp_path):
    path = tmp_path / "events.jsonl"
    rows = [
        {"userId": "a", "event": "Product Viewed", "properties": {"product_id": "x"}},
        {
            "userId": "a",
            "event": "Order Completed",
            "properties": {"products": [{"product_id": "x"}, {"product_id": "y"}]},
        },
        {"userId": "b", "event": "Page Viewed", "properties": {"path": "/"}},
    ]
    path.write_text("\n".join(map(json.dumps, rows)))
    result = read_tables(path)
    assert result.tables.events.select("item_id", "event_type").rows() == [
        ("x", "Product Viewed"),
        ("x", "Order Completed"),
        ("y", "Order Completed"),
    ]
    assert any("1 of 3 events name no item" in note for note in result.notes)
