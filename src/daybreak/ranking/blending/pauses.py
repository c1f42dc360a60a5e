"""How much the last events of a known user say after a pause.

Within a sitting, what somebody takes next is like what they took last; weeks later it is hardly
so. Weights are fitted on both kinds of queries together, and recent histories are multiplied by
a step for the time since the last event. Start with :func:`fit_pause_steps`.

The step is a second one beside that of :mod:`daybreak.models.next_event`, and says something
else: by how much a strategy counts beside the others, which only lists of the whole blend can
tell. A strategy with a step of its own gets none here.
"""

from collections.abc import Sequence

import numpy as np

from daybreak.data.memory import N_PAUSES, group_pauses
from daybreak.models import models
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import sampled_ndcg
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import RankingTask, build_level_tasks
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    FIRST_KNOWN_USER_LEVEL,
    nearest_level,
    pause_factors,
)
from daybreak.types import Doubles, Floats, Mask, Rows

PAUSE_STEPS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Steps that are tried."""
MIN_PAUSE_QUERIES = 50
"""Smallest number of queries of a pause on which a step other than that of the shorter pause is
chosen."""


def fit_pause_steps(
    pools: TrainingPools, strategies: Sequence[Strategy], weights: Doubles
) -> Doubles:
    """Return (n_pauses,) the steps by which recent histories are multiplied.

    For each pause it is the step with the highest NDCG@10, if that is better than the step 1 by
    more than a standard error. A step is never larger than that of a shorter pause.

    Args:
        pools: Pools of all simulated queries.
        strategies: Their strategies.
        weights: (n_levels, n_strategies) weights of items with events.
    """
    rows = _recent_rows(strategies)
    found = [
        _try_steps(task, weights[level], rows, nearest_level(task.pool.n_events) == level)
        for level in range(FIRST_KNOWN_USER_LEVEL, len(EVENT_LEVELS))
        for task in build_level_tasks(pools, level)
        if len(task.pool.pause_s)
    ]
    steps = np.ones(N_PAUSES)
    if not found or not len(rows):
        return steps
    pauses, ndcg, shares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    groups = np.where(np.isnan(pauses), -1, group_pauses(pauses))
    highest = max(PAUSE_STEPS)
    for group in range(N_PAUSES):
        chosen = groups == group
        if chosen.sum() >= MIN_PAUSE_QUERIES:
            steps[group] = _choose_step(ndcg[chosen], shares[chosen])
        elif group:
            steps[group] = min(steps[group - 1], 1.0)
        steps[group] = highest = min(steps[group], highest)
    return steps


def scale_recent(pools: TrainingPools, strategies: Sequence[Strategy], steps: Doubles) -> None:
    """Multiply the scores of recent histories of known users by steps, in place.

    Args:
        pools: Pools of all simulated queries.
        strategies: Their strategies.
        steps: (n_pauses,)
    """
    rows = _recent_rows(strategies)
    for pool in pools.pools.values():
        factors = _factors_of(pool, steps)
        changed = np.flatnonzero(factors != 1)
        for row in rows.tolist() if len(changed) else ():
            pool.features[row, changed] *= factors[changed, None]


def _recent_rows(strategies: Sequence[Strategy]) -> Rows:
    kinds = [getattr(models[one.model], "feature_kind", "") for one in strategies]
    return np.flatnonzero([kind == "recent" for kind in kinds])


def _factors_of(pool: CandidatePool, steps: Doubles) -> Floats:
    if not len(pool.pause_s):
        return np.ones(len(pool.n_events), dtype=np.float32)
    return pause_factors(nearest_level(pool.n_events), pool.pause_s, steps)


def _try_steps(
    task: RankingTask, weights: Doubles, rows: Rows, is_own: Mask
) -> tuple[Doubles, Floats, Doubles]:
    """Return the pauses of the queries, their NDCG@10 with each step, and their shares.

    Args:
        task: Queries.
        weights: (n_strategies,)
        rows: Strategies of recent histories.
        is_own: (n_queries,) queries of the level; those of other levels fill up what few are.
    """
    others = weights.copy()
    others[rows] = 0
    base, recent = task.score(others), np.zeros(task.present.shape, dtype=np.float32)
    for row in rows.tolist():
        recent += np.float32(weights[row]) * task.features[row]
    ndcg = [sampled_ndcg(base + np.float32(step) * recent, task) for step in PAUSE_STEPS]
    shares = np.full(int(is_own.sum()), task.share / len(is_own))
    return task.pool.pause_s[is_own], np.stack(ndcg, axis=1)[is_own], shares


def _choose_step(ndcg: Floats, shares: Doubles) -> float:
    """Return the best step, or 1 if it is not better by more than a standard error.

    Args:
        ndcg: (n_queries, n_steps) values.
        shares: (n_queries,) weights of the queries.
    """
    weights = shares / shares.sum()
    best = int(np.argmax(weights @ ndcg))
    gain = ndcg[:, best] - ndcg[:, PAUSE_STEPS.index(1.0)]
    mean = float(weights @ gain)
    error = float(np.sqrt(np.square(weights * (gain - mean)).sum()))
    return PAUSE_STEPS[best] if mean > error else 1.0
