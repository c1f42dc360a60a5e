"""Weights of sources that no simulated cold start of the target has measured.

A catalogue without events has nothing to measure them on, and a young shop has few queries.
:class:`SourceDefaults` says what counts then, and how much of it is left once the shop has
events of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.types import Doubles

DEFAULT_STRENGTHS = {
    "source/popular": 0.1,
    "source/items": 0.3,
    "source/items_knn": 1.0,
    "source/content": 0.5,
    "source/appeal": 0.2,
}
"""Weights by strategy in standard deviations of the other scores. On four markets of which no
user was known, the best sellers of the others added nothing to the neighbours of the items of a
history."""
FOR_STRANGERS_ONLY = ("source/content", "source/appeal")
"""Strategies that have such a weight only where no event is known; others always have it.
In shops of gifts, food and beauty without events, lists by what other domains know of content
had a third of the quality of the shop's own content from one known event on, and were better
for people of whom no event was known."""
POPULAR_STRENGTH = 1.0
"""Weight of the best sellers of a source in a catalogue without events, up to
``MAX_POPULAR_EVENTS`` known events. In film shops that sell what the source sells, strangers
got twice the quality of content from them, and people of one known event 15 % more."""
MAX_POPULAR_EVENTS = 3
EVENTS_PER_ITEM = 0.4
"""Own events per item at which half of the default weights is left. In film shops with 20 to
200 people (0.7 to 8 events per item) whole weights cost up to a third of the quality; in
markets with as many people (0.05 to 0.8), they were the best."""


@dataclass(frozen=True)
class SourceDefaults:
    """Default weights of sources for one target.

    Example:
        >>> SourceDefaults(0.0).share, round(SourceDefaults(1.2).share, 2)
        (1.0, 0.25)
    """

    events_per_item: float
    """Events of the target, divided by its items that sources sell as well"""
    shared: float = 0.0
    """Share of the items of the target that sources sell as well"""

    @classmethod
    def of(cls, data: Dataset) -> "SourceDefaults":
        """Return those of a target.

        Args:
            data: Training data with sources.
        """
        if data.sources is None:
            return cls(0.0)
        rows = np.unique(data.sources.target_rows)
        shared = rows[rows >= 0]
        n_events = int(np.isin(data.events.item, shared).sum())
        return cls(n_events / max(len(shared), 1), len(shared) / max(len(data.items), 1))

    @property
    def share(self) -> float:
        """Part of the default weights that is left beside the events of the target."""
        return 1 / (1 + self.events_per_item / EVENTS_PER_ITEM)

    def strengths(self, strategies: Sequence[Strategy]) -> Doubles:
        """Return (n_levels, n_strategies) weights in standard deviations of other scores.

        Args:
            strategies: Strategies; those that need no source have 0.
        """
        names = [strategy.name.partition(" (")[0] for strategy in strategies]
        whole = np.array([DEFAULT_STRENGTHS.get(name, 0.0) for name in names])
        result = np.tile(whole * self.share, (len(EVENT_LEVELS), 1))
        if self.events_per_item:
            return result
        is_content = np.array([name in FOR_STRANGERS_ONLY for name in names])
        result[0, is_content] *= 1 - self.shared  # sales tell more of an item than its words
        result[1:, is_content] = 0.0
        few = np.array(EVENT_LEVELS) <= MAX_POPULAR_EVENTS
        is_popular = np.array([name == "source/popular" for name in names])
        result[np.ix_(few, is_popular)] = POPULAR_STRENGTH
        return result
