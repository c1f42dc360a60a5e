from dataclasses import replace

import numpy as np

from daybreak.data.user_samples import sample_data
from daybreak.ranking.blending import fit
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.sample_scale import scale_from_sample
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.warm_start import fit_all
from daybreak.service.training.fit import simulation_messages


def test_scales_of_all_data_are_those_of_the_simulations(data):
    fitted, _ = fit_all(data, get_strategies(["popular", "item_knn"]), 0, None)
    scale = np.array([2.0, 3.0], dtype=np.float32)
    assert scale_from_sample(data, data, fitted, scale, 0) is scale


def test_a_scale_grows_with_the_scores_of_its_strategy(data, monkeypatch):
    """Scores three times as large, from the same weight, need a scale three times as large."""
    sample = replace(data)
    fitted, _ = fit_all(data, get_strategies(["popular", "item_knn"]), 0, None)
    measured = {id(sample): np.float32([0.5, 2.0]), id(data): np.float32([1.5, 2.0])}
    monkeypatch.setattr(
        "daybreak.ranking.blending.sample_scale.measure_user_scales",
        lambda seen, *_: measured[id(seen)],
    )
    found = scale_from_sample(data, sample, fitted, np.float32([4.0, 5.0]), 0)
    np.testing.assert_allclose(found, [12.0, 5.0])


def test_a_blend_is_learned_from_a_sample_and_says_so(data, monkeypatch):
    monkeypatch.setattr(fit, "sample_data", lambda data, seed: sample_data(data, seed, 200))
    strategies = get_strategies(["popular", "item_knn", "content/ridge"])
    blend, fitted = fit_blend(data, strategies, 0)
    sample = blend.report["simulations"]["sample"]
    assert 150 < sample["events"] <= 200
    assert len(fitted.train_items) == len(data.train_items)
    told = simulation_messages(blend.report)
    assert f"{sample['events']:,} events of {sample['users']:,} users" in told[0]


def test_a_blend_of_few_events_is_learned_from_all(data):
    blend, _ = fit_blend(data, get_strategies(["popular", "item_knn"]), 0)
    assert "sample" not in blend.report["simulations"]
