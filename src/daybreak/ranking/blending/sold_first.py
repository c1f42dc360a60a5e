"""Order of sold and unsold items in lists of tiny shops, where nothing can be measured.

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
from daybreak.ranking.blending.weights import Blend, WeightSet, nearest_level
from daybreak.ranking.blending.wish_weights import wish_rows
from daybreak.simulation.splits import warm_items
from daybreak.types import Doubles, Floats, Mask

MAX_SOLD = 20
"""Largest number of items with events of a shop that is too small to be measured."""
MIN_ITEMS_ABOVE = 10
"""Number of items with events that come before all others: a list of the usual length."""
MAX_USERS = 100
"""Largest number of users with similar numbers of events whose lists are looked at."""
MARGIN = 0.01
"""Difference of scores between the last of them and the first item without events."""


def put_sold_first(data: Dataset, fitted: FittedStrategies, blend: Blend) -> Blend:
    """Return a blend whose lists in a tiny shop begin with what is sold.

    What others chose is nearly all there is to go by: the bias of items without events is
    lowered until ten items with events, or all if they are fewer, come before them, for
    strangers and for each user of the shop among what he or she has not chosen yet. The weight
    of wishes grows by as much, so that what somebody asks for is found among all items as
    before. Shops with sources know from these what sells elsewhere.

    Args:
        data: All training data.
        fitted: Strategies, fitted on all data.
        blend: Their weights.
    """
    is_warm = warm_items(data)
    if not 0 < is_warm.sum() <= MAX_SOLD or is_warm.all() or data.sources is not None:
        return blend
    groups = _score_by_level(data, fitted, is_warm, blend.scale)
    factor, shift = blend.arrival.item_shifts(data.items.ids)
    wishes = wish_rows(fitted.strategies)

    def lower(one: WeightSet) -> WeightSet:
        changes = {}
        for level, (scores, is_seen) in groups.items():
            sold = np.tensordot(one.weights[level], scores[:, :, is_warm], 1)
            lowest = _last_sold(np.where(is_seen[:, is_warm], -np.inf, sold)) - MARGIN
            own = factor * np.tensordot(one.new_weights[level], scores, 1) + shift
            room = (lowest[:, None] - own) / np.maximum(factor, MARGIN)
            highest = np.where(is_seen, np.inf, room)[:, ~is_warm].min()
            changes[level] = min(float(highest) - float(one.new_bias[level]), 0.0)
        return _lower_levels(one, changes, wishes)

    own = WeightSet(blend.popularity, blend.weights, blend.new_weights, blend.new_bias)
    own, *sets = (lower(one) for one in (own, *blend.weight_sets))
    return replace(
        blend,
        weights=own.weights,
        new_weights=own.new_weights,
        new_bias=own.new_bias,
        weight_sets=tuple(sets),
    )


def _score_by_level(
    data: Dataset, fitted: FittedStrategies, is_warm: Mask, scale: Floats
) -> dict[int, tuple[Doubles, Mask]]:
    """Return centred scores for strangers and for users, and what these have chosen, by level.

    Returns:
        (n_strategies, n_queries, n_items) scores and (n_queries, n_items) items that are in no
        list.
    """
    nobody = sp.csr_array((1, data.profiles.shape[1]), dtype=np.float32)
    asked = {0: Queries.for_histories(data, Events.empty(), nobody)}
    users = np.unique(data.events.user)
    levels = nearest_level(Queries.for_users(data, data.events, users).n_events)
    for level in np.unique(levels).tolist():
        some = users[levels == level][:MAX_USERS]
        asked.setdefault(level, Queries.for_users(data, data.events, some))
    linear = fitted.linear_models(data.items)
    found = {}
    for level, queries in asked.items():
        scores = score_strategies(fitted, linear, queries, is_warm) / scale[:, None, None]
        is_seen = np.zeros((len(queries), len(is_warm)), dtype=bool)
        is_seen[:, data.train_item_rows] = abs(queries.history).toarray() > 0
        found[level] = (scores.astype(np.float64), is_seen)
    return found


def _last_sold(scores: Doubles) -> Doubles:
    """Return (n_queries,) scores of the tenth item, or of the last one that may be listed."""
    ordered = -np.sort(-scores, axis=1)[:, :MIN_ITEMS_ABOVE]
    listed = np.isfinite(ordered)
    last = np.maximum(listed.sum(axis=1) - 1, 0)
    found = ordered[np.arange(len(ordered)), last]
    return np.where(listed.any(axis=1), found, np.inf)


def _lower_levels(one: WeightSet, changes: dict[int, float], wishes: list[int]) -> WeightSet:
    """Return weights with other biases, and wishes that outweigh the changes.

    Levels that no user has change like the nearest one below.
    """
    weights, new_weights = one.weights.copy(), one.new_weights.copy()
    bias = one.new_bias.copy()
    change = changes[0]
    for level in range(len(bias)):
        change = changes.get(level, change)
        bias[level] += change
        weights[level, wishes] -= change
        new_weights[level, wishes] -= change
    return replace(one, weights=weights, new_weights=new_weights, new_bias=bias)
