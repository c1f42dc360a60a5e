import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from daybreak.errors import MissingExtraError, OutOfTimeError
from daybreak.models.ease import EaseModel
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.tuning.search import tune


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


def test_the_default_stays_where_the_best_was_luck(data):
    def luck(ridge):
        return 9 * np.random.default_rng(round(ridge * 1e6)).random(40)

    asked = [dial(luck)]
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


def test_the_same_seed_leads_to_the_same_options(data):
    def timeless(value):
        if isinstance(value, dict):
            return {k: timeless(v) for k, v in value.items() if k != "seconds"}
        return value

    one, other = (
        tune(data, get_strategies(["ease", "item_knn"]), 5, tries=4) for _ in range(2)
    )
    assert one.strategies == other.strategies
    assert timeless(one.record) == timeless(other.record)


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
