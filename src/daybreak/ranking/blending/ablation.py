"""What the costly strategies add, on simulated queries that weights were not fitted on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daybreak.deadline import report_progress
from daybreak.ranking.blending.objective import RankingTask, sampled_ndcg
from daybreak.types import Doubles, Mask, Rows

MIN_Z_WARM_ITEMS = 1.0
"""Standard errors that the gain of all costly strategies together must exceed at a level."""
MIN_Z_NEW_ITEMS = 2.0
"""The same for new items: all queries are about the same few hidden items, so errors that are
taken over queries are too small."""
MIN_Z_SINGLE_STRATEGY = 2.0
"""Standard errors that the gain of one of them must exceed at some level."""
N_WORKERS = 2
N_ABLATION_ROUNDS = 2
"""Of judging: with everybody, then with those who help."""

TaskSplitter = Callable[[RankingTask], tuple[RankingTask, RankingTask]]
"""Cuts a task in two: weights are fitted on one and judged on the other, both ways."""
WeightFitter = Callable[[Sequence[RankingTask], Mask], Doubles]
"""From tasks and the mask of strategies that may count to weights."""


@dataclass(frozen=True)
class NdcgDifference:
    """A mean difference of NDCG@10 over queries and its standard error."""

    mean: float
    std_error: float

    def is_significant(self, min_z: float) -> bool:
        """Say whether it is more than so many standard errors."""
        return self.mean > min_z * self.std_error

    def to_list(self) -> list[float]:
        """Return mean and 95 % interval, rounded."""
        ends = (self.mean, self.mean - 1.96 * self.std_error, self.mean + 1.96 * self.std_error)
        return [round(value, 4) for value in ends]


@dataclass(frozen=True)
class AblationResult:
    """What costly strategies add at one level."""

    joint_gain: NdcgDifference
    single_gains: dict[int, NdcgDifference]
    """What is lost when one of them is silenced, by its position."""


@dataclass(frozen=True, eq=False)
class StrategySelection:
    """Which strategies may count, level by level."""

    masks: tuple[Mask, ...]
    ablations: tuple[AblationResult | None, ...]
    helpful: frozenset[int] = frozenset()
    """Whom to keep, by position: the costly strategies that clearly help at some level, or
    everybody where nobody is judged."""

    def report(self, level: int, names: Sequence[str]) -> dict[str, Any]:
        """Return the gains at a level as plain values; empty where nobody costly competes."""
        worth = self.ablations[level]
        if worth is None:
            return {}
        each = {names[row]: gain.to_list() for row, gain in worth.single_gains.items()}
        heard = [names[row] for row in worth.single_gains if self.masks[level][row]]
        return {
            "costly": {"gain": worth.joint_gain.to_list(), "each": each, "heard": heard},
        }


def select_strategies(
    levels: Sequence[Sequence[RankingTask]],
    fit: WeightFitter,
    baseline: Mask,
    allowed: Mask,
    split: TaskSplitter,
    min_z: float = MIN_Z_WARM_ITEMS,
) -> StrategySelection:
    """Decide who may count: a costly strategy that clearly helps somewhere, where all help.

    Weights are fitted on half of a level and judged on the other half, both ways, so a gain is
    not what fitting more weights brings by itself.

    Args:
        levels: Tasks of each level; a level without tasks is not judged.
        fit: How weights are found.
        light: (n_weights,) what always counts.
        usable: (n_weights,) that and the costly strategies.
        halves: :func:`split_by_query` or :func:`by_item`.
        sure: Standard errors that the gain of all of them together must exceed at a level.

    Raises:
        OutOfTimeError: It would take longer than allowed.
    """
    if np.array_equal(baseline, allowed):
        everybody = frozenset(np.flatnonzero(allowed).tolist())
        return StrategySelection((baseline,) * len(levels), (None,) * len(levels), everybody)
    first = _ablate_levels(levels, fit, baseline, allowed, split)
    helpful = {
        row
        for worth in first
        if worth is not None
        for row, gain in worth.single_gains.items()
        if gain.is_significant(MIN_Z_SINGLE_STRATEGY)
    }
    kept = baseline | np.isin(np.arange(len(allowed)), list(helpful))
    second = first
    if not np.array_equal(kept, allowed) and helpful:
        second = _ablate_levels(levels, fit, baseline, kept, split)
    masks = tuple(
        kept
        if worth is not None and helpful and worth.joint_gain.is_significant(min_z)
        else baseline
        for worth in second
    )
    shown = tuple(_merge_ablations(a, b) for a, b in zip(first, second, strict=True))
    return StrategySelection(masks, shown, frozenset(helpful))


def _merge_ablations(
    first: AblationResult | None, second: AblationResult | None
) -> AblationResult | None:
    """Return the second, with what is known from the first of those that left."""
    if first is None or second is None:
        return first
    return AblationResult(second.joint_gain, first.single_gains | second.single_gains)


def _ablate_levels(
    levels: Sequence[Sequence[RankingTask]],
    fit: WeightFitter,
    baseline: Mask,
    allowed: Mask,
    split: TaskSplitter,
) -> list[AblationResult | None]:
    def one(tasks: Sequence[RankingTask]) -> AblationResult | None:
        return (
            ablate_strategies([split(t) for t in tasks], fit, baseline, allowed)
            if tasks
            else None
        )

    found = []
    report_progress(0.0)
    with ThreadPoolExecutor(N_WORKERS) as pool:
        work = [pool.submit(one, tasks) for tasks in levels]
        try:
            for done, result in enumerate(work, 1):
                found.append(result.result())
                report_progress(done / (N_ABLATION_ROUNDS * len(levels)))
        finally:
            for result in work:
                result.cancel()  # those that have not begun
    return found


def ablate_strategies(
    tasks: Sequence[tuple[RankingTask, RankingTask]],
    fit: WeightFitter,
    baseline: Mask,
    allowed: Mask,
) -> AblationResult:
    """Return what the costly strategies add at one level, judged on halves not fitted on."""
    costly = np.flatnonzero(allowed & ~baseline).tolist()
    gains: dict[int, list[list[Any]]] = {row: [[] for _ in tasks] for row in [-1, *costly]}
    for fitted, judged in ((0, 1), (1, 0)):
        seen, unseen = [pair[fitted] for pair in tasks], [pair[judged] for pair in tasks]
        plain, full = fit(seen, baseline), fit(seen, allowed)
        for number, task in enumerate(unseen):
            whole = sampled_ndcg(task.score(full), task)
            gains[-1][number].append(whole - sampled_ndcg(task.score(plain), task))
            for row in costly:
                without = np.where(np.arange(len(full)) == row, 0, full)
                gains[row][number].append(whole - sampled_ndcg(task.score(without), task))
    shares = [task.share for task, _ in tasks]
    found = {row: _weighted_difference(shares, parts) for row, parts in gains.items()}
    return AblationResult(found.pop(-1), found)


def _weighted_difference(
    shares: Sequence[float], parts: Sequence[Sequence[Doubles]]
) -> NdcgDifference:
    values = [np.concatenate(part) for part in parts]
    mean = sum(share * v.mean() for share, v in zip(shares, values, strict=True))
    variance = sum(
        share**2 * v.var() / max(len(v), 1) for share, v in zip(shares, values, strict=True)
    )
    return NdcgDifference(float(mean), float(np.sqrt(variance)))


def split_by_query(task: RankingTask) -> tuple[RankingTask, RankingTask]:
    """Cut the queries of a task in two."""
    rows = np.arange(len(task.pool.n_events))
    return restrict_queries(task, rows[::2]), restrict_queries(task, rows[1::2])


def split_by_item(task: RankingTask) -> tuple[RankingTask, RankingTask]:
    """Cut the new items of a task in two; items with events stay in both.

    All queries share the few items that were hidden: what only fits those items must not look
    like a gain.
    """
    side = (task.pool.item.astype(np.uint32) * np.uint32(2_654_435_761)) >> np.uint32(31)
    first, second = (task.present & (~task.pool.new | (side == which)) for which in (0, 1))
    return restrict_candidates(task, first), restrict_candidates(task, second)


def restrict_candidates(task: RankingTask, present: Mask) -> RankingTask:
    """Return a task with fewer candidates; only those of its targets count that are left."""
    relevant = task.pool.relevant & present
    pool = replace(task.pool, relevant=relevant, n_relevant=relevant.sum(axis=1))
    return RankingTask(task.features, pool, present, task.offset, task.share)


def restrict_queries(task: RankingTask, rows: Rows) -> RankingTask:
    """Return some of the queries of a task."""
    given = None if task.offset is None else task.offset[rows]
    pool = task.pool.take(rows)
    features = pool.features if task.features is task.pool.features else task.features[:, rows]
    return RankingTask(features, pool, task.present[rows], given, task.share)
