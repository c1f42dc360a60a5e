"""The warm-up curve of a shop: learned from the first users, asked about later ones."""

import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.evaluation import make_plans
from daybreak.simulation.plans import validate_slice_names
from daybreak.simulation.slices import YOUNG_SLICES
from daybreak.simulation.table_slices import PAIR_COLUMNS


def shop(n_users=40, n_events=6, *, timed=True):
    """User n comes on day n and chooses six things, two a day."""
    rows = [
        (f"u{u:03}", f"i{(u * 7 + n * n) % 23}", u * 86_400.0 + n // 2 * 86_400.0)
        for u in range(n_users)
        for n in range(n_events)
    ]
    events = pl.DataFrame(rows, ["user_id", "item_id", "timestamp"], orient="row")
    return Tables.of(events if timed else events.drop("timestamp"))


def test_the_shop_has_learned_from_the_users_who_came_first():
    (plan,) = make_plans(shop(), slices=["young_5"])
    assert set(plan.train.events["user_id"]) == {f"u{n:03}" for n in range(5)}
    assert set(plan.train.users["user_id"]) == {f"u{n:03}" for n in range(5)}
    assert set(plan.train.items["item_id"]) == set(shop().items["item_id"])
    assert [cell.name for cell in plan.slices] == list(validate_slice_names(["young_5"]))


@pytest.mark.parametrize("timed", [True, False])
def test_all_numbers_of_known_events_have_the_same_users_and_targets(timed):
    (plan,) = make_plans(shop(timed=timed), slices=["young_20"])
    first, *others = plan.slices
    assert len(first.users) == 20
    assert not set(first.users) & set(plan.train.users["user_id"])
    for shots, cell in zip((1, 3), others, strict=True):
        assert cell.targets.equals(first.targets)
        assert cell.history.height == shots * 20
        known = cell.history.join(cell.targets, on=PAIR_COLUMNS)
        assert known.height == 0


def test_a_smaller_shop_is_part_of_a_larger_one_where_times_are_unknown():
    small, large = make_plans(shop(timed=False), slices=["young_5", "young_20"])
    assert set(small.train.users["user_id"]) < set(large.train.users["user_id"])
    assert "drawn first, as times are unknown" in small.slices[0].protocol


def test_a_shop_without_later_users_is_told():
    plans = make_plans(shop(n_users=30), slices=["young"])
    assert {plan.name for plan in plans if plan.slices} == {"first 5 users"}
    notes = [note for plan in plans for note in plan.notes]
    assert notes == [
        "young_20: not measured, only 10 users came after the first 20",
        "young_100: not measured, only 0 users came after the first 100",
        "young_500: not measured, only 0 users came after the first 500",
    ]


def test_short_histories_allow_fewer_known_events():
    (plan,) = make_plans(shop(n_events=2), slices=["young_5"])
    assert [cell.name for cell in plan.slices] == ["young_5_events_0", "young_5_events_1"]
    assert plan.notes == (
        "young_5_events_3: not measured, the later users have too few events",
    )


def test_the_name_of_the_group_stands_for_all_sizes():
    assert validate_slice_names(["young"]) == YOUNG_SLICES
