"""Warm start from an earlier training: its weights, its selection of strategies, its models."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.recency import RecencyCurve
from daybreak.memory import trim_heaps
from daybreak.models import Model
from daybreak.models.base import SupportsWarmStart
from daybreak.ranking.blending.arrival_shift import estimate_item_arrivals
from daybreak.ranking.blending.sold_first import put_sold_first
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    Blend,
    ExclusionReason,
)
from daybreak.ranking.blending.wish_weights import copy_wish_weights, wish_rows
from daybreak.types import Doubles, Progress, ignore_progress


@dataclass(frozen=True, eq=False)
class WarmStart:
    """Result of an earlier training."""

    blend: Blend
    fitted: FittedStrategies
    recency: RecencyCurve = field(default_factory=RecencyCurve)
    """Recency weights, with which the weights of the blend were fitted."""

    def filter_strategies(self, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
        """Return the strategies to try again, without those whose weights were all zero.

        All others are tried again, also those that the earlier training excluded for another
        reason. Strategies of the earlier training keep their options.
        """
        known = {(s.name, s.model): s for s in self.fitted.strategies}
        selected = [
            known.get((s.name, s.model), s)
            for s in strategies
            if not self._had_zero_weight(s.name)
        ]
        return tuple(selected or strategies)

    def weights(self, names: Sequence[str]) -> Doubles:
        """Return the (n_levels, n_strategies) weights of items with events; 0 if unknown."""
        return self._align_weights(self.blend.at_popularity(1.0).weights, names)

    def new_weights(self, names: Sequence[str]) -> Doubles:
        """Return the (n_levels, n_strategies + 1) weights of items without events, bias last.

        The arrival shift is not applied.
        """
        plain = self.blend.at_popularity(1.0)
        weights, bias = plain.arrival.undo(plain.new_weights, plain.new_bias)
        return np.concatenate([self._align_weights(weights, names), bias[:, None]], axis=1)

    def model_for(self, strategy: Strategy) -> Model[Any, Any] | None:
        """Return the earlier model of a strategy if it can continue with the same options."""
        for earlier, model in zip(self.fitted.strategies, self.fitted.models, strict=True):
            same = earlier.name == strategy.name and earlier.model == strategy.model
            if same and isinstance(model, SupportsWarmStart):
                return model if strategy.create_model().config == model.config else None
        return None

    def _had_zero_weight(self, name: str) -> bool:
        exclusion = self.blend.excluded.get(name)
        return exclusion is not None and exclusion.reason is ExclusionReason.ZERO_WEIGHT

    def _align_weights(self, weights: Doubles, names: Sequence[str]) -> Doubles:
        aligned = np.zeros((len(EVENT_LEVELS), len(names)))
        for column, name in enumerate(names):
            if name in self.blend.strategies:
                aligned[:, column] = weights[:, self.blend.strategies.index(name)]
        return aligned


def fit_all(
    data: Dataset, strategies: Sequence[Strategy], seed: int, warm_start: WarmStart | None
) -> tuple[FittedStrategies, dict[str, list[str]]]:
    """Fit strategies on all data, from the earlier models where these support it.

    Returns:
        The fitted strategies, and the names of those that ``continued`` from the warm start and
        of those fitted ``anew``; empty without a warm start.
    """
    trim_heaps()
    fitted_models: list[Model[Any, Any]] = []
    names: dict[str, list[str]] = {"continued": [], "anew": []}
    for strategy in strategies:
        earlier = None if warm_start is None else warm_start.model_for(strategy)
        fitted_models.append(strategy.fit(data, seed, earlier))
        _ = fitted_models[-1].state  # complete, as a release stores it
        names["continued" if fitted_models[-1].warm_started else "anew"].append(strategy.name)
    fitted = FittedStrategies(tuple(strategies), tuple(fitted_models), data.train_items)  # type: ignore[arg-type]
    return fitted, {} if warm_start is None else names


def refit_models(
    data: Dataset,
    warm_start: WarmStart,
    seed: int,
    progress: Progress = ignore_progress,
) -> tuple[Blend, FittedStrategies]:
    """Refit the models on all data and keep the weights of the warm start.

    No cold start is simulated, which takes most of the time of a training. Only the arrival
    probability of the new items is measured again.

    Args:
        data: Training data.
        warm_start: Earlier training.
        seed: Seed of all random numbers.
        progress: Receives a message about each step.
    """
    progress("fitting on all data with the weights of the previous training")
    fitted, names = fit_all(data, warm_start.fitted.strategies, seed, warm_start)
    earlier = warm_start.blend
    found = estimate_item_arrivals(data)
    kept = dict(earlier.arrival.unsold)
    unsold = kept | {name: max(one, kept.get(name, 0.0)) for name, one in found.unsold.items()}
    arrival = replace(earlier.arrival, probability=found.mean, items=found.items, unsold=unsold)
    steps = {"arrival": arrival.to_report(), "start": {**names, "weights": "kept"}}
    blend = replace(earlier.with_arrival(arrival), report={**earlier.report, **steps})
    blend = copy_wish_weights(blend, wish_rows(warm_start.fitted.strategies))
    return put_sold_first(data, fitted, blend), fitted
