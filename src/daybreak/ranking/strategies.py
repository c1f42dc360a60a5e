"""The line-up: which models compete, under which names answers show them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.errors import ConfigError
from daybreak.models import Linear, LinearModel, Model, models


@dataclass(frozen=True)
class Strategy:
    """A named way to score: a model with its options."""

    name: str
    model: str
    options: Mapping[str, Any] = field(default_factory=dict)
    old: bool = True
    """Whether it may score items with events."""
    new: bool = False
    """Whether it may score items without events."""
    costly: bool = False
    """Whether it takes part in ``auto`` only when a training is given time."""

    def blank(self) -> Model[Any, Any]:
        """Return the model, not fitted."""
        return models[self.model](**self.options)

    def fit(
        self, data: Dataset, seed: int, start: Model[Any, Any] | None = None
    ) -> Model[Any, Any]:
        """Return the model, fitted, from where an earlier one was if it can go on."""
        return self.blank().fit(data, seed=seed, start=None if start is None else start.state)


LINE_UP = (
    Strategy("popular", "popular"),
    Strategy("popular/share", "popular", {"logarithm": False}),
    Strategy("popular/season", "popular", {"window": 0.1}),
    Strategy("popular/now", "popular", {"window": 0.02}),
    Strategy("profile", "profile"),
    Strategy("ease", "ease"),
    Strategy("item_knn", "item_knn"),
    Strategy("graph_filter", "graph_filter"),
    Strategy("transitions", "transitions"),
    Strategy("factors", "factors", new=True),
    Strategy("meta_bayes", "meta_bayes", new=True),
    Strategy("content/ridge", "content_ridge", new=True),
    Strategy("content/match", "content_match", new=True),
    Strategy("content/smooth", "content_smooth", old=False, new=True),
    Strategy("content/neighbours", "content_neighbours", old=False, new=True),
    Strategy("content/popular", "content_popular", old=False, new=True),
    Strategy("content/popular_neighbours", "neighbour_popular", old=False, new=True),
    Strategy("content/profile", "profile_content", old=False, new=True),
)
"""The default candidates; simulated cold starts decide which are used, and how much."""


COSTLY = (
    Strategy("sequence", "sequence", new=True, costly=True),
    Strategy("two_tower", "two_tower", new=True, costly=True),
    Strategy("meta_gradient", "meta_gradient", new=True, costly=True),
    Strategy("content_vae", "content_vae", new=True, costly=True),
    Strategy("adversarial", "adversarial", new=True, costly=True),
    Strategy("distilled", "distilled", new=True, costly=True),
    Strategy("history_vae", "history_vae", new=True, costly=True),
)
"""Candidates beside these when a training is given time; they need the extra ``deep``. Those
that helped most in simulated cold starts come first: they are tried while there is time."""


def line_up(names: str | Iterable[str], *, costly: bool = False) -> tuple[Strategy, ...]:
    """Return the strategies of these names.

    Args:
        names: Of strategies; ``"auto"`` is all the light ones.
        costly: Whether ``"auto"`` is all there are.

    Raises:
        ConfigError: A name is not in the line-up.
    """
    if names == "auto":
        return (*LINE_UP, *COSTLY) if costly else LINE_UP
    known = {strategy.name: strategy for strategy in (*LINE_UP, *COSTLY)}
    chosen = (names,) if isinstance(names, str) else tuple(names)
    for name in chosen:
        if name not in known:
            listed = ", ".join(known)
            raise ConfigError(f"no strategy {name!r}; known: auto, {listed}")
    return tuple(known[name] for name in chosen)


@dataclass(frozen=True, eq=False)
class Fitted:
    """The line-up after learning from one data set."""

    strategies: tuple[Strategy, ...]
    models: tuple[LinearModel[Any, Any], ...]
    anchors: Items

    @classmethod
    def on(cls, data: Dataset, strategies: Iterable[Strategy], seed: int) -> "Fitted":
        """Let every strategy learn from ``data``."""
        chosen = tuple(strategies)
        fitted = tuple(strategy.fit(data, seed) for strategy in chosen)
        return cls(chosen, fitted, data.anchors)  # type: ignore[arg-type]

    def forms(self, items: Items) -> tuple[Linear, ...]:
        """Return every model written out for a list of items."""
        return tuple(model.linear(self.anchors, items) for model in self.models)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the strategies."""
        return tuple(strategy.name for strategy in self.strategies)

    @property
    def roles(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Masks over the strategies: may score items with events, without events."""
        old = np.array([strategy.old for strategy in self.strategies], dtype=bool)
        new = np.array([strategy.new for strategy in self.strategies], dtype=bool)
        return old, new
