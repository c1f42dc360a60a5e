"""Guard of a shop with so few customers that no simulated cold start tests its weights.

Other shops say how much it counts which items the same customers chose. Five customers with
seven purchases each say little about that, and lists that follow them can be worse than the
best sellers. Customers who are left out one by one tell.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.metrics import expected_ndcg
from daybreak.ranking.blending.left_out_weights import (
    MIN_LEFT_OUT,
    MIN_SOLD,
    best_seller_scores,
    iter_unmeasured,
    left_out_customers,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.simulation.left_out_customers import MAX_FEW_CUSTOMERS, LeftOutCustomer
from daybreak.types import Floats

BEHAVIOUR_SHARES = (0.0, 0.25, 0.5, 0.75)
"""Shares of the weights of behaviour that are tried where the whole is worse than none."""


def guard_behaviour(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weights whose lists are not worse than best sellers for left-out customers.

    The strategies need a training, so the cosine of the customers of two items stands for all
    that know what the same people chose. Where the best sellers with it have a lower NDCG@10
    than alone, the share of these weights with the highest one is used.

    Args:
        data: Training data.
        pools: Pools of all simulated queries; levels that have enough keep their weights.
        strategies: All strategies.
        sets: Their weights; the last ones are those with the highest plain NDCG.

    Returns:
        The weights, and a report of the levels whose weights were changed.
    """
    if not MIN_LEFT_OUT <= len(data.active_user_rows) <= MAX_FEW_CUSTOMERS:
        return tuple(sets), []
    shared = np.array([s.is_same_for_all for s in strategies])
    behaviour = ~shared & [s.scores_known and not s.scores_new for s in strategies]
    shares = np.ones(len(EVENT_LEVELS))
    share = 1.0
    for number, unmeasured in iter_unmeasured(pools):
        weights = sets[-1].weights[unmeasured[0]]
        customers = [c for c in left_out_customers(data, number) if c.is_sold.sum() >= MIN_SOLD]
        if len(customers) >= MIN_LEFT_OUT:
            share = choose_behaviour_share(
                customers, float(weights[shared].sum()), float(weights[behaviour].sum())
            )
        shares[unmeasured] = share
    report = [
        {"events": EVENT_LEVELS[level], "behaviour": float(shares[level])}
        for level in np.flatnonzero(shares < 1)
    ]
    factors = np.where(behaviour, shares[:, None], 1.0)
    return tuple(replace(one, weights=one.weights * factors) for one in sets), report


def choose_behaviour_share(
    customers: Sequence[LeftOutCustomer], popularity: float, behaviour: float
) -> float:
    """Return the share of the weights of behaviour that counts.

    Args:
        customers: Left-out customers.
        popularity: Weight of the best sellers.
        behaviour: Sum of the weights of the strategies of behaviour.
    """

    def measure(share: float) -> float:
        values = [_measure(one, popularity, share * behaviour) for one in customers]
        return float(np.mean(values))

    if measure(1.0) >= measure(0.0):
        return 1.0
    return max(BEHAVIOUR_SHARES, key=measure)


def _measure(customer: LeftOutCustomer, popularity: float, behaviour: float) -> float:
    """Return the mean NDCG@10 of the histories of a customer."""
    sold = customer.is_sold
    together = np.zeros(customer.together.shape, dtype=np.float32)
    together[:, sold] = _centre(customer.together[:, sold])
    scores = popularity * best_seller_scores(customer) + behaviour * together
    listed = np.where(sold, scores, -np.inf).astype(np.float32)
    return float(np.nanmean(expected_ndcg(listed, customer.allowed, customer.relevant)))


def _centre(values: Floats) -> Floats:
    """Return rows of mean 0 that have the standard deviation 1 together."""
    centred = values - values.mean(axis=1, keepdims=True)
    return np.asarray(centred / max(float(centred.std()), 1e-6), np.float32)
