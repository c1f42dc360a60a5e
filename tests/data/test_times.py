from datetime import UTC, date, datetime, time, timedelta, timezone

import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.times import (
    OTHER_CLOCKS,
    YEARS,
    check_date_format,
    epoch_seconds,
    read_times,
)
from daybreak.errors import ConfigError

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
    assume(not any(low <= whole * unit <= high for low, high, *_ in OTHER_CLOCKS.values()))
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
    "text",
    ["soon", "2024-02-30", "31.2.2024", "2024-13-01", "10:30", "inf", "2024-01-01 25:00"],
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


@given(
    MOMENTS.filter(lambda moment: moment.year < 2100),
    st.sampled_from(["%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"]),
)
def test_stamps_without_separators_are_dates(moment, pattern):
    kept = datetime.strptime(moment.strftime(pattern), pattern).replace(tzinfo=UTC)
    text = moment.strftime(pattern)
    assert seconds([text]) == seconds([int(text)]) == [kept.timestamp()]
    assert seconds([text, "2026-05-14"])[0] == kept.timestamp()


@given(st.lists(st.integers(30_000 * 1440, 60_000 * 1440), min_size=1, max_size=5))
def test_days_of_spreadsheets_are_times(minutes):
    days = [n / 1440 for n in minutes]
    expected = [(datetime(1899, 12, 30, tzinfo=UTC) + timedelta(minutes=n)).timestamp()
                for n in minutes]  # fmt: skip
    assert seconds(days) == seconds([f"{day:.6f}" for day in days]) == expected
    assert seconds([f"{day:.6f}".replace(".", ",") for day in days]) == expected


def test_numbers_that_are_not_all_days_of_spreadsheets_are_epochs():
    assert seconds([46_155.5, 100.0]) == [46_155.5, 100.0]
    assert read_times(pl.Series(["46155.5"]), singly=True).seconds.to_list() == [46_155.5]
    assert read_times(pl.Series([46_155.5]), "epoch").seconds.to_list() == [46_155.5]


def test_years_are_read_where_they_can_be_meant():
    years = read_times(pl.Series(["1999", "2001"]), years=YEARS)
    assert years.seconds[0] == datetime(1999, 1, 1, tzinfo=UTC).timestamp()
    assert years.describe() == "numbers are read as years"
    assert seconds(["1999", "2001"]) == [1999.0, 2001.0]


@pytest.mark.parametrize(
    "years", [["2019", "2020", ""], [2019, 2020, None], [2019.0, 2020.0, None]]
)
def test_years_of_events_are_no_seconds_of_1970(years):
    events = {"user_id": ["a", "b", "c"], "item_id": ["x", "y", "z"], "date": years}
    read = read_tables(events)
    first = datetime(2019, 1, 1, tzinfo=UTC).timestamp()
    assert read.tables.events["timestamp"].to_list() == [first, first + 365 * 86_400, None]
    assert any("read as years" in note for note in read.notes)
    steps = read_tables({**events, "date": [0, 1999, 2001]}).tables.events
    assert steps["timestamp"].to_list() == [0.0, 1999.0, 2001.0]


def test_what_was_decided_is_told():
    column = read_times(pl.Series(["13.05.26", "01.06.26"]))
    first, second = column.describe().split("; ")
    assert first == "dates such as '13.05.26' are read day-first"
    assert second == "years of two digits are read as 1969 to 2068"
    assert read_times(pl.Series(["2026-05-13", "1778682600"])).describe() == ""


def test_a_pattern_is_followed_and_nothing_else_is_read():
    column = read_times(pl.Series(["05|06|26", "2026-06-05"]), "%d|%m|%y")
    assert column.seconds.to_list() == [datetime(2026, 6, 5, tzinfo=UTC).timestamp(), None]
    with pytest.raises(ConfigError, match="no date format 'fortnight'; formats: day-first"):
        check_date_format("fortnight")


def test_times_of_day_durations_and_lists_are_no_times():
    for value in (time(1), timedelta(1), [1]):
        parsed, bad = epoch_seconds(pl.Series([value, None]))
        assert (parsed.to_list(), bad.to_list()) == ([None, None], [True, False])


@given(st.datetimes(datetime(2100, 1, 1), datetime(9999, 12, 31)))
def test_a_time_stays_later_than_all_others_when_its_seconds_are_read_again(moment):
    once, _ = epoch_seconds(pl.Series(["2026-01-01", moment.isoformat()]))
    again, _ = epoch_seconds(once)
    assert again[1] == once[1] >= min(moment.replace(tzinfo=UTC).timestamp(), 1e11)


@pytest.mark.parametrize(
    ("number", "clock"),
    [
        (638_827_434_000_000_000, "ticks of .NET"),
        (133_916_202_000_000_000, "times of Windows"),
        (13_391_620_200_000_000, "times of Chrome"),
    ],
)
@pytest.mark.parametrize("form", [int, str])
def test_numbers_of_other_clocks_are_read_as_their_times(number, clock, form):
    """All three are 13 May 2025 14:30 UTC, which is 1,747,146,600 s after 1970."""
    read = read_times(pl.Series("at", [form(number), form(number)]))
    assert read.seconds.to_list() == [1_747_146_600.0, 1_747_146_600.0]
    assert read.describe() == f"numbers are read as {clock}"
    single = read_times(pl.Series("at", [form(number)]), singly=True)
    assert single.seconds.item() == read.seconds[0]


def test_nanoseconds_beside_are_nanoseconds():
    assert epoch_seconds(pl.Series([1_747_146_600 * 10**9]))[0].item() == 1_747_146_600.0
