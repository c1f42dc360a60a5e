"""Events in requests mean what rows of the same form mean in files."""

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.service.ingest.event_fields import with_usual_fields
from daybreak.service.ingest.rows import parse_events

NOW = 1.8e9


def parse(*rows):
    return parse_events(rows, NOW)


@pytest.mark.parametrize(
    "row",
    [
        {"user_id": "a", "item_id": "x", "action": "refund"},
        {"customer_id": "a", "sku": "x", "created_at": "2026-03-01T12:00:00Z"},
        {"user": "a", "product_id": 7, "event": "purchase", "date": "2026-03-01"},
        {"Kunde": "a", "Artikelnummer": "x", "Menge": -2, "Kaufdatum": 1_772_323_200},
        {"user_id": "a", "item_id": "x", "status": "cancelled"},
        {"candidate_id": "a", "job_id": "x", "status": "rejected"},
        {"candidate_id": "a", "job_id": "x", "feedback_type": "rejected"},
        {"applicant": "a", "job": "x", "status": "withdrawn"},
        {"user_id": "a", "item_id": "x", "rating": 2, "liked": True},
        {"user_id": "a", "item_id": "x", "note": "none of these", "price": 3.5},
    ],
)
def test_an_event_is_read_as_in_a_file(row):
    event = parse(row).tables.events
    in_file = read_tables(pl.DataFrame([row])).tables.events
    columns = ["user_id", "item_id", "event_type", "value"]
    assert event.select(columns).rows() == in_file.select(columns).rows()
    at = in_file["timestamp"][0]
    assert event["timestamp"][0] == (NOW if at is None else at)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"clicked": 0}, "impression"),
        ({"clicked": 1}, "clicked"),
        ({"is_click": True, "purchased": "yes"}, "purchased"),
        ({"returned": 1}, "returned"),
        ({"returned": 0}, None),
        ({"comment": "very nice"}, None),
        ({"share": 0.25}, None),
        ({"event_type": "buy", "returned": 1}, "buy"),
        ({"rating": 5, "clicked": 0}, "rating"),
        ({"cancelled_at": "2026-03-01T12:00:00Z"}, "cancelled_at"),
        ({"cancelled_at": 1_772_366_400}, "cancelled_at"),
        ({"cancelled_at": None}, None),
        ({"cancelled_at": ""}, None),
        ({"swiped_right": True}, "swiped_right"),
        ({"swipe": "left"}, "swipe_left"),
        ({"quantity": 4}, "quantity"),
        ({"value": 4, "price": 9.5}, "quantity"),
        ({"value": 4}, None),
        ({"plays": 231}, None),
        ({"plays": 231, "skips": 2}, "plays"),
        ({"plays": 2, "skips": 5}, "skips"),
    ],
)
def test_flags_say_the_type(fields, kind):
    events = parse({"user_id": "a", "item_id": "x"} | fields).tables.events
    assert events["event_type"].to_list() == [kind]


def test_usual_names_go_first():
    row = {
        "user_id": "a",
        "item_id": "x",
        "event_type": "buy",
        "timestamp": 5.0,
        "customer_id": "b",
        "sku": "y",
        "action": "refund",
        "created_at": 7.0,
    }
    assert with_usual_fields(row) == row


def test_a_session_stays_a_session():
    events = parse({"session_id": "s", "product_id": "x"}).tables.events
    assert events["user_id"].to_list() == ["session:s"]


def test_a_time_that_cannot_be_read_is_told():
    rejected = parse({"user_id": "a", "item_id": "x", "created_at": "yesterday"}).rejected
    assert [one.field for one in rejected] == ["timestamp"]


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [1], {"a": 1}, None, -3])
def test_other_values_of_flags_say_nothing(value):
    row = {"user_id": "a", "item_id": "x", "clicked": value}
    assert "event_type" not in with_usual_fields(row)


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("liked", False, "dislike"),
        ("liked", True, "like"),
        ("is_liked", 0, "dislike"),
        ("label", 1, "like"),
        ("thumbs", "down", "down"),
        ("feedback", "not interested", "not interested"),
        ("sentiment", "negative", "negative"),
        ("feedback", "lovely", None),
    ],
)
def test_a_field_states_an_opinion_in_words_or_as_a_switch(field, value, kind):
    read = with_usual_fields({"user_id": "ann", "item_id": "tea", field: value})
    assert read.get("event_type") == kind


@pytest.mark.parametrize(
    ("value", "stars"),
    [("-1", -1.0), ("4,5", 4.5), ("1/5", 1.0), ("★☆☆☆☆", 1.0), ("很好", 5.0), (3, 3)],
)
def test_ratings_in_texts_are_numbers_as_in_files(value, stars):
    row = {"user_id": "ann", "item_id": "tea", "rating": value}
    assert parse_events([row], 5.0).tables.events["value"].to_list() == [stars]
