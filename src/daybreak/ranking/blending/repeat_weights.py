"""Weight of repeat consumption, fitted with the rest of the blend as a fixed part."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.repeats import repeats_are_usual
from daybreak.models import models
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import coordinate_search, mean_sampled_ndcg
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import (
    MIN_QUERIES,
    RankingTask,
    score_warm_items,
    subsample,
)
from daybreak.ranking.blending.weights import EVENT_LEVELS, nearest_level
from daybreak.simulation.moments import AGAIN_KIND
from daybreak.types import Doubles

START_WEIGHTS = (0.0, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Weights from which the search starts; frequencies are from 0 to 1."""

DEFAULT_FACTOR = 4.0
"""Weight that is not measured, as a multiple of the sum of all others: an item of every basket
then gains four standard deviations."""


def fit_repeat_weights(
    data: Dataset, pools: TrainingPools, strategies: Sequence[Strategy], weights: Doubles
) -> tuple[Doubles, list[dict[str, Any]]]:
    """Return weights with those of repeat consumption, and a report by level.

    Where people usually take the same again, but too few of them to measure a weight, or at
    unknown times, the weight is a multiple of that of all other strategies.

    Args:
        data: Training data.
        pools: Pools of all simulated queries.
        strategies: Their strategies.
        weights: (n_levels, n_strategies) weights of items with events.
    """
    rows = [n for n, s in enumerate(strategies) if models[s.model].card.fitted_on == "again"]
    if not rows or data.repeated is None:
        return weights, []
    weights = weights.copy()
    weights[:, rows] = 0
    defaults = DEFAULT_FACTOR * weights.sum(axis=1) * repeats_are_usual(data.all_events)
    everybody = pools.pools.get(AGAIN_KIND)
    if everybody is None or len(everybody.n_events) < MIN_QUERIES:
        weights[:, rows] = defaults[:, None]
        return weights, []
    report = []
    levels = nearest_level(everybody.n_events)
    for level, events in enumerate(EVENT_LEVELS):
        found = np.flatnonzero(levels == level)
        is_measured = len(found) >= MIN_QUERIES
        pool = everybody.take(subsample(found if is_measured else np.arange(len(levels))))
        task = _repeat_task(pool, rows, weights)
        starts = [np.full(len(rows), start) for start in START_WEIGHTS]
        best = coordinate_search([task], starts, range(len(rows)))
        weights[level, rows] = best if is_measured else np.maximum(best, defaults[level])
        if is_measured:
            ndcg = (mean_sampled_ndcg([task], one) for one in (starts[0], best))
            without, with_repeats = (round(value, 4) for value in ndcg)
            report.append({"events": events, "ndcg@10": with_repeats, "without": without})
    return weights, report


def _repeat_task(pool: CandidatePool, rows: Sequence[int], weights: Doubles) -> RankingTask:
    ordinary = weights.copy()
    ordinary[:, rows] = 0
    offset = score_warm_items(pool, ordinary)
    return RankingTask(pool.features[rows], pool, pool.present, offset)
