"""What is hidden stays hidden: on any input, for every slice."""

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from daybreak.data import Tables
from daybreak.errors import ConfigError, DataError
from daybreak.evaluation import SLICES, make_plans
from daybreak.simulation.evaluation_data import tie_order_warnings
from daybreak.simulation.slices import SLICE_GROUPS
from daybreak.simulation.table_slices import PAIR_COLUMNS


def draw(seed, size):
    """Return so many random rows: user, item, time or none, positive."""
    rng = np.random.default_rng(seed)
    times = [None, *range(40)]
    return [
        (int(u), int(i), times[t], bool(p))
        for u, i, t, p in rng.integers(0, (12, 14, 41, 2), (size, 4))
    ]


# Lists of tuples would be short and sparse; hidden rows hide in long histories.
inputs = st.builds(draw, st.integers(0, 10**6), st.integers(1, 260))
patient = settings(
    deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no failure


def build(drawn):
    """Return tables and what is positive in them."""
    events = pl.DataFrame(
        [(f"u{u}", f"i{i}", t, float(p)) for u, i, t, p in drawn],
        {
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Float64,
            "value": pl.Float64,
        },
        orient="row",
    )
    users = pl.DataFrame({"user_id": [f"u{n}" for n in range(12)], "age": range(12)})
    return Tables.of(events, users=users), events["value"] == 1.0


def some_plans(drawn, **options):
    tables, positive = build(drawn)
    assume(positive.any())
    return tables, positive, make_plans(tables, positive=positive, **options)


def by_name(plans):
    return {s.name: (plan, s) for plan in plans for s in plan.slices}


def pairs(frame):
    return set(frame.select(PAIR_COLUMNS).iter_rows())


@patient
@given(inputs, st.integers(0, 3))
def test_no_target_leaks_and_every_target_is_positive_and_reachable(drawn, seed):
    tables, positive, plans = some_plans(drawn, seed=seed)
    liked = pairs(tables.events.filter(positive))
    for plan, cell in by_name(plans).values():
        targets = pairs(cell.targets)
        told = pairs(plan.train.events) | pairs(cell.history) | pairs(cell.exclude)
        assert targets
        assert not cell.exclude_seen or not targets & told
        assert targets <= liked
        assert {i for _, i in targets} <= set(cell.candidates)
        assert list(cell.users) == sorted({u for u, _ in targets})
        assert plan.positive.len() == plan.train.events.height
        assert pairs(cell.history) <= liked


@patient
@given(inputs)
def test_new_users_are_absent_from_training(drawn):
    _, _, plans = some_plans(drawn)
    for plan, cell in by_name(plans).values():
        if cell.name.startswith(("cold_user", "events", "both")):
            assert not set(cell.users) & set(plan.train.events["user_id"])
            assert not set(cell.users) & set(plan.train.users["user_id"])


@patient
@given(inputs)
def test_new_items_have_no_event_in_training_but_stay_in_the_catalogue(drawn):
    _, _, plans = some_plans(drawn)
    for plan, cell in by_name(plans).values():
        if cell.name in {"cold_item", "both_cold"}:
            assert not set(cell.candidates) & set(plan.train.events["item_id"])
            assert set(cell.candidates) <= set(plan.train.items["item_id"])


@patient
@given(inputs)
def test_training_ends_before_the_cut_in_time(drawn):
    tables, positive, plans = some_plans(drawn, slices=["warm_time"])
    for plan, cell in by_name(plans).values():
        asked = tables.events.filter(positive).join(cell.targets, on=PAIR_COLUMNS)
        assert plan.train.events["timestamp"].max() < asked["timestamp"].min()
        assert plan.train.events["timestamp"].null_count() == 0


@patient
@given(inputs)
def test_the_last_event_of_a_user_is_asked_for_and_nothing_after_it_is_known(drawn):
    tables, positive, plans = some_plans(drawn, slices=["warm_last"])
    for plan, cell in by_name(plans).values():
        assert cell.targets["user_id"].is_unique().all()
        first = (
            tables.events.filter(positive).group_by(PAIR_COLUMNS).agg(pl.col("timestamp").min())
        )
        asked = (
            cell.targets.join(first, on=PAIR_COLUMNS)
            .drop_nulls()
            .select("user_id", at="timestamp")
        )
        kept = plan.train.events.join(asked, on="user_id")
        assert kept.filter(pl.col("timestamp") > pl.col("at")).height == 0


@patient
@given(inputs)
def test_few_shot_slices_differ_only_in_what_is_told(drawn):
    _, _, plans = some_plans(drawn)
    cells = {n: s for n, (_, s) in by_name(plans).items() if n.startswith("events_")}
    for name, cell in cells.items():
        shots = int(name.removeprefix("events_"))
        assert cell.users == cells["events_0"].users
        assert cell.targets.equals(cells["events_0"].targets)
        assert cell.history.height == shots * len(cell.users)


@patient
@given(inputs, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(drawn, random):
    tables, positive = build(drawn)
    assume(positive.any())
    order = list(range(len(drawn)))
    random.shuffle(order)
    shuffled = Tables.of(tables.events[order], users=tables.users)
    first = by_name(make_plans(tables, positive=positive))
    second = by_name(make_plans(shuffled, positive=positive.gather(order)))
    assert list(first) == list(second)
    for name, (plan, cell) in first.items():
        assert cell.targets.equals(second[name][1].targets)
        assert pairs(plan.train.events) == pairs(second[name][0].train.events)
        assert pairs(cell.history) == pairs(second[name][1].history)


def shop(n_users=60, n_events=20, n_items=40):
    """Everybody buys one new thing a day."""
    rng = np.random.default_rng(0)
    drawn = [
        (u, int(i), day * 10 + u % 7, True)
        for u in range(n_users)
        for day, i in enumerate(rng.permutation(n_items)[:n_events])
    ]
    events = pl.DataFrame(
        [(f"u{u}", f"i{i}", float(t)) for u, i, t, _ in drawn],
        ["user_id", "item_id", "timestamp"],
        orient="row",
    )
    return Tables.of(events)


def test_all_slices_are_made_when_the_data_allow_them():
    tables = shop()
    users = tables.users.with_columns(age=pl.lit(30))
    plans = make_plans(Tables.of(tables.events, users=users))
    missing = {
        "says",
        "again",
        *SLICE_GROUPS["young_100"],
        *SLICE_GROUPS["young_500"],
        "newcomer_now",
    }
    assert {s.name for plan in plans for s in plan.slices} == set(SLICES) - missing
    assert [plan.name for plan in plans if plan.slices] == [
        "new users",
        "new items",
        "leave last out",
        "before the cut",
        "first 5 users",
        "first 20 users",
    ]


def test_missing_attributes_and_times_are_said():
    tables = shop()
    timeless = tables.with_events(
        tables.events.with_columns(timestamp=pl.lit(None, pl.Float64))
    )
    notes = [note for plan in make_plans(timeless) for note in plan.notes]
    assert "cold_user_profile: not measured, no attribute of any user is known" in notes
    assert "warm_time: not measured, the times of events are unknown" in notes


def test_short_histories_relax_what_few_shot_asks_and_say_so():
    plans = make_plans(shop(n_events=6), slices=["events_5", "events_10"])
    (cell,) = plans[0].slices
    assert "first 5, the same" in cell.protocol
    assert "at least 6 positive events (relaxed" in cell.protocol
    assert plans[0].notes == ("events_10: not measured, too few users have so many events",)


def test_profiles_are_told_or_hidden():
    tables = shop()
    users = tables.users.with_columns(age=pl.lit(30))
    cells = by_name(make_plans(Tables.of(tables.events, users=users)))
    assert cells["cold_user_nothing"][1].profiles is None
    told = cells["cold_user_profile"][1]
    assert sorted(told.profiles["user_id"]) == list(told.users)
    assert told.profiles.columns == ["user_id", "age"]


def test_the_newest_items_are_those_seen_first_last():
    """Item n first appears at time n; the newest 15 % of 20 are the last three."""
    drawn = [(f"u{u}", f"i{n:02}", float(n)) for n in range(20) for u in range(n % 3 + 2)]
    events = pl.DataFrame(drawn, ["user_id", "item_id", "timestamp"], orient="row")
    (plan,) = make_plans(Tables.of(events), slices=["cold_item"], cold_items="newest")
    sold = set(plan.train.events["item_id"])
    assert not {"i17", "i18", "i19"} & sold
    assert set(plan.slices[0].candidates) == {f"i{n:02}" for n in range(20)} - sold
    assert plan.slices[0].protocol.startswith("The newest 15% of items")


def test_another_seed_hides_others():
    first, second = (
        make_plans(shop(), slices=["cold_user_nothing"], seed=seed)[0].slices[0].users
        for seed in (0, 1)
    )
    assert first != second
    assert len(first) == len(second) == 12


def test_what_cannot_be_asked_is_refused():
    tables = shop(n_users=4)
    with pytest.raises(ConfigError, match="no slice named 'warm'; known: cold_user_nothing"):
        make_plans(tables, slices=["warm"])
    with pytest.raises(ConfigError, match="'random' or 'newest', got 'oldest'"):
        make_plans(tables, cold_items="oldest")
    with pytest.raises(DataError, match="positive has 1 values for 80 events"):
        make_plans(tables, positive=pl.Series([True]))
    with pytest.raises(DataError, match="no event is positive"):
        make_plans(tables, positive=pl.Series([False] * 80))
    timeless = tables.with_events(tables.events.with_columns(timestamp=pl.lit(1.0)))
    with pytest.raises(DataError, match="use cold_items='random'"):
        make_plans(timeless, cold_items="newest")


def test_ties_sorted_by_id_are_noticed_as_numbers_and_as_text():
    for ids in ([str(n) for n in range(150)], [f"i{n:03}" for n in range(150)]):
        events = pl.DataFrame(
            {"user_id": ["u"] * 150, "item_id": ids, "timestamp": [1.0] * 150}
        )
        (note,) = tie_order_warnings(Tables.of(events))
        assert note.startswith("100% of 149 neighbouring events")
        shuffled = events.sample(fraction=1, shuffle=True, seed=0)
        assert tie_order_warnings(Tables.of(shuffled)) == ()


def test_the_moment_of_the_cut_belongs_to_the_future():
    """Eleven days of three purchases: the 80 % quantile is day 8; i10 is not seen before."""
    drawn = [(f"u{u}", f"i{(day + u) % 11}", float(day)) for day in range(11) for u in range(3)]
    events = pl.DataFrame(drawn, ["user_id", "item_id", "timestamp"], orient="row")
    (plan,) = make_plans(Tables.of(events), slices=["warm_time"])
    assert plan.train.events["timestamp"].max() == 7
    assert "i10" in set(plan.slices[0].targets["item_id"])


def test_in_one_sitting_the_last_event_is_drawn_not_read_off_the_ids():
    rows = [(f"u{u}", f"i{i}") for u in range(40) for i in range(9)]
    events = pl.DataFrame(rows, ["user_id", "item_id"], orient="row")
    (plan,) = make_plans(Tables.of(events), slices=["warm_last"])
    assert plan.slices[0].targets["item_id"].n_unique() > 4
    assert "in random order, as times are unknown" in plan.slices[0].protocol


def test_things_that_nobody_else_has_are_candidates_and_targets():
    """Everybody ends with a thing of their own, which nobody else has."""
    rows = [(f"u{u}", i, n) for u in range(9) for n, i in enumerate(["a", "b", "c", f"own{u}"])]
    rows += [
        ("v", "a", 1),
        ("v", "c", 2),
        ("v", "b", 30),
        *(("w", f"x{n}", n) for n in range(14)),
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    (plan,) = make_plans(Tables.of(events), slices=["warm_last"])
    assert {f"own{n}" for n in range(9)} <= set(plan.slices[0].targets["item_id"])
    assert plan.slices[0].counts["unreachable"] == 0


def test_unsold_things_are_candidates_of_every_slice():
    bought = shop(n_events=16)
    items = pl.DataFrame({"item_id": [*bought.items["item_id"], "unsold"]})
    users = bought.users.with_columns(age=pl.lit(30))
    plans = make_plans(Tables.of(bought.events, items=items, users=users))
    for plan in plans:
        for cell in plan.slices:
            assert "unsold" in cell.candidates, cell.name
            assert "all items of the catalogue" in cell.protocol
