"""Columns with 0 and 1 for what happened, and columns of times and shares."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import read_tables
from daybreak.data.event_engagement import find_engagement
from daybreak.data.event_flags import find_flags, flag_kind, is_set
from daybreak.data.event_names import event_name_kind


def read(**columns):
    """Return the signs of events with further columns, in their order."""
    n = len(next(iter(columns.values())))
    log = pl.DataFrame(
        {"user_id": ["u"] * n, "item_id": [f"i{i}" for i in range(n)], **columns}
    )
    result = read_tables(log)
    return result.rules.resolve(result.tables.events).signs(result.tables.events).to_list()


@pytest.mark.parametrize(
    ("name", "values", "signs"),
    [
        ("click", [1, 0, 1], [1, 0, 1]),
        ("is_click", [True, False, True], [1, 0, 1]),
        ("Clicked?", ["yes", "no", ""], [1, 0, 0]),
        ("converted", ["1", "0", "0"], [1, 0, 0]),
        ("purchased", [0.0, 1.0, 0.0], [0, 1, 0]),
        ("gekauft", ["ja", "nein", "nein"], [1, 0, 0]),
        ("是否点击", ["是", "否", "否"], [1, 0, 0]),
        ("clicks", [0, 3, 1], [0, 1, 1]),
        ("returned", [0, 1, 0], [1, -1, 1]),
        ("storniert", ["nein", "nein", "ja"], [1, 1, -1]),
        ("is_hate", [False, False, True], [1, 1, -1]),
        ("like", [1, -1, 0], [1, -1, 0]),
    ],
)
def test_a_flag_says_what_happened(name, values, signs):
    assert read(**{name: values}) == signs


def test_the_strongest_flag_of_a_row_counts():
    signs = read(
        is_click=[1, 1, 1, 0], is_like=[0, 1, 0, 0], is_hate=[0, 0, 1, 0], tab=[0, 1, 1, 0]
    )
    assert signs == [0, 1, -1, 0]  # where somebody liked, a click alone is only seen


def test_liked_alone_is_a_rating_and_beside_a_click_a_flag():
    assert read(liked=[1, 0]) == [1, -1]
    assert read(liked=[1, 0, 0], click=[1, 1, 0]) == [1, 0, 0]


@pytest.mark.parametrize(
    "columns",
    [
        {"is_mobile": [0, 1]},
        {"order_id": [0, 1]},
        {"refund_amount": [0, 12]},
        {"退货原因": [0, 1]},
        {"click": [1, 1]},
        {"search": [0, 1]},
        {"click": ["top", "left"]},
        {"order": [0.5, 2.25]},
        {"click": [0, 1], "event_type": ["buy", "buy"]},
        {"returned": ["2026-01-05", "2026-02-05"]},
    ],
)
def test_other_columns_are_no_flags(columns):
    assert read(**columns) == [1, 1]


def test_flags_of_a_table_of_ratings_are_not_used():
    assert read(rating=[5, 4, 1], click=[1, 0, 0]) == [1, 1, -1]


def test_flags_are_switched_off_by_the_choice_of_no_event_types():
    log = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "y"], "click": [0, 1]})
    events = read_tables(log, columns={"event_type": None}).tables.events
    assert events["event_type"].null_count() == 2


@given(st.lists(st.sampled_from(["0", "1", "yes", "no", "", "x", "2", "-1"]), min_size=1))
def test_a_flag_is_set_or_not(values):
    flags = is_set(pl.Series("click", values))
    assert flags.dtype == pl.Boolean
    assert flags.null_count() == 0


def test_every_kind_of_flag_has_a_name():
    names = ("is_dislike", "has_bought", "was_saved", "did_click", "age")
    assert [flag_kind(name) for name in names] == [
        "negative",
        "count",
        "opinion",
        "view",
        None,
    ]


def test_flags_ignore_dates_and_lists():
    rows = pl.DataFrame({"returned": [pl.date(2026, 1, 5)], "click": [[0, 1]]}, strict=False)
    assert not find_flags(rows.select(pl.col("click"))).kinds


@pytest.mark.parametrize(
    ("name", "values", "bound"),
    [
        ("percent_watched", [97, 2, 50], 10.0),
        ("completion", [0.9, 0.02, 1.0], 0.1),
        ("watch_ratio", [1.4, 0.2, 0.0], 0.1),
        ("watch_time_ms", [200, 60_000, 80_000, 90_000] * 30, 8_000.0),
        ("播放时长", [1, 60, 80, 90] * 30, 8.0),
        ("dwell_time", ["1 s"] * 200, None),
        ("dwell_time", [1, 60, 80], None),  # too few to know what is usual
        ("duration", [1, 60, 80, 90] * 30, None),  # that of the item
        ("watch_time", [-1, 60, 80, 90] * 30, None),
    ],
)
def test_what_is_enough(name, values, bound):
    found = find_engagement(pl.Series(name, values))
    assert (found.bound if found else None) == (pytest.approx(bound) if bound else None)


def test_a_video_that_was_left_at_once_is_only_seen():
    assert read(percent_watched=[97, 2, 50]) == [1, 0, 1]
    assert read(percent_watched=[97, 2, 50], event_type=["buy"] * 3) == [1, 1, 1]


def test_one_skip_of_many_plays_does_not_count_against_a_song():
    log = {
        "user_id": ["a", "b", "c"],
        "track_id": ["x"] * 3,
        "plays": [231, 2, 3],
        "skips": [1, 5, 0],
    }
    assert read_tables(log).tables.events["event_type"].to_list() == [None, "skips", None]


def test_an_order_of_which_all_is_returned_counts_against_its_item():
    log = {
        "user_id": ["a", "b", "c"],
        "sku": ["x"] * 3,
        "quantity": [2, 3, 1],
        "returned": [2, 1, 0],
    }
    assert read_tables(log).tables.events["event_type"].to_list() == ["returned", None, None]


def test_a_list_of_returns_counts_against_its_items():
    log = {"user_id": ["a", "b"], "item_id": ["x", "y"], "returned": [1, 1]}
    assert read_tables(log).tables.events["event_type"].to_list() == ["returned", "returned"]


@pytest.mark.parametrize("name", ["Cancelled at", "unsubscribed_on", "退款时间"])
def test_a_time_at_which_an_event_was_undone_counts_against_the_item(name):
    log = {"user_id": ["a", "b"], "item_id": ["x", "y"], name: ["2026-03-01", ""]}
    events = read_tables(log).tables.events
    assert events["event_type"].is_null().to_list() == [False, True]
    assert event_name_kind(events["event_type"][0]) == "negative"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("percent_watched", "watched"), ("read_ratio", "read"), ("scroll_depth", "view")],
)
def test_what_was_taken_is_named_by_its_column(name, kind):
    log = {"user_id": ["a", "b"], "item_id": ["x", "y"], name: [97, 2]}
    assert read_tables(log).tables.events["event_type"].to_list() == [kind, "impression"]
