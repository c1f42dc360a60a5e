"""Years, months and days in columns of their own are the times of events."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables

MARCH_FIRST = 1_772_323_200.0
"""2026-03-01, epoch [s]."""


def times(**columns):
    """Return the times of events of one user, with an item for each."""
    n = len(next(iter(columns.values())))
    ids = {"customer": ["a"] * n, "sku": [f"x{i}" for i in range(n)]}
    return read_tables(pl.DataFrame(ids | columns)).tables.events["timestamp"].to_list()


@pytest.mark.parametrize(
    ("columns", "second"),
    [
        ({"year": [2026], "month": [3], "day": [1]}, MARCH_FIRST),
        ({"day": ["01"], "month": ["03"], "year": ["2026"]}, MARCH_FIRST),
        ({"order_year": [2026], "order_month": [3], "order_day": [2]}, MARCH_FIRST + 86_400),
        ({"Jahr": [2026], "Monat": ["März"], "Tag": [1]}, MARCH_FIRST),
        ({"año": [2026], "mes": ["marzo"], "día": [1]}, MARCH_FIRST),
        ({"年": [2026], "月": [3], "日": [1]}, MARCH_FIRST),
        ({"YearOfSale": [2026.0], "MonthOfSale": [3.0]}, MARCH_FIRST),
        (
            {"year": [2026], "month": [3], "day": [1], "hour": [13], "minute": [5]},
            MARCH_FIRST + 13 * 3600 + 300,
        ),
    ],
)
def test_parts_of_a_date_are_joined(columns, second):
    assert times(**columns) == [second]


@given(st.lists(st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2099, 1, 1)), min_size=1))
def test_every_date_comes_back(moments):
    parts = {
        name: [getattr(moment, name) for moment in moments]
        for name in ("year", "month", "day", "hour")
    }
    hours = [m.replace(minute=0, second=0, microsecond=0, tzinfo=dt.UTC) for m in moments]
    assert times(**parts) == [hour.timestamp() for hour in hours]


@pytest.mark.parametrize(
    "columns",
    [
        {"year": [2026], "day": [1]},
        {"year": [2026], "shipping_month": [3]},
        {"year": [2026], "month": [13]},
        {"year": ["2026", "unknown"], "month": [3, 3]},
    ],
)
def test_other_numbers_are_no_dates(columns):
    assert set(times(**columns)) <= {None, 1.0}  # a day alone is read as before


def test_the_date_of_a_release_is_no_time_of_events():
    columns = {
        "year": [2000 + i % 6 for i in range(30)],
        "month": [1 + i % 6 for i in range(30)],
    }
    ids = {"customer": ["a"] * 30, "sku": [f"x{i % 6}" for i in range(30)]}
    events = read_tables(pl.DataFrame(ids | columns)).tables.events
    assert events["timestamp"].null_count() == 30


def test_a_whole_time_goes_before_its_parts():
    whole = {"date": ["2026-03-01"], "year": [2020], "month": [1], "day": [1]}
    assert times(**whole) == [MARCH_FIRST]


def test_a_row_without_a_day_has_no_time():
    assert times(year=[2026, 2026], month=[3, 3], day=["1", ""]) == [MARCH_FIRST, None]
