"""Fitting of a blend on simulated cold starts; :func:`fit_blend` shows the steps in order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset
from daybreak.deadline import time_limit
from daybreak.errors import OutOfTimeError
from daybreak.models import models
from daybreak.ranking.blending.ablation import (
    SelectionThresholds,
    select_strategies,
)
from daybreak.ranking.blending.arrival_shift import ItemArrivals, estimate_item_arrivals
from daybreak.ranking.blending.guard import (
    MIN_GUARD_QUERIES,
    guard_arrivals,
    guard_bias,
    guard_weights,
    popular_rows,
    windowed_rows,
)
from daybreak.ranking.blending.left_out_weights import add_left_out_weights, usable_strategies
from daybreak.ranking.blending.moments import (
    MIN_NEW_ITEM_SHARE,
    MIN_SHARE,
    share_of_moments,
)
from daybreak.ranking.blending.new_item_bias import bound_new_item_bias
from daybreak.ranking.blending.objective import (
    START_WEIGHT,
    coordinate_search,
    fit_softmax,
    mean_sampled_ndcg,
    minimise_softmax_loss,
    sampled_ndcg,
)
from daybreak.ranking.blending.pools import PoolBuilder, TrainingPools, measure_user_scales
from daybreak.ranking.blending.prior import BlendPrior, PriorWeights
from daybreak.ranking.blending.repeat_weights import set_repeat_weights
from daybreak.ranking.blending.shrinkage import (
    count_hidden_targets,
    fitted_share,
    on_sale_correction,
    report_moves,
    shrink_new_item_weights,
    shrink_weights,
)
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.tasks import (
    MIN_QUERIES,
    NEW_ITEM_LEVEL_GROUPS,
    RankingTask,
    build_new_item_tasks,
    build_warm_item_tasks,
    score_warm_items,
    subsample,
)
from daybreak.ranking.blending.taste_weights import (
    BALANCED_POPULARITY,
    TasteMasks,
    fit_taste_weights,
)
from daybreak.ranking.blending.time_budget import (
    FULL_DATA_FACTOR,
    CandidateStrategies,
    TimeBudget,
)
from daybreak.ranking.blending.warm_start import WarmStart, fit_all
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    ArrivalShift,
    Blend,
    ExclusionReason,
    WeightSet,
    nearest_level,
)
from daybreak.ranking.blending.wish_weights import fit_wish_weights, wish_rows
from daybreak.simulation.moments import NOW_KIND, NOW_NEW_KIND
from daybreak.simulation.splits import count_splits, iter_moment_splits, iter_splits
from daybreak.types import Doubles, Floats, Mask, Progress, Rows, ignore_progress

DEFAULT_WEIGHTS = {"popular": 1.0, "item_knn": 0.5, "content/match": 1.0}
"""Weights for levels without measurements, of strategies that the prior does not know."""
MAX_RESCALED_SHARE = 0.7
"""Share of the simulation in the weights above which the scales of its first split are kept."""
CARRIED_QUESTION_SHARE = 0.25
"""What a simulated query counts for the next level of events if that has too few of its own."""
BEST_STRATEGY_SHARE = 0.25
"""Share of the best single strategy in the weights of new items."""
SLOPE_BOUNDS = (0.3, 1.5)
"""Bounds of the slope of the arrival shift; at 0 all arrivals would have the same score."""
SEARCH_STEPS = (0.5, 1.5)
"""Multiples of the sum of all weights by which further starts of the search raise one weight;
the smooth loss can over- or underestimate single strategies at the first positions."""
WEIGHTING_TIME_FACTOR = 1.2
"""Expected time to fit the weights, as a multiple of the time of the first ablation."""


@dataclass(frozen=True, eq=False)
class WarmItemWeights:
    """Weights of items with events."""

    weights: Doubles
    """(n_levels, n_strategies)"""
    questions: Doubles
    """(n_levels,) number of simulated queries that they were fitted on"""
    report: list[dict[str, Any]]
    """Measurements at each level as JSON values."""


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


def fit_blend(  # noqa: PLR0913 - what a training depends on, most of it optional
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int,
    progress: Progress = ignore_progress,
    budget: TimeBudget | None = None,
    warm_start: WarmStart | None = None,
    *,
    thresholds: SelectionThresholds | None = None,
) -> tuple[Blend, FittedStrategies]:
    """Fit weights on simulated cold starts, then the strategies on all data.

    Args:
        data: Training data.
        strategies: Candidates. Slow ones are excluded if the budget does not suffice, and get a
            weight only where they significantly improve the blend of the fast ones.
        seed: Seed of all random numbers.
        progress: Receives a message about each step.
        budget: Time limit; default: none.
        warm_start: Earlier training. Its weights are additional starts of the search,
            strategies that had only zero weights are left out, and models that support it
            continue from their earlier state when they are fitted on all data. In the
            simulated cold starts they are fitted from scratch, because the earlier state was
            fitted on the events that are held out there.
        thresholds: Required significance of the gains of slow strategies.
    """
    thresholds = thresholds or SelectionThresholds()
    if warm_start is not None:
        strategies = warm_start.filter_strategies(strategies)
    strategies = usable_strategies(data, strategies)
    candidates = CandidateStrategies(tuple(strategies), budget or TimeBudget())
    pools = build_training_pools(data, candidates, seed, progress, thresholds)
    remaining = candidates.remaining()
    arrivals = estimate_item_arrivals(data)
    prior = _predict_prior(data, remaining, arrivals)
    progress("fitting the weights of the strategies")
    with threadpool_limits(1):  # threads would only wait for each other in many small products
        warm = fit_warm_item_weights(pools, remaining, thresholds, warm_start, prior)
        weights = warm.weights
        new_item_weights = fit_new_item_weights(
            pools, remaining, weights, thresholds, warm_start, prior
        )
        scores_all_items = np.array([s.scores_known and s.scores_new for s in remaining])
        slope, intercept = fit_arrival_shift(
            pools, weights, new_item_weights, prior, scores_all_items
        )
        progress("fitting the weights that show taste")
        plain = WeightSet(1.0, weights, new_item_weights.weights, new_item_weights.bias)
        moved = prior.bias_share(new_item_weights.questions)
        sets, popularity_levels = _fit_sets(data, pools, remaining, plain, moved)
        found = (arrivals.items, arrivals.unsold)
        arrival = ArrivalShift(arrivals.mean, slope, intercept, *found)
        sets, separate = _add_separate_weights(data, pools, remaining, sets, arrival)
    used = _find_used(sets)
    candidates.exclude_unused(remaining[row].name for row in used)
    progress("fitting on all data")
    fitted, start = fit_all(data, [remaining[row] for row in used], seed, warm_start)
    report = {
        "levels": warm.report,
        "prior": prior.to_report(warm.questions),
        "new_items": new_item_weights.report,
        "arrival": arrival.to_report(),
        "popularity": popularity_levels,
        "candidates": candidates.report(),
        "moments": {"share": round(pools.now_share, 3)},
        **separate,
    }
    blend = Blend.from_sets(
        fitted.names,
        _final_scale(data, fitted, pools.scale[used], warm.questions, prior),
        tuple(one.take(used) for one in sets),
        BALANCED_POPULARITY,
        arrival=arrival,
        excluded=candidates.excluded,
        report=report | ({"start": start} if start else {}),
    )
    return blend, fitted


def _predict_prior(
    data: Dataset, strategies: Sequence[Strategy], arrivals: ItemArrivals
) -> PriorWeights:
    """Return the prior weights, whose bias counts as far as new items are arrivals."""
    prior = BlendPrior.load().predict(data, [s.name for s in strategies])
    return prior.trust_bias(arrivals.mean if data.events.has_time_order else None)


def _final_scale(
    data: Dataset,
    fitted: FittedStrategies,
    scale: Floats,
    questions: Doubles,
    prior: PriorWeights,
) -> Floats:
    """Return the (n_strategies,) scales of the blend.

    Weights of the prior are meant for scales of all data; fitted weights for those of the first
    split, which differ if its users are few. The geometric mean counts both as the weights do.

    Args:
        data: Training data.
        fitted: Strategies, fitted on all data.
        scale: (n_strategies,) scales of the first split.
        questions: (n_levels,) numbers of simulated queries.
        prior: Prior weights.
    """
    share = float(np.mean([fitted_share(one, prior.questions) for one in questions]))
    if share > MAX_RESCALED_SHARE or not prior.weights.any():
        return scale
    measured = measure_user_scales(data, fitted, fitted.linear_models(data.items))
    ordinary = [models[s.model].card.fitted_on == "ordinary" for s in fitted.strategies]
    mixed = scale**share * measured ** (1 - share)
    return np.where(ordinary, mixed, scale).astype(np.float32)


def _fit_sets(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    plain: WeightSet,
    bias_share: Doubles,
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weights for each popularity, and a report; see :func:`fit_taste_weights`.

    The bias is corrected for the share of the new items that were on sale, and bounded by
    :func:`bound_new_item_bias`.
    """
    sets, report = fit_taste_weights(
        pools,
        plain,
        TasteMasks.from_strategies(
            strategies, _warm_item_masks(strategies)[0], _new_item_masks(strategies)[0][:-1]
        ),
        np.bincount(data.events.item, minlength=len(data.items)).astype(np.float32),
        bias_share,
    )
    correction = bias_share * on_sale_correction(data)
    corrected = [replace(one, new_bias=one.new_bias + correction) for one in sets]
    return bound_new_item_bias(data, pools, corrected), report


def _add_separate_weights(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
    arrival: ArrivalShift,
) -> tuple[tuple[WeightSet, ...], dict[str, Any]]:
    """Apply the arrival shift, then add the weights that are fitted with all others fixed.

    Returns:
        The weights, and the parts ``customers``, ``wishes`` and ``repeats`` of the report.
    """
    shifted = [one.shift_arrivals(ArrivalShift(), arrival) for one in sets]
    with_content, customers = add_left_out_weights(data, pools, strategies, shifted)
    added, wishes = add_wish_weights(data, pools, strategies, with_content)
    repeats = [set_repeat_weights(data, pools, strategies, one.weights) for one in added]
    report = {"wishes": wishes, "repeats": repeats[-1]}
    return added, report | ({"customers": customers} if customers else {})


def build_training_pools(
    data: Dataset,
    candidates: CandidateStrategies,
    seed: int,
    progress: Progress,
    thresholds: SelectionThresholds,
) -> TrainingPools:
    """Fit the candidates on every split and return the pools of the remaining strategies.

    After the first split, slow strategies without a significant gain are excluded.

    Args:
        data: Training data.
        candidates: Strategies to fit; some may be excluded.
        seed: Seed of all random numbers.
        progress: Receives a message about each split.
        thresholds: Required significance of the gains of slow strategies.
    """
    builder = PoolBuilder(data, candidates, seed)
    n_splits = count_splits(data)
    for number, split in enumerate(iter_splits(data, seed)):
        title = f"simulated cold start {number + 1} of {n_splits} ({split.name})"
        remaining_rounds = n_splits - number - 1 + FULL_DATA_FACTOR
        if number and not candidates.has_time_for(remaining_rounds):
            progress(f"no time for {title}")
            continue
        progress(title)
        builder.add_split(number, split, remaining_rounds)
        if not number and any(s.is_slow for s in candidates.remaining()):
            progress("testing which slow strategies help")
            first = builder.collect(range(len(candidates.strategies)))
            drop_unhelpful(candidates, first, remaining_rounds, thresholds)
    rows = candidates.remaining_rows()
    share = add_moments(builder, data, seed, n_splits, rows)
    if share >= MIN_NEW_ITEM_SHARE:
        for number, split in enumerate(iter_moment_splits(data, seed, with_unsold=True)):
            builder.add_split(n_splits + 100 + number, split, FULL_DATA_FACTOR)
    return replace(builder.collect(rows), now_share=share)


def add_moments(
    builder: PoolBuilder, data: Dataset, seed: int, first: int, rows: Sequence[int]
) -> float:
    """Add pools of newcomers at several moments; return the share of their queries.

    Only strategies whose scores are the same for everybody are fitted at first. Where these
    show that the present hardly differs from the past, the queries at moments count next to
    nothing, and the other strategies are not fitted on so many parts of the data.

    Args:
        builder: Receives the pools.
        data: Training data.
        seed: Seed of all random numbers.
        first: Position of the first of these splits.
        rows: Positions of the remaining strategies.

    Returns:
        The :func:`share_of_moments`.
    """
    before = builder.count_pools(NOW_KIND)
    share = 0.0
    for is_complete in (False, True):
        builder.truncate_pools(NOW_KIND, before)
        for number, split in enumerate(iter_moment_splits(data, seed), first):
            builder.add_split(number, split, FULL_DATA_FACTOR, constant_only=not is_complete)
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
        with time_limit(None if budget.seconds is None else seconds), threadpool_limits(1):
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
    baseline, allowed = _warm_item_masks(strategies)
    tasks = build_warm_item_tasks(pools)
    rows = set(select_strategies(tasks, baseline, allowed, thresholds).helpful)
    if "new_item" in pools.pools:
        weights = [fit_softmax(t, baseline) if t else 0.0 * allowed for t in tasks]
        new_tasks = build_new_item_tasks(pools, np.array(weights, dtype=np.float64))
        masks = _new_item_masks(strategies)
        rows |= select_strategies(new_tasks, *masks, thresholds, new_items=True).helpful
    return {strategy.name for row, strategy in enumerate(strategies) if row in rows}


def fit_warm_item_weights(
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    thresholds: SelectionThresholds,
    warm_start: WarmStart | None,
    prior: PriorWeights | None = None,
) -> WarmItemWeights:
    """Fit the weights of items with events, and shrink them towards the prior.

    Each level starts from the weights of the one before; a level without tasks keeps them, but
    they count less against the prior there.
    """
    names = [s.name for s in strategies]
    prior = prior or PriorWeights.none(len(names))
    baseline, allowed = _warm_item_masks(strategies)
    tasks = build_warm_item_tasks(pools)
    few_tasks = build_warm_item_tasks(pools, MIN_GUARD_QUERIES)
    selection = select_strategies(tasks, baseline, allowed, thresholds)
    current = _default_weights(strategies) * baseline
    earlier = None if warm_start is None else warm_start.weights(names)
    weights = np.zeros((len(EVENT_LEVELS), len(strategies)))
    questions = np.zeros(len(EVENT_LEVELS))
    report = []
    for level, (level_tasks, mask) in enumerate(zip(tasks, selection.masks, strict=True)):
        if level:
            questions[level] = CARRIED_QUESTION_SHARE * questions[level - 1]
        expected = prior.weights[level] * mask
        if level_tasks:
            starts = [current * mask, *([expected] if expected.any() else [])]
            starts += [] if earlier is None else [earlier[level] * mask]
            current = _fit_level(level_tasks, mask, starts)
            questions[level] = sum(len(task.pool.n_events) for task in level_tasks)
        counted = float(questions[level]), prior.questions_at(level)
        weights[level] = shrink_weights(current, expected, *counted)
        refit = partial(_refit_level, mask, expected, counted)
        weights[level], added = guard_weights(
            level_tasks or few_tasks[level],
            weights[level],
            refit,
            popular_rows(strategies, mask),
            windowed_rows(strategies),
        )
        if level_tasks:
            measured = _report_level(level_tasks, weights[level], strategies, level)
            moves = report_moves(names, current, expected, *counted)
            added_share = {"best_sellers_added": added} if added else {}
            report.append(measured | moves | added_share | selection.report(level, names))
    return WarmItemWeights(weights, questions, report)


def _refit_level(
    allowed: Mask,
    prior: Doubles,
    counted: tuple[float, float],
    tasks: Sequence[RankingTask],
) -> Doubles:
    """Return the weights that half of the queries of a level lead to."""
    questions, prior_questions = counted
    if questions < MIN_QUERIES and prior.any():
        return prior
    fitted = fit_softmax(tasks, allowed)
    return shrink_weights(fitted, prior, questions / 2, prior_questions)


def _fit_level(
    tasks: Sequence[RankingTask], allowed: Mask, starts: Sequence[Doubles]
) -> Doubles:
    """Search from the best of the smooth optimum, the starts and every single strategy."""
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
    baseline, allowed = _new_item_masks(strategies)
    current = np.append(_default_weights(strategies) * baseline[:-1], 0.0)
    tasks = build_new_item_tasks(pools, warm_weights)
    selection = select_strategies(tasks, baseline, allowed, thresholds, new_items=True)
    earlier = None if warm_start is None else warm_start.new_weights(names)
    totals = warm_weights.sum(axis=1, keepdims=True)
    popular = popular_rows(strategies, _warm_item_masks(strategies)[1])
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


def _find_used(sets: Sequence[WeightSet]) -> Rows:
    """Return the positions of strategies with a weight above zero; the first if none has."""
    weights = np.concatenate([part for s in sets for part in (s.weights, s.new_weights)])
    used = np.flatnonzero(weights.any(axis=0))
    return used if len(used) else np.arange(1)


def _warm_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the masks of the fast and of all strategies that score items with events."""
    return _strategy_masks(strategies, np.array([s.scores_known for s in strategies]))


def _new_item_masks(strategies: Sequence[Strategy]) -> tuple[Mask, Mask]:
    """Return the masks of the fast and of all strategies that score new items, and the bias."""
    baseline, allowed = _strategy_masks(
        strategies, np.array([s.scores_new for s in strategies])
    )
    return np.append(baseline, True), np.append(allowed, True)


def _strategy_masks(strategies: Sequence[Strategy], allowed: Mask) -> tuple[Mask, Mask]:
    """Return baseline and allowed strategies; without fast ones, all are the baseline."""
    allowed = allowed & np.array(
        [models[s.model].card.fitted_on == "ordinary" for s in strategies]
    )
    fast: Mask = allowed & ~np.array([s.is_slow for s in strategies])
    return (fast if fast.any() else allowed), allowed


def _default_weights(strategies: Sequence[Strategy]) -> Doubles:
    return np.array([DEFAULT_WEIGHTS.get(s.name, 0.0) for s in strategies])
