"""Which strategies take part in which weights of a blend."""

from collections.abc import Sequence

import numpy as np

from daybreak.models import models
from daybreak.ranking.blending.strategies import Strategy
from daybreak.types import Doubles, Mask

DEFAULT_WEIGHTS = {"popular": 1.0, "item_knn": 0.5, "content/match": 1.0}
"""Weights for levels without measurements, of strategies that the prior does not know."""


def warm_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the masks of the fast and of all strategies that score items with events."""
    return _strategy_masks(strategies, np.array([s.scores_known for s in strategies]))


def new_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the masks of the fast and of all strategies that score new items, and the bias."""
    baseline, allowed = _strategy_masks(
        strategies, np.array([s.scores_new for s in strategies])
    )
    return np.append(baseline, True), np.append(allowed, True)


def _strategy_masks(strategies: Sequence[Strategy], allowed: Mask) -> tuple[Mask, Mask]:
    """Return baseline and allowed strategies; without fast ones, all are the baseline."""
    allowed = allowed & np.array(
        [models[s.model].card.fitted_on in ("ordinary", "next") for s in strategies]
    )
    fast: Mask = allowed & ~np.array([s.is_slow for s in strategies])
    return (fast if fast.any() else allowed), allowed


def is_for_next_events(strategy: Strategy) -> bool:
    """Return whether the weight of a strategy is fitted on queries for single next events."""
    return bool(models[strategy.model].card.fitted_on == "next")


def scores_all_items(strategies: Sequence[Strategy]) -> Mask:
    """Return (n_strategies,) which strategies score items with and without events."""
    return np.array([s.scores_known and s.scores_new for s in strategies])


def default_weights(strategies: Sequence[Strategy]) -> Doubles:
    """Return (n_strategies,) ``DEFAULT_WEIGHTS``, 0 for all other strategies."""
    return np.array([DEFAULT_WEIGHTS.get(s.name, 0.0) for s in strategies])
