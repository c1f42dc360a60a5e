"""How much each strategy counts, by what is known of the user and of the item."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.types import Doubles, Floats, Rows

EVENT_LEVELS = (0, 1, 3, 5, 10, 20, 50, 150)
"""Numbers of events for which weights are fitted; a query uses those of the nearest."""


@dataclass(frozen=True, eq=False)
class Blend:
    """Weights over strategies for each level of warmth.

    The score of an item with events is ``Σ weights * z``; of one without, ``Σ new_weights * z +
    new_bias``, where ``z`` is a strategy's score, centred on the items with events and divided
    by its ``scale``.
    """

    strategies: tuple[str, ...]
    scale: Floats
    """(n_strategies,)"""
    weights: Doubles
    """(n_levels, n_strategies)"""
    new_weights: Doubles
    """(n_levels, n_strategies)"""
    new_bias: Doubles
    """(n_levels,)"""
    arrival_probability: float = 0.0
    """How much the new items look like arrivals (1) rather than like any item (0)."""
    report: dict[str, Any] = field(default_factory=dict)
    """What the simulated cold starts measured; plain values."""

    def used_strategies(self) -> tuple[str, ...]:
        """Return the strategies that count anywhere."""
        return tuple(
            name
            for row, name in enumerate(self.strategies)
            if self.weights[:, row].any() or self.new_weights[:, row].any()
        )


def nearest_level(n_events: Floats) -> Rows:
    """Return the position in ``LEVELS`` nearest to each number of events, by ratio.

    Example:
        >>> nearest_level(np.array([0, 0.5, 2, 7, 8, 60, 9000], dtype=np.float32)).tolist()
        [0, 1, 2, 3, 4, 6, 7]
    """
    marks = np.log1p(np.array(EVENT_LEVELS, dtype=np.float64))
    borders = (marks[1:] + marks[:-1]) / 2
    borders[0] = 0.0
    return np.searchsorted(borders, np.log1p(n_events), side="left")
