"""Strategies: models with options, under the names that reports and reasons show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.errors import ConfigError
from daybreak.models import LinearModel, LinearScorer, Model, models
from daybreak.models.base import item_scope

SOURCE_CONTROL = "source_crowd"
"""Model that bridges over shared users must be better than: it knows that somebody has a source
history, and nothing of what is in it."""
NEXT_EVENT_STRATEGIES = ("next_event", "interest")
"""Names of the strategies that the objective ``next`` adds to those of ``auto``."""
Objective = Literal["cold_start", "next"]
"""What the weights of a blend are fitted for: simulated cold starts of all kinds, or for people
with events their single next event."""


def check_objective(value: object) -> Objective:
    """Return an objective.

    Raises:
        ConfigError: It is none.
    """
    if value == "next":
        return "next"
    if value == "cold_start":
        return "cold_start"
    raise ConfigError(f"objective must be 'cold_start' or 'next', got {value!r}")


@dataclass(frozen=True)
class Strategy:
    """A model with options and a name."""

    name: str
    model: str
    """Name of the model in the registry."""
    options: Mapping[str, Any] = field(default_factory=dict)
    is_slow: bool = False
    """Whether it takes part in ``auto`` only when a training has a time budget."""

    @property
    def scores_known(self) -> bool:
        """Whether the model scores items with events in the training data."""
        return item_scope(models[self.model]).known

    @property
    def scores_new(self) -> bool:
        """Whether the model scores items without events in the training data."""
        return item_scope(models[self.model]).new

    @property
    def is_of_source(self) -> bool:
        """Whether the strategy knows something from another domain only."""
        return models[self.model].card.fitted_on == "sources"

    @property
    def is_same_for_all(self) -> bool:
        """Whether the scores are the same for all queries."""
        return bool(getattr(models[self.model], "feature_kind", "") == "none")

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Strategy":
        """Return the strategy that :meth:`to_json` described."""
        return cls(record["name"], record["model"], record["options"], is_slow=record["costly"])

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


def default_strategies() -> tuple[Strategy, ...]:
    """Return the fast strategies that the model cards name, in the order of the models."""
    return tuple(
        strategy
        for strategy in _card_strategies()
        if not strategy.is_slow
        and models[strategy.model].card.is_default
        and not strategy.is_of_source
    )


def slow_strategies() -> tuple[Strategy, ...]:
    """Return the strategies that need a time budget and the extra ``deep``.

    They are tried in this order while there is time; the models of the package stand in the
    order of their gain in simulated cold starts.
    """
    return tuple(strategy for strategy in _card_strategies() if strategy.is_slow)


def with_source_strategies(
    data: Dataset, strategies: Sequence[Strategy]
) -> tuple[Strategy, ...]:
    """Return strategies with those of each source, named ``source/users (NAME)``.

    Args:
        data: Training data; without sources there are no strategies of sources.
        strategies: Chosen strategies. Where none of a source is among them, all default ones
            are added; the popularity among its people, with which they are compared, always is.
    """
    others = tuple(s for s in strategies if not s.is_of_source)
    if data.sources is None:
        return others
    chosen = [s for s in strategies if s.is_of_source]
    every = [
        s for s in _card_strategies() if s.is_of_source and models[s.model].card.is_default
    ]
    control = [s for s in every if s.model == SOURCE_CONTROL]
    named = {s.name: s for s in ([*control, *chosen] if chosen else every)}
    return others + tuple(
        replace(s, name=f"{s.name} ({one.name})", options={**s.options, "source": one.name})
        for one in data.sources.domains
        for s in named.values()
    )


def get_strategies(
    names: str | Iterable[str],
    *,
    include_slow: bool = False,
    objective: Objective = "cold_start",
) -> tuple[Strategy, ...]:
    """Return the strategies with the given names.

    Args:
        names: Names of strategies, or ``"auto"`` for all fast ones.
        include_slow: Whether ``"auto"`` includes the slow ones.
        objective: ``"next"``: ``"auto"`` includes those for next events.

    Raises:
        ConfigError: A name is unknown.
    """
    if names == "auto":
        slow = slow_strategies() if include_slow else ()
        added = next_event_strategies() if objective == "next" else ()
        return (*default_strategies(), *added, *slow)
    known = {strategy.name: strategy for strategy in _card_strategies()}
    chosen = (names,) if isinstance(names, str) else tuple(names)
    for name in chosen:
        if name not in known:
            listed = ", ".join(known)
            raise ConfigError(f"no strategy {name!r}; known: auto, {listed}")
    return tuple(known[name] for name in chosen)


def next_event_strategies() -> tuple[Strategy, ...]:
    """Return the strategies that trainings for next events have in addition."""
    return get_strategies(NEXT_EVENT_STRATEGIES)


def _card_strategies() -> tuple[Strategy, ...]:
    return tuple(
        Strategy(name, model, options, is_slow=models[model].card.is_slow)
        for model in models.registered()
        for name, options in models[model].card.strategies.items()
    )


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
