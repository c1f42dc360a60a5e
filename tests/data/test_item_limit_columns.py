"""Ends of offers under names that may mean something else, and what is no longer on sale."""

import pytest

from daybreak.data import read_tables

FUTURE, PAST = "2199-01-01", "2020-01-01"


def catalogue(**columns):
    n = len(next(iter(columns.values())))
    return read_tables(items={"item_id": [f"i{k}" for k in range(n)]} | columns).tables.items


@pytest.mark.parametrize(
    "name", ["expires", "Application Deadline", "validThrough", "gültig bis", "截止日期"]
)
def test_an_offer_ends(name):
    items = catalogue(**{name: [PAST, FUTURE, "never"]})
    assert items["available_until"].to_list() == [1_577_836_800.0, 7_226_582_400.0, None]


def test_other_words_under_such_a_name_are_attributes():
    assert "available_until" not in catalogue(expiry=["3 days", "1 year"]).columns


def test_ends_of_series_long_ago_end_no_offer():
    assert "available_until" not in catalogue(end_date=[PAST, PAST, FUTURE]).columns
    assert "available_until" in catalogue(end_date=[PAST, FUTURE, FUTURE]).columns


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status", ["ACTIVE", "ENDED"]),
        ("availability", ["in stock", "out of stock"]),
        ("is_deleted", [0, 1]),
        ("sold_out", [False, True]),
        ("商品状态", ["在售", "已下架"]),
        ("job_status", ["open", "filled"]),
    ],
)
def test_what_is_no_longer_on_sale_is_hidden(name, values):
    result = read_tables(items={"item_id": ["a", "b"], name: values})
    assert [str(one).lower() for one in result.tables.items["is_hidden"]] == ["false", "true"]
    assert any("1 of 2 items are hidden" in note for note in result.notes)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status", ["Ended", "Running"]),
        ("status", ["Finished Airing", "Currently Airing"]),
        ("state", ["TX", "CA"]),
        ("sold", [3, 7]),
        ("in_stock", [0, 12]),
    ],
)
def test_other_states_hide_nothing(name, values):
    assert "is_hidden" not in catalogue(**{name: values}).columns


def test_both_can_be_switched_off():
    off = {"is_hidden": None, "available_until": None}
    items = {"item_id": ["a", "b"], "status": ["open", "filled"], "expires": [PAST, FUTURE]}
    read = read_tables(items=items, columns=off).tables.items
    assert read["expires"].to_list() == [PAST, FUTURE]
    assert {"is_hidden", "available_until"}.isdisjoint(read.columns)


@pytest.mark.parametrize(
    "name",
    [
        *("Verfügbar bis", "Angebotsende", "disponible jusqu'au", "caduca", "Geldig tot"),
        *("Ważne do", "Действует до", "販売終了日", "下架日期", "offer_end", "license_end"),
    ],
)
def test_an_offer_ends_in_other_languages(name):
    items = catalogue(**{name: [PAST, FUTURE, None]})
    assert items["available_until"].to_list() == [1_577_836_800.0, 7_226_582_400.0, None]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("ausverkauft", ["nein", "ja"]),
        ("sichtbar", ["ja", "nein"]),
        ("Publié", ["oui", "non"]),
        ("deleted_at", [None, "2024-05-01 10:00:00"]),
        ("deleted_at", ["0000-00-00 00:00:00", "2024-05-01 10:00:00"]),
        ("Gelöscht am", ["", "01.05.2024"]),
        ("discontinued_on", ["9999-12-31", "2024-05-01"]),
        ("archivedAt", [None, 1_714_557_600_000]),
    ],
)
def test_what_has_left_is_hidden(name, values):
    items = catalogue(**{name: values})
    assert [str(one).lower() for one in items["is_hidden"]] == ["false", "true"]


def test_places_of_sale_and_empty_columns_hide_nothing():
    assert "is_hidden" not in catalogue(removed_at=["Station A", "Station B"]).columns
    assert "is_hidden" not in catalogue(deleted_at=[None, None]).columns
