"""Fitting of a blend on simulated cold starts; :func:`fit_blend` shows the steps in order."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from daybreak.blas import SingleBlasThread
from daybreak.data.dataset import Dataset
from daybreak.data.user_samples import sample_data
from daybreak.models import models
from daybreak.ranking.blending.ablation import SelectionThresholds
from daybreak.ranking.blending.arrival_shift import ItemArrivals, estimate_item_arrivals
from daybreak.ranking.blending.left_out_guard import guard_behaviour
from daybreak.ranking.blending.left_out_weights import add_left_out_weights, usable_strategies
from daybreak.ranking.blending.new_item_bias import (
    bound_new_item_bias,
    bound_unknown_items,
    find_unsold_share,
)
from daybreak.ranking.blending.new_item_weights import (
    NewItemWeights,
    fit_arrival_shift,
    fit_new_item_weights,
)
from daybreak.ranking.blending.pauses import fit_pause_steps, scale_recent
from daybreak.ranking.blending.pools import TrainingPools, measure_user_scales
from daybreak.ranking.blending.prior import BlendPrior, PriorWeights
from daybreak.ranking.blending.repeat_weights import fit_repeat_weights
from daybreak.ranking.blending.sample_scale import scale_from_sample
from daybreak.ranking.blending.shrinkage import fitted_share, on_sale_correction
from daybreak.ranking.blending.simulation_plan import plan_simulations
from daybreak.ranking.blending.sold_first import put_sold_first
from daybreak.ranking.blending.source_weights import add_source_weights, measure_source_scales
from daybreak.ranking.blending.strategies import (
    FittedStrategies,
    Strategy,
    with_source_strategies,
)
from daybreak.ranking.blending.strategy_masks import (
    is_for_next_events,
    new_item_masks,
    scores_all_items,
    warm_item_masks,
)
from daybreak.ranking.blending.taste_weights import (
    BALANCED_POPULARITY,
    TasteMasks,
    fit_taste_weights,
)
from daybreak.ranking.blending.time_budget import CandidateStrategies, TimeBudget
from daybreak.ranking.blending.training_pools import build_training_pools
from daybreak.ranking.blending.warm_item_weights import WarmItemWeights, fit_warm_item_weights
from daybreak.ranking.blending.warm_start import WarmStart, fit_all
from daybreak.ranking.blending.weights import ArrivalShift, Blend, WeightSet
from daybreak.ranking.blending.wish_weights import add_wish_weights
from daybreak.simulation.left_out_customers import has_few_customers
from daybreak.simulation.unsold import unsold_items
from daybreak.types import Doubles, Floats, Progress, Rows, ignore_progress

MAX_RESCALED_SHARE = 0.7
"""Share of the simulation in the weights above which the scales of its first split are kept."""


@SingleBlasThread(load_all=True)
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
    tried = strategies if warm_start is None else warm_start.filter_strategies(strategies)
    tried = with_source_strategies(data, usable_strategies(data, tried))
    candidates = CandidateStrategies(tuple(tried), budget or TimeBudget())
    arrivals, simulated = estimate_item_arrivals(data), sample_data(data, seed)
    plan = plan_simulations(simulated, _predict_prior(data, tried, arrivals), arrivals)
    pools = build_training_pools(simulated, candidates, seed, progress, thresholds, plan)
    remaining = candidates.remaining()
    prior = _predict_prior(data, remaining, arrivals)
    progress("fitting the weights of the strategies")
    warm, steps = _fit_warm_items(pools, remaining, thresholds, warm_start, prior)
    new = fit_new_item_weights(pools, remaining, warm.weights, thresholds, warm_start, prior)
    slope, intercept = fit_arrival_shift(
        pools, warm.weights, new, prior, scores_all_items(remaining)
    )
    progress("fitting the weights that show taste")
    plain = WeightSet(1.0, warm.weights, new.weights, new.bias)
    sets, levels = _fit_sets(
        simulated, pools, remaining, plain, prior.bias_share(new.questions)
    )
    shift = ArrivalShift(arrivals.mean, slope, intercept, arrivals.items, arrivals.unsold)
    arrival = _mark_unsold(data, simulated, pools, remaining, sets, shift)
    sets, separate = _add_separate_weights(simulated, pools, remaining, sets, arrival)
    used = _find_used(sets)
    scale, moments = pools.scale[used], {"share": round(pools.now_share, 3)}
    del pools  # as large as the models that are fitted next
    candidates.exclude_unused(remaining[row].name for row in used)
    progress("fitting on all data")
    fitted, start = fit_all(data, [remaining[row] for row in used], seed, warm_start)
    scale = scale_from_sample(data, simulated, fitted, scale, seed)
    report = {
        **_report_weights(warm, new, prior, arrival),
        "pauses": steps.tolist(),
        "popularity": levels,
        "candidates": candidates.report(),
        "simulations": plan.to_report() | _report_sample(data, simulated),
        "moments": moments,
        **separate,
    }
    blend = Blend.from_sets(
        fitted.names,
        _final_scale(data, fitted, scale, warm.questions, prior),
        tuple(one.take(used) for one in sets),
        BALANCED_POPULARITY,
        arrival=arrival,
        excluded=candidates.excluded,
        report=report | ({"start": start} if start else {}),
        pause_steps=tuple(steps.tolist()),
    )
    return put_sold_first(data, fitted, blend), fitted


def _report_weights(
    warm: WarmItemWeights, new: NewItemWeights, prior: PriorWeights, arrival: ArrivalShift
) -> dict[str, Any]:
    """Return the parts of the report about the weights and what they rest on."""
    return {
        "levels": warm.report,
        "prior": prior.to_report(warm.questions),
        "new_items": new.report,
        "arrival": arrival.to_report(),
    }


def _report_sample(data: Dataset, simulated: Dataset) -> dict[str, Any]:
    """Return the part of the report that tells of which events cold starts are simulated."""
    if simulated is data:
        return {}
    users = len(simulated.active_user_rows)
    return {"sample": {"users": users, "events": len(simulated.events)}}


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
    scale = measure_source_scales(data, fitted, scale)
    share = float(np.mean([fitted_share(one, prior.questions) for one in questions]))
    if any(is_for_next_events(strategy) for strategy in fitted.strategies):
        return scale  # the prior says nothing about next events
    if share > MAX_RESCALED_SHARE or not prior.weights.any():
        return scale
    measured = measure_user_scales(data, fitted, fitted.linear_models(data.items))
    ordinary = [models[s.model].card.fitted_on == "ordinary" for s in fitted.strategies]
    mixed = scale**share * measured ** (1 - share)
    return np.where(ordinary, mixed, scale).astype(np.float32)


def _fit_warm_items(
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    thresholds: SelectionThresholds,
    warm_start: WarmStart | None,
    prior: PriorWeights,
) -> tuple[WarmItemWeights, Doubles]:
    """Return the weights of items with events, and the steps of recent histories by pause.

    Where steps differ from 1, the scores in the pools are multiplied by them, and the weights
    are fitted again.
    """
    warm = fit_warm_item_weights(pools, strategies, thresholds, warm_start, prior)
    steps = fit_pause_steps(pools, strategies, warm.weights)
    if (steps != 1).any():
        scale_recent(pools, strategies, steps)
        warm = fit_warm_item_weights(pools, strategies, thresholds, warm_start, prior)
    return warm, steps


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
            strategies, warm_item_masks(strategies)[0], new_item_masks(strategies)[0][:-1]
        ),
        np.bincount(data.events.item, minlength=len(data.items)).astype(np.float32),
        bias_share,
    )
    correction = bias_share * on_sale_correction(data)
    corrected = [replace(one, new_bias=one.new_bias + correction) for one in sets]
    return bound_new_item_bias(data, pools, corrected), report


def _mark_unsold(
    data: Dataset,
    simulated: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
    arrival: ArrivalShift,
) -> ArrivalShift:
    """Return the shift with at least the :func:`find_unsold_share` of items without events.

    Where few customers are left out in turn, :func:`add_left_out_weights` decides instead.
    """
    if has_few_customers(data):
        return arrival
    ordinary = np.array([models[s.model].card.fitted_on == "ordinary" for s in strategies])
    shown = [one for one in sets if one.popularity >= BALANCED_POPULARITY]
    shifted = [one.shift_arrivals(ArrivalShift(), arrival) for one in shown]
    share = find_unsold_share(simulated, pools, shifted, ordinary)
    if not share:
        return arrival
    ids = data.items.ids.ids
    unsold = {ids[row]: share for row in np.flatnonzero(unsold_items(data))}
    own = {name: max(share, value) for name, value in arrival.unsold.items()}
    return replace(arrival, unsold=unsold | own)


def _add_separate_weights(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
    arrival: ArrivalShift,
) -> tuple[tuple[WeightSet, ...], dict[str, Any]]:
    """Apply the arrival shift, then add the weights that are fitted with all others fixed.

    Returns:
        The weights, and the parts ``behaviour``, ``customers``, ``wishes``, ``repeats`` and
        ``sources`` of the report.
    """
    shifted = [one.shift_arrivals(ArrivalShift(), arrival) for one in sets]
    guarded, behaviour = guard_behaviour(data, pools, strategies, shifted)
    with_content, customers = add_left_out_weights(data, pools, strategies, guarded)
    bounded = [bound_unknown_items(pools, one) for one in with_content]
    added, wishes = add_wish_weights(data, pools, strategies, bounded)
    complete: list[WeightSet] = []
    repeats: list[dict[str, Any]] = []
    for one in added:
        weights, repeats = fit_repeat_weights(data, pools, strategies, one.weights)
        complete.append(replace(one, weights=weights))
    final, sources = add_source_weights(data, pools, strategies, complete)
    report: dict[str, Any] = {"wishes": wishes, "repeats": repeats}
    report |= {"sources": sources} if sources else {}
    report |= {"behaviour": behaviour} if behaviour else {}
    return final, report | ({"customers": customers} if customers else {})


def _find_used(sets: Sequence[WeightSet]) -> Rows:
    """Return the positions of strategies with a weight above zero; the first if none has."""
    weights = np.concatenate([part for s in sets for part in (s.weights, s.new_weights)])
    used = np.flatnonzero(weights.any(axis=0))
    return used if len(used) else np.arange(1)
