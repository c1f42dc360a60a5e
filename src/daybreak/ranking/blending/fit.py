"""Fit a blend: play cold starts, measure every strategy, weigh them, refit on everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.ablation import (
    MIN_Z_NEW_ITEMS,
    restrict_candidates,
    restrict_queries,
    select_strategies,
    split_by_item,
    split_by_query,
)
from daybreak.ranking.blending.arrival_shift import new_item_arrival_probability
from daybreak.ranking.blending.features import (
    CandidatePool,
    Progress,
    TrainingPools,
    build_training_pools,
)
from daybreak.ranking.blending.objective import (
    RankingTask,
    coordinate_search,
    fit_softmax,
    mean_sampled_ndcg,
    sampled_ndcg,
)
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.ranking.blending.warm_start import ZERO_WEIGHT, WarmStart, fit_all
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend, nearest_level
from daybreak.types import Doubles, Floats, Mask, Rows

MIN_QUERIES = 30
"""Queries that a kind needs at a level to be heard there."""
MAX_QUERIES = 500
"""Queries of a kind that are used at a level; more cost time and change little."""
NEW_ITEM_LEVEL_GROUPS = ((0,), (1, 2, 3, 4), (5, 6, 7))
"""Levels, by position, that share the weights of new items."""
WARM_ITEM_KINDS = ("new_user", "user", "later")
MAX_NEW_USER_EVENTS = 10
"""Events up to which a user counts as new."""
FIRST_KNOWN_USER_LEVEL = EVENT_LEVELS.index(20)
"""Position of the first level of known users."""
SLOPE_BOUNDS = (0.3, 1.5)
"""Least and largest factor of the scores of arrivals."""
KNOWN_USER_SHARE = 0.15
"""Share of the questions of old users among those of new ones."""

WeightBounds = list[tuple[float | None, float | None]]


@dataclass(frozen=True, eq=False)
class NewItemWeights:
    """Weights of items without events."""

    weights: Doubles
    """(n_levels, n_strategies)"""
    bias: Doubles
    """(n_levels,)"""


def fit_blend(
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int,
    progress: Progress = lambda _: None,
    budget: TimeBudget | None = None,
    warm_start: WarmStart | None = None,
) -> tuple[Blend, FittedStrategies]:
    """Return the blend fitted on simulated cold starts, and the line-up fitted on all.

    Args:
        data: Everything that is known.
        strategies: Who competes; costly ones leave when the budget runs out, and count only
            where they make the blend of the light ones measurably better.
        seed: Of everything random.
        say: Told what is being done.
        budget: Of time; default: no limit.
        start: An earlier training: its weights are tried too, what it found useless does not
            compete, and models that can go on do so when everything is learned. In the
            simulated cold starts they learn anew, as they have seen what is hidden there.
    """
    competing = (
        tuple(strategies) if warm_start is None else warm_start.filter_strategies(strategies)
    )
    candidates = CandidateStrategies(competing, budget or TimeBudget())
    bank = build_training_pools(
        data, candidates, seed, progress, partial(_find_helpful, strategies=competing)
    )
    staying = tuple(candidates.strategies[row] for row in candidates.remaining_rows())
    progress("weighing the strategies")
    with threadpool_limits(1):  # many small products: threads would wait for each other
        weights, levels = _fit_warm_item_weights(bank, staying, warm_start)
        new, gains = _fit_new_item_weights(bank, staying, weights, warm_start)
        stretch, offset = _fit_arrival_shift(bank, weights, new)
    used = np.flatnonzero(weights.any(axis=0) | new.weights.any(axis=0))
    used = used if len(used) else np.arange(1)
    names = tuple(staying[row].name for row in used)
    candidates.keep(names, ZERO_WEIGHT)
    progress("learning from everything")
    fitted, how = fit_all(data, [staying[row] for row in used], seed, warm_start)
    like = new_item_arrival_probability(data)
    stretched = 1 + like * (stretch - 1)
    arrival = {"likeness": like, "stretch": stretch, "offset": offset}
    report = {"levels": levels, "new_items": gains, "arrival": arrival}
    blend = Blend(
        names,
        bank.scale[used],
        weights[:, used],
        new.weights[:, used] * stretched,
        new.bias * stretched + like * offset,
        like,
        report | {"candidates": candidates.report()} | ({"start": how} if how else {}),
    )
    return blend, fitted


def _fit_warm_item_weights(
    bank: TrainingPools, strategies: Sequence[Strategy], before: WarmStart | None
) -> tuple[Doubles, list[dict[str, Any]]]:
    """Fit the weights of items with events, level by level, each from the one before."""
    light, usable = _warm_item_masks(strategies)
    names = [s.name for s in strategies]
    start = _default_weights(strategies) * light
    weights = np.zeros((len(EVENT_LEVELS), len(strategies)))
    earlier = None if before is None else before.weights(names)
    tasks = [_warm_item_tasks(bank, level) for level in range(len(EVENT_LEVELS))]
    choice = select_strategies(tasks, _fit_nonnegative, light, usable, split_by_query)
    report = []
    for level, (asked, heard) in enumerate(zip(tasks, choice.masks, strict=True)):
        if asked:
            also = [] if earlier is None else [earlier[level] * heard]
            start = _fit_level(asked, start * heard, heard, also)
            measured = _report_level(asked, start, strategies, EVENT_LEVELS[level])
            report.append(measured | choice.report(level, names))
        weights[level] = start
    return weights, report


def _find_helpful(bank: TrainingPools, strategies: Sequence[Strategy]) -> set[str]:
    """Return the costly strategies that clearly help at some level, with old or new items."""
    light, usable = _warm_item_masks(strategies)
    tasks = [_warm_item_tasks(bank, level) for level in range(len(EVENT_LEVELS))]
    with threadpool_limits(1):
        rows = set(
            select_strategies(tasks, _fit_nonnegative, light, usable, split_by_query).helpful
        )
        if "new_item" in bank.pools:
            weights = [_fit_nonnegative(t, light) if t else 0 * usable for t in tasks]
            pool, given = bank.pools["new_item"], np.array(weights, dtype=np.float64)
            asked = [_new_item_tasks(pool, levels, given) for levels in NEW_ITEM_LEVEL_GROUPS]
            light, usable = _new_item_masks(strategies)
            rows |= select_strategies(
                asked, _fit_new_item_softmax, light, usable, split_by_item, MIN_Z_NEW_ITEMS
            ).helpful
    return {strategy.name for row, strategy in enumerate(strategies) if row in rows}


def _warm_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return which strategies always count, and which may, for items with events.

    Where none of the light ones competes there is nothing to be better than: all count.
    """
    return _strategy_masks(strategies, np.array([s.scores_known for s in strategies]))


def _new_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the same for items without events; the last is the bias, which always counts."""
    light, usable = _strategy_masks(strategies, np.array([s.scores_new for s in strategies]))
    return np.append(light, True), np.append(usable, True)


def _strategy_masks(strategies: Sequence[Strategy], usable: Mask) -> tuple[Mask, Mask]:
    light: Mask = usable & ~np.array([s.is_slow for s in strategies])
    return (light if light.any() else usable), usable


def _fit_nonnegative(tasks: Sequence[RankingTask], allowed: Mask) -> Doubles:
    bounds: WeightBounds = [(0, None) if use else (0, 0) for use in allowed]
    return fit_softmax(tasks, np.where(allowed, 0.05, 0), bounds)


def _query_rows_at(levels: Rows, level: int) -> Rows:
    """Return the queries of a level; where known users are few, those of all their levels."""
    rows: Rows = np.flatnonzero(levels == level)
    if EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS and len(rows) < MIN_QUERIES:
        return np.asarray(np.flatnonzero(levels >= FIRST_KNOWN_USER_LEVEL))
    return rows


def _subsample(rows: Rows) -> Rows:
    """Return at most ``MAX_QUERIES`` of the rows, evenly spaced."""
    chosen: Rows = rows[np.unique(np.linspace(0, len(rows) - 1, MAX_QUERIES).astype(int))]
    return chosen


def _default_weights(strategies: Sequence[Strategy]) -> Doubles:
    """Return what is sensible without any measurement: popularity, neighbours, content."""
    prior = {"popular": 1.0, "item_knn": 0.5, "content/match": 1.0}
    return np.array([prior.get(s.name, 0.0) for s in strategies])


def _warm_item_tasks(bank: TrainingPools, level: int) -> list[RankingTask]:
    found = []
    for kind in WARM_ITEM_KINDS:
        if kind in bank.pools:
            everything = bank.pools[kind]
            rows = _query_rows_at(nearest_level(everything.n_events), level)
            if len(rows) >= MIN_QUERIES:
                pool = everything.take(_subsample(rows))
                share = _kind_share(kind, level, len(pool.n_events))
                found.append((share, RankingTask(pool.features, pool, pool.present)))
    total = sum(share for share, _ in found)
    return [
        RankingTask(t.features, t.pool, t.present, None, share / total) for share, t in found
    ]


def _kind_share(kind: str, level: int, n_queries: int) -> float:
    """Return how much a kind of question counts.

    For known users the next event and the events after a moment count the same. At few events
    new users count most: somebody with three events is nearly always somebody new; the few old
    users with so little history are asked only for their next event, which is another question.
    """
    if EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS:
        return 1.0
    return float(np.sqrt(n_queries)) * (1.0 if kind == "new_user" else KNOWN_USER_SHARE)


def _fit_level(
    tasks: Sequence[RankingTask], start: Doubles, allowed: Mask, also: Sequence[Doubles] = ()
) -> Doubles:
    """Take the best of the smooth optimum, the level before, each strategy alone; search on."""
    bounds: WeightBounds = [(0, None) if use else (0, 0) for use in allowed]
    smooth = fit_softmax(tasks, np.where(allowed, np.maximum(start, 0.05), 0), bounds)
    alone = [row for row in np.eye(len(allowed)) if (row * allowed).any()]
    # The smooth loss trusts each strategy too little or too much at the head of the list.
    leaning = [smooth + part * smooth.sum() * row for row in alone for part in (0.5, 1.5)]
    starts = [smooth, start, *alone, *leaning, *also]
    return coordinate_search(tasks, starts, np.flatnonzero(allowed).tolist())


def _report_level(
    tasks: Sequence[RankingTask], weights: Doubles, strategies: Sequence[Strategy], level: int
) -> dict[str, Any]:
    alone = {
        s.name: round(mean_sampled_ndcg(tasks, row), 4)
        for s, row in zip(strategies, np.eye(len(strategies)), strict=True)
        if s.scores_known
    }
    queries = sum(len(task.pool.n_events) for task in tasks)
    values = np.concatenate([sampled_ndcg(t.score(weights), t) for t in tasks])
    return {
        "events": level,
        "queries": queries,
        "ndcg@10": round(mean_sampled_ndcg(tasks, weights), 4),
        "error": round(float(values.std() / np.sqrt(len(values))), 4),
        "alone": alone,
        "weights": {
            s.name: round(float(w), 3) for s, w in zip(strategies, weights, strict=True) if w
        },
    }


def _fit_new_item_weights(
    bank: TrainingPools,
    strategies: Sequence[Strategy],
    weights: Doubles,
    before: WarmStart | None,
) -> tuple[NewItemWeights, list[dict[str, Any]]]:
    """Fit the weights of items without events, alone and in one list with the others."""
    light, usable = _new_item_masks(strategies)
    names = [s.name for s in strategies]
    start = np.append(_default_weights(strategies) * light[:-1], 0.0)
    new = NewItemWeights(
        np.tile(start[:-1], (len(EVENT_LEVELS), 1)), np.zeros(len(EVENT_LEVELS))
    )
    if "new_item" not in bank.pools:
        return new, []
    tasks = [
        _new_item_tasks(bank.pools["new_item"], levels, weights)
        for levels in NEW_ITEM_LEVEL_GROUPS
    ]
    choice = select_strategies(
        tasks, _fit_new_item_softmax, light, usable, split_by_item, MIN_Z_NEW_ITEMS
    )
    earlier = None if before is None else before.new_weights(names)
    report = []
    for place, (levels, heard) in enumerate(
        zip(NEW_ITEM_LEVEL_GROUPS, choice.masks, strict=True)
    ):
        if tasks[place]:
            also = [] if earlier is None else [earlier[levels[0]] * heard]
            start = _search_new_item_weights(tasks[place], heard, [start * heard, *also])
            found = {
                "events": EVENT_LEVELS[levels[0]],
                "ndcg@10": _rounded_ndcg(tasks[place], start),
            }
            report.append(found | choice.report(place, [*names, "bias"]))
        for level in levels:
            new.weights[level], new.bias[level] = start[:-1], start[-1]
    return new, report


def _rounded_ndcg(tasks: Sequence[RankingTask], weights: Doubles) -> float:
    return round(mean_sampled_ndcg(tasks, weights), 4)


def _new_item_tasks(
    everything: CandidatePool, levels: Sequence[int], weights: Doubles
) -> list[RankingTask]:
    """Return the questions for new items at some levels; none where they are too few."""
    rows = np.flatnonzero(np.isin(nearest_level(everything.n_events), levels))
    if len(rows) < MIN_QUERIES:
        return []
    pool = everything.take(_subsample(rows))
    features = np.concatenate([pool.features, np.ones_like(pool.features[:1])]) * pool.new
    together = RankingTask(features, pool, pool.present, _warm_item_scores(pool, weights), 0.5)
    alone = _restrict_to_new_items(RankingTask(features, pool, pool.present, None, 0.5))
    return [task for task in (together, alone) if len(task.pool.n_events)]


def _fit_new_item_softmax(
    tasks: Sequence[RankingTask], allowed: Mask, bias: float = 0.0
) -> Doubles:
    """Find weights that are not negative, and a bias of any sign."""
    bounds: WeightBounds = [(0, None) if use else (0, 0) for use in allowed[:-1]] + [
        (None, None)
    ]
    return fit_softmax(tasks, np.append(np.where(allowed[:-1], 0.05, 0), bias), bounds)


def _search_new_item_weights(
    tasks: Sequence[RankingTask], allowed: Mask, starts: Sequence[Doubles]
) -> Doubles:
    smooth = _fit_new_item_softmax(tasks, allowed, float(starts[0][-1]))
    return coordinate_search(tasks, [smooth, *starts], np.flatnonzero(allowed).tolist())


def _restrict_to_new_items(task: RankingTask) -> RankingTask:
    """Count only the targets among the new items, and only queries that have one."""
    only = restrict_candidates(task, task.present & task.pool.new)
    return restrict_queries(only, np.flatnonzero(only.pool.n_relevant))


def _warm_item_scores(pool: CandidatePool, weights: Doubles) -> Floats:
    """Return the part of the score that the items with events get."""
    mine = weights[nearest_level(pool.n_events)].astype(np.float32)
    return np.asarray(np.einsum("qs,sqw->qw", mine, pool.features) * ~pool.new, np.float32)


def _fit_arrival_shift(
    bank: TrainingPools, weights: Doubles, new: NewItemWeights
) -> tuple[float, float]:
    """Return by how much arrivals are stretched and moved against items hidden at random."""
    if "arriving" not in bank.pools:
        return 1.0, 0.0
    everything = bank.pools["arriving"]
    pool = everything.take(_subsample(np.arange(len(everything.n_events))))
    level = nearest_level(pool.n_events)
    mine = new.weights[level].astype(np.float32)
    score = np.einsum("qs,sqw->qw", mine, pool.features) + new.bias[level][:, None]
    features = np.stack([score, np.ones_like(score)]).astype(np.float32) * pool.new
    task = RankingTask(features, pool, pool.present, _warm_item_scores(pool, weights))
    smooth = fit_softmax([task], np.array([1.0, 0.0]), [SLOPE_BOUNDS, (None, None)])
    found = coordinate_search([task], [smooth, np.array([1.0, 0.0])], [0, 1])
    found[0] = np.clip(found[0], *SLOPE_BOUNDS)  # at 0 all arrivals would be alike
    found = coordinate_search([task], [found], [1])
    return float(found[0]), float(found[1])
