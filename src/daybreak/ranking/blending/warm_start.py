"""An earlier recommender to go on from: its weights, its verdicts on strategies, its models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models import Model
from daybreak.models.base import SupportsWarmStart
from daybreak.ranking.blending.arrival_shift import new_item_arrival_probability
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.types import Doubles

__all__ = ["WarmStart", "ZERO_WEIGHT", "fit_all", "refit_models"]


ZERO_WEIGHT = "counts nowhere"
"""Why a strategy left a line-up that simulated cold starts had weighed."""


@dataclass(frozen=True, eq=False)
class WarmStart:
    """What an earlier training found."""

    blend: Blend
    fitted: FittedStrategies

    def filter_strategies(self, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
        """Leave out what the earlier training weighed and found to count nowhere.

        What it never met, had no time for, or could not run competes again. The others have the
        options of before.
        """
        met = self.blend.report.get("candidates", {})
        useless = {name for name, one in met.items() if one["left_out"] == ZERO_WEIGHT}
        known = {(s.name, s.model): s for s in self.fitted.strategies}
        left = [known.get((s.name, s.model), s) for s in strategies if s.name not in useless]
        return tuple(left or strategies)

    def weights(self, names: Sequence[str]) -> Doubles:
        """Return (n_levels, n_strategies) weights of items with events; 0 for strangers."""
        return self._align_weights(self.blend.weights, names)

    def new_weights(self, names: Sequence[str]) -> Doubles:
        """Return (n_levels, n_strategies + 1) weights of items without events, the bias last.

        They are as they were before new items were moved by how much they look like arrivals.
        """
        stretched, moved = _slope_and_intercept(self.blend)
        bias = (self.blend.new_bias - moved) / stretched
        spread = self._align_weights(self.blend.new_weights / stretched, names)
        return np.concatenate([spread, bias[:, None]], axis=1)

    def model_for(self, strategy: Strategy) -> Model[Any, Any] | None:
        """Return the model of the same name and options, if it can be gone on from."""
        for mine, model in zip(self.fitted.strategies, self.fitted.models, strict=True):
            same = mine.name == strategy.name and mine.model == strategy.model
            if same and isinstance(model, SupportsWarmStart):
                return model if strategy.create_model().config == model.config else None
        return None

    def _align_weights(self, weights: Doubles, names: Sequence[str]) -> Doubles:
        spread = np.zeros((len(EVENT_LEVELS), len(names)))
        for row, name in enumerate(names):
            if name in self.blend.strategies:
                spread[:, row] = weights[:, self.blend.strategies.index(name)]
        return spread


def fit_all(
    data: Dataset, strategies: Sequence[Strategy], seed: int, warm_start: WarmStart | None
) -> tuple[FittedStrategies, dict[str, list[str]]]:
    """Let strategies learn from everything, those that can from where they were.

    Returns:
        What was learned, and the names of the strategies that ``continued`` and that were
        learned ``anew``; no names without a start.
    """
    models: list[Model[Any, Any]] = []
    how: dict[str, list[str]] = {"continued": [], "anew": []}
    for strategy in strategies:
        before = None if warm_start is None else warm_start.model_for(strategy)
        models.append(strategy.fit(data, seed, before))
        how["continued" if models[-1].warm_started else "anew"].append(strategy.name)
    fitted = FittedStrategies(tuple(strategies), tuple(models), data.train_items)  # type: ignore[arg-type]
    return fitted, {} if warm_start is None else how


def refit_models(
    data: Dataset,
    warm_start: WarmStart,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Blend, FittedStrategies]:
    """Learn from everything anew, and keep the weights and the report of the start.

    No cold start is simulated: that is most of the time of a training. How much new items look
    like arrivals is measured again.
    """
    progress("learning from everything, with the weights of before")
    fitted, how = fit_all(data, warm_start.fitted.strategies, seed, warm_start)
    blend = warm_start.blend
    before = blend.report.get("arrival", {"stretch": 1.0, "offset": 0.0})
    like = new_item_arrival_probability(data)
    arrival = {**before, "likeness": like}
    loose = warm_start.new_weights(blend.strategies)
    report = {**blend.report, "arrival": arrival, "start": {**how, "weights": "kept"}}
    moved = replace(blend, arrival_probability=like, report=report)
    stretched, offset = _slope_and_intercept(moved)
    return replace(
        moved, new_weights=loose[:, :-1] * stretched, new_bias=loose[:, -1] * stretched + offset
    ), fitted


def _slope_and_intercept(blend: Blend) -> tuple[float, float]:
    """Return by how much the weights of new items were stretched, and moved."""
    found = blend.report.get("arrival", {"likeness": 0.0, "stretch": 1.0, "offset": 0.0})
    like = found["likeness"]
    return 1 + like * (found["stretch"] - 1), like * found["offset"]
