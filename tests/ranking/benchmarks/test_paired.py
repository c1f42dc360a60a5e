from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.benchmarks.learners import benchmark_strategies
from daybreak.ranking.benchmarks.paired import (
    EncodedCatalogue,
    RecommenderSpec,
    evaluate_paired,
)
from daybreak.ranking.blending.strategies import Strategy, get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.simulation.slices import FEW_SHOT_SLICES

NAMES = ("popular", "item_knn", "content/match")


def spec(**weights):
    """Strategies that count the same at every level."""
    shares = np.tile([float(weights.get(name.split("/")[0], 0)) for name in NAMES], (8, 1))
    blend = Blend(NAMES, np.ones(3, np.float32), shares, shares, np.zeros(len(EVENT_LEVELS)))
    return RecommenderSpec(blend, get_strategies(NAMES))


def means(results, side):
    return {b.slice: getattr(b, side).data.sum() / b.new.shape[0] for b in results}


def test_a_recipe_of_one_strategy_reaches_what_the_strategy_reaches_alone(data):
    results = evaluate_paired(data, spec(item_knn=1), spec(popular=1), seed=3, repeats=1)
    alone = benchmark_strategies(data, get_strategies(NAMES), seed=3, repeats=1)
    for result in results:
        if result.slice in FEW_SHOT_SLICES[1:] or result.slice.startswith("warm"):
            new, old = (means(results, side)[result.slice] for side in ("new", "old"))
            assert new == pytest.approx(alone["item_knn"].mean(result.slice), abs=1e-6)
            assert old == pytest.approx(alone["popular"].mean(result.slice), abs=1e-6)


def test_both_sides_have_the_same_targets_and_users_are_those_asked(data):
    for result in evaluate_paired(data, spec(item_knn=1), spec(popular=1), seed=0):
        np.testing.assert_array_equal(result.new.indices, result.old.indices)
        np.testing.assert_array_equal(result.new.indptr, result.old.indptr)
        assert len(result.users) == result.new.shape[0]
        for row, user in enumerate(result.users):
            wanted = result.new[[row]].indices
            mine = data.events.item[data.events.user == user]
            assert np.isin(wanted, mine).all()


def test_a_strategy_that_both_have_is_fitted_once(data, monkeypatch):
    fitted = []
    fit = Strategy.fit
    monkeypatch.setattr(
        Strategy, "fit", lambda self, *a: fitted.append(self.name) or fit(self, *a)
    )
    evaluate_paired(data, spec(item_knn=1), spec(popular=1), seed=0, repeats=1)
    assert sorted(fitted) == sorted(NAMES * 3)  # random, arrival and later splits


def test_each_recommender_may_encode_the_catalogue_differently(data):
    same = EncodedCatalogue(data.items)
    plain = spec(item_knn=1, content=1)
    for result in evaluate_paired(
        data, plain, replace(plain, catalogue=same), seed=0, repeats=1
    ):
        np.testing.assert_allclose(result.new.data, result.old.data)
    blank = replace(plain, catalogue=EncodedCatalogue(replace(data.items, blocks=())))
    results = evaluate_paired(data, plain, blank, seed=0, repeats=1)
    assert means(results, "new")["cold_item"] > means(results, "old")["cold_item"] + 0.1
