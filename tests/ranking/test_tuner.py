import sys

import pytest

from daybreak.errors import MissingExtraError
from daybreak.ranking.tuning.search_space import (
    Categorical,
    OptionSampler,
    Range,
    require_optuna,
)


def test_it_finds_the_top_of_a_hill_with_several_options():
    space = {
        "x": Range(0, 1),
        "n": Range(1, 64, log=True, is_integer=True),
        "c": Categorical(("a", "b")),
    }
    with require_optuna():
        tuner = OptionSampler(space, {"x": 0.5, "n": 4, "c": "a"}, seed=1)
        for _ in range(60):
            asked = tuner.ask()
            far = abs(asked["x"] - 0.8) + abs(asked["n"] - 30) / 30 + (asked["c"] != "b")
            tuner.tell(1 - far)
    assert tuner.best["c"] == "b"
    assert abs(tuner.best["x"] - 0.8) < 0.15
    assert abs(tuner.best["n"] - 30) < 10


def test_the_start_stays_the_best_when_nothing_gains():
    with require_optuna():
        tuner = OptionSampler({"x": Range(0, 1)}, {"x": 0.5}, seed=0)
        for gain in (-1.0, 0.0, None, None, -2.0):
            tuner.ask()
            tuner.tell(gain)
    assert tuner.best == {"x": 0.5}
    assert tuner.gain == 0


def test_it_stops_asking_when_everything_was_tried():
    with require_optuna():
        tuner = OptionSampler({"n": Range(1, 3, is_integer=True)}, {"n": 2}, seed=0)
        asked = []
        while (options := tuner.ask()) is not None:
            asked.append(options["n"])
            tuner.tell(0.1 * options["n"])
    assert sorted(asked) == [1, 3]
    assert tuner.best == {"n": 3}


def test_it_is_silent_and_leaves_the_log_as_it_was(capfd):
    import optuna  # noqa: PLC0415 - an extra

    before = optuna.logging.get_verbosity()
    with require_optuna():
        tuner = OptionSampler({"x": Range(0, 1)}, {"x": 0.5}, seed=0)
        tuner.ask()
        tuner.tell(1.0)
    assert optuna.logging.get_verbosity() == before
    assert capfd.readouterr() == ("", "")


def test_without_optuna_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"daybreak\[search\]"), require_optuna():
        pass
