"""Weights of spoken wishes, fitted with the rest of the blend fixed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models import models
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import sampled_ndcg
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, WeightSet, nearest_level
from daybreak.types import Doubles, Floats, Rows

DEFAULT_STRENGTH = 12.0
"""Weight of a wish without measurements, in standard deviations of the other scores within a
query: what is about it comes first, and the other strategies order that. The NDCG was best with
4 to 16 at every level of five catalogues, and 12 lost 1 % of that on average."""
MAX_LOSS = 0.02
"""Share of the best NDCG@10 that a higher strength may lose. Simulated targets do not show how
odd an item looks that has nothing to do with the wish: with the best strength, of ten items
after a sentence and one event, 1.4 of MovieLens 100K and 3.2 of Last.fm were not about it."""
STRENGTHS = (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)
"""Values that are tried."""
PRIOR_QUERIES = 100
"""Number of queries that the default counts as."""
MIN_SPREAD_QUERIES = 5
"""Minimum number of queries by which the standard deviation of other scores is measured."""
MIN_SPREAD = 0.5
"""Smallest standard deviation of other scores that counts."""
SAYS_KINDS = ("says", "about")
"""Kinds of queries with a wish: targets are what the person chose next, or everything that the
statement is about. Both count the same."""


def wish_rows(strategies: Sequence[Strategy]) -> list[int]:
    """Return the positions of the strategies whose weight is fitted on spoken wishes."""
    return [row for row, s in enumerate(strategies) if models[s.model].card.fitted_on == "says"]


def copy_wish_weights(blend: Blend, rows: Sequence[int]) -> Blend:
    """Return a blend whose wishes weigh as much for items without events as for others.

    Args:
        blend: Blend to which another arrival shift was applied.
        rows: Positions of the strategies of wishes.
    """

    def copied(weights: Doubles, new_weights: Doubles) -> Doubles:
        new_weights = new_weights.copy()
        new_weights[:, rows] = weights[:, rows]
        return new_weights

    sets = (replace(s, new_weights=copied(s.weights, s.new_weights)) for s in blend.weight_sets)
    new_weights = copied(blend.weights, blend.new_weights)
    return replace(blend, new_weights=new_weights, weight_sets=tuple(sets))


def default_spread(weights: WeightSet) -> Doubles:
    """Return (n_levels,) an upper bound of the standard deviation of scores within a query."""
    spread = np.maximum(weights.weights.sum(axis=1), weights.new_weights.sum(axis=1))
    return np.asarray(np.maximum(spread, 2 * MIN_SPREAD), dtype=np.float64)


def score_pool(pool: CandidatePool, weights: WeightSet) -> Floats:
    """Return the (n_queries, width) scores of the candidates of a pool."""
    level = nearest_level(pool.n_events)
    warm = np.einsum("qs,sqw->qw", weights.weights[level].astype(np.float32), pool.features)
    new = np.einsum("qs,sqw->qw", weights.new_weights[level].astype(np.float32), pool.features)
    shifted = new + weights.new_bias[level].astype(np.float32)[:, None]
    return np.asarray(np.where(pool.is_new, shifted, warm), dtype=np.float32)


def fit_wish_weights(
    pools: TrainingPools, row: int, others: WeightSet
) -> tuple[Doubles, list[dict[str, Any]]]:
    """Return the (n_levels,) weights of a wish, and a report by level.

    The weight of a level is a strength times the standard deviation of the other scores. The
    strength is the highest one that loses at most ``MAX_LOSS`` for the queries of the level,
    shrunk to the default on a logarithmic scale: it counts as many queries as there are, the
    default ``PRIOR_QUERIES``.

    Args:
        pools: Pools of all simulated queries.
        row: Position of the strategy of wishes.
        others: Weights of the other strategies, with the arrival shift.
    """
    weights = DEFAULT_STRENGTH * default_spread(others)
    tasks = [
        _to_task(pools.pools[kind], row, others) for kind in SAYS_KINDS if kind in pools.pools
    ]
    report = []
    for level, n_events in enumerate(EVENT_LEVELS):
        found = [_restrict(task, level) for task in tasks]
        found = [task for task in found if len(task.pool.n_events) >= MIN_SPREAD_QUERIES]
        if not found:
            continue
        spread = max(_mean_spread(found[0]), MIN_SPREAD)
        values = [_mean_ndcg(found, strength * spread) for strength in STRENGTHS]
        n = len(found[0].pool.n_events)
        strength = shrink_strength(choose_strength(values), n)
        weights[level] = strength * spread
        report.append(
            {
                "events": n_events,
                "queries": n,
                "ndcg@10": round(_mean_ndcg(found, float(weights[level])), 4),
                "without": round(_mean_ndcg(found, 0.0), 4),
                "strength": round(strength, 2),
                "weight": round(float(weights[level]), 3),
            }
        )
    return weights, report


def add_wish_weights(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weights with those of spoken wishes, the same for items with and without events.

    Args:
        data: Training data; without content, wishes have no weight.
        pools: Pools of all simulated queries.
        strategies: All strategies.
        sets: Weights of all other strategies, with the arrival shift.

    Returns:
        The weights, and a report by level for the last set, empty without measurements.
    """
    rows = wish_rows(strategies)
    if not rows or not data.items.blocks:
        return tuple(sets), []
    added: list[WeightSet] = []
    report: list[dict[str, Any]] = []
    for others in sets:
        column, report = fit_wish_weights(pools, rows[0], others)
        weights, new_weights = others.weights.copy(), others.new_weights.copy()
        weights[:, rows] = new_weights[:, rows] = column[:, None]
        added.append(replace(others, weights=weights, new_weights=new_weights))
    return tuple(added), report


def choose_strength(values: Sequence[float]) -> float:
    """Return the highest strength whose NDCG is close enough to the best one.

    Without any target in a list, nothing is measured, and the default is returned.

    Args:
        values: NDCG@10 with each of ``STRENGTHS``.

    Example:
        >>> choose_strength([0.30, 0.45, 0.49, 0.50, 0.495, 0.47, 0.46])
        12.0
    """
    if not max(values):
        return DEFAULT_STRENGTH
    least = (1 - MAX_LOSS) * max(values)
    return max(s for s, value in zip(STRENGTHS, values, strict=True) if value >= least)


def shrink_strength(chosen: float, n_queries: int) -> float:
    """Return the geometric mean of a strength and the default, weighted by their queries.

    Example:
        >>> round(shrink_strength(3.0, 100), 6), round(shrink_strength(3.0, 0), 6)
        (6.0, 12.0)
    """
    share = n_queries / (n_queries + PRIOR_QUERIES)
    return float(np.exp(share * np.log(chosen) + (1 - share) * np.log(DEFAULT_STRENGTH)))


def _to_task(pool: CandidatePool, row: int, others: WeightSet) -> RankingTask:
    return RankingTask(pool.features[[row]], pool, pool.present, score_pool(pool, others))


def _restrict(task: RankingTask, level: int) -> RankingTask:
    rows: Rows = np.flatnonzero(nearest_level(task.pool.n_events) == level)
    return task.restrict_queries(rows)


def _mean_spread(task: RankingTask) -> float:
    """Return the mean over queries of the standard deviation of the other scores."""
    assert task.offset is not None  # noqa: S101 - every task of this file has one
    scores = np.where(task.present, task.offset, np.nan)
    return float(np.nanstd(scores, axis=1).mean())


def _mean_ndcg(tasks: Sequence[RankingTask], weight: float) -> float:
    """Return the mean NDCG@10 over tasks, each with the same share."""
    column = np.array([weight])
    return float(np.mean([sampled_ndcg(t.score(column), t).mean() for t in tasks]))
