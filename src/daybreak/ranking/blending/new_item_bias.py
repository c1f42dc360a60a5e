"""Bound of the bias of new items, so that items without events do not hide what sells."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import sampled_ndcg
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.tasks import (
    MIN_QUERIES,
    NEW_ITEM_LEVEL_GROUPS,
    RankingTask,
    score_warm_items,
    subsample,
)
from daybreak.ranking.blending.weights import WeightSet, nearest_level
from daybreak.simulation.moments import NOW_NEW_KIND
from daybreak.simulation.unsold import (
    likely_on_sale_probability,
    missing_mass,
    on_sale_probability,
    unsold_items,
)
from daybreak.types import Doubles, Mask

BIAS_SHIFTS = tuple(-0.5 * step for step in range(31))
"""Values that are added to the bias of new items; the first that suffices is chosen."""
MIN_ON_SALE = 1e-3
"""Smallest probability that items without events were on sale."""
EVEN_LOSS = 0.02
"""Share of the NDCG@10 of items with events that may be lost to items without events if these
are arrivals with even odds; it grows with their fifth power."""
UNSOLD_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Shares of unsold items of the catalogue that are tried; the first that suffices is chosen."""
ODDS_POWER = 8
"""Power of the odds with which that loss grows where only items of the catalogue are lowered.
The number of unsold items is often estimated too high: on gift_shop with a fifth of the items
hidden as arrivals, the odds were below 2, and any bound cost 2 % in one list."""
MIN_ITEMS_ABOVE = 10
"""Number of items with events that come before an item of which nothing is known."""
BOUND_KINDS = ("new_user", "user")
"""Kinds of queries whose scores are looked at."""
MAX_QUERIES_OF_BOUND = 200
"""Maximum number of queries of a kind at a level whose scores are looked at."""


def bound_new_item_bias(
    data: Dataset, pools: TrainingPools, sets: Sequence[WeightSet]
) -> tuple[WeightSet, ...]:
    """Return sets of weights whose bias of new items is lowered where it hides what sells.

    Simulated cold starts hide items that did sell. The items without events may be of this
    kind, or they were on sale and nobody chose them. The bias that is best for the former can
    fill lists with the latter. It is lowered until items that sell lose at most ``EVEN_LOSS``
    of their NDCG@10 to items without events, times the fifth power of the odds of arrivals.

    Args:
        data: All training data.
        pools: Pools of all simulated queries.
        sets: Weights, without the arrival shift.
    """
    unsold = unsold_items(data)
    if "new_item" not in pools.pools or not unsold.any() or not len(data.events):
        return tuple(sets)
    arrivals = 1 - float(on_sale_probability(data)[unsold].mean())
    odds = arrivals / max(1 - arrivals, MIN_ON_SALE)
    return tuple(_bound_set(pools, one, unsold, EVEN_LOSS * odds**5) for one in sets)


def bound_unknown_items(pools: TrainingPools, one: WeightSet) -> WeightSet:
    """Return weights with which ten items with events come before an item without any sign.

    The score of an item without events, content and creation time is the bias of new items.
    Simulated arrivals are asked for with all their events, and other items with the last ones
    of each history. In a catalogue of a few dozen items, of which most people have chosen a
    fifth, most targets are arrivals, so that any bias is right there that puts all arrivals
    first. A list must not consist of what nobody knows: the bias is at most the mean of the
    tenth best scores of items with events. Where things age, as in newsrooms, what is new comes
    first, and nothing is bounded.

    Args:
        pools: Pools of all simulated queries.
        one: Weights, with the arrival shift.
    """
    if NOW_NEW_KIND in pools.pools:
        return one
    bounds = np.array([_score_of_tenth(pools, one, n) for n in range(len(one.new_bias))])
    measured = np.flatnonzero(np.isfinite(bounds))
    if not len(measured):
        return one
    nearest = np.abs(np.arange(len(bounds))[:, None] - measured).argmin(axis=1)
    return replace(one, new_bias=np.minimum(one.new_bias, bounds[measured[nearest]]))


def _score_of_tenth(pools: TrainingPools, one: WeightSet, level: int) -> float:
    """Return the mean of the tenth best scores of items with events; NaN without queries."""
    scores = [
        _tenth_best(pools.pools[kind], one, level)
        for kind in BOUND_KINDS
        if kind in pools.pools
    ]
    found = np.concatenate([np.empty(0), *scores])
    return float(found.mean()) if len(found) else np.nan


def _tenth_best(every: CandidatePool, one: WeightSet, level: int) -> Doubles:
    """Return for queries at a level the tenth best score of an item with events."""
    rows = np.flatnonzero(nearest_level(every.n_events) == level)[:MAX_QUERIES_OF_BOUND]
    pool = every.take(rows)
    known = pool.present & ~pool.is_new
    scores = np.where(known, score_warm_items(pool, one.weights), -np.inf)
    enough = known.sum(axis=1) >= MIN_ITEMS_ABOVE
    best = -np.sort(-scores[enough], axis=1)[:, MIN_ITEMS_ABOVE - 1 : MIN_ITEMS_ABOVE]
    return best[:, 0].astype(np.float64) if best.size else np.empty(0)


def find_unsold_share(
    data: Dataset, pools: TrainingPools, sets: Sequence[WeightSet], ordinary: Mask
) -> float:
    """Return how certainly items of the catalogue were on sale, from what they would cost.

    The bias of new items is right for an arrival. An item without events that was in the
    catalogue of the training is one with a probability that is hard to estimate; the share of
    the bias of unsold items that it gets is the smallest with which items that sell lose no
    more of their NDCG@10 than the share of events that fall on such items, or than
    ``EVEN_LOSS`` times a power of the odds of arrivals. Items that are added later keep the
    bias of arrivals.

    Args:
        data: All training data.
        pools: Pools of all simulated queries.
        sets: Weights, with the arrival shift.
        ordinary: (n_strategies,) strategies that :func:`unsold_bias` is measured by.
    """
    unsold = unsold_items(data)
    if "new_item" not in pools.pools or not unsold.any() or not len(data.events):
        return 0.0
    arrivals = 1 - float(likely_on_sale_probability(data)[unsold].mean())
    odds = arrivals / max(1 - arrivals, MIN_ON_SALE)
    max_loss = max(EVEN_LOSS * odds**ODDS_POWER, missing_mass(data))
    needed = [0.0]
    for one in sets:
        step = unsold_bias(one.new_bias, one.weights, ordinary) - one.new_bias
        for levels in NEW_ITEM_LEVEL_GROUPS:
            task = _build_bias_task(pools, levels, unsold, one, step)
            if task is not None:
                needed.append(_choose_value(task, UNSOLD_SHARES, max_loss))
    return max(needed)


def unsold_bias(bias: Doubles, weights: Doubles, ordinary: Mask) -> Doubles:
    """Return the bias of items that were on sale and that nobody chose.

    Such an item is less popular than nearly all items with events, whose mean score is 0, and
    less than an arrival: it starts one standard deviation of the scores of independent
    strategies below the lower of the two.

    Args:
        bias: (n,) bias of arrivals.
        weights: (n or 1, n_strategies) weights of items with events.
        ordinary: (n_strategies,) strategies whose weights ordinary queries determine.
    """
    deviation = np.linalg.norm(weights[:, ordinary], axis=1)
    return np.asarray(np.minimum(bias, 0.0) - deviation, dtype=np.float64)


def _bound_set(
    pools: TrainingPools, one: WeightSet, unsold: Mask, max_loss: float
) -> WeightSet:
    bias = one.new_bias.copy()
    for levels in NEW_ITEM_LEVEL_GROUPS:
        task = _build_bias_task(pools, levels, unsold, one, np.ones(len(bias)))
        if task is not None:
            bias[list(levels)] += _choose_value(task, BIAS_SHIFTS, max_loss)
    return replace(one, new_bias=bias)


def _choose_value(task: RankingTask, values: Sequence[float], max_loss: float) -> float:
    """Return the first value of the weight with which known items lose little, or the last."""
    alone = _mean_ndcg(task.restrict_candidates(task.present & ~task.pool.is_new), 0.0)
    kept = (v for v in values if _mean_ndcg(task, v) >= (1 - max_loss) * alone)
    return next(kept, values[-1])


def _mean_ndcg(task: RankingTask, weight: float) -> float:
    """Return the NDCG@10 of the answerable queries with a weight of the change of the bias."""
    answerable = task.pool.n_relevant > 0
    if not answerable.any():
        return 0.0
    return float(sampled_ndcg(task.score(np.array([weight])), task)[answerable].mean())


def _build_bias_task(
    pools: TrainingPools, levels: tuple[int, ...], unsold: Mask, one: WeightSet, step: Doubles
) -> RankingTask | None:
    """Return the queries of some levels, whose weight is that of a change of the bias.

    Hidden items are no candidates: only items without events in the whole data are new.

    Args:
        pools: Pools of all simulated queries.
        levels: Levels, by position.
        unsold: (n_items,) items without events.
        one: Weights.
        step: (n_levels,) change of the bias of new items with the weight 1.

    Returns:
        The task; None if the queries are too few.
    """
    every = pools.pools["new_item"]
    rows = np.flatnonzero(np.isin(nearest_level(every.n_events), levels))
    if len(rows) < MIN_QUERIES:
        return None
    pool = every.take(subsample(rows))
    level = nearest_level(pool.n_events)
    new = np.einsum("qs,sqw->qw", one.new_weights[level].astype(np.float32), pool.features)
    new = (new + one.new_bias[level][:, None].astype(np.float32)) * pool.is_new
    change = (step[level][:, None] * pool.is_new)[None].astype(np.float32)
    scores = score_warm_items(pool, one.weights) + new
    stays = ~pool.is_new | unsold[pool.item_rows]
    return RankingTask(change, pool, pool.present & stays, scores).restrict_candidates(
        pool.present & stays
    )
