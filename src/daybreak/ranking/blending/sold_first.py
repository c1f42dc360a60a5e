"""Order of sold and unsold items for newcomers to tiny shops, where nothing can be measured.

Simulated cold starts need items to hide. A shop in which a handful of items were sold has too
few, so that its weights are those of other shops, and these put some items that nobody bought
before the few that sell.
"""

from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Events, Queries
from daybreak.ranking.blending.pools import score_strategies
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.weights import Blend, WeightSet
from daybreak.ranking.blending.wish_weights import wish_rows
from daybreak.simulation.splits import warm_items
from daybreak.types import Doubles, Mask

MAX_SOLD = 20
"""Largest number of items with events of a shop that is too small to be measured."""
MIN_ITEMS_ABOVE = 10
"""Number of items with events that come before all others: a list of the usual length."""
MARGIN = 0.01
"""Difference of scores between the last of them and the first item without events."""


def put_sold_first(data: Dataset, fitted: FittedStrategies, blend: Blend) -> Blend:
    """Return a blend whose lists for newcomers to a tiny shop begin with what is sold.

    Of strangers nothing is known, so what others chose is all there is to go by: the bias of
    items without events is lowered until ten items with events, or all if they are fewer, come
    before them. The weight of wishes grows by as much, so that what somebody asks for is found
    among all items as before. Shops with sources know from these what sells elsewhere.

    Args:
        data: All training data.
        fitted: Strategies, fitted on all data.
        blend: Their weights.
    """
    is_warm = warm_items(data)
    if not 0 < is_warm.sum() <= MAX_SOLD or is_warm.all() or data.sources is not None:
        return blend
    scores = _score_for_strangers(data, fitted, is_warm) / blend.scale[:, None]
    factor, shift = blend.arrival.item_shifts(data.items.ids)
    wishes = wish_rows(fitted.strategies)

    def lower(one: WeightSet) -> WeightSet:
        known = np.sort(one.weights[0] @ scores[:, is_warm])[::-1]
        lowest = known[min(len(known), MIN_ITEMS_ABOVE) - 1] - MARGIN
        own = factor * (one.new_weights[0] @ scores) + shift
        highest = ((lowest - own) / np.maximum(factor, MARGIN))[~is_warm].min()
        change = min(float(highest) - float(one.new_bias[0]), 0.0)
        return _lower_first_level(one, change, wishes)

    own = WeightSet(blend.popularity, blend.weights, blend.new_weights, blend.new_bias)
    own, *sets = (lower(one) for one in (own, *blend.weight_sets))
    return replace(
        blend,
        weights=own.weights,
        new_weights=own.new_weights,
        new_bias=own.new_bias,
        weight_sets=tuple(sets),
    )


def _score_for_strangers(data: Dataset, fitted: FittedStrategies, is_warm: Mask) -> Doubles:
    """Return (n_strategies, n_items) centred scores for somebody of whom nothing is known."""
    nobody = sp.csr_array((1, data.profiles.shape[1]), dtype=np.float32)
    query = Queries.for_histories(data, Events.empty(), nobody)
    linear = fitted.linear_models(data.items)
    return score_strategies(fitted, linear, query, is_warm)[:, 0].astype(np.float64)


def _lower_first_level(one: WeightSet, change: float, wishes: list[int]) -> WeightSet:
    """Return weights with another bias for strangers, and wishes that outweigh the change."""
    weights, new_weights = one.weights.copy(), one.new_weights.copy()
    bias = one.new_bias.copy()
    bias[0] += change
    weights[0, wishes] -= change
    new_weights[0, wishes] -= change
    return replace(one, weights=weights, new_weights=new_weights, new_bias=bias)
