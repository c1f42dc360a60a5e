import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daybreak.engines import use_engine
from daybreak.engines.processes import ProcessEngine
from daybreak.engines.serial import SerialEngine
from daybreak.errors import MissingExtraError, OutOfTimeError
from daybreak.models.ease import EaseModel
from daybreak.ranking.benchmarks.learners import benchmark_strategies
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.tuning.search import ValidationSplit, tune
from daybreak.rng import create_generator
from daybreak.simulation.splits import EvaluationSplit, iter_splits


@dataclass(frozen=True)
class Dial(Strategy):
    """Knows the taste of everybody, behind as much noise as its ridge asks for."""

    noise: Callable[[float], Any] = lambda ridge: 0.0

    def fit(self, data, seed):
        noise = self.noise(self.options.get("ridge", EaseModel.Config().ridge))

        def score(queries, items):
            taste = np.eye(4, dtype=np.float32)[np.arange(len(items)) % 4].T
            return (queries.profile @ taste + noise).astype(np.float32)

        return SimpleNamespace(score=score)


def dial(noise):
    return Dial("dial", "ease", noise=noise)


def away_from_ten(ridge):
    return 1.5 * abs(math.log(ridge / 10)) * np.random.default_rng(0).random(40)


def test_a_planted_optimum_is_found_and_kept(data):
    found = tune(data, [dial(away_from_ten)], tries=25)
    (strategy,), record = found.strategies, found.record["strategies"]["dial"]
    assert 6 < strategy.options["ridge"] < 16
    assert record["kept"] is True
    assert record["check"]["low"] > 0
    assert record["best"] == strategy.options
    assert record["default"] == {"ridge": 2.5}
    assert record["slices"]["events_3"][1] > record["slices"]["events_3"][0]


def test_the_default_stays_where_the_best_was_chance(data):
    def chance(ridge):
        return 9 * np.random.default_rng(round(ridge * 1e6)).random(40)

    asked = [dial(chance)]
    found = tune(data, asked, seed=2, tries=12)
    record = found.record["strategies"]["dial"]
    assert record["gain"] > 0
    assert record["kept"] is False
    assert list(found.strategies) == asked


def test_the_default_stays_where_options_change_nothing(data):
    found = tune(data, [dial(lambda ridge: 0.0)], tries=4)
    record = found.record["strategies"]["dial"]
    assert (record["kept"], record["why"], record["tried"]) == (False, "nothing gained", 4)
    assert "check" not in record


def test_options_that_fail_or_take_too_long_are_given_up(data):
    def slow(ridge):
        if ridge > 5:
            raise OutOfTimeError("it would take 9 s, 1 s are left")
        return away_from_ten(ridge)

    found = tune(data, [dial(slow)], tries=15)
    record = found.record["strategies"]["dial"]
    assert record["given_up"] > 0
    assert record["best"]["ridge"] <= 5


def test_a_strategy_whose_defaults_fail_is_left_as_it_is(data):
    def broken(ridge):
        raise MissingExtraError("this", "'daybreak[deep]'")

    asked = [dial(broken), *get_strategies(["profile"])]
    record = tune(data, asked, tries=1).record["strategies"]
    assert "daybreak[deep]" in record["dial"]["why"]
    assert record["profile"]["tried"] == 1


def timeless(value):
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k != "seconds"}
    return value


def test_the_same_seed_leads_to_the_same_options(data):
    one, other = (
        tune(data, get_strategies(["ease", "item_knn"]), 5, tries=4) for _ in range(2)
    )
    assert one.strategies == other.strategies
    assert timeless(one.record) == timeless(other.record)


@pytest.mark.parametrize("n_shards", [1, 2, 7])
def test_workers_find_the_same_options_as_one_process(data, n_shards):
    asked = get_strategies(["ease", "item_knn", "popular", "content/neighbours"])
    alone = tune(data, asked, 5, tries=4)
    with use_engine(SerialEngine(n_shards)):
        found = tune(data, asked, 5, tries=4)
    assert found.strategies == alone.strategies
    for name, record in alone.record["strategies"].items():
        assert same_numbers(found.record["strategies"][name], timeless(record))


def test_two_processes_find_the_same_options_as_one(data):
    asked = get_strategies(["ease", "item_knn"])
    alone = tune(data, asked, 5, tries=3)
    with ProcessEngine(2) as engine, use_engine(engine):
        found = tune(data, asked, 5, tries=3)
    assert found.strategies == alone.strategies
    for name, record in alone.record["strategies"].items():
        assert same_numbers(found.record["strategies"][name], timeless(record))


def test_with_a_limit_workers_share_the_time(data):
    asked = get_strategies(["ease", "item_knn"])
    with use_engine(SerialEngine(2)):
        record = tune(data, asked, seconds=1e3, tries=2).record
    assert record["allowed_s"] == 1e3
    assert [one["tried"] for one in record["strategies"].values()] == [2, 2]


def same_numbers(found, wanted):
    """Return whether two records are equal to the rounding of sums."""
    if isinstance(wanted, dict):
        return all(same_numbers(found[key], value) for key, value in wanted.items())
    return found == (pytest.approx(wanted, rel=1e-4) if isinstance(wanted, float) else wanted)


def test_the_record_is_plain_json_in_the_order_of_the_strategies(data):
    asked = get_strategies(["popular", "factors", "profile"])
    record = tune(data, asked, seconds=1e3, tries=2).record
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert list(record["strategies"]) == ["popular", "factors", "profile"]
    assert record["strategies"]["popular"]["why"] == "it has no options to search"
    assert record["allowed_s"] == 1e3


def test_without_time_nothing_changes(data):
    asked = get_strategies(["ease", "profile"])
    found = tune(data, asked, seconds=0)
    assert found.strategies == asked
    assert all("no time" in one["why"] for one in found.record["strategies"].values())


def test_statistics_of_tried_options_are_not_kept(data, monkeypatch):
    sizes = []
    fit = Strategy.fit

    def watched(self, data, seed):
        sizes.append(len(data.cache))
        return fit(self, data, seed)

    monkeypatch.setattr(Strategy, "fit", watched)
    tune(data, get_strategies(["ease", "item_knn"]), tries=6)
    assert max(sizes) <= 4


def test_what_was_given_is_not_touched(data):
    before = dict(data.cache)
    tune(data, get_strategies(["ease"]), tries=2)
    assert data.cache == before


@pytest.mark.parametrize("users", [0, 1])
def test_next_to_no_data_change_nothing(data, users):
    few = data.filter_events(data.events.user < users)
    found = tune(few, get_strategies(["ease", "content/neighbours"]), tries=2)
    assert not any(one["kept"] for one in found.record["strategies"].values())
    json.dumps(found.record, allow_nan=False)


@pytest.fixture
def two_slices():
    """Slice "a" has queries of users 0 and 1, slice "b" another one of user 0."""

    def slice_queries(name, users):
        return SimpleNamespace(slice=name, labelled=SimpleNamespace(users=np.array(users)))

    data = SimpleNamespace(n_users=3)
    return ValidationSplit(
        EvaluationSplit("random", data, (slice_queries("a", [0, 1]), slice_queries("b", [0])))
    )


def test_the_gain_is_the_mean_over_slices_of_shares_of_the_default(two_slices):
    old = {"a": np.array([0.5, 0.5]), "b": np.array([0.0])}
    new = {"a": np.array([1.0, 0.5]), "b": np.array([0.01])}
    gain = two_slices.relative_gain(new, old)
    # Slice a: 0.25 / 0.5. Slice b: 0.01 / 0.01, where the floor stands for the default's 0.
    assert gain.difference == pytest.approx((0.5 + 1.0) / 2)
    # User 0 gives all 0.75 of it: standard error sqrt(2) x std(0.75, 0).
    margin = 1.96 * 2**0.5 * np.std([0.75, 0], ddof=1)
    assert gain.low == pytest.approx(0.75 - margin)
    assert gain.high == pytest.approx(0.75 + margin)


def test_only_slices_that_were_answered_count(two_slices):
    gain = two_slices.relative_gain({"a": np.array([0.6, 0.6])}, {"a": np.array([0.5, 0.5])})
    assert gain.difference == pytest.approx(0.2)
    assert gain.low == pytest.approx(0.2)
    assert np.isnan(two_slices.relative_gain({}, {}).low)


def test_values_are_those_of_a_benchmark(data):
    """A benchmark uses the same split when it draws from the same stream."""
    name = "any"
    validation = ValidationSplit.draw(data, 3, name)
    seed = int(create_generator(3, name).integers(2**31))
    for strategy in get_strategies(["item_knn", "content/match"]):
        row = benchmark_strategies(data, [strategy], seed=seed, repeats=1)[strategy.name]
        for slice_, values in validation.evaluate(strategy, seed).items():
            np.testing.assert_allclose(values, row.values[slice_])


def test_only_slices_that_the_options_can_change_are_evaluated(data):
    validation = ValidationSplit.draw(data, 0, "any")
    old, both, new = (
        validation.evaluate(strategy, 0)
        for strategy in get_strategies(["ease", "content/match", "content/smooth"])
    )
    assert set(new) == {"both_cold", "cold_item", "cold_item_3"}
    assert not set(new) & set(old)
    assert set(both) == {q.slice for q in validation.split.slices}
    assert not {name for name in old if name.endswith("_mixed")}


def test_splits_differ_by_name_and_from_those_of_a_blend(data):
    parts = [ValidationSplit.draw(data, 0, name).split.data for name in ("one", "two", "one")]
    parts.append(next(iter(iter_splits(data, 0))).data)
    first, second, again, theirs = (set(part.active_user_rows.tolist()) for part in parts)
    assert first == again
    assert len({frozenset(rows) for rows in (first, second, theirs)}) == 3
