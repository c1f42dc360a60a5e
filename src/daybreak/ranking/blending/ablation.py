"""Selection of slow strategies by ablation on queries that no weights were fitted on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from daybreak.deadline import report_progress
from daybreak.estimates import PairedDifference, stratified_difference
from daybreak.ranking.blending.objective import fit_softmax, sampled_ndcg
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.types import Doubles, Mask

N_WORKERS = 2
N_ROUNDS = 2
"""Number of ablations per level: of all slow strategies, then of those that help."""


@dataclass(frozen=True)
class SelectionThresholds:
    """Numbers of standard errors that a gain in NDCG@10 must exceed."""

    joint_gain: float = 1.0
    """Threshold of the gain of all slow strategies together, at one level."""
    joint_gain_new_items: float = 2.0
    """The same threshold for new items. It is larger because all queries share the few hidden
    items, so that standard errors over queries are too small."""
    single_gain: float = 2.0
    """Threshold of the gain of one slow strategy, at any level."""


@dataclass(frozen=True)
class AblationResult:
    """Gains in NDCG@10 from slow strategies at one level."""

    joint_gain: PairedDifference
    """Gain of all slow strategies together."""
    single_gains: dict[int, PairedDifference]
    """Gain of each slow strategy beyond all others, by position."""


@dataclass(frozen=True, eq=False)
class StrategySelection:
    """Strategies that may have a weight above zero, by level."""

    masks: tuple[Mask, ...]
    """One (n_weights,) mask per level."""
    ablations: tuple[AblationResult | None, ...]
    """One result per level; None if nothing was tested there."""
    helpful: frozenset[int] = frozenset()
    """Positions of the slow strategies with a significant gain at some level; of all strategies
    if nothing was tested."""

    def report(self, level: int, names: Sequence[str]) -> dict[str, Any]:
        """Return the gains at a level as JSON values; empty if nothing was tested there.

        Args:
            level: Position of the level.
            names: Names of the weights.
        """
        ablation = self.ablations[level]
        if ablation is None:
            return {}
        gains = {names[row]: gain.to_list() for row, gain in ablation.single_gains.items()}
        selected = [names[row] for row in ablation.single_gains if self.masks[level][row]]
        joint = ablation.joint_gain.to_list()
        return {"costly": {"gain": joint, "each": gains, "heard": selected}}


def select_strategies(
    levels: Sequence[Sequence[RankingTask]],
    baseline: Mask,
    allowed: Mask,
    thresholds: SelectionThresholds,
    *,
    new_items: bool = False,
) -> StrategySelection:
    """Select slow strategies with a significant gain, at the levels where they help together.

    Weights are fitted on one half of the tasks of a level and evaluated on the other half, and
    vice versa, so that additional weights alone bring no gain.

    Args:
        levels: Tasks of each level; a level without tasks is not tested.
        baseline: (n_weights,) mask of the fast strategies.
        allowed: (n_weights,) mask of the fast and the slow strategies.
        thresholds: Required significance.
        new_items: Whether the targets are new items. Then the last weight is a bias, and the
            halves share no new item.

    Raises:
        OutOfTimeError: The time limit does not suffice.
    """
    if np.array_equal(baseline, allowed):
        all_rows = frozenset(np.flatnonzero(allowed).tolist())
        return StrategySelection((baseline,) * len(levels), (None,) * len(levels), all_rows)
    joint_z = thresholds.joint_gain_new_items if new_items else thresholds.joint_gain
    first = _ablate_levels(levels, baseline, allowed, new_items=new_items)
    helpful = _find_helpful(first, thresholds.single_gain)
    selected = baseline | np.isin(np.arange(len(allowed)), list(helpful))
    second = first
    if helpful and not np.array_equal(selected, allowed):
        second = _ablate_levels(levels, baseline, selected, new_items=new_items)
    masks = tuple(
        selected
        if ablation is not None and helpful and ablation.joint_gain.is_significant(joint_z)
        else baseline
        for ablation in second
    )
    merged = tuple(_merge(a, b) for a, b in zip(first, second, strict=True))
    return StrategySelection(masks, merged, frozenset(helpful))


def ablate_strategies(
    halves: Sequence[tuple[RankingTask, RankingTask]],
    baseline: Mask,
    allowed: Mask,
    *,
    has_bias: bool = False,
) -> AblationResult:
    """Return the gains of the slow strategies, fitted on one half and evaluated on the other.

    Args:
        halves: Both halves of every task.
        baseline: (n_weights,) mask of the fast strategies.
        allowed: (n_weights,) mask of the fast and the slow strategies.
        has_bias: Whether the last weight is a bias.
    """
    slow = np.flatnonzero(allowed & ~baseline).tolist()
    joint: list[list[Any]] = [[] for _ in halves]
    single: dict[int, list[list[Any]]] = {row: [[] for _ in halves] for row in slow}
    for fitted, evaluated in ((0, 1), (1, 0)):
        train = [pair[fitted] for pair in halves]
        without_slow = fit_softmax(train, baseline, has_bias=has_bias)
        with_slow = fit_softmax(train, allowed, has_bias=has_bias)
        for number, task in enumerate(pair[evaluated] for pair in halves):
            ndcg = sampled_ndcg(task.score(with_slow), task)
            joint[number].append(ndcg - sampled_ndcg(task.score(without_slow), task))
            for row in slow:
                without_one = np.where(np.arange(len(with_slow)) == row, 0, with_slow)
                single[row][number].append(ndcg - sampled_ndcg(task.score(without_one), task))
    shares = [task.share for task, _ in halves]
    gains = {row: _mean_gain(shares, differences) for row, differences in single.items()}
    return AblationResult(_mean_gain(shares, joint), gains)


def _ablate_levels(
    levels: Sequence[Sequence[RankingTask]], baseline: Mask, allowed: Mask, *, new_items: bool
) -> list[AblationResult | None]:
    """Return the ablation of each level; levels run in parallel."""

    def ablate(tasks: Sequence[RankingTask]) -> AblationResult | None:
        if not tasks:
            return None
        halves = [t.split_by_item() if new_items else t.split_by_query() for t in tasks]
        return ablate_strategies(halves, baseline, allowed, has_bias=new_items)

    results = []
    report_progress(0.0)
    with ThreadPoolExecutor(N_WORKERS) as executor:
        futures = [executor.submit(ablate, tasks) for tasks in levels]
        try:
            for n_done, future in enumerate(futures, 1):
                results.append(future.result())
                report_progress(n_done / (N_ROUNDS * len(levels)))
        finally:
            for future in futures:
                future.cancel()  # those that have not started
    return results


def _find_helpful(ablations: Sequence[AblationResult | None], min_z: float) -> set[int]:
    return {
        row
        for ablation in ablations
        if ablation is not None
        for row, gain in ablation.single_gains.items()
        if gain.is_significant(min_z)
    }


def _merge(
    first: AblationResult | None, second: AblationResult | None
) -> AblationResult | None:
    """Return the second result with the gains of strategies that only the first has."""
    if first is None or second is None:
        return first
    return AblationResult(second.joint_gain, first.single_gains | second.single_gains)


def _mean_gain(
    shares: Sequence[float], differences: Sequence[Sequence[Doubles]]
) -> PairedDifference:
    """Return the mean gain over the queries of both halves, weighted by the shares of tasks."""
    return stratified_difference(shares, [np.concatenate(halves) for halves in differences])
