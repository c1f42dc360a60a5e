"""Items that are older than what people choose: they come after all others.

Weights of a blend are fitted on the first places of lists, where past items hardly ever are.
Far down in a list, or for somebody with a long history, likeness alone would bring them back.
"""

import numpy as np

from daybreak.data.dataset import Items
from daybreak.models.age import AgeModel
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.scoring.query_features import WISH_KIND
from daybreak.types import Doubles, Floats, Mask

PAST_FACTOR = 8.0
"""What the score of a past item is lowered by, in multiples of the sum of the weights. Few
strategies differ by more than 3 between two items, but items that a user has read himself, or
that hardly anybody else has, by 4 and more."""


def find_past_items(fitted: FittedStrategies, items: Items) -> Mask:
    """Return (n_items,) which items are older than what people choose.

    Args:
        fitted: Fitted strategies; without one of the age of items, none is past.
        items: Items to score.
    """
    is_past = np.zeros(len(items), dtype=bool)
    for model in fitted.models:
        if isinstance(model, AgeModel):
            is_past |= model.is_past(fitted.train_items, items)
    return is_past


def past_bias(fitted: FittedStrategies, is_past: Mask, weights: Doubles) -> Floats:
    """Return (n_items,) what the scores of past items are lowered by, 0 for all others.

    What somebody asks for weighs more: wishes are not among the weights.

    Args:
        fitted: Fitted strategies.
        is_past: (n_items,) items that are past.
        weights: (n_strategies,) weights of a level.
    """
    orders_all = np.array([m.feature_kind != WISH_KIND for m in fitted.models], dtype=bool)
    total = weights[orders_all].sum()
    return np.where(is_past, -PAST_FACTOR * total, 0).astype(np.float32)
