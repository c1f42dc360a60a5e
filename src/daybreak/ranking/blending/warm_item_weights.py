"""Weights of items with events, fitted level by level and shrunk towards the prior."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daybreak.ranking.blending.ablation import SelectionThresholds, select_strategies
from daybreak.ranking.blending.guard import (
    MIN_GUARD_QUERIES,
    guard_weights,
    needs_test,
    popular_rows,
    windowed_rows,
)
from daybreak.ranking.blending.objective import (
    START_WEIGHT,
    coordinate_search,
    fit_softmax,
    mean_sampled_ndcg,
    sampled_ndcg,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.prior import PriorWeights
from daybreak.ranking.blending.prior_trust import choose_trust, fit_halves
from daybreak.ranking.blending.shrinkage import report_moves, shrink_weights
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.strategy_masks import (
    default_weights,
    is_for_next_events,
    warm_item_masks,
)
from daybreak.ranking.blending.tasks import (
    RankingTask,
    WarmItemTasks,
    build_level_tasks,
    sample_by_share,
)
from daybreak.ranking.blending.warm_start import WarmStart
from daybreak.ranking.blending.weights import EVENT_LEVELS, FIRST_KNOWN_USER_LEVEL
from daybreak.simulation.next_events import NEXT_KINDS
from daybreak.types import Doubles, Mask

CARRIED_QUESTION_SHARE = 0.25
"""What a simulated query counts for the next level of events if that has too few of its own."""
NEXT_PRIOR_QUESTIONS = 200.0
"""Number of simulated queries that count as much as the prior of trainings for next events,
in which strategies for next events decide alone."""
SEARCH_STEPS = (0.5, 1.5)
"""Multiples of the sum of all weights by which further starts of the search raise one weight;
the smooth loss can over- or underestimate single strategies at the first positions."""


@dataclass(frozen=True, eq=False)
class WarmItemWeights:
    """Weights of items with events."""

    weights: Doubles
    """(n_levels, n_strategies)"""
    questions: Doubles
    """(n_levels,) number of simulated queries that they were fitted on"""
    report: list[dict[str, Any]]
    """Measurements at each level as JSON values."""


def fit_warm_item_weights(
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    thresholds: SelectionThresholds,
    warm_start: WarmStart | None,
    prior: PriorWeights | None = None,
) -> WarmItemWeights:
    """Fit the weights of items with events, and shrink them towards the prior.

    Each level starts from the weights of the one before; a level without tasks keeps them, but
    they count less against the prior there. Levels with queries for next events have a prior of
    their own.
    """
    names = [s.name for s in strategies]
    prior = prior or PriorWeights.none(len(names))
    baseline, allowed = warm_item_masks(strategies)
    tasks = WarmItemTasks(pools)
    selection = select_strategies(tasks, baseline, allowed, thresholds)
    current = default_weights(strategies) * baseline
    earlier = None if warm_start is None else warm_start.weights(names)
    weights, questions = np.zeros((len(EVENT_LEVELS), len(names))), np.zeros(len(EVENT_LEVELS))
    report = []
    masks, priors = _level_rules(tasks, selection.masks, strategies, prior)
    for level, (level_tasks, mask) in enumerate(zip(tasks, masks, strict=True)):
        carried = CARRIED_QUESTION_SHARE * questions[level - 1] if level else 0
        questions[level] = sum(len(task.pool.n_events) for task in level_tasks) or carried
        expected = priors[level].weights[level] * mask
        if level_tasks and not (level and _are_same(level_tasks, tasks[level - 1])):
            known = [expected, *([] if earlier is None else [earlier[level] * mask])]
            starts = (one for one in known if one.any())
            current = _fit_level(level_tasks, mask, [current * mask, *starts])
        asked, counted = float(questions[level]), priors[level].questions_at(level)
        halves = (
            fit_halves(level_tasks, mask, expected, asked) if needs_test(level_tasks) else ()
        )
        counted *= choose_trust(halves, expected, asked, counted)
        shrunk = shrink_weights(current, expected, asked, counted)
        folds = [one.shrink(expected, asked, counted) for one in halves]
        few = [] if level_tasks else _tasks_of_few(pools, level)
        weights[level], added = guard_weights(
            level_tasks or few,
            shrunk,
            [(shrunk, few)] if few else folds,
            popular_rows(strategies, mask),
            windowed_rows(strategies),
        )
        if level_tasks:
            report.append(
                _report_level(level_tasks, weights[level], strategies, level)
                | report_moves(names, current, expected, asked, counted)
                | ({"best_sellers_added": added} if added else {})
                | selection.report(level, names)
            )
    return WarmItemWeights(weights, questions, report)


def _tasks_of_few(pools: TrainingPools, level: int) -> list[RankingTask]:
    """Return the tasks that the prior weights of a level with few queries are tested on.

    They are those of all levels of newcomers with events, because what is worse than the best
    sellers for people with one event and for people with five is no better for those with
    three. Without events, only the own ones count.
    """
    levels = range(1, FIRST_KNOWN_USER_LEVEL) if level else (0,)
    found = [build_level_tasks(pools, one, 1) for one in levels]
    tasks = [replace(task, share=task.share / len(found)) for one in found for task in one]
    n_queries = sum(len(task.pool.n_events) for task in tasks)
    return tasks if n_queries >= MIN_GUARD_QUERIES else []


def _are_same(tasks: Sequence[RankingTask], others: Sequence[RankingTask]) -> bool:
    """Return whether two levels share their queries for next events."""
    return (
        len(tasks) == len(others)
        and all(task.kind in NEXT_KINDS for task in (*tasks, *others))
        and all(
            np.array_equal(task.pool.item_rows, other.pool.item_rows)
            for task, other in zip(tasks, others, strict=True)
        )
    )


def _level_rules(
    tasks: WarmItemTasks,
    masks: Sequence[Mask],
    strategies: Sequence[Strategy],
    prior: PriorWeights,
) -> tuple[list[Mask], list[PriorWeights]]:
    """Return for each level the allowed strategies, and the prior.

    Strategies for next events are allowed where queries for these are the task, and there they
    are the prior.
    """
    needs_next = np.array([is_for_next_events(s) for s in strategies], dtype=bool)
    alone = np.tile(needs_next.astype(np.float64), (len(EVENT_LEVELS), 1))
    none = replace(
        PriorWeights.none(len(strategies)), weights=alone, questions=NEXT_PRIOR_QUESTIONS
    )
    is_next = [False] * len(tasks)
    if tasks.has_next_events:
        is_next = [any(task.kind in NEXT_KINDS for task in level) for level in tasks]
    allowed = [
        mask if next_ else mask & ~needs_next
        for mask, next_ in zip(masks, is_next, strict=True)
    ]
    return allowed, [none if next_ else prior for next_ in is_next]


def _fit_level(
    tasks: Sequence[RankingTask], allowed: Mask, starts: Sequence[Doubles]
) -> Doubles:
    """Search from the best of the smooth optimum, the starts and every single strategy."""
    tasks = sample_by_share(tasks)
    smooth = fit_softmax(tasks, allowed, np.maximum(starts[0], START_WEIGHT))
    single = [row for row in np.eye(len(allowed)) if (row * allowed).any()]
    total = smooth.sum()
    raised = [smooth + step * total * row for row in single for step in SEARCH_STEPS]
    starts = [smooth, starts[0], *single, *raised, *starts[1:]]
    return coordinate_search(tasks, starts, np.flatnonzero(allowed).tolist())


def _report_level(
    tasks: Sequence[RankingTask], weights: Doubles, strategies: Sequence[Strategy], level: int
) -> dict[str, Any]:
    """Return the NDCG@10 of the blend and of every strategy alone as JSON values."""
    alone = {
        s.name: round(mean_sampled_ndcg(tasks, row), 4)
        for s, row in zip(strategies, np.eye(len(strategies)), strict=True)
        if s.scores_known
    }
    values = np.concatenate([sampled_ndcg(t.score(weights), t) for t in tasks])
    return {
        "events": EVENT_LEVELS[level],
        "queries": sum(len(task.pool.n_events) for task in tasks),
        "ndcg@10": round(mean_sampled_ndcg(tasks, weights), 4),
        "error": round(float(values.std() / np.sqrt(len(values))), 4),
        "alone": alone,
        "weights": {
            s.name: round(float(w), 3) for s, w in zip(strategies, weights, strict=True) if w
        },
    }
