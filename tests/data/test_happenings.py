"""What takes place: concerts, matches, courses; people look for those that are to come."""

import polars as pl
import pytest

from daybreak import Recommender
from daybreak.data import read_tables

FUTURE, PAST = "2199-01-01", "2020-01-01"
FUTURE_S, PAST_S, DAY_S = 7_226_582_400.0, 1_577_836_800.0, 86_400.0


def read_items(**columns):
    n = len(next(iter(columns.values())))
    return read_tables(items={"item_id": [f"i{k}" for k in range(n)]} | columns)


def ends_of(**columns):
    items = read_items(**columns).tables.items
    assert "available_from" not in items.columns
    return items["available_until"].to_list() if "available_until" in items.columns else None


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("starts_at", "venue"),
        ("Start Date", "city"),
        ("date", "Performer"),
        ("Datum", "Spielort"),
        ("fecha", "recinto"),
        ("时间", "场馆"),
        ("event_date", "price"),
        ("konzertdatum", "preis"),
        ("演出时间", "价格"),
    ],
)
def test_what_takes_place_is_listed_until_then(name, beside):
    """A day without a time ends with the day; a time to be announced is no limit."""
    columns = {name: [FUTURE, PAST, "TBA"], beside: ["x", "y", "z"]}
    assert ends_of(**columns) == [FUTURE_S + DAY_S, PAST_S + DAY_S, None]
    columns[name] = [f"{FUTURE} 20:00", f"{PAST} 20:00", ""]
    assert ends_of(**columns) == [FUTURE_S + 72_000, PAST_S + 72_000, None]


def test_beginnings_of_which_most_are_to_come_are_those_of_happenings():
    assert ends_of(starts_at=[FUTURE, FUTURE, PAST]) is not None
    assert ends_of(starts_at=[FUTURE, PAST, PAST]) is None


def test_an_end_goes_before_a_beginning():
    found = ends_of(starts_at=[PAST, PAST], ends_at=[FUTURE, PAST], venue=["x", "y"])
    assert found == [FUTURE_S + DAY_S, PAST_S + DAY_S]


@pytest.mark.parametrize(
    "columns",
    [
        {"date": [PAST] * 40, "location": ["x"] * 40},
        {"date": [PAST] * 39 + [FUTURE], "location": ["x"] * 40},  # a wrong clock
        {"date": [FUTURE, FUTURE], "title": ["x", "y"]},
        {"match_date": [PAST, PAST], "stadium": ["x", "y"]},
        {"event_date": [PAST, PAST], "photo": ["x", "y"]},
    ],
)
def test_dates_of_works_and_archives_end_nothing(columns):
    assert ends_of(**columns) is None


def test_campaigns_begin_when_they_may_be_shown():
    read = read_items(starts_at=[PAST, FUTURE], budget=[10, 20])
    assert read.tables.items["available_from"].to_list() == [PAST_S, FUTURE_S]
    assert "available_until" not in read.tables.items.columns


def test_flats_are_offered_before_they_are_free():
    read = read_items(available_from=[PAST, FUTURE, FUTURE], bedrooms=[1, 2, 3])
    assert "available_from" not in read.tables.items.columns
    assert read.tables.items["free_from"].to_list() == [PAST, FUTURE, FUTURE]
    shop = read_items(available_from=[PAST, FUTURE, FUTURE], colour=["a", "b", "c"])
    assert shop.tables.items["available_from"].to_list() == [PAST_S, FUTURE_S, FUTURE_S]
    chosen = read_tables(
        items={"item_id": ["a"], "available_from": [FUTURE], "bedrooms": [2]},
        columns={"available_from": "available_from"},
    )
    assert "available_from" in chosen.tables.items.columns


def test_coming_concerts_are_listed_and_past_ones_are_not_and_told():
    items = {"item_id": ["a", "b", "c"], "starts_at": [FUTURE, PAST, FUTURE]}
    items |= {"title": ["Jazz", "Rock", "Choir"], "venue": ["x", "y", "z"]}
    notes = read_tables(items=items).notes
    assert any("1 of 3 items have taken place" in note for note in notes)
    events = pl.DataFrame({"user_id": ["u", "v"], "item_id": ["b", "b"]})
    shop = Recommender().fit(events, items=pl.DataFrame(items))
    found = shop.recommend(["somebody new"], k=10)["item_id"].to_list()
    assert sorted(found) == ["a", "c"]
