from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.month_names import MONTH_NUMBERS
from daybreak.data.time_texts import read_time_texts
from daybreak.data.times import read_times

MINUTES = st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)).map(
    lambda moment: moment.replace(second=0, microsecond=0)
)
MAY_13 = datetime(2026, 5, 13, tzinfo=UTC).timestamp()
ORDERED = {
    "day-first": ["%d.%m.%Y %H:%M", "%d/%m/%y %H:%M", "%d-%m-%Y, %I:%M %p", "%d %m %Y %Hh%M"],
    "month-first": ["%m/%d/%Y %I:%M %p", "%m/%d/%y %H:%M", "%m-%d-%Y %I:%M%p"],
    "year-first": ["%y/%m/%d %H:%M", "%y-%m-%d %I:%M %p"],
}
NAMED = ["%d %B %Y %H:%M", "%b %d, %Y %I:%M %p", "%d-%b-%y %H:%M", "%A, %d. %B %Y, %H:%M Uhr"]


def day(*date):
    return datetime(*date, tzinfo=UTC).timestamp()


def read(*texts, **options):
    return read_time_texts(pl.Series(texts, dtype=pl.String), **options)


@pytest.mark.parametrize("order", ORDERED)
@given(moments=st.lists(MINUTES, min_size=1, max_size=6), n=st.integers(0, 3))
def test_a_stated_order_of_dates_is_followed(order, moments, n):
    pattern = ORDERED[order][n % len(ORDERED[order])]
    found = read(*(moment.strftime(pattern) for moment in moments), order=order)
    assert found.seconds.to_list() == [m.replace(tzinfo=UTC).timestamp() for m in moments]
    assert not found.undecided.any()


@given(st.lists(MINUTES, min_size=1, max_size=6), st.sampled_from(["day-first", "month-first"]))
def test_one_late_day_tells_how_all_dates_of_a_column_are_read(moments, order):
    pattern = "%d/%m/%Y" if order == "day-first" else "%m/%d/%Y"
    moments = [*moments, datetime(2024, 2, 28)]
    found = read(*(moment.strftime(pattern) for moment in moments))
    assert found.order == order
    days = [m.replace(hour=0, minute=0, tzinfo=UTC).timestamp() for m in moments]
    assert found.seconds.to_list() == days


@given(st.integers(1, 12), st.integers(1, 12))
def test_a_date_of_two_readings_is_never_guessed(first, second):
    found = read(f"{first}/{second}/2026")
    assert found.undecided.to_list() == [first != second]
    assert (found.seconds[0] is None) == (first != second)
    assert read(f"{first}.{second}.2026").order == "day-first"


def test_without_a_majority_only_dates_of_one_reading_are_read():
    found = read("13/05/2026", "05/14/2026", "05/06/2026")
    assert found.seconds.to_list() == [MAY_13, MAY_13 + 86_400, None]
    assert found.undecided.to_list() == [False, False, True]


def test_one_mistake_among_many_does_not_change_the_order():
    days = [f"{n}/05/2026" for n in range(1, 32)] * 2
    found = read(*days, "05/31/2026")
    assert found.order == "day-first"
    assert found.seconds.null_count() == 1


def test_the_number_that_varies_least_is_the_year():
    found = read("24/05/13", "24/05/14", "24/06/01", "23/12/31")
    assert found.order == "year-first"
    assert found.seconds[0] == day(2024, 5, 13)


@given(MINUTES, st.sampled_from(NAMED))
def test_names_of_months_can_be_read_in_one_way_only(moment, pattern):
    expected = moment.replace(tzinfo=UTC).timestamp()
    assert read(moment.strftime(pattern), singly=True).seconds.to_list() == [expected]


@given(st.sampled_from(sorted(MONTH_NUMBERS)), st.integers(1, 28), st.integers(1970, 2100))
def test_months_are_known_in_many_languages(name, number, year):
    expected = day(year, MONTH_NUMBERS[name], number)
    for text in (f"{number} {name} {year}", f"{name.title()} {number}, {year}"):
        assert read(text).seconds.to_list() == [expected]


@given(MINUTES, st.integers(-14 * 4, 14 * 4))
def test_offsets_are_subtracted_in_every_form(moment, quarters):
    moment = moment.replace(tzinfo=timezone(timedelta(minutes=15 * quarters)))
    for pattern in ("%a, %d %b %Y %H:%M:%S %z", "%a %b %d %Y %H:%M:%S GMT%z (Some Time)",
                    "%d/%b/%Y:%H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y"):  # fmt: skip
        assert read(moment.strftime(pattern)).seconds.to_list() == [moment.timestamp()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 März 2024", day(2024, 3, 3)),
        ("12. Januar 2024", day(2024, 1, 12)),
        ("5 de enero de 2024", day(2024, 1, 5)),
        ("1er juillet 2024 à 14h30", day(2024, 7, 1, 14, 30)),
        ("mar. 5 mars 2024", day(2024, 3, 5)),
        ("5 мая 2024 г.", day(2024, 5, 5)),
        ("May 5th, 2024 at 2 PM", day(2024, 5, 5, 14)),
        ("13-MAY-26 02.30.00.000000 PM", MAY_13 + 14.5 * 3600),
        ("2026年5月13日", MAY_13),
        ("2026年5月13日 下午2:30", MAY_13 + 14.5 * 3600),
        ("2026年5月13日(水) 14時30分", MAY_13 + 14.5 * 3600),
        ("2026년 5월 13일 오후 2시 30분", MAY_13 + 14.5 * 3600),
        ("2026:05:13 14:30:00", MAY_13 + 14.5 * 3600),
        ("14:30 13.05.2026", MAY_13 + 14.5 * 3600),
        ("1/13/2024 12:00:00 AM", day(2024, 1, 13)),
        ("13.05.2026 12:15 pm", MAY_13 + 12.25 * 3600),
        ("2026-05-13 14:30 EST", MAY_13 + 19.5 * 3600),
        ("2026-05-13T14:30:00+02:00[Europe/Berlin]", MAY_13 + 12.5 * 3600),
        ("１３.０５.２０２６", MAY_13),
        ("20260513T143000Z", MAY_13 + 14.5 * 3600),
        ("20260513T143000.5+0200", MAY_13 + 12.5 * 3600 + 0.5),
        ("20260513 14:30", MAY_13 + 14.5 * 3600),
        ("2026-05-13 14:30:00 +0200 CEST", MAY_13 + 12.5 * 3600),
        ("Wed May 13 14:30:00 CEST 2026", MAY_13 + 12.5 * 3600),
        ("2026-05-13T14:30[Europe/Berlin]", MAY_13 + 12.5 * 3600),
        ("2026-05-13 14:30 America/New_York", MAY_13 + 18.5 * 3600),
        ("13 May 2026 14:30 Asia/Tokyo", MAY_13 + 5.5 * 3600),
        ("2026-05-13T14:30+02:00[Europe/Berlin]", MAY_13 + 12.5 * 3600),
        ("2026-05-13T14:30Z[UTC]", MAY_13 + 14.5 * 3600),
        ("2026-05-13 14:30 BST", MAY_13 + 13.5 * 3600),
        ("13MAY2026:14:30:00", MAY_13 + 14.5 * 3600),
        ("[13/May/2026:14:30:00 +0200]", MAY_13 + 12.5 * 3600),
        ("2026. 05. 13. 14:30", MAY_13 + 14.5 * 3600),
        ("13. 5. 2026 14:30", MAY_13 + 14.5 * 3600),
        ("May-13-2026", MAY_13),
        ("May 2024", day(2024, 5, 1)),
        ("05/2024", day(2024, 5, 1)),
    ],
)
def test_dates_of_programs_and_people_are_read(text, expected):
    assert read(text, singly=True).seconds.to_list() == [expected]


@pytest.mark.parametrize(
    "text",
    ["12. Januar", "soon", "13/13/2024", "30 February 2024", "5 Smarch 2024", "32.01.2024",
     "2026-05-13T14:30[Europe/Nowhere]", "13:05", "May", "1.2.3.4", "10-20", "1 2024 3"],
)  # fmt: skip
def test_what_is_no_date_stays_unread(text):
    found = read(text)
    assert found.seconds.to_list() == [None]
    assert not found.undecided.any()


@given(st.lists(st.text(max_size=30), max_size=4), st.booleans())
def test_no_text_makes_it_fail(texts, singly):
    found = read(*texts, singly=singly)
    assert len(found.seconds) == len(found.undecided) == len(texts)
    assert found.seconds.filter(found.undecided).is_null().all()


def test_a_zone_in_parentheses_counts():
    seconds = read_times(
        pl.Series(["2026-10-10 10:00:00 (UTC+2)", "2026-10-10T08:00Z"])
    ).seconds
    assert seconds[0] == seconds[1]
