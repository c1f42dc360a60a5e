"""Guard of the weights: a list must not be worse than the best sellers.

Weights are tested on simulated queries that they were not fitted on. Where a list of best
sellers is better, the blend is moved towards it.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from daybreak.ranking.blending.objective import (
    N_STANDARD_ERRORS,
    lower_gain,
    sampled_ndcg,
    values_by_user,
)
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import TARGET_TIE_PENALTY, RankingTask
from daybreak.types import Doubles, Floats, Mask, Rows

POPULAR_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Shares of the best sellers in the guarded weights that are tried."""
BIAS_STEPS = (0.5, 1.0, 2.0, 4.0, 8.0, 32.0)
"""Amounts that are subtracted from the bias of new items, as multiples of the sum of the
weights of items with events."""
MAX_GUARDED_QUESTIONS = 1_000
"""Number of queries from which the fitted weights need no test: the search for them starts
from the best sellers, and the NDCG of so many queries is not due to chance. Queries without
events, for which little else is known, are always tested."""
ARRIVAL_SHARES = (0.25, 0.5, 0.75, 1.0)
"""Shares of what the arrival shift lowers the mean score by that are taken back."""
MAX_ARRIVAL_COST = 0.03
"""Largest loss of the NDCG of all targets for which arrivals are raised."""
MIN_GUARD_QUERIES = 8
"""Minimum number of queries on which weights of the prior alone are tested, of all kinds and
levels with events together: fewer than weights are fitted on."""
MIN_WINDOW_USERS = 6
"""Smallest number of different users whose queries can prefer recent popularity to that of all
time. In a shop of five customers, nine queries of four of them did, and its list had a third of
the NDCG@10 of the best sellers for 400 people who came later."""
GUARDED_MODEL = "popular"
"""Model of the best sellers, with any window."""


def popular_rows(strategies: Sequence[Strategy], allowed: Mask) -> Rows:
    """Return the positions of the strategies that rank by popularity."""
    return np.array(
        [
            row
            for row, strategy in enumerate(strategies)
            if strategy.model == GUARDED_MODEL and allowed[row]
        ],
        dtype=np.int64,
    )


def windowed_rows(strategies: Sequence[Strategy]) -> frozenset[int]:
    """Return the positions of the strategies that rank by recent popularity."""
    return frozenset(
        row
        for row, strategy in enumerate(strategies)
        if strategy.options.get("window") or strategy.options.get("learns_half_life")
    )


def needs_test(tasks: Sequence[RankingTask]) -> bool:
    """Return whether the weights of a level need a test on held-out queries."""
    n_queries = sum(len(task.pool.n_events) for task in tasks)
    return bool(tasks) and not (
        n_queries >= MAX_GUARDED_QUESTIONS and tasks[0].pool.n_events.any()
    )


def guard_weights(
    tasks: Sequence[RankingTask],
    weights: Doubles,
    folds: Sequence[tuple[Doubles, Sequence[RankingTask]]],
    popular: Rows,
    windowed: Collection[int] = (),
) -> tuple[Doubles, float]:
    """Return weights that rank held-out queries at least as well as the best sellers.

    Args:
        tasks: Tasks of one level.
        weights: (n_strategies,) weights that were fitted on all their queries.
        folds: Weights that were fitted on some of the queries, and the other queries; none if
            the weights need no test.
        popular: Positions of the strategies that rank by popularity.
        windowed: Those that rank by recent popularity. They count as best sellers only where
            they are significantly better than popularity of all time: what is recent in a
            simulated query is old when the list is shown, and a few queries prefer one of
            several windows by chance. Queries of fewer than ``MIN_WINDOW_USERS`` tell nothing.

    Returns:
        The weights, and the share of the best sellers that was added to them.
    """
    if not len(popular) or not tasks or not folds:
        return weights, 0.0

    def measure(row: int, share: float) -> float:
        moved = [(_move(fitted, row, share), part) for fitted, part in folds]
        return float(np.mean([_mean_ndcg(part, fitted) for fitted, part in moved]))

    best = _choose_popular(tasks, popular, windowed, len(weights))
    if measure(best, 0.0) >= measure(best, 1.0):
        return weights, 0.0
    share = max(reversed(POPULAR_SHARES), key=lambda value: measure(best, value))
    return _move(weights, best, share), share


def guard_bias(one_list: RankingTask, popular: Rows, weights: Doubles, total: float) -> Doubles:
    """Return weights of new items, with a bias that keeps the list above the best sellers.

    Args:
        one_list: Queries whose candidates are items with and without events; the scores of
            items with events are fixed.
        popular: Positions of the strategies that rank by popularity.
        weights: (n_weights,) weights of new items, bias last.
        total: Sum of the weights of items with events.
    """
    floor = max((_popular_ndcg(one_list, row) for row in popular.tolist()), default=0.0)

    def measure(lowered: Doubles) -> float:
        return float(sampled_ndcg(one_list.score(lowered), one_list).mean())

    if measure(weights) >= floor:
        return weights
    unit = np.eye(len(weights))[-1] * total
    return max((weights - factor * unit for factor in BIAS_STEPS), key=measure)


def guard_arrivals(one_list: RankingTask, shift: Doubles, single: Rows) -> Doubles:
    """Return an arrival shift with which new items rank as well as by the best strategy alone.

    If the shift lowers the scores of new items, and a strategy alone ranks the targets that are
    new significantly better, the intercept is raised until the blend does as well, at most to
    the mean score without a shift, and as long as that costs at most ``MAX_ARRIVAL_COST`` of
    the NDCG of all targets.

    Args:
        one_list: Queries of arrivals, whose two features are the score of a new item and 1.
        shift: (2,) slope and intercept.
        single: Positions of the strategies that score items with and without events.
    """
    relevant = one_list.pool.relevant & one_list.pool.is_new
    pool = replace(one_list.pool, relevant=relevant, n_relevant=relevant.sum(axis=1))
    new = replace(one_list, pool=pool).restrict_queries(np.flatnonzero(pool.n_relevant))
    if not len(new.pool.n_events) or not len(single):
        return shift
    best_list = max((_strategy_ndcg(new, row) for row in single.tolist()), key=np.mean)
    gain = best_list - sampled_ndcg(new.score(shift), new)
    if gain.mean() < N_STANDARD_ERRORS * gain.std() / np.sqrt(len(gain)):
        return shift
    least = (1 - MAX_ARRIVAL_COST) * _mean_ndcg([one_list], shift)
    scores = one_list.features[0][one_list.present & one_list.pool.is_new]
    lowered_by = float(scores.mean() - (shift[0] * scores.mean() + shift[1]))
    best = shift
    for share in ARRIVAL_SHARES if lowered_by > 0 else ():
        raised = shift + np.array([0.0, share * lowered_by])
        if _mean_ndcg([one_list], raised) < least:
            break
        best = raised
        if float(sampled_ndcg(new.score(raised), new).mean()) >= best_list.mean():
            break
    return best


def _strategy_ndcg(task: RankingTask, row: int) -> Floats:
    """Return the (n_queries,) NDCG@10 of lists of one strategy alone."""
    scores = task.pool.features[row] - TARGET_TIE_PENALTY * task.pool.relevant
    scores = np.where(task.present, scores, -np.inf).astype(np.float32)
    return sampled_ndcg(scores, task)


def _popular_ndcg(one_list: RankingTask, row: int) -> float:
    """Return the NDCG@10 of a list of best sellers, after which all new items come."""
    pool = one_list.pool
    scores = np.where(pool.is_new | ~one_list.present, -np.inf, pool.features[row])
    scores = scores - TARGET_TIE_PENALTY * pool.relevant
    return float(sampled_ndcg(scores.astype(np.float32), one_list).mean())


def _mean_ndcg(tasks: Sequence[RankingTask], weights: Doubles) -> float:
    total = sum(task.share for task in tasks)
    values = [t.share * float(sampled_ndcg(t.score(weights), t).mean()) for t in tasks]
    return sum(values) / max(total, 1e-9)


def _choose_popular(
    tasks: Sequence[RankingTask], popular: Rows, windowed: Collection[int], n_weights: int
) -> int:
    """Return the strategy of popularity whose lists are the best sellers of a level."""
    alone = {
        row: [_query_ndcg(t, np.eye(n_weights)[row]) for t in tasks] for row in popular.tolist()
    }
    shares = np.array([task.share for task in tasks]) / sum(task.share for task in tasks)

    def mean(values: Sequence[Floats]) -> float:
        return float(shares @ [one.mean() for one in values])

    rows: list[int] = popular.tolist()
    plain = [row for row in rows if row not in windowed] or rows
    best = max(plain, key=lambda row: mean(alone[row]))
    if _count_users(tasks) < MIN_WINDOW_USERS:
        return best

    def gain_of(row: int) -> float:
        gains = [
            values_by_user(new - old, task.pool.users)
            for task, new, old in zip(tasks, alone[row], alone[best], strict=True)
        ]
        return lower_gain(list(zip(shares.tolist(), gains, strict=True)))

    recent = max((row for row in rows if row not in plain), key=gain_of, default=best)
    return recent if recent != best and gain_of(recent) > 0 else best


def _count_users(tasks: Sequence[RankingTask]) -> int:
    """Return the number of different users of some tasks."""
    n_unknown = sum(len(t.pool.n_events) for t in tasks if not len(t.pool.users))
    known = [task.pool.users for task in tasks if len(task.pool.users)]
    return n_unknown + (len(np.unique(np.concatenate(known))) if known else 0)


def _query_ndcg(task: RankingTask, weights: Doubles) -> Floats:
    return sampled_ndcg(task.score(weights), task)


def _move(weights: Doubles, row: int, share: float) -> Doubles:
    """Return weights of which a share is that of one strategy."""
    total = weights.sum() or 1.0
    moved: Doubles = (1 - share) * weights
    moved[row] += share * total
    return moved
