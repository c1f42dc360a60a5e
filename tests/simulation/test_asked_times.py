"""When held-out users are asked: at the time of a target that no known event follows."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from daybreak.data import Tables
from daybreak.evaluation import make_plans
from daybreak.simulation.table_slices import RequestInfo, make_slice
from tests.simulation.test_plans import by_name, inputs, patient, shop, some_plans

COLUMNS = ["user_id", "item_id", "timestamp"]


def events(rows):
    return pl.DataFrame(rows, COLUMNS, orient="row").with_columns(
        pl.col("timestamp").cast(pl.Float64)
    )


def times_of(pairs, **known):
    candidates = pl.Series(["tea", "rum", "cup"])
    made = make_slice("x", "Everything.", events(pairs), candidates, RequestInfo(**known))
    return made.times.rows()


def test_a_user_is_asked_at_the_first_target_that_no_known_event_follows():
    """Ann took tea before her last known event, then rum, then a cup."""
    pairs = [("ann", "tea", 50), ("ann", "rum", 90), ("ann", "cup", 95), ("bob", "rum", 30)]
    known = events([("ann", "pot", 60), ("ann", "pan", 10), ("bob", "pot", 30)])
    assert times_of(pairs, known=known) == [("ann", 90.0), ("bob", 30.0)]


def test_who_chose_targets_only_before_known_events_is_told_no_time():
    pairs, known = [("ann", "tea", 50)], events([("ann", "pot", 60)])
    assert times_of(pairs, known=known) == []
    assert times_of(pairs, history=known) == []


def test_targets_that_are_no_candidates_are_no_reason_to_ask():
    pairs, known = [("ann", "secret", 70), ("ann", "rum", 90)], events([("ann", "pot", 60)])
    assert times_of(pairs, known=known) == [("ann", 90.0)]


def test_nobody_of_whom_nothing_is_known_is_told_a_time():
    pairs = [("ann", "tea", 50), ("bob", "tea", 40)]
    assert times_of(pairs) == []
    assert times_of(pairs, history=events([("bob", "pot", 20)])) == [("bob", 40.0)]


def test_unknown_times_are_not_told():
    pairs, known = [("ann", "tea", None), ("bob", "tea", 9)], [("ann", "pot", 1)]
    assert times_of(pairs, known=events([*known, ("bob", "pot", None)])) == []


def test_the_slices_of_a_shop():
    """Everybody takes all fifteen things, one a day, and then some again."""
    rows = [(f"u{u}", f"i{(u + day) % 15}", day) for u in range(15) for day in range(20)]
    plans = by_name(make_plans(Tables.of(events(rows)), seed=1))
    asked = {name: dict(one.times.iter_rows()) for name, (_, one) in plans.items()}
    everybody = {f"u{u}" for u in range(15)}
    assert set(asked["warm_last"]) == everybody
    assert set(asked["warm_last"].values()) == {14.0}
    assert asked["cold_user_nothing"] == {}
    assert "15 of 15 users are asked at the time" in plans["warm_last"][1].protocol
    assert "asked at the time" not in plans["cold_user_nothing"][1].protocol


def test_without_an_order_in_time_nobody_is_told_a_time():
    made = shop()
    no_order = made.events.with_columns(timestamp=pl.lit(5.0))
    for plan in make_plans(Tables.of(no_order)):
        for one in plan.slices:
            assert one.times.height == 0, one.name
            assert "asked at the time" not in one.protocol


@patient
@given(inputs)
def test_a_time_says_nothing_that_known_events_contradict(drawn):
    tables, positive, plans = some_plans(drawn)
    for name, (plan, one) in by_name(plans).items():
        times = one.times
        assert times["user_id"].is_unique().all()
        assert set(times["user_id"]) <= set(one.users)
        known = pl.concat([plan.train.events, one.history]).join(times, on="user_id")
        assert (known["timestamp"] <= known["timestamp_right"]).fill_null(value=True).all()
        chosen = tables.events.filter(positive).join(one.targets, on=["user_id", "item_id"])
        at = set(chosen.select("user_id", "timestamp").iter_rows())
        assert set(times.iter_rows()) <= at, name


@pytest.mark.parametrize("cold_items", ["random", "newest"])
def test_buyers_of_new_items_are_asked_at_no_time(cold_items):
    """They took them at all times, as a rule before other events that are known."""
    names = ["cold_item", "cold_item_all", "both_cold"]
    rng = np.random.default_rng(0)
    rows = [
        (f"u{u:02}", f"i{i:02}", 100 * day + u)
        for u in range(40)
        for day, i in enumerate(rng.permutation(30)[:16])
    ]
    (plan,) = make_plans(Tables.of(events(rows)), slices=names, cold_items=cold_items)
    assert [one.times.height for one in plan.slices] == [0, 0, 0]
