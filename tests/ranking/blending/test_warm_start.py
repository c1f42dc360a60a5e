from dataclasses import replace

import numpy as np
import pytest

from daybreak.models.base import SupportsWarmStart
from daybreak.models.popular import PopularModel
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.blending.warm_start import ZERO_WEIGHT, WarmStart, fit_all, refit_models

NAMES = ("popular", "item_knn", "content/match", "content/smooth")


@pytest.fixture
def start(data):
    return WarmStart(*fit_blend(data, get_strategies(NAMES), 0))


class Going(PopularModel):
    """Popularity that says where it went on from."""

    went_on_from = ()

    def learn_from(self, data, state, rng):
        Going.went_on_from = (*Going.went_on_from, state)
        return self.learn(data, rng)


@pytest.fixture
def going(monkeypatch):
    monkeypatch.setattr(Going, "went_on_from", ())
    monkeypatch.setattr(Strategy, "create_model", lambda self: Going(**self.options))
    return Strategy("popular", "popular")


def test_closed_forms_have_nothing_to_go_on_from(data, start):
    assert not isinstance(PopularModel(), SupportsWarmStart)
    fitted, how = fit_all(data, start.fitted.strategies, 0, start)
    assert how == {"continued": [], "anew": list(start.fitted.names)}
    assert fitted.names == start.fitted.names


def test_a_model_that_can_goes_on_from_its_state_with_the_same_options_only(data, going):
    before, _ = fit_all(data, [going], 0, None)
    start = WarmStart(None, before)
    _, how = fit_all(data, [going], 0, start)
    assert how == {"continued": ["popular"], "anew": []}
    assert Going.went_on_from == (before.models[0].state,)
    _, how = fit_all(data, [replace(going, options={"logarithm": False})], 0, start)
    assert how == {"continued": [], "anew": ["popular"]}


def test_a_state_that_the_model_cannot_use_is_said_to_be_learned_anew(data, going, monkeypatch):
    before, _ = fit_all(data, [going], 0, None)
    monkeypatch.setattr(Going, "learn_from", lambda self, data, state, rng: None)
    fitted, how = fit_all(data, [going], 0, WarmStart(None, before))
    assert how == {"continued": [], "anew": ["popular"]}
    np.testing.assert_array_equal(fitted.models[0].state.values, before.models[0].state.values)


def test_simulated_cold_starts_never_see_the_earlier_state(data, going):
    start = WarmStart(*fit_blend(data, [going], 0))
    fit_blend(data, [going], 0, warm_start=start)
    assert len(Going.went_on_from) == 1  # when all was learned


def test_what_was_weighed_and_found_useless_does_not_compete_again(data, start):
    met = {name: {"left_out": None} for name in NAMES}
    met |= {"item_knn": {"left_out": ZERO_WEIGHT}, "popular": {"left_out": "takes 90 s"}}
    blend = replace(start.blend, report={"candidates": met})
    left = replace(start, blend=blend).filter_strategies(get_strategies((*NAMES, "ease")))
    assert [s.name for s in left] == ["popular", "content/match", "content/smooth", "ease"]


def test_options_of_before_are_kept(start):
    tuned = replace(start.fitted.strategies[0], options={"window": 0.5})
    fitted = replace(start.fitted, strategies=(tuned, *start.fitted.strategies[1:]))
    narrowed = replace(start, fitted=fitted).filter_strategies(get_strategies(NAMES))
    assert narrowed[NAMES.index(tuned.name)].options == {"window": 0.5}


def test_weights_are_those_of_before_by_name(start):
    names = ("stranger", *start.blend.strategies)
    spread = start.weights(names)
    np.testing.assert_array_equal(spread[:, 0], 0)
    np.testing.assert_array_equal(spread[:, 1:], start.blend.weights)


def test_weights_of_new_items_are_taken_before_arrivals_moved_them(start):
    report = {"arrival": {"likeness": 0.5, "stretch": 0.6, "offset": -2.0}}
    moved = replace(start.blend, arrival_probability=0.5, report=report)
    loose = WarmStart(moved, start.fitted).new_weights(moved.strategies)
    np.testing.assert_allclose(loose[:, :-1] * 0.8, moved.new_weights)
    np.testing.assert_allclose(loose[:, -1] * 0.8 - 1.0, moved.new_bias)


def test_a_start_that_is_best_wins_the_search(data, start):
    blend, _ = fit_blend(data, get_strategies(NAMES), 0, warm_start=start)
    for before, after in zip(start.blend.report["levels"], blend.report["levels"], strict=True):
        assert after["ndcg@10"] >= before["ndcg@10"] - 1e-4
    assert set(blend.report["start"]["anew"]) == set(blend.strategies)


def test_a_refresh_keeps_the_weights_and_simulates_nothing(data, start, monkeypatch):
    monkeypatch.setattr("daybreak.ranking.blending.fit.build_training_pools", None)
    blend, fitted = refit_models(data, start, 0)
    np.testing.assert_allclose(blend.weights, start.blend.weights)
    np.testing.assert_allclose(blend.new_weights, start.blend.new_weights)
    np.testing.assert_allclose(blend.new_bias, start.blend.new_bias)
    assert blend.report["levels"] == start.blend.report["levels"]
    assert blend.report["start"]["weights"] == "kept"
    assert fitted.names == start.fitted.names


def test_a_report_of_before_there_was_a_list_of_candidates_narrows_nothing(start):
    old = replace(start.blend, report={"levels": []})
    assert WarmStart(old, start.fitted).filter_strategies(
        get_strategies(NAMES)
    ) == get_strategies(NAMES)
