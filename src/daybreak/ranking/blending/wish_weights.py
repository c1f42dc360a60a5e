"""Weights of spoken wishes, fitted with the rest of the blend fixed."""

from collections.abc import Sequence

import numpy as np

from daybreak.models import models
from daybreak.ranking.blending.strategies import Strategy
from daybreak.types import Doubles

DEFAULT_WISH_STRENGTH = 10.0
"""Weight of a wish without measurements, in multiples of the sum of the other weights: what is
about a wish comes before what is popular."""
MIN_OTHER_WEIGHT = 1.0
"""Smallest sum of the other weights that counts."""


def wish_rows(strategies: Sequence[Strategy]) -> list[int]:
    """Return the positions of the strategies whose weight is fitted on spoken wishes."""
    return [row for row, s in enumerate(strategies) if models[s.model].card.fitted_on == "says"]


def default_wish_weights(weights: Doubles, new_weights: Doubles) -> Doubles:
    """Return the (n_levels,) weights of a wish without measurements.

    Args:
        weights: (n_levels, n_strategies) weights of items with events, without wishes.
        new_weights: (n_levels, n_strategies) weights of items without events.

    Example:
        >>> default_wish_weights(np.array([[1.0, 0.5]]), np.array([[0.0, 2.0]])).tolist()
        [20.0]
    """
    others = np.maximum(weights.sum(axis=1), new_weights.sum(axis=1))
    return np.asarray(DEFAULT_WISH_STRENGTH * np.maximum(others, MIN_OTHER_WEIGHT))
