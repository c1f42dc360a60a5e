"""Weights of items without events, and the shift of arrivals against hidden items."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.ranking.blending.ablation import SelectionThresholds, select_strategies
from daybreak.ranking.blending.guard import guard_arrivals, guard_bias, popular_rows
from daybreak.ranking.blending.objective import (
    START_WEIGHT,
    coordinate_search,
    fit_softmax,
    mean_sampled_ndcg,
    minimise_softmax_loss,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.prior import PriorWeights
from daybreak.ranking.blending.shrinkage import (
    count_hidden_targets,
    fitted_share,
    shrink_new_item_weights,
)
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.strategy_masks import (
    default_weights,
    new_item_masks,
    warm_item_masks,
)
from daybreak.ranking.blending.tasks import (
    NEW_ITEM_LEVEL_GROUPS,
    RankingTask,
    build_new_item_tasks,
    score_warm_items,
    subsample,
)
from daybreak.ranking.blending.warm_start import WarmStart
from daybreak.ranking.blending.weights import EVENT_LEVELS, nearest_level
from daybreak.simulation.moments import NOW_NEW_KIND
from daybreak.types import Doubles, Mask, Rows

BEST_STRATEGY_SHARE = 0.25
"""Share of the best single strategy in the weights of new items."""
SLOPE_BOUNDS = (0.3, 1.5)
"""Bounds of the slope of the arrival shift; at 0 all arrivals would have the same score."""


@dataclass(frozen=True, eq=False)
class NewItemWeights:
    """Weights of items without events."""

    weights: Doubles
    """(n_levels, n_strategies)"""
    bias: Doubles
    """(n_levels,)"""
    questions: Doubles = field(default_factory=lambda: np.zeros(len(EVENT_LEVELS)))
    """(n_levels,) number of simulated queries, at most that of the hidden items asked for"""
    report: list[dict[str, Any]] = field(default_factory=list)
    """Measurements for each group of levels as JSON values."""


def fit_new_item_weights(
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    warm_weights: Doubles,
    thresholds: SelectionThresholds,
    warm_start: WarmStart | None,
    prior: PriorWeights | None = None,
) -> NewItemWeights:
    """Fit the weights of items without events, and shrink them towards the prior."""
    names = [s.name for s in strategies]
    prior = prior or PriorWeights.none(len(names))
    baseline, allowed = new_item_masks(strategies)
    current = np.append(default_weights(strategies) * baseline[:-1], 0.0)
    tasks = build_new_item_tasks(pools, warm_weights)
    selection = select_strategies(tasks, baseline, allowed, thresholds, new_items=True)
    earlier = None if warm_start is None else warm_start.new_weights(names)
    totals = warm_weights.sum(axis=1, keepdims=True)
    popular = popular_rows(strategies, warm_item_masks(strategies)[1])
    expected = prior.new_item_weights(totals)
    weights, questions = np.zeros_like(expected), np.zeros(len(EVENT_LEVELS))
    report = []
    for group, levels in enumerate(NEW_ITEM_LEVEL_GROUPS):
        rows, mask, count = list(levels), selection.masks[group], 0.0
        if tasks[group]:
            starts = [current * mask] + ([] if earlier is None else [earlier[levels[0]] * mask])
            current = _fit_group(tasks[group], mask, starts)
            count = count_hidden_targets(tasks[group])
            ndcg = round(mean_sampled_ndcg(tasks[group], current), 4)
            measured = {"events": EVENT_LEVELS[levels[0]], "ndcg@10": ndcg, "queries": count}
            report.append(measured | selection.report(group, [*names, "bias"]))
        questions[rows] = count
        weights[rows] = shrink_new_item_weights(
            current, expected[rows] * mask, count, prior.counts_for_new_items
        )
        for level in rows if tasks[group] else ():
            weights[level] = guard_bias(
                tasks[group][0], popular, weights[level], float(totals[level, 0])
            )
    return NewItemWeights(weights[:, :-1], weights[:, -1], questions, report)


def _fit_group(
    tasks: Sequence[RankingTask], allowed: Mask, starts: Sequence[Doubles]
) -> Doubles:
    """Search from the best of the smooth optimum and the given starts; the bias is last."""
    initial = np.append(np.full(len(allowed) - 1, START_WEIGHT), starts[0][-1])
    smooth = fit_softmax(tasks, allowed, initial, has_bias=True)
    fitted = coordinate_search(tasks, [smooth, *starts], np.flatnonzero(allowed).tolist())
    return _mix_with_best(tasks, fitted, np.flatnonzero(allowed[:-1]))


def _mix_with_best(tasks: Sequence[RankingTask], fitted: Doubles, allowed: Rows) -> Doubles:
    """Move weights towards the strategy that alone ranks new items best among themselves.

    All queries share the few hidden items, which many weights can fit too well. The total of
    the weights stays, and the bias is searched again.
    """
    if not len(allowed):
        return fitted
    alone = np.eye(len(fitted))[allowed]
    best = allowed[np.argmax([mean_sampled_ndcg(tasks[-1:], row) for row in alone])]
    mixed = (1 - BEST_STRATEGY_SHARE) * fitted
    mixed[best] += BEST_STRATEGY_SHARE * fitted[:-1].sum()
    mixed[-1] = fitted[-1]
    return coordinate_search(tasks, [mixed], [len(fitted) - 1])


def fit_arrival_shift(
    pools: TrainingPools,
    warm_weights: Doubles,
    new_item_weights: NewItemWeights,
    prior: PriorWeights | None = None,
    scores_all_items: Mask | None = None,
) -> tuple[float, float]:
    """Return slope and intercept of the scores of arrivals against randomly hidden items.

    The bias of the prior is that of arrivals; the more it counts, the smaller the shift.

    Args:
        pools: Pools of all simulated queries.
        warm_weights: (n_levels, n_strategies) weights of items with events.
        new_item_weights: Weights of items without events.
        prior: Weights of the prior.
        scores_all_items: (n_strategies,) strategies that score both; alone, none of them may
            rank arrivals better. Default: not tested.
    """
    if "arriving" not in pools.pools:
        return 1.0, 0.0
    arrivals = pools.pools["arriving"]
    pool = arrivals.take(subsample(np.arange(len(arrivals.n_events))))
    level = nearest_level(pool.n_events)
    weights = new_item_weights.weights[level].astype(np.float32)
    scores = (
        np.einsum("qs,sqw->qw", weights, pool.features) + new_item_weights.bias[level][:, None]
    )
    features = np.stack([scores, np.ones_like(scores)]).astype(np.float32) * pool.is_new
    task = RankingTask(features, pool, pool.present, score_warm_items(pool, warm_weights))
    unchanged = np.array([1.0, 0.0])
    smooth = minimise_softmax_loss([task], unchanged, [SLOPE_BOUNDS, (None, None)])
    shift = coordinate_search([task], [smooth, unchanged], [0, 1])
    shift[0] = np.clip(shift[0], *SLOPE_BOUNDS)
    shift = coordinate_search([task], [shift], [1])
    share = fitted_share(len(pool.n_events), 0.0 if prior is None else prior.shift_questions)
    shift = unchanged + share * (shift - unchanged)
    if scores_all_items is not None:
        shift = guard_arrivals(task, shift, np.flatnonzero(scores_all_items))
    if NOW_NEW_KIND in pools.pools:  # unsold items at moments are arrivals themselves
        shift = unchanged + (1 - pools.now_share) * (shift - unchanged)
    return float(shift[0]), float(shift[1])
