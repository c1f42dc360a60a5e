"""Columns of every type of Parquet files and frames are read, or told."""

import datetime as dt
from decimal import Decimal

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.errors import DataError

TYPES = {
    "durations": [dt.timedelta(minutes=n) for n in range(3)],
    "times of day": [dt.time(n) for n in range(3)],
    "dates": [dt.date(2020, 1, 1 + n) for n in range(3)],
    "bytes": [bytes([0, 255, n]) for n in range(3)],
    "text as bytes": [b"a", b"b", None],
    "decimals": [Decimal("1.50"), Decimal(2), None],
    "objects": [{"a": n, "b": [n]} for n in range(3)],
    "lists of durations": [[dt.timedelta(minutes=n)] for n in range(3)],
    "lists of bytes": [[b"\xff"], None, [b"\x00"]],
    "lists of lists": [[[n]] for n in range(3)],
    "lists of objects": [[{"key": "k", "value": n}] for n in range(3)],
    "empty lists": [[], None, []],
    "lists of texts": [["a", "b"], None, ["c"]],
    "nothing": [None, None, None],
}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("table", ["items", "users"])
def test_no_type_of_an_attribute_costs_anything_else(name, table, tmp_path):
    key = f"{table[:-1]}_id"
    frame = pl.DataFrame({key: list("abc"), "title": ["red", "blue", "pot"]})
    frame = frame.with_columns(pl.Series("extra", TYPES[name]))
    frame.write_parquet(tmp_path / "table.parquet")
    for data in (frame, tmp_path / "table.parquet"):
        read = getattr(read_tables(**{table: data}).tables, table)
        assert read[key].to_list() == list("abc")
        assert read["title"].to_list() == ["red", "blue", "pot"]


def attribute(name):
    frame = pl.DataFrame({"item_id": list("abc")}).with_columns(pl.Series("extra", TYPES[name]))
    result = read_tables(items=frame)
    extra = result.tables.items
    return extra["extra"].to_list() if "extra" in extra.columns else None, result.notes


def test_attributes_are_read_as_what_they_are():
    assert attribute("durations")[0] == [0.0, 60.0, 120.0]
    assert attribute("times of day")[0][1] == "01:00:00"
    assert attribute("decimals")[0] == [1.5, 2.0, None]
    assert attribute("text as bytes")[0] == ["a", "b", None]
    assert attribute("lists of durations")[0][1] == 60


def test_bytes_that_are_no_text_are_left_out_with_a_note():
    values, notes = attribute("bytes")
    assert values is None
    assert any("extra" in note and "not used" in note for note in notes)


def test_inner_objects_become_columns():
    items = pl.DataFrame({"item_id": ["a"], "size": [{"height": 3, "unit": {"name": "cm"}}]})
    read = read_tables(items=items).tables.items
    assert read.row(0, named=True) == {"item_id": "a", "size_height": 3, "size_unit_name": "cm"}


@pytest.mark.parametrize(
    "times",
    [[dt.timedelta(1)], [dt.time(1)], [True], [[1]]],
    ids=["span", "clock", "yes", "list"],
)
def test_a_column_that_is_no_time_is_told_and_keeps_the_events(times):
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["i"], "timestamp": times})
    result = read_tables(events)
    assert result.tables.events["timestamp"].to_list() == [None]
    assert any("timestamp" in note and "no times" in note for note in result.notes)


def test_a_column_of_availability_that_is_no_time_is_refused():
    items = pl.DataFrame({"item_id": ["i"], "available_until": [dt.timedelta(1)]})
    with pytest.raises(DataError, match="available_until"):
        read_tables(items=items)


def test_a_value_that_is_a_duration_is_read_in_seconds():
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["i"], "value": [dt.timedelta(0, 90)]})
    assert read_tables(events).tables.events["value"].to_list() == [90.0]


@pytest.mark.parametrize(
    ("name", "values", "hidden"),
    [
        ("Published", ["1", "0", "-1"], [False, True, True]),
        ("Published", ["TRUE", "false", ""], [False, True, False]),
        ("Status", ["active", "draft", "archived"], [False, True, True]),
        ("status", [1, 2, 1], [False, True, False]),
        ("is_enabled", [True, False, True], [False, True, False]),
        ("Active (0/1)", ["1", "0", "1"], [False, True, False]),
        (
            "Visibility",
            ["Catalog, Search", "Not Visible Individually", ""],
            [False, True, False],
        ),
        ("Condition", ["1", "0", "1"], None),
    ],
)
def test_a_switch_of_a_shop_system_hides_items(name, values, hidden):
    items = pl.DataFrame({"item_id": list("abc"), name: values})
    result = read_tables(items=items)
    if hidden is None:
        assert "is_hidden" not in result.tables.items.columns
        return
    assert result.tables.items["is_hidden"].to_list() == hidden
    assert any(name in note for note in result.notes)


def test_dates_of_publication_stay_dates():
    items = pl.DataFrame({"item_id": ["a", "b"], "published": ["2024-01-01", "2024-02-01"]})
    read = read_tables(items=items).tables.items
    assert read["created_at"].to_list() == [1704067200.0, 1706745600.0]
    assert "is_hidden" not in read.columns


def test_a_status_that_is_no_switch_stays_an_attribute():
    items = pl.DataFrame({"item_id": ["a", "b"], "status": ["used", "new"]})
    assert read_tables(items=items).tables.items["status"].to_list() == ["used", "new"]
