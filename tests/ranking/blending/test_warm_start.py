from dataclasses import replace

import numpy as np
import pytest

from daybreak.models.base import SupportsWarmStart
from daybreak.models.popular import PopularModel
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.blending.warm_start import WarmStart, fit_all, refit_models
from daybreak.ranking.blending.weights import ArrivalShift, Exclusion, ExclusionReason

NAMES = ("popular", "item_knn", "content/match", "content/smooth")


@pytest.fixture
def start(data):
    return WarmStart(*fit_blend(data, get_strategies(NAMES), 0))


class ContinuingModel(PopularModel):
    """Popularity that records the states from which it continued."""

    continued_from = ()

    def learn_from(self, data, state, rng):
        ContinuingModel.continued_from = (*ContinuingModel.continued_from, state)
        return self.learn(data, rng)


class ContinuingStrategy(Strategy):
    def create_model(self):
        return ContinuingModel(**self.options)


@pytest.fixture
def continuing(monkeypatch):
    monkeypatch.setattr(ContinuingModel, "continued_from", ())
    return ContinuingStrategy("popular", "popular")


def test_models_in_closed_form_are_fitted_anew(data, start):
    assert not isinstance(PopularModel(), SupportsWarmStart)
    fitted, names = fit_all(data, start.fitted.strategies, 0, start)
    assert names == {"continued": [], "anew": list(start.fitted.names)}
    assert fitted.names == start.fitted.names


def test_a_model_continues_only_with_the_same_options(data, continuing):
    before, _ = fit_all(data, [continuing], 0, None)
    start = WarmStart(None, before)
    _, names = fit_all(data, [continuing], 0, start)
    assert names == {"continued": ["popular"], "anew": []}
    assert ContinuingModel.continued_from == (before.models[0].state,)
    other = replace(continuing, options={"logarithm": False})
    _, names = fit_all(data, [other], 0, start)
    assert names == {"continued": [], "anew": ["popular"]}


def test_a_model_that_cannot_use_a_state_is_fitted_anew(data, continuing, monkeypatch):
    before, _ = fit_all(data, [continuing], 0, None)
    monkeypatch.setattr(ContinuingModel, "learn_from", lambda self, data, state, rng: None)
    fitted, names = fit_all(data, [continuing], 0, WarmStart(None, before))
    assert names == {"continued": [], "anew": ["popular"]}
    np.testing.assert_array_equal(fitted.models[0].state.values, before.models[0].state.values)


def test_simulated_cold_starts_never_see_the_earlier_state(data, continuing):
    start = WarmStart(*fit_blend(data, [continuing], 0))
    fit_blend(data, [continuing], 0, warm_start=start)
    assert len(ContinuingModel.continued_from) == 1  # the last fit, on all data


def test_only_strategies_with_zero_weight_are_not_tried_again(start):
    excluded = {
        "item_knn": Exclusion(ExclusionReason.ZERO_WEIGHT, ""),
        "popular": Exclusion(ExclusionReason.NO_TIME, ""),
        "content/match": Exclusion(ExclusionReason.NOT_HELPFUL, ""),
    }
    earlier = replace(start, blend=replace(start.blend, excluded=excluded))
    found = earlier.filter_strategies(get_strategies((*NAMES, "ease")))
    assert [s.name for s in found] == ["popular", "content/match", "content/smooth", "ease"]


def test_without_exclusions_all_strategies_are_tried_again(start):
    earlier = replace(start, blend=replace(start.blend, excluded={}))
    assert earlier.filter_strategies(get_strategies(NAMES)) == get_strategies(NAMES)


def test_strategies_keep_their_earlier_options(start):
    tuned = replace(start.fitted.strategies[0], options={"window": 0.5})
    fitted = replace(start.fitted, strategies=(tuned, *start.fitted.strategies[1:]))
    found = replace(start, fitted=fitted).filter_strategies(get_strategies(NAMES))
    assert found[NAMES.index(tuned.name)].options == {"window": 0.5}


def test_weights_are_aligned_by_name(start):
    names = ("unknown", *start.blend.strategies)
    weights = start.weights(names)
    np.testing.assert_array_equal(weights[:, 0], 0)
    np.testing.assert_array_equal(weights[:, 1:], start.blend.at_popularity(1.0).weights)


def test_weights_of_new_items_are_those_before_the_arrival_shift(start):
    shifted = replace(start.blend.at_popularity(1.0), arrival=ArrivalShift(0.5, 0.6, -2.0))
    weights = WarmStart(shifted, start.fitted).new_weights(shifted.strategies)
    np.testing.assert_allclose(weights[:, :-1] * 0.8, shifted.new_weights)
    np.testing.assert_allclose(weights[:, -1] * 0.8 - 1.0, shifted.new_bias)


def test_the_search_is_worse_than_the_warm_start_by_shrinkage_only(data, start):
    blend, _ = fit_blend(data, get_strategies(NAMES), 0, warm_start=start)
    for before, after in zip(start.blend.report["levels"], blend.report["levels"], strict=True):
        assert after["ndcg@10"] >= before["ndcg@10"] - 0.01
    assert set(blend.report["start"]["anew"]) == set(blend.strategies)


def test_a_refit_keeps_the_weights_and_simulates_nothing(data, start, monkeypatch):
    monkeypatch.setattr("daybreak.simulation.splits.random_holdout", None)
    blend, fitted = refit_models(data, start, 0)
    np.testing.assert_allclose(blend.weights, start.blend.weights)
    np.testing.assert_allclose(blend.new_weights, start.blend.new_weights)
    np.testing.assert_allclose(blend.new_bias, start.blend.new_bias)
    assert blend.report["levels"] == start.blend.report["levels"]
    assert blend.report["start"]["weights"] == "kept"
    assert blend.excluded == start.blend.excluded
    assert fitted.names == start.fitted.names


def test_a_refit_keeps_what_was_found_to_be_unsold(data, start):
    fixed = replace(start.blend, arrival=ArrivalShift(unsold={"x": 0.4}), report={})
    blend, _ = refit_models(data, WarmStart(fixed, start.fitted), 0)
    assert blend.arrival.unsold == {"x": 0.4}


def test_a_refit_measures_the_arrival_probability_again(data, start):
    earlier = ArrivalShift(0.0, 0.5, -1.0)
    fixed = replace(start.blend, arrival=earlier, report={})
    blend, _ = refit_models(data, WarmStart(fixed, start.fitted), 0)
    assert blend.arrival.probability == pytest.approx(0.8)  # content says nothing
    np.testing.assert_allclose(blend.new_weights, 0.6 * fixed.new_weights)
    np.testing.assert_allclose(blend.new_bias, 0.6 * fixed.new_bias - 0.8)
    wanted = {"likeness": 0.8, "stretch": 0.5, "offset": -1.0}
    assert blend.report["arrival"] == pytest.approx(wanted)
