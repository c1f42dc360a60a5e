"""Shrinkage of fitted weights towards the prior, by the number of simulated queries."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.simulation.holdout import ITEM_FRACTION
from daybreak.simulation.unsold import (
    log_share_of_arrivals,
    on_sale_probability,
    unsold_items,
)
from daybreak.types import Doubles

MIN_REPORTED_MOVE = 0.02
"""Change of the share of a weight below which it is not reported."""


def fitted_share(questions: float, prior_questions: float) -> float:
    """Return the weight of the fitted values against the prior.

    Example:
        >>> fitted_share(300, 100), fitted_share(0, 0)
        (0.75, 1.0)
    """
    return questions / (questions + prior_questions) if prior_questions else 1.0


def shrink_weights(
    fitted: Doubles, prior: Doubles, questions: float, prior_questions: float
) -> Doubles:
    """Return the mean of two sets of weights, each divided by its sum, times a common sum.

    Args:
        fitted: (n,) fitted weights.
        prior: (n,) prior weights; all 0: nothing is known.
        questions: Number of simulated queries that the weights were fitted on.
        prior_questions: Number of queries that count as much as the prior.

    Source:
        Efron and Morris 1973, "Stein's estimation rule and its competitors", eq. 1.6 (the
        posterior mean, with the prior as that many additional observations).

    Example:
        >>> shrink_weights(np.array([2.0, 0.0]), np.array([1.0, 1.0]), 10, 10).round(3).tolist()
        [1.5, 0.5]
    """
    if not prior.any():
        return fitted
    if not fitted.any():
        return prior
    share = fitted_share(questions, prior_questions)
    total = fitted.sum() ** share * prior.sum() ** (1 - share)
    mixed = share * fitted / fitted.sum() + (1 - share) * prior / prior.sum()
    return np.asarray(total * mixed, dtype=np.float64)


def shrink_new_item_weights(
    fitted: Doubles, prior: Doubles, questions: float, prior_questions: tuple[float, float]
) -> Doubles:
    """Return the mean of fitted and prior weights of new items, with the bias last.

    Args:
        fitted: (n_weights,) fitted weights.
        prior: (n_levels, n_weights) prior weights on the scale of the items with events.
        questions: Number of simulated queries that the weights were fitted on.
        prior_questions: Numbers of queries that count as much as the prior: for the weights,
            and for the bias.
    """
    if not prior.any():
        return np.tile(fitted, (len(prior), 1))
    shares = [fitted_share(questions, number) for number in prior_questions]
    share = np.full(len(fitted), shares[0])
    share[-1] = shares[1]
    return share * fitted + (1 - share) * prior


def on_sale_correction(data: Dataset) -> float:
    """Return what the bias of new items changes because more of them were on sale; at most 0.

    In the simulation, hidden items that did sell compete with items that were on sale without
    being sold. Their ratio in the catalogue is another one: the log odds of an item of which
    nothing is known differ by the logarithm of the ratio of the shares.

    Args:
        data: Training data.
    """
    unsold = unsold_items(data)
    if not unsold.any() or not len(data.events):
        return 0.0
    on_sale = float(on_sale_probability(data)[unsold].sum())
    hidden = ITEM_FRACTION * len(data.train_item_rows)
    arrivals = log_share_of_arrivals(data)
    return float(min(arrivals - np.log(hidden / (hidden + on_sale)), 0.0))


def count_hidden_targets(tasks: Sequence[RankingTask]) -> float:
    """Return the number of queries, at most that of the different new items that are targets.

    All queries share the hidden items, so that many queries about few items say little.
    """
    pool = tasks[0].pool
    hidden = np.unique(pool.item_rows[pool.relevant & pool.is_new])
    return float(min(len(pool.n_events), len(hidden)))


def report_moves(
    names: Sequence[str],
    fitted: Doubles,
    prior: Doubles,
    questions: float,
    prior_questions: float,
) -> dict[str, Any]:
    """Return as JSON values how far the simulation moved the shares of the weights.

    Args:
        names: Names of the weights.
        fitted: (n,) fitted weights.
        prior: (n,) prior weights.
        questions: Number of simulated queries.
        prior_questions: Number of queries that count as much as the prior.
    """
    if not prior.any():
        return {}
    final = shrink_weights(fitted, prior, questions, prior_questions)
    before, after = prior / prior.sum(), final / final.sum()
    moved = {
        name: [round(float(old), 3), round(float(new), 3)]
        for name, old, new in zip(names, before, after, strict=True)
        if abs(new - old) >= MIN_REPORTED_MOVE
    }
    share = round(1 - fitted_share(questions, prior_questions), 3)
    return {"prior": {"share": share, "questions": questions, "moved": moved}}
