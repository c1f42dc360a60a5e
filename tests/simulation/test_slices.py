"""A slice has one protocol, whoever measures it."""

import numpy as np
import polars as pl
import pytest

from daybreak.data import Tables
from daybreak.simulation.plans import make_plans
from daybreak.simulation.slices import (
    BENCHMARK_SLICES,
    DEFINITIONS,
    FEW_SHOT_SLICES,
    REPORT_SLICES,
)
from daybreak.simulation.splits import iter_evaluation_splits, warm_items


@pytest.fixture
def plans(data):
    """The plans of ``evaluate`` on the same events as ``data``."""
    events = data.events
    frame = pl.DataFrame(
        {
            "user_id": [f"u{user}" for user in events.user],
            "item_id": [f"i{item}" for item in events.item],
            "timestamp": events.at,
        }
    )
    profiles = pl.DataFrame(
        {"user_id": [f"u{n}" for n in range(80)], "taste": np.arange(80) % 4}
    )
    return make_plans(Tables.of(frame, users=profiles))


def test_every_slice_is_defined_and_used():
    assert set(REPORT_SLICES) | set(BENCHMARK_SLICES) == set(DEFINITIONS)
    shared = set(REPORT_SLICES) & set(BENCHMARK_SLICES)
    assert shared == {*FEW_SHOT_SLICES, "cold_item", "both_cold"}
    labels = [definition.label for definition in DEFINITIONS.values()]
    assert len(set(labels)) == len(labels)


def test_the_candidates_of_a_benchmark_slice_are_those_of_its_definition(data):
    for split in iter_evaluation_splits(data, 0, 1):
        is_warm = warm_items(split.data)
        for slice_ in split.slices:
            definition = DEFINITIONS[slice_.slice]
            assert slice_.target_items == definition.target_items
            if definition.target_items == "new":
                assert not is_warm[slice_.labelled.candidates].any()
            else:
                assert is_warm[slice_.labelled.candidates].any()


def test_the_candidates_of_a_report_slice_are_those_of_its_definition(plans):
    found = [slice_.name for plan in plans for slice_ in plan.slices]
    assert set(found) >= {"cold_item", "both_cold", "warm_last", "warm_time", "events_0"}
    for plan in plans:
        catalogue = set(plan.train.items["item_id"])
        with_events = set(plan.train.events["item_id"])
        for slice_ in plan.slices:
            is_new = DEFINITIONS[slice_.name].target_items == "new"
            assert set(slice_.candidates) == catalogue - (with_events if is_new else set())


def test_new_users_have_the_same_role_in_both(data, plans):
    """Shared slices: training has no event of the user, the history the first K events."""
    for split in iter_evaluation_splits(data, 0, 1):
        for slice_ in split.slices:
            if slice_.slice in FEW_SHOT_SLICES:
                known = int(slice_.slice.removeprefix("events_"))
                assert not np.isin(slice_.labelled.users, split.data.active_user_rows).any()
                assert (slice_.labelled.queries.n_events == known).all()
    for plan in plans:
        for slice_ in plan.slices:
            if slice_.name in FEW_SHOT_SLICES:
                known = int(slice_.name.removeprefix("events_"))
                assert not set(slice_.users) & set(plan.train.events["user_id"])
                lengths = slice_.history.group_by("user_id").len()["len"].to_list()
                assert lengths == ([known] * len(slice_.users) if known else [])


def test_items_that_were_never_sold_are_candidates_of_every_benchmark_slice(data):
    sold = data.filter_events(data.events.item != data.train_item_rows[0])
    unsold = ~warm_items(sold)
    assert unsold.any()
    for split in iter_evaluation_splits(sold, 0, 1):
        for slice_ in split.slices:
            assert slice_.labelled.candidates[unsold].all(), slice_.slice
