"""The hierarchical model of the weights: its loss, its gradient, and its fit.

The weight of a strategy in a shop is ``softplus(θ · φ)``, where ``φ`` are features of the shop
and of the number of known events. All shops share ``θ``; an L2 penalty keeps their weights
close to a common mean.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from benchmarks.prior.pools import ShopPool
from daybreak.ranking.blending.prior import BlendPrior, softplus
from daybreak.ranking.blending.shop_features import level_features
from daybreak.ranking.blending.weights import EVENT_LEVELS, nearest_level
from daybreak.types import Doubles, Floats, Mask, Rows

SOFTMAX_SHARE = 0.2
"""As in :mod:`daybreak.ranking.blending.objective`."""
START_WEIGHT = 0.15
INTERCEPT_PENALTY = 0.02
"""L2 penalty of the first coefficient of a weight, as a multiple of that of the others."""


@dataclass(eq=False)
class LevelBlock:
    """The queries of one shop at one level, with all strategies as rows."""

    shop: str
    family: str
    level: int
    features: Floats
    """(n_strategies, n_candidates)"""
    is_new: Mask
    relevant: Mask
    log_weight: Floats
    starts: Rows
    sizes: Rows
    n_relevant: Rows
    share: float
    """Weight in the loss."""
    phi: Doubles
    """Unscaled features."""
    fitted: Doubles
    """(2 n_strategies + 1,) weights of the shop's own simulation"""
    questions: Doubles
    """(2,) numbers of simulated queries"""


def make_blocks(
    pools: dict[tuple[str, str, int], ShopPool], names: Sequence[str], max_queries: int
) -> list[LevelBlock]:
    """Return the blocks of all shops.

    Args:
        pools: By name, family and number of users of the shop.
        names: Names of the strategies; those that a shop lacks score 0 there.
        max_queries: Number of queries of a block.
    """
    blocks = []
    per_family: dict[str, int] = {}
    for _, family, _ in pools:
        per_family[family] = per_family.get(family, 0) + 1
    for (shop, family, n_users), pool in pools.items():
        own = [_block(pool, level, names, max_queries) for level in range(len(EVENT_LEVELS))]
        found = [block for block in own if block is not None]
        for block in found:
            block.shop, block.family = f"{shop} {n_users}", family
            block.share = 1 / (len(per_family) * per_family[family] * len(found))
        blocks += found
    return blocks


def _block(
    pool: ShopPool, level: int, names: Sequence[str], max_queries: int
) -> LevelBlock | None:
    queries = np.flatnonzero(nearest_level(pool.n_events) == level)
    if len(queries) < 4:
        return None
    if len(queries) > max_queries:
        queries = queries[np.linspace(0, len(queries) - 1, max_queries).astype(int)]
    ends = np.append(pool.starts[1:], pool.features.shape[1])
    sizes = (ends - pool.starts)[queries]
    columns = np.concatenate([np.arange(pool.starts[q], ends[q]) for q in queries])
    is_new = pool.is_new[columns]
    row_of = {name: row for row, name in enumerate(pool.strategies)}
    n = len(names)
    features = np.zeros((n, len(columns)), dtype=np.float32)
    fitted = np.zeros(2 * n + 1)
    for row, name in enumerate(names):
        if name in row_of:
            features[row] = pool.features[row_of[name], columns]
            fitted[row] = pool.fitted[level, row_of[name]]
            fitted[n + row] = pool.fitted[level, len(row_of) + row_of[name]]
    fitted[-1] = pool.fitted[level, -1]
    phi = level_features(pool.shop, np.array([EVENT_LEVELS[level]]))[0]
    return LevelBlock(
        "",
        "",
        level,
        features,
        is_new,
        pool.relevant[columns],
        pool.log_weight[columns],
        np.cumsum(sizes) - sizes,
        sizes,
        pool.n_relevant[queries],
        1.0,
        phi,
        fitted,
        pool.questions[level],
    )


@dataclass(eq=False)
class WeightModel:
    """Parameters for a set of strategies: rows are warm weights, new weights, and the bias."""

    names: tuple[str, ...]
    theta: Doubles
    """(2 n_strategies + 1, n_features)"""
    scaling: tuple[Doubles, Doubles, Doubles, Doubles]
    """Mean, standard deviation, smallest and largest value of the features."""

    def scale(self, phi: Doubles) -> Doubles:
        """Return the standardised features of a block."""
        mean, std, low, high = self.scaling
        return (np.clip(phi, low, high) - mean) / std

    def weights(self, block: LevelBlock) -> Doubles:
        """Return (2 n_strategies + 1,) weights of a block."""
        linear = self.theta @ self.scale(block.phi)
        return np.append(softplus(linear[:-1]), linear[-1])

    def to_prior(
        self,
        questions: tuple[float, float, float],
        usable: Mask,
        blocks: Sequence[LevelBlock],
    ) -> BlendPrior:
        """Return the prior of the package.

        Args:
            questions: Numbers of queries that count as much as the prior.
            usable: (2 n_strategies + 1,) weights that are not 0.
            blocks: Queries of all shops.
        """
        n = len(self.names)
        rows = {
            kind: {
                name: self.theta[first + row]
                for row, name in enumerate(self.names)
                if usable[first + row]
            }
            for kind, first in (("warm", 0), ("new", n))
        }
        return BlendPrior(
            *self.scaling,
            rows["warm"],
            rows["new"],
            self.theta[-1],
            *questions,
            silent_without_events(blocks, self.names),
        )


def silent_without_events(
    blocks: Sequence[LevelBlock], names: tuple[str, ...]
) -> dict[str, tuple[str, ...]]:
    """Return the strategies that score nothing for queries without events, by kind of item."""
    heard = {"warm": np.zeros(len(names), dtype=bool), "new": np.zeros(len(names), dtype=bool)}
    for block in blocks:
        if block.level == 0:
            heard["warm"] |= block.features[:, ~block.is_new].any(axis=1)
            heard["new"] |= block.features[:, block.is_new].any(axis=1)
    return {
        kind: tuple(name for name, found in zip(names, mask, strict=True) if not found)
        for kind, mask in heard.items()
    }


def scale_of(blocks: Sequence[LevelBlock]) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Return the scaling of the features of blocks; the constant stays 1."""
    phi = np.stack([block.phi for block in blocks])
    mean, std = phi.mean(axis=0), phi.std(axis=0)
    mean[0], std[0] = 0.0, 1.0
    return mean, np.where(std > 1e-9, std, 1.0), phi.min(axis=0), phi.max(axis=0)


def block_scores(block: LevelBlock, weights: Doubles) -> Floats:
    """Return the (n_candidates,) scores of weights."""
    n = len(block.features)
    warm = weights[:n].astype(np.float32) @ block.features
    new = weights[n:-1].astype(np.float32) @ block.features + np.float32(weights[-1])
    return np.where(block.is_new, new, warm)


def block_loss(block: LevelBlock, weights: Doubles) -> tuple[float, Doubles]:
    """Return the mean loss of the queries and its gradient; see ``objective.softmax_loss``."""
    scores = block_scores(block, weights) + block.log_weight
    starts, sizes = block.starts, block.sizes
    scores = scores - np.repeat(np.maximum.reduceat(scores, starts), sizes)
    exponentials = np.exp(scores)
    p = exponentials / np.repeat(np.add.reduceat(exponentials, starts), sizes)
    p_target = np.where(block.relevant, p, 0)
    p_any = np.add.reduceat(p_target, starts) + 1e-12
    n_targets = np.add.reduceat(block.relevant.astype(np.float32), starts)
    uniform = block.relevant / np.repeat(np.maximum(n_targets, 1), sizes)
    log_p = np.log(np.maximum(p, 1e-12))
    n = len(starts)
    value = -(1 - SOFTMAX_SHARE) * np.log(p_any).sum() - SOFTMAX_SHARE * (uniform * log_p).sum()
    target = (1 - SOFTMAX_SHARE) * p_target / np.repeat(p_any, sizes) + SOFTMAX_SHARE * uniform
    slope = ((p - target) / n).astype(np.float32)
    new = np.where(block.is_new, slope, 0)
    gradient = np.concatenate(
        [block.features @ (slope - new), block.features @ new, [new.sum()]]
    )
    return float(value) / n, gradient


def block_ndcg(
    block: LevelBlock, weights: Doubles, k: int = 10, *, among_new: bool = False
) -> float | None:
    """Return the mean NDCG@k of weights over the candidates.

    Args:
        block: Queries.
        weights: (2 n_strategies + 1,) weights.
        k: Length of the list.
        among_new: Whether only items without events are ranked; None without such targets.
    """
    scores = block_scores(block, weights) - 1e-5 * block.relevant
    query = np.repeat(np.arange(len(block.starts)), block.sizes)
    relevant, n_relevant = block.relevant, block.n_relevant
    if among_new:
        scores, relevant = np.where(block.is_new, scores, -1e9), relevant & block.is_new
        n_relevant = np.bincount(query, relevant, minlength=len(block.starts)).astype(int)
        if not n_relevant.any():
            return None
    order = np.lexsort((-scores, query))
    rank = np.arange(len(order)) - np.repeat(block.starts, block.sizes)
    hit = relevant[order] & (rank < k)
    gains = np.bincount(query[hit], 1 / np.log2(rank[hit] + 2), minlength=len(block.starts))
    answerable = n_relevant > 0
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))[np.minimum(n_relevant, k) - 1]
    return float((gains / ideal)[answerable].mean())


def fit_model(
    blocks: Sequence[LevelBlock],
    names: tuple[str, ...],
    usable: Mask,
    penalty: float,
    iterations: int,
) -> WeightModel:
    """Fit the parameters on blocks.

    Args:
        blocks: Queries of all shops.
        names: Names of the strategies.
        usable: (2 n_strategies + 1,) weights that are not 0.
        penalty: L2 penalty.
        iterations: Maximum number of iterations.
    """
    scaling = scale_of(blocks)
    model = WeightModel(names, np.zeros((2 * len(names) + 1, len(scaling[0]))), scaling)
    loss = PriorLoss(blocks, model, np.append(usable[:-1], True), penalty)
    theta = loss.centre
    options = {"maxiter": iterations}
    result = minimize(loss, theta.ravel(), jac=True, method="L-BFGS-B", options=options)
    model.theta = result.x.reshape(theta.shape)
    return model


class PriorLoss:
    """Mean loss of all blocks and the penalty, as a function of the parameters.

    Args:
        blocks: Queries of all shops.
        model: Names of the strategies and scaling of the features.
        usable: (2 n_strategies + 1,) weights that are not 0.
        penalty: L2 penalty.
    """

    def __init__(
        self, blocks: Sequence[LevelBlock], model: WeightModel, usable: Mask, penalty: float
    ) -> None:
        self.blocks, self.usable = blocks, usable
        self.phi = np.stack([model.scale(block.phi) for block in blocks])
        shares = np.array([block.share for block in blocks])
        self.shares = shares / shares.sum()
        self.strength = np.full(model.theta.shape, penalty)
        self.strength[:, 0] *= INTERCEPT_PENALTY
        self.centre = np.zeros(model.theta.shape)
        """Parameters without any penalty: all weights are ``START_WEIGHT``."""
        self.centre[:-1, 0] = np.log(np.expm1(START_WEIGHT))

    def __call__(self, flat: Doubles) -> tuple[float, Doubles]:
        """Return the loss and its gradient."""
        parameters = flat.reshape(self.centre.shape)
        linear = self.phi @ parameters.T
        weights = np.column_stack([softplus(linear[:, :-1]), linear[:, -1]]) * self.usable
        slopes = np.column_stack([1 / (1 + np.exp(-linear[:, :-1])), np.ones(len(linear))])
        moved = parameters - self.centre
        total = float((self.strength * moved**2).sum())
        by_block = np.zeros_like(linear)
        for row, block in enumerate(self.blocks):
            value, slope = block_loss(block, weights[row])
            total += self.shares[row] * value
            by_block[row] = self.shares[row] * slope
        gradient = 2 * self.strength * moved + (by_block * slopes * self.usable).T @ self.phi
        return total, gradient.ravel()
