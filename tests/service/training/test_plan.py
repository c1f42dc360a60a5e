"""The plan of a training, and its bound on memory."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybreak import Recommender
from daybreak.errors import ConfigError, MemoryLimitError, NextStep
from daybreak.memory import ComputationLimits, use_limits
from daybreak.models.sizes import TrainingSizes
from daybreak.service.training.cost_estimate import (
    LearnedShare,
    TrainingData,
    cost_constants,
    estimate_cost,
    fit_memory_features,
    plan_fits,
)
from daybreak.service.training.plan import LEVELS

SIZES = st.builds(
    TrainingSizes,
    n_users=st.integers(1, 1_000_000),
    n_items=st.integers(10, 200_000),
    n_sold=st.integers(1, 200_000),
    n_events=st.integers(1, 50_000_000),
)


@pytest.fixture
def events():
    """Sixty users of two kinds; every third event is a return."""
    rows = [
        (f"u{user}", f"{'ab'[user % 2]}{(user + step) % 12}", "return" if step == 2 else "buy")
        for user in range(60)
        for step in range(5)
    ]
    return pl.DataFrame(rows, ["user_id", "item_id", "event_type"], orient="row")


def recommender(**options):
    return Recommender(encoder="none", **options)


def test_sizes_are_those_of_positive_events(events):
    items = pl.DataFrame({"item_id": [f"a{row}" for row in range(40)]})
    plan = recommender().plan(events, items)
    assert (plan.n_users, plan.n_items, plan.n_events) == (60, 52, 240)
    assert plan.form == "dense"
    assert plan.memory_bytes is None
    assert plan.notes == ()


def test_a_plan_names_what_each_strategy_holds(events):
    plan = recommender(strategies=["popular", "ease"]).plan(events)
    held = {one.name: one.held_bytes for one in plan.strategies}
    assert held == {"popular": 4 * plan.n_sold, "ease": 8 * plan.n_sold**2}


@settings(max_examples=40)
@given(SIZES)
def test_smaller_settings_never_need_more(sizes):
    data = TrainingData(sizes, 1_000_000)
    peaks = []
    for level in LEVELS[:2]:
        with use_limits(level.limits):
            cost = estimate_cost(data)
        assert 0 < cost.peak_bytes.low <= cost.peak_bytes.expected <= cost.peak_bytes.high
        assert 0 < cost.seconds.low <= cost.seconds.expected <= cost.seconds.high
        peaks.append(cost.peak_bytes.expected)
    assert peaks == sorted(peaks, reverse=True)
    with use_limits(LEVELS[2].limits):
        fewer = estimate_cost(data, LearnedShare(1, 0.0)).peak_bytes.expected
        assert fewer <= estimate_cost(data).peak_bytes.expected


def test_features_of_a_fit_by_hand():
    """4 n² bytes of a dense matrix; 4 * landmarks * (n + items) bytes of content."""
    (*_, whole) = plan_fits(TrainingSizes(100, 3_000, 2_000, 9_000), has_times=False)
    features = fit_memory_features(whole)
    assert features["dense"] == pytest.approx(16)
    assert features["landmarks"] == pytest.approx(40)
    assert features["sparse"] == features["blocks"] == 0
    with use_limits(ComputationLimits(dense_items=0, dual_users=0, landmarks=500)):
        features = fit_memory_features(whole)
    assert features["dense"] == 0
    assert features["landmarks"] == pytest.approx(10)
    assert features["sparse"] == pytest.approx(12 * 200 * 2_000 / 1e6)


def test_every_feature_has_a_constant():
    constants = cost_constants()
    (*_, whole) = plan_fits(TrainingSizes(1, 1, 1, 1), has_times=True)
    assert constants["memory"]["fit"].keys() == fit_memory_features(whole).keys()


def test_the_first_setting_that_keeps_to_the_bound_is_chosen(events):
    plain = recommender().plan(events)
    wide = recommender(memory=int(plain.peak_bytes.high) + 1).plan(events)
    assert wide.notes == ()
    assert wide.learned == plain.learned
    tight = recommender(memory=int(plain.peak_bytes.high) - 1).plan(events)
    assert "of memory" in tight.notes[0]
    assert tight.peak_bytes.high <= tight.memory_bytes


def test_a_bound_that_nothing_keeps_to_is_refused_with_what_would_be_enough(events):
    with pytest.raises(MemoryLimitError, match="memory is 2 MB") as error:
        recommender(memory="2MB").fit(events)
    assert error.value.next_step is NextStep.ALLOW_MEMORY
    needed = error.value.parameters["needed"]
    assert recommender(memory=needed, strategies=["popular"]).plan(events).learned


def test_what_a_bound_changed_is_told(events, monkeypatch):
    plain = recommender(strategies=["popular", "ease"]).plan(events)
    bound = int(plain.peak_bytes.high) - 1
    bounded = recommender(strategies=["popular", "ease"], memory=bound).fit(events)
    assert any("of memory" in note for note in bounded.notes)
    assert bounded.report["plan"]["memory_bytes"] == bound


def test_a_strategy_without_room_is_left_out_and_told(events, monkeypatch):
    """The constants are such that EASE, but not popularity, needs a gigabyte."""
    constants = {**cost_constants()}
    fit = dict.fromkeys(constants["memory"]["fit"], 0.0) | {"landmarks": 1e7}
    constants["memory"] = {**constants["memory"], "fit": fit}
    monkeypatch.setattr(
        "daybreak.service.training.cost_estimate.cost_constants", lambda: constants
    )
    plan = recommender(strategies=["popular", "ease"], memory="1GB").plan(events)
    assert plan.learned == ("popular",)
    assert [one.left_out for one in plan.strategies] == [
        "",
        "its memory exceeds the bound of the training",
    ]


def test_a_size_that_cannot_be_read_is_refused_at_once():
    with pytest.raises(ConfigError, match="such as 2GB"):
        recommender(memory="a lot")


def test_the_bound_is_a_parameter_of_the_estimator():
    assert recommender(memory="2GB").clone().memory == "2GB"
