import sys
from dataclasses import fields

import numpy as np
import pytest

from daybreak.errors import MissingExtraError
from daybreak.models import models
from daybreak.models.card import Categorical, Range
from daybreak.ranking.tuning.search_space import (
    OptionSampler,
    default_options,
    require_optuna,
    search_space_for,
)
from daybreak.testing.models import example_dataset, example_queries

SEARCHED = [name for name in models if models[name].card.search_space]


@pytest.mark.parametrize("model", SEARCHED)
def test_every_option_exists_and_its_default_lies_inside(model):
    known = {field.name for field in fields(models[model].Config)}
    space = search_space_for(model, {})
    assert set(space) <= known
    for name, value in default_options(model, space).items():
        assert value in space[name], name


def corner(values, high):
    ends = values.values if isinstance(values, Categorical) else (values.low, values.high)
    return values.round_value(ends[-1 if high else 0])


@pytest.mark.parametrize("high", [False, True], ids=["low", "high"])
@pytest.mark.parametrize("model", SEARCHED)
def test_models_learn_at_the_ends_of_every_range(model, high):
    options = {
        name: corner(values, high) for name, values in search_space_for(model, {}).items()
    }
    options.update({name: 2 for name in ("epochs", "steps") if name in options})
    data = example_dataset()
    scores = models[model](**options).fit(data).score(example_queries(data), data.items)
    assert np.isfinite(scores).any()
    assert not np.isinf(scores).any()


def test_whole_numbers_and_others_are_told_apart():
    assert 3 in Range(1, 5)
    assert 3.5 in Range(1, 5)
    assert 3.5 not in Range(1, 5, is_integer=True)
    assert True not in Range(0, 1)
    assert "3" not in Range(1, 5)
    assert 6 not in Range(1, 5)
    assert 2 in Categorical((1, 2))


def test_values_keep_the_digits_that_matter():
    assert Range(0, 1).round_value(0.123456) == 0.123
    assert Range(1, 900, is_integer=True).round_value(123.0) == 123
    assert Categorical(("a", "b")).round_value("a") == "a"


def test_options_given_on_purpose_are_not_searched():
    assert set(search_space_for("ease", {})) == {"ridge"}
    assert not search_space_for("ease", {"ridge": 1.0})
    assert not search_space_for("graph_filter", {})


def test_it_finds_the_top_of_a_hill_with_several_options():
    space = {
        "x": Range(0, 1),
        "n": Range(1, 64, log=True, is_integer=True),
        "c": Categorical(("a", "b")),
    }
    with require_optuna():
        sampler = OptionSampler(space, {"x": 0.5, "n": 4, "c": "a"}, seed=1)
        for _ in range(60):
            asked = sampler.ask()
            far = abs(asked["x"] - 0.8) + abs(asked["n"] - 30) / 30 + (asked["c"] != "b")
            sampler.tell(1 - far)
    assert sampler.best["c"] == "b"
    assert abs(sampler.best["x"] - 0.8) < 0.15
    assert abs(sampler.best["n"] - 30) < 10


def test_the_start_stays_the_best_when_nothing_gains():
    with require_optuna():
        sampler = OptionSampler({"x": Range(0, 1)}, {"x": 0.5}, seed=0)
        for gain in (-1.0, 0.0, None, None, -2.0):
            sampler.ask()
            sampler.tell(gain)
    assert sampler.best == {"x": 0.5}
    assert sampler.gain == 0


def test_the_search_ends_when_everything_was_tried():
    with require_optuna():
        sampler = OptionSampler({"n": Range(1, 3, is_integer=True)}, {"n": 2}, seed=0)
        asked = []
        while (options := sampler.ask()) is not None:
            asked.append(options["n"])
            sampler.tell(0.1 * options["n"])
    assert sorted(asked) == [1, 3]
    assert sampler.best == {"n": 3}


def test_the_log_is_silent_and_then_restored(capfd):
    import optuna  # noqa: PLC0415 - an extra

    before = optuna.logging.get_verbosity()
    with require_optuna():
        sampler = OptionSampler({"x": Range(0, 1)}, {"x": 0.5}, seed=0)
        sampler.ask()
        sampler.tell(1.0)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_without_optuna_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"daybreak\[search\]"), require_optuna():
        pass
