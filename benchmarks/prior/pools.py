"""Scores of all strategies for the candidates of the queries of a shop, kept in a file."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.prior.shops import Shop
from daybreak.ranking.blending.ablation import SelectionThresholds
from daybreak.ranking.blending.new_item_weights import fit_new_item_weights
from daybreak.ranking.blending.pools import mark_top, measure_user_scales, score_strategies
from daybreak.ranking.blending.shop_features import shop_features
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.time_budget import CandidateStrategies
from daybreak.ranking.blending.training_pools import build_training_pools
from daybreak.ranking.blending.warm_item_weights import fit_warm_item_weights
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.rng import create_generator
from daybreak.simulation.queries import LabelledQueries
from daybreak.simulation.splits import warm_items
from daybreak.types import Doubles, Floats, Mask, Rows, ignore_progress

N_TOP = 15
"""Number of best candidates of each strategy, among items with and without events."""
N_RANDOM = 30
"""Expected number of further candidates of a query."""
MAX_TARGETS = 60
"""Number of targets of a query that are candidates."""
SIMULATED_USERS = (100,)
"""Sizes of shops whose own simulated cold starts are compared with the prior [users]."""
MAX_SCORES = 30_000_000
"""Number of scores held in memory at a time."""


@dataclass(frozen=True, eq=False)
class ShopPool:
    """Candidates of all queries of a shop, one after another."""

    strategies: tuple[str, ...]
    features: Floats
    """(n_strategies, n_candidates) scores divided by their scales"""
    is_new: Mask
    """(n_candidates,)"""
    relevant: Mask
    """(n_candidates,)"""
    log_weight: Floats
    """(n_candidates,) logarithm of the number of items that a candidate stands for"""
    starts: Rows
    """(n_queries,) position of the first candidate"""
    n_events: Floats
    """(n_queries,)"""
    n_relevant: Rows
    """(n_queries,)"""
    is_user: Mask
    """(n_queries,) whether the query is that of a user with training events"""
    shop: Doubles
    """Features of the shop."""
    fitted: Doubles
    """(n_levels, 2 n_strategies + 1) weights of the shop's own simulation: warm, new, bias"""
    questions: Doubles
    """(n_levels, 2) numbers of simulated queries, for warm and for new items"""

    def save(self, path: Path) -> None:
        """Write the pool to a file."""
        part = path.with_suffix(".part.npz")
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__}
        np.savez(part, **arrays)
        part.rename(path)

    @classmethod
    def load(cls, path: Path) -> "ShopPool":
        """Read the file that :meth:`save` wrote."""
        with np.load(path) as arrays:
            values = {name: arrays[name] for name in cls.__dataclass_fields__}
        values["strategies"] = tuple(values["strategies"].tolist())
        return cls(**values)


def build_shop_pool(shop: Shop, strategies: tuple[Strategy, ...]) -> ShopPool:
    """Fit the strategies on a shop and return its pool, with the weights of its simulation."""
    fitted = FittedStrategies.fit_on(shop.data, strategies, 0)
    linear_models = fitted.linear_models(shop.data.items)
    scale = measure_user_scales(shop.data, fitted, linear_models)
    is_warm = warm_items(shop.data)
    rng = create_generator(0, f"pool {shop.name} {shop.n_users}")
    parts = []
    for labelled in shop.query_sets:
        for block in labelled.iter_blocks(len(strategies) * len(is_warm), MAX_SCORES):
            scores = score_strategies(fitted, linear_models, block.queries, is_warm)
            scores /= scale[:, None, None]
            parts.append(_pool_block(block, scores, is_warm, rng))
    joined = [np.concatenate(values, axis=-1) for values in zip(*parts, strict=True)]
    sizes = joined.pop()
    weights, questions = no_simulation(len(strategies))
    if shop.n_users in SIMULATED_USERS:
        weights, questions = simulate(shop, strategies, scale)
    starts = np.cumsum(sizes) - sizes
    names = tuple(s.name for s in strategies)
    return ShopPool(
        names, *joined[:4], starts, *joined[4:], shop_features(shop.data), weights, questions
    )


def _pool_block(
    block: LabelledQueries, scores: Floats, is_warm: Mask, rng: np.random.Generator
) -> tuple[np.ndarray, ...]:
    allowed, relevant = block.candidate_masks()
    relevant &= allowed
    n_relevant = relevant.sum(axis=1)
    kept = relevant & (
        rng.random(relevant.shape) < MAX_TARGETS / np.maximum(n_relevant, 1)[:, None]
    )
    sure = kept | mark_top(scores, allowed, (is_warm, ~is_warm), N_TOP)
    rest = allowed & ~sure & ~relevant
    rate = N_RANDOM / np.maximum(rest.sum(axis=1, keepdims=True), N_RANDOM)
    drawn = rest & (rng.random(rest.shape) < rate)
    chosen = (sure | drawn) & (kept.any(axis=1)[:, None])
    log_weight = np.where(drawn, -np.log(rate), 0.0)
    rows = np.flatnonzero(kept.any(axis=1))
    new = np.broadcast_to(~is_warm, chosen.shape)
    return (
        scores[:, chosen].astype(np.float16),
        new[chosen],
        kept[chosen],
        log_weight[chosen].astype(np.float32),
        block.queries.n_events[rows],
        n_relevant[rows],
        np.full(len(rows), block.kind == "user"),
        chosen[rows].sum(axis=1),
    )


def no_simulation(n_strategies: int) -> tuple[Doubles, Doubles]:
    """Return the weights and numbers of queries of a shop without a simulation."""
    n_levels = len(EVENT_LEVELS)
    return np.zeros((n_levels, 2 * n_strategies + 1)), np.zeros((n_levels, 2))


def simulate(
    shop: Shop, strategies: tuple[Strategy, ...], scale: Floats
) -> tuple[Doubles, Doubles]:
    """Return the weights that the shop's own simulated cold starts find, without a prior."""
    candidates, thresholds = CandidateStrategies(strategies), SelectionThresholds()
    pools = build_training_pools(shop.data, candidates, 0, ignore_progress, thresholds)
    warm = fit_warm_item_weights(pools, strategies, thresholds, None)
    new = fit_new_item_weights(pools, strategies, warm.weights, thresholds, None)
    factor = scale / pools.scale
    weights = [warm.weights * factor, new.weights * factor, new.bias[:, None]]
    return np.concatenate(weights, axis=1), np.column_stack([warm.questions, new.questions])
