from dataclasses import replace

import numpy as np
import pytest

from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.ranking.blending.wish_weights import (
    DEFAULT_STRENGTH,
    STRENGTHS,
    choose_strength,
    fit_wish_weights,
    shrink_strength,
    wish_rows,
)
from tests.ranking.blending.test_tasks import pool_of

N_LEVELS = len(EVENT_LEVELS)


def others(n_features=2):
    weights = np.zeros((N_LEVELS, n_features))
    weights[:, 0] = 1.0
    return WeightSet(1.0, weights, weights.copy(), np.full(N_LEVELS, 0.5))


def spoken(n, *, is_about):
    """Targets are what the wish is about, or what the other strategy ranks first."""
    pool = pool_of([0] * n, n_new=2, width=30)
    features = pool.features.copy()
    features[1] = 0
    features[1 if is_about else 0, :, -1] = 1.0 if is_about else 9.0
    features[1, :, 0] = 0 if is_about else 1.0
    return replace(pool, features=features)


def test_only_wishes_are_fitted_on_statements():
    assert wish_rows(get_strategies(("popular", "wish", "ease"))) == [1]


def test_without_statements_the_weight_is_the_default():
    weights, report = fit_wish_weights(TrainingPools({}, np.ones(2)), 1, others())
    assert weights.tolist() == [DEFAULT_STRENGTH] * N_LEVELS
    assert report == []


@pytest.mark.parametrize("is_about", [True, False])
def test_the_weight_moves_towards_what_the_statements_say(is_about):
    """One hundred queries count as much as the default: half of the way, on a log scale."""
    pool = spoken(100, is_about=is_about)
    weights, report = fit_wish_weights(TrainingPools({"says": pool}, np.ones(2)), 1, others())
    offset = np.where(pool.is_new, pool.features[0] + 0.5, pool.features[0])
    strength = weights[0] / offset.std(axis=1).mean()
    if is_about:
        assert strength == pytest.approx(np.sqrt(DEFAULT_STRENGTH * STRENGTHS[-1]), rel=1e-4)
        assert report[0]["ndcg@10"] > report[0]["without"]
    else:
        assert strength == pytest.approx(np.sqrt(DEFAULT_STRENGTH * STRENGTHS[0]), rel=1e-4)
    assert report[0]["queries"] == 100
    assert weights[1:].tolist() == [DEFAULT_STRENGTH] * (N_LEVELS - 1)


def test_the_highest_strength_that_loses_little_is_chosen():
    """Best at 8 with .5: 12 loses 1 %, 16 loses 4 %."""
    values = dict.fromkeys(STRENGTHS, 0.4) | {8.0: 0.5, 12.0: 0.495, 16.0: 0.48}
    assert choose_strength(list(values.values())) == 12.0
    assert choose_strength([0.0] * len(STRENGTHS)) == DEFAULT_STRENGTH


def test_a_few_statements_hardly_move_the_weight():
    assert shrink_strength(STRENGTHS[0], 5) == pytest.approx(DEFAULT_STRENGTH, rel=0.1)
    assert shrink_strength(STRENGTHS[0], 10_000) == pytest.approx(STRENGTHS[0], rel=0.02)
