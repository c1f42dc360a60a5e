from contextlib import suppress
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.errors import DataError
from daybreak.service.inputs.values import read_values

MAY_13 = datetime(2026, 5, 13, tzinfo=UTC).timestamp()


def one(role, **values):
    frame, notes = read_values(
        pl.DataFrame({name: [value] for name, value in values.items()}), role
    )
    return frame.row(0), notes


@pytest.mark.parametrize(
    "value",
    ["13.05.2026", "2026-05-13", date(2026, 5, 13), 1_778_630_400_000, 1_778_630_400.0],
)
def test_times_of_frames_are_read_as_in_files(value):
    for role, name in (
        ("events", "timestamp"),
        ("items", "created_at"),
        ("users", "created_at"),
    ):
        assert one(role, **{name: value}) == ((MAY_13,), [])


@pytest.mark.parametrize("value", [0.0, 50_000.0, 46_155, float("inf"), None])
def test_epoch_seconds_are_not_changed(value):
    assert one("events", timestamp=value) == ((value,), [])


@pytest.mark.parametrize(
    ("name", "value", "closed"),
    [
        ("available_until", "next summer", 0.0),
        ("available_from", "soon", 1e11),
        ("is_hidden", "perhaps", "true"),
    ],
)
def test_what_decides_about_being_on_sale_is_never_taken_for_no_limit(name, value, closed):
    row, notes = one("items", **{name: value})
    assert row == (closed,)
    (note,) = notes
    assert note.startswith(f"{name}: 1 of 1 values cannot be read, such as {value!r}; ")
    assert note.endswith("these items are not recommended")
    assert one("items", available_until="never") == ((None,), [])


def test_numbers_of_events_are_read_and_what_is_none_is_told():
    assert one("events", rating="4,5") == ((4.5,), [])
    row, notes = one("events", rating="soon", timestamp="soon")
    assert row == (None, None)
    assert [note.split(";")[0] for note in notes] == [
        "timestamp: 1 of 1 values cannot be read, such as 'soon'",
        "rating: 1 of 1 values cannot be read, such as 'soon'",
    ]


def test_dates_of_two_readings_are_asked_about():
    with pytest.raises(DataError, match="'05/06/2026' in timestamp can be read in two ways"):
        one("events", timestamp="05/06/2026")


@given(
    st.sampled_from(["events", "items", "users"]), st.text(max_size=20), st.text(max_size=20)
)
def test_no_text_makes_it_fail(role, time, amount):
    frame = pl.DataFrame({"timestamp": [time], "available_until": [time], "rating": [amount]})
    with suppress(DataError):  # dates of two readings
        assert read_values(frame, role)[0].columns == frame.columns


def test_items_that_are_added_end_when_they_say():
    events = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "x"]})
    items = pl.DataFrame({"item_id": ["x"], "title": ["tea"]})
    shop = Recommender(encoder="none", strategies=["popular"]).fit(events, items)
    ends = {"over": "31.12.2020", "open": "31.12.2999", "odd": "next summer", "free": "never"}
    added = pl.DataFrame(
        {"item_id": list(ends), "title": "tea", "available_until": ends.values()}
    )
    with pytest.warns(
        UserWarning, match="such as 'next summer'; these items are not recommend"
    ):
        shop.add_items(added)
    found = shop.recommend(["stranger"])["item_id"].to_list()
    assert set(found) == {"x", "open", "free"}
