"""Times in wrappings of programs and in other calendars are the times that are meant."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.times import read_times

DAY = datetime(2026, 5, 13, tzinfo=UTC).timestamp()
HALF_PAST_TWO = DAY + 14.5 * 3600
DAYS = st.dates(date(1998, 1, 1), date(2046, 12, 31))
TEXTS = {
    "/Date(1778682600000)/": HALF_PAST_TWO,
    "/Date(1778682600000+0200)/": HALF_PAST_TWO,
    '{"$date": "2026-05-13T14:30:00Z"}': HALF_PAST_TWO,
    '{"$date":{"$numberLong":"1778682600000"}}': HALF_PAST_TWO,
    'ISODate("2026-05-13T14:30:00Z")': HALF_PAST_TWO,
    "Timestamp('2026-05-13 14:30:00')": HALF_PAST_TWO,
    "令和8年5月13日 14時30分": HALF_PAST_TWO,
    "平成元年1月8日": datetime(1989, 1, 8, tzinfo=UTC).timestamp(),
    "民國115年5月13日": DAY,
    "13 พ.ค. 2026": DAY,
    "٢٠٢٦-٠٥-١٣ ١٤:٣٠": HALF_PAST_TWO,
    "2026–05–13 14:30": HALF_PAST_TWO,
    "13.05.2026 14.30": HALF_PAST_TWO,
    "13-MAY-2026 14.30.00": HALF_PAST_TWO,
    "2026-05-13T14Z": DAY + 14 * 3600,
    "2026-05-12 24:00:00": DAY,
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("singly", [True, False])
def test_a_text_is_the_time_that_is_meant(text, singly):
    assert read_times(pl.Series([text]), singly=singly).seconds.item() == TEXTS[text]


def seconds_of(days):
    return [datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp() for d in days]


@given(st.lists(DAYS, min_size=1))
@pytest.mark.parametrize(
    "form", ["{day:02d}/{month:02d}/{year}", "{year}-{month:02d}-{day:02d}"]
)
def test_years_of_thailand_are_ours_if_there_are_no_others(form, days):
    texts = [form.format(day=d.day, month=d.month, year=d.year + 543) for d in days]
    read = read_times(pl.Series(texts), "day-first")
    assert read.seconds.to_list() == seconds_of(days)
    assert "Thai" in read.describe()


@pytest.mark.parametrize("year", [2500, 2600, 2999, 9999])
def test_years_that_stand_for_no_end_are_ours(year):
    read = read_times(pl.Series([f"{year}-12-31"] * 3))
    assert read.seconds.min() == pytest.approx((year - 1970) * 365.2425 * 86_400, rel=0.01) or (
        read.seconds.min() == 1e11
    )


def test_a_wrong_clock_among_other_years_stays_wrong():
    read = read_times(pl.Series(["2026-05-13", "2569-05-13"]))
    assert read.seconds.to_list() == [
        DAY,
        (datetime(2569, 5, 13) - datetime(1970, 1, 1)).total_seconds(),
    ]


@given(st.lists(DAYS, min_size=1), st.booleans())
def test_days_before_months_and_years_in_one_number_are_dates(days, as_numbers):
    texts = [f"{d.day:02d}{d.month:02d}{d.year}" for d in [date(2026, 5, 31), *days]]
    column = pl.Series([int(text) for text in texts]) if as_numbers else pl.Series(texts)
    if all(1900 <= int(text[:4]) < 2100 for text in texts):  # they could begin with years
        return
    read = read_times(column)
    assert read.seconds.to_list() == seconds_of([date(2026, 5, 31), *days])
    assert read.order == "day-first"


def test_days_and_months_in_one_number_that_could_be_both_are_asked_about():
    assert read_times(pl.Series([5062026, 6072026])).is_undecided.to_list() == [True, True]
    assert read_times(pl.Series([5062026]), "month-first").seconds.item() == (
        datetime(2026, 5, 6, tzinfo=UTC).timestamp()
    )


@given(st.lists(st.integers(0, 99_999_999), min_size=2))
def test_seconds_stay_seconds_if_one_is_no_date(numbers):
    seconds = [*numbers, 45]
    assert read_times(pl.Series(seconds)).seconds.to_list() == seconds


@given(st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)))
def test_midnight_at_the_end_of_a_day_is_that_of_the_next(moment):
    day = moment.date()
    read = read_times(pl.Series([f"{day.isoformat()} 24:00"]))
    assert read.seconds.to_list() == seconds_of([day + timedelta(days=1)])


def dates_of(values, date_format=None):
    column = read_times(pl.Series(values), date_format)
    days = pl.from_epoch(column.seconds.cast(pl.Int64), "s").dt.date().cast(pl.String)
    return days.to_list(), column.numbers


@pytest.mark.parametrize(
    ("values", "dates", "form"),
    [
        (["260513", "260601", "251231"], ["2026-05-13", "2026-06-01", "2025-12-31"], "year,"),
        ([260513, 260430], ["2026-05-13", "2026-04-30"], "year,"),
        (["130526", "010626", "311225"], ["2026-05-13", "2026-06-01", "2025-12-31"], "day,"),
        (["202605", "202512", None], ["2026-05-01", "2025-12-01", None], "years and"),
    ],
)
def test_columns_of_six_digits_are_dates(values, dates, form):
    found, numbers = dates_of(values)
    assert found == dates
    assert numbers.startswith(form)


def test_a_date_format_says_what_six_digits_are():
    assert dates_of(["010203", "040506"], "day-first")[0] == ["2003-02-01", "2006-05-04"]
    assert dates_of(["010203", "040506"], "year-first")[0] == ["2001-02-03", "2004-05-06"]


@pytest.mark.parametrize("values", [["260513", "400000"], ["172800", "864000"], ["260513.5"]])
def test_other_numbers_stay_seconds(values):
    assert read_times(pl.Series(values)).seconds.to_list() == [float(one) for one in values]


@pytest.mark.parametrize(
    "text",
    ["2026-W12", "2026W12", "2026W121", "2026-W12-1", "KW 12/2026", "KW12 2026", "2026 KW 12",
     "week 12 2026", "2026年第12周"],
)  # fmt: skip
def test_weeks_are_their_mondays(text):
    assert dates_of([text])[0] == ["2026-03-16"]


def test_weeks_that_do_not_exist_are_no_times():
    assert read_times(pl.Series(["2026-W54", "2026-W00"])).is_bad.all()
