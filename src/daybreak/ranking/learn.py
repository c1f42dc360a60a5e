"""Fit a blend: play cold starts, measure every strategy, weigh them, refit on everything."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset
from daybreak.ranking.arrival import new_likeness
from daybreak.ranking.bank import Bank, Progress, play
from daybreak.ranking.blend import LEVELS, Blend, level_of
from daybreak.ranking.candidates import Budget, Candidates
from daybreak.ranking.features import Pool
from daybreak.ranking.fitting import Task, by_gradient, by_search, ndcg, objective
from daybreak.ranking.start import NOWHERE, Start, learn_on
from daybreak.ranking.strategies import Fitted, Strategy
from daybreak.ranking.worth import SURE_NEW, among, by_item, by_query, choose, some
from daybreak.types import Doubles, Floats, Mask, Rows

ENOUGH = 30
"""Queries that a kind needs at a level to be heard there."""
PLENTY = 500
"""Queries of a kind that are used at a level; more cost time and change little."""
NEW_LEVELS = ((0,), (1, 2, 3, 4), (5, 6, 7))
"""Levels, by position, that share the weights of new items."""
OLD_KINDS = ("new_user", "user", "later")
MOST_SHOTS = 10
"""Events up to which a user counts as new."""
FIRST_KNOWN = LEVELS.index(20)
"""Position of the first level of known users."""
STRETCH = (0.3, 1.5)
"""Least and largest factor of the scores of arrivals."""
MINOR = 0.15
"""Share of the questions of old users among those of new ones."""

Bounds = list[tuple[float | None, float | None]]


@dataclass(frozen=True, eq=False)
class NewPart:
    """Weights of items without events."""

    weights: Doubles
    """(n_levels, n_strategies)"""
    bias: Doubles
    """(n_levels,)"""


def learn_blend(
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int,
    say: Progress = lambda _: None,
    budget: Budget | None = None,
    start: Start | None = None,
) -> tuple[Blend, Fitted]:
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
    competing = tuple(strategies) if start is None else start.narrowed(strategies)
    candidates = Candidates(competing, budget or Budget())
    bank = play(data, candidates, seed, say, partial(_helpful, strategies=competing))
    staying = tuple(candidates.strategies[row] for row in candidates.competing())
    say("weighing the strategies")
    with threadpool_limits(1):  # many small products: threads would wait for each other
        weights, levels = _old_weights(bank, staying, start)
        new, gains = _new_weights(bank, staying, weights, start)
        stretch, offset = _arriving(bank, weights, new)
    used = np.flatnonzero(weights.any(axis=0) | new.weights.any(axis=0))
    used = used if len(used) else np.arange(1)
    names = tuple(staying[row].name for row in used)
    candidates.keep(names, NOWHERE)
    say("learning from everything")
    fitted, how = learn_on(data, [staying[row] for row in used], seed, start)
    like = new_likeness(data)
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


def _old_weights(
    bank: Bank, strategies: Sequence[Strategy], before: Start | None
) -> tuple[Doubles, list[dict[str, Any]]]:
    """Fit the weights of items with events, level by level, each from the one before."""
    light, usable = _voices(strategies)
    names = [s.name for s in strategies]
    start = _default(strategies) * light
    weights = np.zeros((len(LEVELS), len(strategies)))
    earlier = None if before is None else before.weights(names)
    tasks = [_tasks(bank, level) for level in range(len(LEVELS))]
    choice = choose(tasks, _by_gradient, light, usable, by_query)
    report = []
    for level, (asked, heard) in enumerate(zip(tasks, choice.usable, strict=True)):
        if asked:
            also = [] if earlier is None else [earlier[level] * heard]
            start = _fit(asked, start * heard, heard, also)
            measured = _measure(asked, start, strategies, LEVELS[level])
            report.append(measured | choice.report(level, names))
        weights[level] = start
    return weights, report


def _helpful(bank: Bank, strategies: Sequence[Strategy]) -> set[str]:
    """Return the costly strategies that clearly help at some level, with old or new items."""
    light, usable = _voices(strategies)
    tasks = [_tasks(bank, level) for level in range(len(LEVELS))]
    with threadpool_limits(1):
        rows = set(choose(tasks, _by_gradient, light, usable, by_query).helpful)
        if "new_item" in bank.pools:
            weights = [_by_gradient(t, light) if t else 0 * usable for t in tasks]
            pool, given = bank.pools["new_item"], np.array(weights, dtype=np.float64)
            asked = [_new_tasks(pool, levels, given) for levels in NEW_LEVELS]
            light, usable = _new_voices(strategies)
            rows |= choose(asked, _new_by_gradient, light, usable, by_item, SURE_NEW).helpful
    return {strategy.name for row, strategy in enumerate(strategies) if row in rows}


def _voices(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return which strategies always count, and which may, for items with events.

    Where none of the light ones competes there is nothing to be better than: all count.
    """
    return _heard(strategies, np.array([s.old for s in strategies]))


def _new_voices(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the same for items without events; the last is the bias, which always counts."""
    light, usable = _heard(strategies, np.array([s.new for s in strategies]))
    return np.append(light, True), np.append(usable, True)


def _heard(strategies: Sequence[Strategy], usable: Mask) -> tuple[Mask, Mask]:
    light: Mask = usable & ~np.array([s.costly for s in strategies])
    return (light if light.any() else usable), usable


def _by_gradient(tasks: Sequence[Task], usable: Mask) -> Doubles:
    bounds: Bounds = [(0, None) if use else (0, 0) for use in usable]
    return by_gradient(tasks, np.where(usable, 0.05, 0), bounds)


def _rows_at(levels: Rows, level: int) -> Rows:
    """Return the queries of a level; where known users are few, those of all their levels."""
    rows: Rows = np.flatnonzero(levels == level)
    if LEVELS[level] > MOST_SHOTS and len(rows) < ENOUGH:
        return np.asarray(np.flatnonzero(levels >= FIRST_KNOWN))
    return rows


def _some(rows: Rows) -> Rows:
    """Return at most ``PLENTY`` of the rows, evenly spaced."""
    chosen: Rows = rows[np.unique(np.linspace(0, len(rows) - 1, PLENTY).astype(int))]
    return chosen


def _default(strategies: Sequence[Strategy]) -> Doubles:
    """Return what is sensible without any measurement: popularity, neighbours, content."""
    prior = {"popular": 1.0, "item_knn": 0.5, "content/match": 1.0}
    return np.array([prior.get(s.name, 0.0) for s in strategies])


def _tasks(bank: Bank, level: int) -> list[Task]:
    found = []
    for kind in OLD_KINDS:
        if kind in bank.pools:
            everything = bank.pools[kind]
            rows = _rows_at(level_of(everything.n_events), level)
            if len(rows) >= ENOUGH:
                pool = everything.take(_some(rows))
                share = _share(kind, level, len(pool.n_events))
                found.append((share, Task(pool.features, pool, pool.present)))
    total = sum(share for share, _ in found)
    return [Task(t.features, t.pool, t.present, None, share / total) for share, t in found]


def _share(kind: str, level: int, n_queries: int) -> float:
    """Return how much a kind of question counts.

    For known users the next event and the events after a moment count the same. At few events
    new users count most: somebody with three events is nearly always somebody new; the few old
    users with so little history are asked only for their next event, which is another question.
    """
    if LEVELS[level] > MOST_SHOTS:
        return 1.0
    return float(np.sqrt(n_queries)) * (1.0 if kind == "new_user" else MINOR)


def _fit(
    tasks: Sequence[Task], start: Doubles, usable: Mask, also: Sequence[Doubles] = ()
) -> Doubles:
    """Take the best of the smooth optimum, the level before, each strategy alone; search on."""
    bounds: Bounds = [(0, None) if use else (0, 0) for use in usable]
    smooth = by_gradient(tasks, np.where(usable, np.maximum(start, 0.05), 0), bounds)
    alone = [row for row in np.eye(len(usable)) if (row * usable).any()]
    # The smooth loss trusts each strategy too little or too much at the head of the list.
    leaning = [smooth + part * smooth.sum() * row for row in alone for part in (0.5, 1.5)]
    starts = [smooth, start, *alone, *leaning, *also]
    return by_search(tasks, starts, np.flatnonzero(usable).tolist())


def _measure(
    tasks: Sequence[Task], weights: Doubles, strategies: Sequence[Strategy], level: int
) -> dict[str, Any]:
    alone = {
        s.name: round(objective(tasks, row), 4)
        for s, row in zip(strategies, np.eye(len(strategies)), strict=True)
        if s.old
    }
    queries = sum(len(task.pool.n_events) for task in tasks)
    values = np.concatenate([ndcg(t.score(weights), t) for t in tasks])
    return {
        "events": level,
        "queries": queries,
        "ndcg@10": round(objective(tasks, weights), 4),
        "error": round(float(values.std() / np.sqrt(len(values))), 4),
        "alone": alone,
        "weights": {
            s.name: round(float(w), 3) for s, w in zip(strategies, weights, strict=True) if w
        },
    }


def _new_weights(
    bank: Bank, strategies: Sequence[Strategy], weights: Doubles, before: Start | None
) -> tuple[NewPart, list[dict[str, Any]]]:
    """Fit the weights of items without events, alone and in one list with the others."""
    light, usable = _new_voices(strategies)
    names = [s.name for s in strategies]
    start = np.append(_default(strategies) * light[:-1], 0.0)
    new = NewPart(np.tile(start[:-1], (len(LEVELS), 1)), np.zeros(len(LEVELS)))
    if "new_item" not in bank.pools:
        return new, []
    tasks = [_new_tasks(bank.pools["new_item"], levels, weights) for levels in NEW_LEVELS]
    choice = choose(tasks, _new_by_gradient, light, usable, by_item, SURE_NEW)
    earlier = None if before is None else before.new_weights(names)
    report = []
    for place, (levels, heard) in enumerate(zip(NEW_LEVELS, choice.usable, strict=True)):
        if tasks[place]:
            also = [] if earlier is None else [earlier[levels[0]] * heard]
            start = _fit_new(tasks[place], heard, [start * heard, *also])
            found = {"events": LEVELS[levels[0]], "ndcg@10": _mean(tasks[place], start)}
            report.append(found | choice.report(place, [*names, "bias"]))
        for level in levels:
            new.weights[level], new.bias[level] = start[:-1], start[-1]
    return new, report


def _mean(tasks: Sequence[Task], weights: Doubles) -> float:
    return round(objective(tasks, weights), 4)


def _new_tasks(everything: Pool, levels: Sequence[int], weights: Doubles) -> list[Task]:
    """Return the questions for new items at some levels; none where they are too few."""
    rows = np.flatnonzero(np.isin(level_of(everything.n_events), levels))
    if len(rows) < ENOUGH:
        return []
    pool = everything.take(_some(rows))
    features = np.concatenate([pool.features, np.ones_like(pool.features[:1])]) * pool.new
    together = Task(features, pool, pool.present, _given(pool, weights), 0.5)
    alone = _new_only(Task(features, pool, pool.present, None, 0.5))
    return [task for task in (together, alone) if len(task.pool.n_events)]


def _new_by_gradient(tasks: Sequence[Task], usable: Mask, bias: float = 0.0) -> Doubles:
    """Find weights that are not negative, and a bias of any sign."""
    bounds: Bounds = [(0, None) if use else (0, 0) for use in usable[:-1]] + [(None, None)]
    return by_gradient(tasks, np.append(np.where(usable[:-1], 0.05, 0), bias), bounds)


def _fit_new(tasks: Sequence[Task], usable: Mask, starts: Sequence[Doubles]) -> Doubles:
    smooth = _new_by_gradient(tasks, usable, float(starts[0][-1]))
    return by_search(tasks, [smooth, *starts], np.flatnonzero(usable).tolist())


def _new_only(task: Task) -> Task:
    """Count only the targets among the new items, and only queries that have one."""
    only = among(task, task.present & task.pool.new)
    return some(only, np.flatnonzero(only.pool.n_relevant))


def _given(pool: Pool, weights: Doubles) -> Floats:
    """Return the part of the score that the items with events get."""
    mine = weights[level_of(pool.n_events)].astype(np.float32)
    return np.asarray(np.einsum("qs,sqw->qw", mine, pool.features) * ~pool.new, np.float32)


def _arriving(bank: Bank, weights: Doubles, new: NewPart) -> tuple[float, float]:
    """Return by how much arrivals are stretched and moved against items hidden at random."""
    if "arriving" not in bank.pools:
        return 1.0, 0.0
    everything = bank.pools["arriving"]
    pool = everything.take(_some(np.arange(len(everything.n_events))))
    level = level_of(pool.n_events)
    mine = new.weights[level].astype(np.float32)
    score = np.einsum("qs,sqw->qw", mine, pool.features) + new.bias[level][:, None]
    features = np.stack([score, np.ones_like(score)]).astype(np.float32) * pool.new
    task = Task(features, pool, pool.present, _given(pool, weights))
    smooth = by_gradient([task], np.array([1.0, 0.0]), [STRETCH, (None, None)])
    found = by_search([task], [smooth, np.array([1.0, 0.0])], [0, 1])
    found[0] = np.clip(found[0], *STRETCH)  # at 0 all arrivals would be alike
    found = by_search([task], [found], [1])
    return float(found[0]), float(found[1])
