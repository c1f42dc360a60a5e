"""Wrong clocks are told, and move nothing."""

import re

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data.clock import (
    DAY_S,
    TimeBounds,
    believable_times,
    current_times,
    latest_time,
    note_odd_dates,
    note_wrong_clocks,
    repair_times,
)

PRESENT = 1.8e9
MONTH = 1.7e9 + np.arange(30 * 24) * 3600.0
ALL = TimeBounds(MONTH[0], MONTH[-1])


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param([4.07e9], id="2099"),
        pytest.param([PRESENT + 3 * DAY_S], id="three days after the present"),
        pytest.param([0.0, 1.0, 86_400.0], id="1970"),
        pytest.param([1.7e6], id="seconds in the place of milliseconds"),
        pytest.param([MONTH[-1] + 40 * DAY_S], id="far after all others"),
        pytest.param([MONTH[0] - 400 * DAY_S], id="far before all others"),
        pytest.param([0.0, 4.07e9], id="both ends"),
    ],
)
def test_bounds_leave_out_times_that_cannot_be_right(wrong):
    assert believable_times(np.r_[wrong, MONTH], PRESENT) == ALL


def test_times_a_little_after_the_present_are_those_of_another_time_zone():
    late = PRESENT + 0.5 * DAY_S
    assert (
        believable_times(np.r_[PRESENT - 3 * DAY_S + MONTH - MONTH[-1], late], PRESENT).last
        == late
    )


def test_the_clock_of_this_machine_may_be_the_wrong_one():
    assert believable_times(MONTH, present=1e9) == ALL


def test_unknown_times_say_nothing():
    assert believable_times(np.array([np.nan, np.inf]), PRESENT) == TimeBounds(-np.inf, np.inf)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60))
def test_small_numbers_in_tests_and_examples_are_all_believed(seconds):
    at = np.array(seconds, dtype=np.float64)
    assert believable_times(at).contain(at).all()


@given(st.permutations(range(8)))
def test_repaired_times_do_not_depend_on_the_order_of_rows(order):
    user = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    item = np.array([0, 1, 0, 2, 1, 2, 3, 3])
    at = 1.7e9 + np.arange(8.0)
    at[[1, 6, 7]] = 0.0, 4.07e9, 4.08e9
    rows = np.array(order)
    expected = repair_times(user, item, at, PRESENT)
    assert np.array_equal(
        repair_times(user[rows], item[rows], at[rows], PRESENT), expected[rows]
    )


def test_a_wrong_time_becomes_that_of_the_item_then_of_the_user_then_of_all():
    user, item = np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2])
    at = np.array([1.6e9, 4.07e9, 4.07e9, 4.07e9])
    user, item = np.r_[user, 1, 5, 5], np.r_[item, 4, 5, 6]
    at = np.r_[at, 1.5e9, 1.61e9, 1.62e9]
    assert repair_times(user, item, at, PRESENT)[:4].tolist() == [1.6e9, 1.6e9, 1.5e9, 1.605e9]


def test_now_is_the_latest_believable_time():
    assert latest_time(np.r_[0.0, MONTH, 4.07e9]) == MONTH[-1]
    assert latest_time(np.zeros(3)) == 0


def test_events_without_a_time_are_the_latest_and_unknown_ones_stay_unknown():
    rows = np.zeros(3, dtype=np.int64)
    assert current_times(rows, rows, np.array([np.inf, 1.7e9, 0.0])).tolist() == [
        1.7e9,
        1.7e9,
        0,
    ]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [(4.07e9, "2098-12-21 (in the future)"), (0.0, "1970-01-01 (in 1970"),
     (MONTH[-1] + 40 * DAY_S, "(far from all others)")],
)  # fmt: skip
def test_a_note_has_an_example_and_a_reason(wrong, words):
    assert words in note_wrong_clocks(pl.Series([*MONTH, wrong]), PRESENT)


def test_no_note_about_good_or_missing_times():
    assert note_wrong_clocks(pl.Series([*MONTH, None]), PRESENT) == ""
    assert note_wrong_clocks(pl.Series([None, None], dtype=pl.Float64), PRESENT) == ""


@pytest.mark.parametrize(
    ("days", "what"),
    [
        ([20_000.0, 20_001.0, 20_002.0], "most of 3 times are of 1970, .* such as 1970-01-01"),
        ([2e10, 2.1e10, 1.7e9], "most of 3 times are in the future, such as 2603-10-11"),
        ([1.7e9, 1.71e9, 0.0], "1 event has a time .* such as 1970-01-01"),
        ([1.7e9, 1.71e9, -2.2e9], "1 event has a time .* such as 1900-04-15 .far from"),
        ([1.7e9, 1.71e9, -6.21e10], "1 event has a time .* such as 0002-"),
        ([1.7e9, 1.71e9], "^$"),
        ([], "^$"),
    ],
)
def test_years_that_cannot_be_right_are_told_with_an_example(days, what):
    assert re.search(what, note_wrong_clocks(pl.Series(days, dtype=pl.Float64), 1.8e9))


@pytest.mark.parametrize(
    ("column", "at", "odd"),
    [
        ("created_at", -2_209_161_600.0, "1899-12-30"),
        ("created_at", -62_135_596_800.0, "0001-01-01"),
        ("created_at", 0.0, "1970-01-01"),
        ("created_at", 4.07e9, "2098-12-21"),
        ("created_at", 1.79e9, ""),
        ("created_at", -4.9e9, ""),
        ("available_until", 253_370_764_800.0, ""),
        ("available_until", 0.0, "1970-01-01"),
        ("available_from", 0.0, ""),
    ],
)
def test_dates_of_items_that_programs_write_for_none_are_told(column, at, odd):
    note = note_odd_dates(pl.Series([1.6e9, at, None]), column, 1.8e9)
    assert note == (f"{column}: 1 of 2 dates cannot be right, such as {odd}" if odd else "")
