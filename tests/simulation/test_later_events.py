"""What happens after a moment: newcomers, and what known users choose again."""

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.evaluation import evaluate, make_plans
from daybreak.simulation.later_events import measure_repeat_share

DAY = 86_400.0


def weekly_shop(n_users=12, n_weeks=10, *, repeats=True):
    """Everybody buys bread and one other thing each week."""
    rows = [
        (f"u{u:02}", item, week * 7 * DAY + u * 60.0)
        for u in range(n_users)
        for week in range(n_weeks)
        for item in ("bread" if repeats else f"loaf{week}", f"i{u % 4}{week}")
    ]
    return pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")


def newcomers(n, first_day):
    """One newcomer a day, with two purchases on that day."""
    rows = [
        (f"n{u:02}", item, (first_day + u) * DAY) for u in range(n) for item in ("bread", "jam")
    ]
    return pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")


def test_the_next_visit_includes_what_was_chosen_before():
    (plan,) = make_plans(Tables.of(weekly_shop()), slices=["again"])
    (cell,) = plan.slices
    targets = cell.targets.group_by("user_id").agg(pl.col("item_id").sort())
    assert len(targets) == 12
    assert all("bread" in items and len(items) == 2 for items in targets["item_id"])
    assert not cell.exclude_seen
    assert cell.exclude.height == 0


def test_lists_of_the_next_visit_may_hold_what_was_chosen_before():
    report = evaluate({}, Tables.of(weekly_shop()), slices=["again"], k=1)
    assert report.cell("again", "popular").values["hit"].mean == 1.0


def test_who_never_repeats_is_not_asked_again():
    plans = make_plans(Tables.of(weekly_shop(repeats=False)), slices=["again"])
    assert [note for plan in plans for note in plan.notes] == [
        "again: not measured, only 0% of the positive events repeat an earlier one"
    ]


def test_rows_of_one_purchase_are_no_repeats():
    rows = [("u", "tea", 1.0)] * 3 + [("u", "tea", 2.0), ("v", "tea", 1.0), ("v", "rum", 5.0)]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    assert measure_repeat_share(events) == pytest.approx(1 / 4)


def test_newcomers_are_asked_about_right_after_the_moment():
    """48 of 60 visits come before the cut at day 60; newcomers come from day 56 on."""
    events = pl.concat([weekly_shop(), newcomers(40, first_day=56)])
    items = pl.DataFrame({"item_id": ["bread", "jam", "later"], "created_at": [0.0, 0.0, 1e9]})
    (plan,) = make_plans(Tables.of(events, items=items), slices=["newcomer_now"])
    (cell,) = plan.slices
    last = plan.train.events["timestamp"].max()
    first = events.group_by("user_id").agg(pl.col("timestamp").min())
    asked = first.filter(pl.col("user_id").is_in(list(cell.users)))
    assert asked["timestamp"].min() > last
    assert not set(cell.users) & set(plan.train.events["user_id"])
    assert cell.history.height == 0
    assert "later" not in cell.candidates
    assert "bread" in cell.candidates


def test_without_newcomers_or_times_the_reason_is_told():
    plans = make_plans(Tables.of(weekly_shop()), slices=["newcomer_now"])
    assert plans[0].notes[-1] == (
        "newcomer_now: not measured, no held-out event can be reached by a list"
    )
    timeless = Tables.of(weekly_shop().drop("timestamp"))
    plans = make_plans(timeless, slices=["newcomer_now", "again"])
    assert set(plans[0].notes) == {
        f"{name}: not measured, the times of events are unknown"
        for name in ("newcomer_now", "again")
    }
