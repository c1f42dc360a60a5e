import math
from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.plain_times import read_plain_number, read_plain_text
from daybreak.data.times import EPOCH_SPANS, read_times

ZONES = st.none() | st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
MOMENTS = st.datetimes(datetime(1960, 1, 1), datetime(2110, 1, 1), timezones=ZONES)
NUMBERS = st.floats(1e7, 1e20) | st.integers(0, 10**19).map(float) | st.floats()


def as_column(value):
    """The seconds of the value in a column; one of a single value is rounded otherwise."""
    return read_times(pl.Series([value, value]), singly=True).seconds[0]


@given(MOMENTS, st.sampled_from("T "), st.sampled_from(["seconds", "milliseconds", "auto"]))
def test_texts_are_read_as_in_a_column(moment, separator, timespec):
    text = moment.isoformat(separator, timespec)
    seconds = read_plain_text(text)
    assert seconds is None or seconds == as_column(text)
    if 1970 <= moment.year < 2100 and (moment.tzinfo is None or len(text) < 30):
        assert seconds is not None or "." in text or moment.second == 0


@given(st.text("0123456789-:TZ+. ", max_size=30))
def test_other_texts_are_left_to_the_column_or_read_alike(text):
    seconds = read_plain_text(text)
    assert seconds is None or seconds == as_column(text)


@given(NUMBERS)
def test_numbers_are_read_as_in_a_column(number):
    seconds = read_plain_number(number)
    assert seconds is None or seconds == as_column(number)
    if not math.isfinite(number):
        assert seconds is None


@pytest.mark.parametrize("span", EPOCH_SPANS)
def test_the_edges_of_the_spans_are_left_to_the_column(span):
    assert read_plain_number(span[0]) is read_plain_number(span[1]) is None
    inside = math.nextafter(span[0], math.inf)
    assert read_plain_number(inside) == as_column(inside)


@pytest.mark.parametrize(
    "text",
    ["2026-02-30T00:00:00Z", "2026-02-28", "1969-12-31T23:59:59Z", "2026-01-01T24:00:00"],
)
def test_what_is_not_plain_is_left_to_the_column(text):
    assert read_plain_text(text) is None


def test_a_plain_time_by_hand():
    leap_day = datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=UTC).timestamp()
    assert leap_day == 1_709_209_815.25
    assert read_plain_text("2024-02-29T12:30:15.250Z") == leap_day
    assert read_plain_text("2024-02-29 14:30:15.250+02:00") == leap_day
    assert read_plain_number(1_709_209_815_250.0) == pytest.approx(leap_day, abs=1e-6)
