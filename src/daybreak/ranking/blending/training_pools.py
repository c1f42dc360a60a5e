"""Simulated cold starts of a training, scored by the candidate strategies as pools."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.deadline import time_limit
from daybreak.errors import OutOfTimeError
from daybreak.memory import trim_heaps
from daybreak.ranking.blending.ablation import SelectionThresholds, select_strategies
from daybreak.ranking.blending.moments import (
    MIN_NEW_ITEM_SHARE,
    MIN_SHARE,
    share_of_moments,
)
from daybreak.ranking.blending.objective import fit_softmax
from daybreak.ranking.blending.pools import PoolBuilder, TrainingPools
from daybreak.ranking.blending.simulation_plan import SimulationPlan
from daybreak.ranking.blending.split_tasks import Simulation, SplitRunner
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.strategy_masks import (
    is_for_next_events,
    new_item_masks,
    warm_item_masks,
)
from daybreak.ranking.blending.tasks import build_new_item_tasks, build_warm_item_tasks
from daybreak.ranking.blending.time_budget import FULL_DATA_FACTOR, CandidateStrategies
from daybreak.ranking.blending.weights import ExclusionReason
from daybreak.simulation.moments import NOW_KIND
from daybreak.simulation.splits import (
    count_random_fit_splits,
    iter_moment_splits,
    iter_splits,
    next_event_split,
)
from daybreak.types import Progress

WEIGHTING_TIME_FACTOR = 1.2
"""Expected time to fit the weights, as a multiple of the time of the first ablation."""


def build_training_pools(
    data: Dataset,
    candidates: CandidateStrategies,
    seed: int,
    progress: Progress,
    thresholds: SelectionThresholds,
    plan: SimulationPlan | None = None,
) -> TrainingPools:
    """Fit the candidates on every split and return the pools of the remaining strategies.

    After the first split, slow strategies without a significant gain are excluded.

    Args:
        data: Training data.
        candidates: Strategies to fit; some may be excluded.
        seed: Seed of all random numbers.
        progress: Receives a message about each split.
        thresholds: Required significance of the gains of slow strategies.
        plan: Which simulated cold starts are run; default: all.
    """
    trim_heaps()
    builder = PoolBuilder(data, candidates, seed)
    plan = plan or SimulationPlan.complete(data)
    simulations = _iter_simulations(data, candidates, seed, progress, plan)
    for number, split, rounds in islice(simulations, 1):
        builder.add_split(number, split, rounds)
        if any(s.is_slow for s in candidates.remaining()):
            progress("testing which slow strategies help")
            pools = builder.collect(range(len(candidates.strategies)))
            drop_unhelpful(candidates, pools, rounds, thresholds)
            del pools
        del split
    n_random = count_random_fit_splits(data)
    after = n_random + 2 * data.events.has_time_order  # place of the first further split
    with SplitRunner(builder) as runner:
        runner.run(simulations)
        rows = candidates.remaining_rows()
        share = add_moments(runner, builder, after, rows)
        if share >= MIN_NEW_ITEM_SHARE:
            moments = enumerate(iter_moment_splits(data, seed, with_unsold=True), after + 100)
            runner.run(Simulation(n, split, FULL_DATA_FACTOR) for n, split in moments)
    return replace(builder.collect(rows, is_last=True), now_share=share)


def _iter_simulations(
    data: Dataset,
    candidates: CandidateStrategies,
    seed: int,
    progress: Progress,
    plan: SimulationPlan,
) -> Iterator[Simulation]:
    """Yield the splits for which there is time, each when it is needed."""
    n_splits = len(plan.asked) + (1 + plan.has_arrivals) * data.events.has_time_order
    n_random = count_random_fit_splits(data)
    places = {"arrival": n_random, "later": n_random + 1}
    splits = iter_splits(data, seed, plan.asked, with_arrivals=plan.has_arrivals)
    for number, split in enumerate(splits):
        title = f"simulated cold start {number + 1} of {n_splits} ({split.name})"
        remaining_rounds = n_splits - number - 1 + FULL_DATA_FACTOR
        if number and not candidates.has_time_for(remaining_rounds):
            progress(f"no time for {title}")
            continue
        progress(title)
        # Random numbers are those of the place in a plan that leaves nothing out.
        yield Simulation(places.get(split.name, number), split, remaining_rounds)
    if data.events.has_time_order and any(map(is_for_next_events, candidates.remaining())):
        progress("simulating next events")
        place = n_random + 2 * data.events.has_time_order + 200
        yield Simulation(place, next_event_split(data, seed), FULL_DATA_FACTOR)


def add_moments(
    runner: SplitRunner, builder: PoolBuilder, first: int, rows: Sequence[int]
) -> float:
    """Add pools of newcomers at several moments; return the share of their queries.

    Only strategies whose scores are the same for everybody are fitted at first. Where these
    show that the present hardly differs from the past, the queries at moments count next to
    nothing, and the other strategies are not fitted on so many parts of the data.

    Args:
        runner: Adds the pools to ``builder``.
        builder: Receives the pools.
        first: Position of the first of these splits.
        rows: Positions of the remaining strategies.

    Returns:
        The :func:`share_of_moments`.
    """
    before = builder.count_pools(NOW_KIND)
    share = 0.0
    for is_complete in (False, True):
        builder.truncate_pools(NOW_KIND, before)
        moments = enumerate(iter_moment_splits(builder.data, builder.seed), first)
        if is_complete:
            runner.run(Simulation(n, split, FULL_DATA_FACTOR) for n, split in moments)
        else:
            for n, split in moments:
                builder.add_split(n, split, FULL_DATA_FACTOR, constant_only=True)
        strategies = [builder.strategies[row] for row in rows]
        share = share_of_moments(builder.collect(rows, (NOW_KIND,)), strategies)
        if share <= MIN_SHARE:
            break
    return share


def drop_unhelpful(
    candidates: CandidateStrategies,
    pools: TrainingPools,
    remaining_rounds: float,
    thresholds: SelectionThresholds,
) -> None:
    """Exclude the slow strategies that do not help, or all of them if there is no time to test.

    Args:
        candidates: Strategies, some of which are excluded.
        pools: Pools of all of them on the first split.
        remaining_rounds: Number of fits still to come.
        thresholds: Required significance of their gains.
    """
    budget = candidates.budget
    seconds = max(candidates.seconds_for_slow(remaining_rounds), 0.0)
    started_at = budget.clock()
    try:
        with time_limit(None if budget.seconds is None else seconds):
            helpful = find_helpful(pools, candidates.strategies, thresholds)
    except OutOfTimeError as error:
        message = f"no time to test whether it helps: {error}"
        candidates.exclude_slow((), ExclusionReason.NO_TIME, message)
    else:
        message = "did not help in the first simulated cold start"
        candidates.exclude_slow(helpful, ExclusionReason.NOT_HELPFUL, message)
        budget.weighting_seconds = WEIGHTING_TIME_FACTOR * (budget.clock() - started_at)


def find_helpful(
    pools: TrainingPools, strategies: Sequence[Strategy], thresholds: SelectionThresholds
) -> set[str]:
    """Return the names of the slow strategies that help at some level, for warm or new items.

    Raises:
        OutOfTimeError: The time limit does not suffice.
    """
    baseline, allowed = warm_item_masks(strategies)
    tasks = build_warm_item_tasks(pools)
    rows = set(select_strategies(tasks, baseline, allowed, thresholds).helpful)
    if "new_item" in pools.pools:
        weights = [fit_softmax(t, baseline) if t else 0.0 * allowed for t in tasks]
        new_tasks = build_new_item_tasks(pools, np.array(weights, dtype=np.float64))
        masks = new_item_masks(strategies)
        rows |= select_strategies(new_tasks, *masks, thresholds, new_items=True).helpful
    return {strategy.name for row, strategy in enumerate(strategies) if row in rows}
