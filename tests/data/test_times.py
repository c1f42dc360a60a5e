from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.times import epoch_seconds

MOMENTS = st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1))
ZONES = st.integers(-14 * 4, 14 * 4).map(lambda n: timezone(timedelta(minutes=15 * n)))


def seconds(values):
    parsed, bad = epoch_seconds(pl.Series(values))
    assert not bad.any(), parsed
    return parsed.to_list()


@given(MOMENTS, ZONES, st.sampled_from(["T", " "]))
def test_iso_times_with_a_zone_mean_that_moment(moment, zone, between):
    moment = moment.replace(tzinfo=zone)
    assert seconds([moment.isoformat(between)])[0] == pytest.approx(
        moment.timestamp(), abs=1e-5
    )


@given(MOMENTS)
def test_times_without_a_zone_are_utc(moment):
    expected = moment.replace(tzinfo=UTC).timestamp()
    assert seconds([moment.isoformat()])[0] == pytest.approx(expected, abs=1e-5)
    assert seconds([moment])[0] == pytest.approx(expected, abs=1e-5)


@given(MOMENTS, st.sampled_from([1, 10**3, 10**6, 10**9]))
def test_the_unit_of_an_epoch_number_is_told_by_its_size(moment, unit):
    whole = int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())
    assert seconds([whole * unit]) == seconds([str(whole * unit)]) == [whole]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-02", 86_400.0),
        ("1970/1/2", 86_400.0),
        ("1970-01-01 00:01", 60.0),
        ("1970-01-01T00:00:01.5Z", 1.5),
        ("1970-01-01 02:00:00 UTC", 7200.0),
        ("1970-01-01T02:00:00+02", 0.0),
        ("19700102", 86_400.0),
        ("12.5", 12.5),
        (" 5 ", 5.0),
    ],
)
def test_usual_spellings_are_read(text, expected):
    assert seconds([text]) == [expected]


def test_numbers_that_look_like_dates_stay_numbers_among_others():
    assert seconds(["19700102", "5"]) == [19_700_102.0, 5.0]


@pytest.mark.parametrize(
    "text", ["soon", "2024-02-30", "1.2.2024", "2024-13-01", "10:30", "inf", "2024-01-01 25:00"]
)
def test_what_is_no_time_is_bad(text):
    parsed, bad = epoch_seconds(pl.Series([text, "1"]))
    assert (parsed.to_list(), bad.to_list()) == ([None, 1.0], [True, False])


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=5))
def test_no_text_makes_it_fail(values):
    parsed, bad = epoch_seconds(pl.Series("x", values, dtype=pl.String))
    assert len(parsed) == len(bad) == len(values)
    assert parsed.filter(bad).is_null().all()


def test_missing_times_are_no_mistake():
    assert seconds(["", "NaN", None, "null"]) == [None] * 4
    assert seconds(pl.Series([date(1970, 1, 2), None])) == [86_400.0, None]


def test_the_time_that_go_writes_for_none_is_no_time():
    assert seconds(["0001-01-01T00:00:00Z", "1970-01-01T00:00:05Z"]) == [None, 5.0]
