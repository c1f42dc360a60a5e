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


def recipe(**weights):
    """Strategies that count the same at every level."""
    shares = np.tile([float(weights.get(name.split("/")[0], 0)) for name in NAMES], (8, 1))
    blend = Blend(NAMES, np.ones(3, np.float32), shares, shares, np.zeros(len(EVENT_LEVELS)))
    return RecommenderSpec(blend, get_strategies(NAMES))


def means(bouts, side):
    return {b.slice: getattr(b, side).data.sum() / b.new.shape[0] for b in bouts}


def test_a_recipe_of_one_strategy_reaches_what_the_strategy_reaches_alone(data):
    bouts = evaluate_paired(data, recipe(item_knn=1), recipe(popular=1), seed=3, repeats=1)
    alone = benchmark_strategies(data, get_strategies(NAMES), seed=3, repeats=1)
    for bout in bouts:
        if bout.slice in FEW_SHOT_SLICES[1:] or bout.slice.startswith("warm"):
            new, old = (means(bouts, side)[bout.slice] for side in ("new", "old"))
            assert new == pytest.approx(alone["item_knn"].mean(bout.slice), abs=1e-6)
            assert old == pytest.approx(alone["popular"].mean(bout.slice), abs=1e-6)


def test_both_sides_have_the_same_targets_and_users_are_those_asked(data):
    for bout in evaluate_paired(data, recipe(item_knn=1), recipe(popular=1), seed=0):
        np.testing.assert_array_equal(bout.new.indices, bout.old.indices)
        np.testing.assert_array_equal(bout.new.indptr, bout.old.indptr)
        assert len(bout.users) == bout.new.shape[0]
        for row, user in enumerate(bout.users):
            wanted = bout.new[[row]].indices
            mine = data.events.item[data.events.user == user]
            assert np.isin(wanted, mine).all()


def test_a_strategy_that_both_have_learns_once(data, monkeypatch):
    learned = []
    fit = Strategy.fit
    monkeypatch.setattr(
        Strategy, "fit", lambda self, *a: learned.append(self.name) or fit(self, *a)
    )
    evaluate_paired(data, recipe(item_knn=1), recipe(popular=1), seed=0, repeats=1)
    assert sorted(learned) == sorted(NAMES * 3)  # hidden at random, arrivals, later


def test_each_side_may_see_the_catalogue_in_its_own_way(data):
    same = EncodedCatalogue(data.items)
    plain = recipe(item_knn=1, content=1)
    for bout in evaluate_paired(data, plain, replace(plain, catalogue=same), seed=0, repeats=1):
        np.testing.assert_allclose(bout.new.data, bout.old.data)
    blank = replace(plain, catalogue=EncodedCatalogue(replace(data.items, blocks=())))
    bouts = evaluate_paired(data, plain, blank, seed=0, repeats=1)
    assert means(bouts, "new")["cold_item"] > means(bouts, "old")["cold_item"] + 0.1
