"""Strategies: models with options, under the names that reports and reasons show."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.errors import ConfigError
from daybreak.models import LinearModel, LinearScorer, Model, models


@dataclass(frozen=True)
class Strategy:
    """A model with options and a name."""

    name: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    scores_known: bool = True
    """Whether the blend uses its scores of items with events."""
    scores_new: bool = False
    """Whether the blend uses its scores of items without events."""
    is_slow: bool = False
    """Whether ``auto`` includes it only if the training has a time budget."""

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Strategy":
        """Return the strategy that :meth:`to_json` described."""
        return cls(
            record["name"],
            record["model"],
            record["options"],
            scores_known=record["old"],
            scores_new=record["new"],
            is_slow=record["costly"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the strategy as plain values, under the keys of a release on disk."""
        return {
            "name": self.name,
            "model": self.model,
            "options": dict(self.options),
            "old": self.scores_known,
            "new": self.scores_new,
            "costly": self.is_slow,
        }

    def create_model(self) -> Model[Any, Any]:
        """Return an unfitted model."""
        return models[self.model](**self.options)

    def fit(
        self, data: Dataset, seed: int, start: Model[Any, Any] | None = None
    ) -> Model[Any, Any]:
        """Return a fitted model.

        Args:
            data: Training data.
            seed: Seed of all random numbers.
            start: Earlier model of the same options to continue from, if it supports that.
        """
        return self.create_model().fit(
            data, seed=seed, initial_state=None if start is None else start.state
        )


DEFAULT_STRATEGIES = (
    Strategy("popular", "popular"),
    Strategy("popular/share", "popular", {"logarithm": False}),
    Strategy("popular/season", "popular", {"window": 0.1}),
    Strategy("popular/now", "popular", {"window": 0.02}),
    Strategy("profile", "profile"),
    Strategy("ease", "ease"),
    Strategy("item_knn", "item_knn"),
    Strategy("graph_filter", "graph_filter"),
    Strategy("transitions", "transitions"),
    Strategy("factors", "factors", scores_new=True),
    Strategy("meta_bayes", "meta_bayes", scores_new=True),
    Strategy("content/ridge", "content_ridge", scores_new=True),
    Strategy("content/match", "content_match", scores_new=True),
    Strategy("content/smooth", "content_smooth", scores_known=False, scores_new=True),
    Strategy("content/neighbours", "content_neighbours", scores_known=False, scores_new=True),
    Strategy("content/popular", "content_popular", scores_known=False, scores_new=True),
    Strategy(
        "content/popular_neighbours", "neighbour_popular", scores_known=False, scores_new=True
    ),
    Strategy("content/profile", "profile_content", scores_known=False, scores_new=True),
)
"""Default candidates; simulated cold starts decide which are used and with which weights."""


SLOW_STRATEGIES = (
    Strategy("sequence", "sequence", scores_new=True, is_slow=True),
    Strategy("two_tower", "two_tower", scores_new=True, is_slow=True),
    Strategy("meta_gradient", "meta_gradient", scores_new=True, is_slow=True),
    Strategy("content_vae", "content_vae", scores_new=True, is_slow=True),
    Strategy("adversarial", "adversarial", scores_new=True, is_slow=True),
    Strategy("distilled", "distilled", scores_new=True, is_slow=True),
    Strategy("history_vae", "history_vae", scores_new=True, is_slow=True),
)
"""Additional candidates of trainings with a time budget; they need the extra ``deep``. Those
that helped most come first, because later ones may run out of time."""


def get_strategies(
    names: str | Iterable[str], *, include_slow: bool = False
) -> tuple[Strategy, ...]:
    """Return the strategies with the given names.

    Args:
        names: Names of strategies, or ``"auto"`` for all fast ones.
        include_slow: Whether ``"auto"`` includes the slow ones.

    Raises:
        ConfigError: A name is unknown.
    """
    if names == "auto":
        return (*DEFAULT_STRATEGIES, *SLOW_STRATEGIES) if include_slow else DEFAULT_STRATEGIES
    known = {strategy.name: strategy for strategy in (*DEFAULT_STRATEGIES, *SLOW_STRATEGIES)}
    chosen = (names,) if isinstance(names, str) else tuple(names)
    for name in chosen:
        if name not in known:
            listed = ", ".join(known)
            raise ConfigError(f"no strategy {name!r}; known: auto, {listed}")
    return tuple(known[name] for name in chosen)


@dataclass(frozen=True, eq=False)
class FittedStrategies:
    """Strategies with their fitted models, all fitted on the same data."""

    strategies: tuple[Strategy, ...]
    models: tuple[LinearModel[Any, Any], ...]
    train_items: Items

    @classmethod
    def fit_on(
        cls, data: Dataset, strategies: Iterable[Strategy], seed: int
    ) -> "FittedStrategies":
        """Fit every strategy on a data set."""
        chosen = tuple(strategies)
        fitted = tuple(strategy.fit(data, seed) for strategy in chosen)
        return cls(chosen, fitted, data.train_items)  # type: ignore[arg-type]

    def linear_models(self, items: Items) -> tuple[LinearScorer, ...]:
        """Return every model as a linear function of its query features, for some items."""
        return tuple(model.linear_scorer(self.train_items, items) for model in self.models)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(strategy.name for strategy in self.strategies)

    @property
    def item_masks(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """(n_strategies,) masks of strategies that score items with events, and new items."""
        known = np.array([strategy.scores_known for strategy in self.strategies], dtype=bool)
        new = np.array([strategy.scores_new for strategy in self.strategies], dtype=bool)
        return known, new
