"""Times of events are found by their values where the name of their column is not known."""

import polars as pl
import pytest

from daybreak.data import read_tables
from daybreak.data.columns import match_columns
from daybreak.data.event_time_columns import holds_times, recognise_event_times
from daybreak.errors import DataError

DAY = 86_400.0
MARCH_FIRST = 1_772_323_200.0
"""2026-03-01, epoch [s]."""


def time_column(**columns: list[object]) -> str | None:
    """Return the column of times of events with two ids and other columns."""
    n = len(next(iter(columns.values())))
    log = pl.DataFrame(
        {"user_id": [f"u{i}" for i in range(n)], "item_id": [f"i{i % 6}" for i in range(n)]}
        | columns
    )
    seen = recognise_event_times(match_columns(log.columns, "events"), log.select)
    return seen.source_of("timestamp")


def dates(n: int) -> list[object]:
    return [f"2026-03-{1 + i % 28:02d}" for i in range(n)]


@pytest.mark.parametrize(
    ("name", "values", "second"),
    [
        ("purchased_at", ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"], MARCH_FIRST + DAY),
        ("Gekauft am", ["01.03.2026", "13.03.2026"], MARCH_FIRST + 12 * DAY),
        ("read_at", [1_772_323_200_000, 1_772_409_600_000], MARCH_FIRST + DAY),
        ("visit_day", ["20260301", "20260302"], MARCH_FIRST + DAY),
    ],
)
def test_events_get_the_times_of_a_column_with_an_unknown_name(name, values, second):
    log = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], name: values})
    assert read_tables(log).tables.events["timestamp"].to_list() == [MARCH_FIRST, second]


def test_a_known_name_goes_before_values():
    assert time_column(bought_when=dates(12), date=dates(12)) == "date"


def test_a_date_that_each_item_has_of_its_own_is_no_time_of_events():
    own = [f"2019-01-{1 + i % 6:02d}" for i in range(30)]
    assert time_column(premiere=own) is None
    assert time_column(premiere=own, seen_when=dates(30)) == "seen_when"


def test_one_date_for_all_events_is_their_time():
    assert time_column(export=["2026-03-01"] * 30) == "export"


@pytest.mark.parametrize(
    "name", ["date_of_birth", "release_date", "expires_on", "check_in", "signed_up_on"]
)
def test_dates_of_people_items_and_plans_are_no_times_of_events(name):
    assert time_column(**{name: dates(12)}) is None


def test_dates_after_the_present_are_no_times_of_events():
    assert time_column(stay=[f"2199-01-{i + 1:02d}" for i in range(12)]) is None


def test_the_first_time_goes_before_later_ones():
    assert time_column(updated_at=dates(12), enrolled_on=dates(12)) == "enrolled_on"
    assert time_column(last_played=dates(12)) == "last_played"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phone", [1_772_323_200, 1_772_323_201]),
        ("time_to_read", [40, 300]),
        ("size", ["10", "12"]),
        ("model", ["T-1000", "Galaxy S24"]),
        ("price", ["1.299,00", "4,50"]),
        ("sent_at", ["", None]),
    ],
)
def test_other_values_are_no_times(name, values):
    assert not holds_times(pl.Series(name, values))


def test_a_column_can_be_left_out():
    log = {"user_id": ["a"], "item_id": ["x"], "bought": ["2026-03-01"]}
    assert read_tables(log).tables.events["timestamp"].count() == 1
    left_out = read_tables(log, columns={"timestamp": None})
    assert left_out.tables.events["timestamp"].count() == 0


@pytest.mark.parametrize(
    ("day", "clock"),
    [
        ({"date": ["2026-03-01", "2026-03-02"]}, {"time": ["16:17", "08:00:30"]}),
        ({"Datum": ["01.03.2026", "13.03.2026"]}, {"Uhrzeit": ["16:17", "08:00"]}),
        ({"day": ["2026-03-01 00:00:00", "2026-03-02 00:00:00"]}, {"clock": ["4:17 PM", ""]}),
    ],
)
def test_a_date_and_a_time_of_day_are_one_time(day, clock):
    log = {"user_id": ["a", "b"], "item_id": ["x", "y"]} | day | clock
    seconds = read_tables(log).tables.events["timestamp"].to_list()
    assert seconds[0] == MARCH_FIRST + 16 * 3600 + 17 * 60
    assert seconds[1] >= MARCH_FIRST + DAY


def test_a_time_of_day_without_a_date_is_an_error():
    log = {"user_id": ["a"], "item_id": ["x"], "time": ["16:17"]}
    with pytest.raises(DataError, match="none of its 1 values is a time"):
        read_tables(log)
