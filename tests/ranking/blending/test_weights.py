import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybreak.data import Vocabulary
from daybreak.errors import ConfigError
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    ArrivalShift,
    Blend,
    Exclusion,
    ExclusionReason,
    WeightSet,
    nearest_level,
)


@pytest.fixture
def blend():
    rng = np.random.default_rng(0)
    shape = (len(EVENT_LEVELS), 3)
    return Blend(
        ("a", "b", "c"),
        rng.random(3).astype(np.float32),
        rng.random(shape),
        rng.random(shape),
        rng.random(len(EVENT_LEVELS)),
        ArrivalShift(0.5, 0.6, -2.0),
        {"slow": Exclusion(ExclusionReason.NO_TIME, "it would take 9 s, 2 s are left")},
        {"levels": []},
    )


def assert_same(first, second):
    for name in ("scale", "weights", "new_weights", "new_bias"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.strategies == second.strategies
    assert first.arrival == second.arrival
    assert first.excluded == second.excluded
    assert first.report == second.report


def test_a_level_is_its_own_nearest():
    events = np.array(EVENT_LEVELS, dtype=np.float32)
    assert nearest_level(events).tolist() == list(range(len(EVENT_LEVELS)))


def test_any_event_leaves_the_level_without_events():
    assert nearest_level(np.array([0, 0.01], dtype=np.float32)).tolist() == [0, 1]


@given(st.lists(st.floats(0, 1e6, width=32), min_size=2))
def test_more_events_never_mean_a_lower_level(counts):
    levels = nearest_level(np.sort(np.array(counts, dtype=np.float32)))
    assert (np.diff(levels) >= 0).all()
    assert levels.min() >= 0
    assert levels.max() < len(EVENT_LEVELS)


def test_an_arrival_shift_can_be_undone():
    """With a probability of 1/2, slope 0.6 means a factor of 0.8, and -2 means -1."""
    shift = ArrivalShift(0.5, 0.6, -2.0)
    weights, bias = shift.apply(np.array([1.0]), np.array([2.0]))
    assert (weights[0], bias[0]) == pytest.approx((0.8, 0.6))
    assert shift.undo(weights, bias) == (pytest.approx([1.0]), pytest.approx([2.0]))


def test_json_preserves_a_blend(blend):
    assert_same(Blend.from_json(json.loads(json.dumps(blend.to_json()))), blend)


def test_releases_of_before_kept_shift_and_exclusions_in_the_report(blend):
    record = blend.to_json()
    del record["arrival"], record["excluded"]
    messages = {
        "a": None,
        "ease": "counts nowhere",
        "sequence": "did not help in the first simulated cold start",
        "distilled": "one learning takes 5 s, 2 s are left",
        "two_tower": "no time to find out whether it helps: it would take 9 s, 2 s are left",
        "adversarial": "pip install 'daybreak[deep]'",
    }
    record["report"] = {
        "arrival": {"likeness": 0.5, "stretch": 0.6, "offset": -2.0},
        "candidates": {n: {"seconds": 1.0, "left_out": m} for n, m in messages.items()},
    }
    found = Blend.from_json(json.loads(json.dumps(record)))
    assert found.arrival == blend.arrival
    assert {name: one.reason for name, one in found.excluded.items()} == {
        "ease": ExclusionReason.ZERO_WEIGHT,
        "sequence": ExclusionReason.NOT_HELPFUL,
        "distilled": ExclusionReason.NO_TIME,
        "two_tower": ExclusionReason.NO_TIME,
        "adversarial": ExclusionReason.MISSING_EXTRA,
    }
    assert found.excluded["ease"].message == "counts nowhere"


def test_the_oldest_releases_have_no_shift_and_no_exclusions(blend):
    record = replace(blend, report={"levels": []}).to_json()
    del record["arrival"], record["excluded"]
    found = Blend.from_json(record)
    assert found.arrival == ArrivalShift(0.5)
    assert found.excluded == {}


def weight_set(popularity, value):
    shape = (len(EVENT_LEVELS), 3)
    return WeightSet(
        popularity, np.full(shape, value), np.full(shape, 2 * value), np.full(shape[0], -value)
    )


@pytest.fixture
def two_ends():
    sets = (weight_set(0.0, 9.0), weight_set(0.5, 4.0), weight_set(1.0, 1.0))
    scale = np.ones(3, dtype=np.float32)
    return Blend.from_sets(("a", "b", "c"), scale, sets, 0.5)


@pytest.mark.parametrize(
    ("popularity", "value"), [(1, 1), (0.75, 2.5), (0.5, 4), (None, 4), (0.25, 6.5), (0, 9)]
)
def test_weights_are_interpolated_between_the_nearest_settings(two_ends, popularity, value):
    blend = two_ends.at_popularity(popularity)
    assert blend.weights[0, 0] == pytest.approx(value)
    assert blend.new_weights[0, 0] == pytest.approx(2 * value)
    assert blend.new_bias[0] == pytest.approx(-value)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_order_of_settings_does_not_matter(first, second):
    sets = (weight_set(0.0, 9.0), weight_set(1.0, 1.0))
    blend = Blend.from_sets(("a", "b", "c"), np.ones(3, dtype=np.float32), sets, 0.5)
    direct = blend.at_popularity(second)
    np.testing.assert_allclose(
        blend.at_popularity(first).at_popularity(second).weights, direct.weights
    )


@pytest.mark.parametrize("popularity", [-0.1, 1.1, float("nan"), "high"])
def test_a_setting_outside_0_to_1_is_an_error(two_ends, popularity):
    with pytest.raises(ConfigError, match="popularity"):
        two_ends.at_popularity(popularity)


def test_a_file_keeps_all_settings_and_its_weights_are_those_of_1(two_ends):
    record = json.loads(json.dumps(two_ends.to_json()))
    assert record["weights"][0][0] == 1
    loaded = Blend.from_json(record)
    assert loaded.popularity == loaded.default_popularity == 0.5
    for popularity in (0, 0.3, 0.5, 1):
        assert_same(loaded.at_popularity(popularity), two_ends.at_popularity(popularity))


def test_a_file_of_an_earlier_version_has_one_setting(blend):
    record = blend.to_json()
    del record["popularity"]
    loaded = Blend.from_json(record)
    assert loaded.default_popularity == 1
    assert_same(loaded.at_popularity(0), blend)


def test_another_arrival_shift_changes_the_new_items_of_all_settings(two_ends):
    shifted = two_ends.with_arrival(ArrivalShift(1.0, 0.5, 2.0))
    assert shifted.new_weights[0, 0] == 4
    assert shifted.at_popularity(0).new_weights[0, 0] == 9
    assert shifted.at_popularity(0).new_bias[0] == pytest.approx(-2.5)
    assert shifted.at_popularity(0).weights[0, 0] == 9


def test_an_item_with_its_own_probability_has_its_own_shift():
    """Slope 0.6, intercept -2: half applied on average, all of it for one, none for another."""
    shift = ArrivalShift(0.5, 0.6, -2.0, {"arrived": 1.0, "old": 0.0})
    factor, added = shift.item_shifts(Vocabulary(["arrived", "usual", "old"]))
    _, bias = shift.apply(np.ones(1), np.array([5.0]))
    np.testing.assert_allclose(factor * shift.applied_slope, [0.6, 0.8, 1.0])
    np.testing.assert_allclose(bias[0] * factor + added, [5 * 0.6 - 2, 5 * 0.8 - 1, 5])


def test_probabilities_of_items_survive_a_release(blend):
    shifted = replace(blend, arrival=ArrivalShift(0.5, 0.6, -2.0, {"tea": 0.9}))
    again = Blend.from_json(json.loads(json.dumps(shifted.to_json())))
    assert again.arrival.items == {"tea": 0.9}
    assert "items" not in blend.to_json()["arrival"]


def test_unsold_items_survive_a_release_and_others_have_share_zero(blend):
    shifted = replace(blend, arrival=ArrivalShift(0.5, unsold={"tea": 0.9}))
    again = Blend.from_json(json.loads(json.dumps(shifted.to_json())))
    assert again.arrival.unsold_shares(Vocabulary(["rum", "tea"])).tolist() == [0, 0.9]
    assert "unsold" not in blend.to_json()["arrival"]
