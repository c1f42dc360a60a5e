"""Blends that are fitted for next events."""

import numpy as np
import pytest

from daybreak.data.dataset import Dataset, Events
from daybreak.errors import ConfigError
from daybreak.ranking.blending.fit import fit_blend
from daybreak.ranking.blending.strategies import check_objective, get_strategies
from daybreak.ranking.blending.weights import EVENT_LEVELS
from tests.models.tiny import items


@pytest.fixture(scope="module")
def ring():
    """People go from an item to the next one of a ring, from a start of their own."""
    rng = np.random.default_rng(0)
    n_users, n_steps, n_items = 300, 12, 30
    start = rng.integers(0, n_items, n_users)
    item = (start[:, None] + np.cumsum(rng.random((n_users, n_steps)) < 0.9, axis=1)) % n_items
    user = np.repeat(np.arange(n_users), n_steps)
    at = 1e9 + 100.0 * rng.permutation(n_users)[:, None] + np.arange(n_steps)
    return Dataset(items(n_items), Events.of(user, item.ravel(), at.ravel()), n_users)


def test_next_events_decide_the_weights_of_people_with_events(ring):
    strategies = get_strategies(["popular", "item_knn", "next_event"])
    blend, _ = fit_blend(ring, strategies, 0)
    row = blend.strategies.index("next_event")
    known = blend.weights[1:]
    assert (known[:, row] > 0.5 * known.sum(axis=1)).all()
    assert blend.weights[0, row] == 0
    levels = {level["events"]: level for level in blend.report["levels"]}
    assert levels[10]["ndcg@10"] > 0.8


def test_without_strategies_for_next_events_nothing_changes(ring):
    blend, _ = fit_blend(ring, get_strategies(["popular", "item_knn"]), 0)
    assert set(blend.strategies) <= {"popular", "item_knn"}
    assert len(blend.weights) == len(EVENT_LEVELS)


def test_the_objective_adds_the_strategies_for_next_events():
    default = {s.name for s in get_strategies("auto")}
    added = {s.name for s in get_strategies("auto", objective="next")} - default
    assert added == {"next_event", "interest"}
    assert [s.name for s in get_strategies(["popular"], objective="next")] == ["popular"]


def test_an_unknown_objective_is_an_error():
    assert check_objective("next") == "next"
    with pytest.raises(ConfigError, match="must be 'cold_start' or 'next', got 'best'"):
        check_objective("best")
