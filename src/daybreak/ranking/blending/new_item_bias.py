"""Bound of the bias of new items, so that items without events do not hide what sells."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from daybreak.data.dataset import Dataset
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
from daybreak.simulation.unsold import likely_on_sale_probability, missing_mass, unsold_items
from daybreak.types import Mask

BIAS_SHIFTS = tuple(-0.5 * step for step in range(31))
"""Values that are added to the bias of new items; the first that suffices is chosen."""
MIN_ON_SALE = 1e-3
"""Smallest probability that items without events were on sale."""
EVEN_LOSS = 0.02
"""Share of the NDCG@10 of items with events that may be lost to items without events if these
are arrivals with even odds."""
ODDS_POWER = 8
"""Power of the odds with which that share grows. The number of unsold items is often estimated
too high: on gift_shop with a fifth of the items hidden as arrivals, the odds were below 2, and
any bound cost 2 % in one list."""


def bound_new_item_bias(
    data: Dataset, pools: TrainingPools, sets: Sequence[WeightSet]
) -> tuple[WeightSet, ...]:
    """Return sets of weights whose bias of new items is lowered where it hides what sells.

    Simulated cold starts hide items that did sell. The items without events may be of this
    kind, or they were on sale and nobody chose them. The bias that is best for the former can
    fill lists with the latter. It is lowered until items that sell lose at most ``EVEN_LOSS``
    of their NDCG@10 to items without events, times a power of the odds of arrivals. A
    loss up to the share of events that fall on such items is allowed in any case.

    Args:
        data: All training data.
        pools: Pools of all simulated queries.
        sets: Weights, with the arrival shift.
    """
    unsold = unsold_items(data)
    if "new_item" not in pools.pools or not unsold.any() or not len(data.events):
        return tuple(sets)
    arrivals = 1 - float(likely_on_sale_probability(data)[unsold].mean())
    odds = arrivals / max(1 - arrivals, MIN_ON_SALE)
    max_loss = max(EVEN_LOSS * odds**ODDS_POWER, missing_mass(data))
    return tuple(_bound_set(pools, one, unsold, max_loss) for one in sets)


def _bound_set(
    pools: TrainingPools, one: WeightSet, unsold: Mask, max_loss: float
) -> WeightSet:
    bias = one.new_bias.copy()
    for levels in NEW_ITEM_LEVEL_GROUPS:
        task = _build_bias_task(pools, levels, unsold, one)
        if task is not None:
            bias[list(levels)] += _choose_shift(task, max_loss)
    return replace(one, new_bias=bias)


def _choose_shift(task: RankingTask, max_loss: float) -> float:
    """Return the smallest change of the bias with which known items lose little."""
    alone = _mean_ndcg(task.restrict_candidates(task.present & ~task.pool.is_new), 0.0)
    kept = (s for s in BIAS_SHIFTS if _mean_ndcg(task, s) >= (1 - max_loss) * alone)
    return next(kept, BIAS_SHIFTS[-1])


def _mean_ndcg(task: RankingTask, shift: float) -> float:
    """Return the NDCG@10 of the answerable queries with a change of the bias."""
    answerable = task.pool.n_relevant > 0
    if not answerable.any():
        return 0.0
    return float(sampled_ndcg(task.score(np.array([shift])), task)[answerable].mean())


def _build_bias_task(
    pools: TrainingPools, levels: tuple[int, ...], unsold: Mask, one: WeightSet
) -> RankingTask | None:
    """Return the queries of some levels, whose weight is a change of the bias of new items.

    Hidden items are no candidates: only items without events in the whole data are new.

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
    constant = pool.is_new[None].astype(np.float32)
    scores = score_warm_items(pool, one.weights) + new
    stays = ~pool.is_new | unsold[pool.item_rows]
    return RankingTask(constant, pool, pool.present & stays, scores).restrict_candidates(
        pool.present & stays
    )
