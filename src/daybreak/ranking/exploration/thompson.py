"""Thompson sampling of new items for open positions of a list, with exact propensities."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr

from daybreak.errors import ConfigError
from daybreak.metrics import discounts
from daybreak.types import Doubles, Mask, Rows

N_QUADRATURE_NODES = 256
"""Number of quadrature nodes; twice as many change probabilities by less than 1e-9."""
MAX_DRAW_STDS = 8.0
"""Standard deviations beyond which the density of a draw is neglected."""
OPTIMISM_STDS = 2.0
"""Standard deviations above the mean by which promising items are ordered."""


@dataclass(frozen=True)
class ExplorationConfig:
    """Positions of a list that new items may take, and with which probabilities."""

    ranks: tuple[int, ...] = (10,)
    """Ranks, from 1, at which a new item may be inserted; each takes at most one."""
    share: float = 1.0
    """Probability that a rank is open."""
    uniform: float = 0.05
    """Probability that an open rank takes any new item, so that no propensity is too small for
    inverse propensity weighting."""
    pool: int = 40
    """Number of most promising new items that compete for one rank."""

    def __post_init__(self) -> None:
        ranks = self.ranks
        if not ranks or min(ranks) < 1 or list(ranks) != sorted(set(ranks)):
            raise ConfigError(
                f"ranks must be whole numbers of 1 or more in rising order, got {ranks!r}"
            )
        for name in ("share", "uniform"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be from 0 to 1, got {getattr(self, name)!r}")
        if self.pool < 1:
            raise ConfigError(f"pool must be 1 or more, got {self.pool!r}")

    def for_length(self, k: int) -> "ExplorationConfig | None":
        """Return the configuration for lists of length k; None if no rank is open.

        Ranks beyond the end move to the end. A list of one item is never explored.

        Example:
            >>> ExplorationConfig(ranks=(4, 10)).for_length(5).ranks
            (4, 5)
            >>> ExplorationConfig().for_length(1) is None
            True
        """
        ranks = tuple(sorted({min(rank, k) for rank in self.ranks}))
        return replace(self, ranks=ranks) if k > 1 else None


@dataclass(frozen=True, eq=False)
class ScorePosterior:
    """Independent normal posteriors of the scores of new items."""

    mean: Doubles
    """(n,) mean scores, including exposure bonuses"""
    std: Doubles
    """(n,) standard deviations"""

    def take(self, rows: Rows) -> "ScorePosterior":
        """Return the posteriors of some items."""
        return ScorePosterior(self.mean[rows], self.std[rows])


@dataclass(frozen=True, eq=False)
class SlotDraw:
    """Result of sampling for one open rank."""

    rank: int
    new_item: int
    """Position of the new item; -1 if the rank keeps its item."""
    probability: float
    """Probability of this result."""
    p_unchanged: float
    """Probability that the rank keeps its item."""


@dataclass(frozen=True, eq=False)
class MergedList:
    """A list with new items inserted: parallel arrays in the order of the list."""

    base_position: Rows
    """Position in the original list; -1 for a new item."""
    new_item: Rows
    """Position of the new item; -1 for an item of the original list."""
    propensity: Doubles
    """Probability that the item is in the list."""

    @property
    def explored(self) -> Mask:
        """(n,) mask of the new items."""
        mask: Mask = self.new_item >= 0
        return mask


def win_probabilities(posterior: ScorePosterior, threshold: float) -> Doubles:
    """Return the probability of each item that its draw is the highest and above a threshold.

    Draws are independent and normal. The probability of item ``i`` is the integral over
    ``x > threshold`` of its density times the probabilities that all other draws are below
    ``x``. This one-dimensional integral is computed by Gauss-Legendre quadrature.

    Args:
        posterior: Posteriors of the items.
        threshold: Score that the highest draw must exceed.

    Example:
        Two equal items and a threshold at their mean: neither exceeds it with probability 1/4,
        otherwise each is as likely as the other.

        >>> win_probabilities(ScorePosterior(np.zeros(2), np.ones(2)), 0.0).round(6)
        array([0.375, 0.375])
    """
    mean, std = posterior.mean, posterior.std
    if not len(mean):
        return np.zeros(0)
    low = max(threshold, float((mean - MAX_DRAW_STDS * std).max()))
    high = float((mean + MAX_DRAW_STDS * std).max())
    if not low < high:
        return np.zeros(len(mean))
    node, weight = _quadrature_nodes()
    x = low + (high - low) * node
    z = (x[None, :] - mean[:, None]) / std[:, None]
    log_below = log_ndtr(z)
    log_others_below = log_below.sum(axis=0)[None, :] - log_below
    density = np.exp(log_others_below - z**2 / 2) / (std[:, None] * np.sqrt(2 * np.pi))
    return np.asarray(density @ weight * (high - low), dtype=np.float64)


def sample_slot(
    posterior: ScorePosterior,
    threshold: float,
    config: ExplorationConfig,
    rng: np.random.Generator,
) -> SlotDraw:
    """Sample one open rank; ``rank`` of the result is 0.

    Args:
        posterior: Posteriors of the competing new items.
        threshold: Score of the item at the rank.
        config: Probabilities.
        rng: Source of random numbers.
    """
    n = len(posterior.mean)
    if not n:
        return SlotDraw(0, -1, 1.0, 1.0)
    uniform = config.uniform
    by_draw = (1 - uniform) * win_probabilities(posterior, threshold)
    probabilities = config.share * (by_draw + uniform / n)
    p_unchanged = max(1 - float(probabilities.sum()), 0.0)
    item = _draw_item(posterior, threshold, config, rng)
    return SlotDraw(
        0, item, p_unchanged if item < 0 else float(probabilities[item]), p_unchanged
    )


def sample_slots(
    posterior: ScorePosterior,
    thresholds: Sequence[float],
    config: ExplorationConfig,
    rng: np.random.Generator,
) -> list[SlotDraw]:
    """Sample all open ranks of a list.

    The most promising items are first assigned to the ranks at random, so that each competes
    for one rank and the results are independent. Probabilities are conditional on this
    assignment. Because the assignment does not depend on rewards, inverse propensity weighting
    is unbiased.

    Args:
        posterior: Posteriors of all new items that may be in the list.
        thresholds: Scores of the items at each of ``config.ranks``.
        config: Open ranks and probabilities.
        rng: Source of random numbers.
    """
    n_slots = len(config.ranks)
    promising = _most_promising(posterior, n_slots * config.pool)
    shuffled = rng.permutation(promising)
    draws = []
    for slot, (rank, threshold) in enumerate(zip(config.ranks, thresholds, strict=True)):
        assigned = np.sort(shuffled[slot::n_slots])
        draw = sample_slot(posterior.take(assigned), threshold, config, rng)
        item = int(assigned[draw.new_item]) if draw.new_item >= 0 else -1
        draws.append(SlotDraw(rank, item, draw.probability, draw.p_unchanged))
    return draws


def merge_list(length: int, k: int, draws: Sequence[SlotDraw]) -> MergedList:
    """Insert new items into a list and cut it to length k.

    An original item stays if at most as many new items are inserted as there are positions
    behind it. Insertions are independent, so the probability of this is a Poisson binomial one.

    Args:
        length: Length of the original list.
        k: Maximum length of the result.
        draws: Result for each open rank.

    Example:
        A list of two items, and an insertion at rank 2 that has a probability of 0.3 and
        removes the second item.

        >>> merged = merge_list(2, 2, [SlotDraw(2, 7, 0.3, 0.7)])
        >>> merged.base_position.tolist(), merged.new_item.tolist(), merged.propensity.tolist()
        ([0, -1], [-1, 7], [1.0, 0.3])
    """
    cdf = _poisson_binomial_cdf([1 - draw.p_unchanged for draw in draws])
    n_later = k - 1 - np.arange(length)
    p_kept = np.where(n_later >= 0, cdf[np.minimum(np.maximum(n_later, 0), len(cdf) - 1)], 0.0)
    rows = [(position, -1, float(p_kept[position])) for position in range(length)]
    for draw in draws:
        if draw.new_item >= 0:
            rows.insert(min(draw.rank - 1, len(rows)), (-1, draw.new_item, draw.probability))
    base, new_item, propensity = zip(*rows[:k], strict=True) if rows else ((), (), ())
    return MergedList(
        np.array(base, dtype=np.int64),
        np.array(new_item, dtype=np.int64),
        np.array(propensity, dtype=np.float64),
    )


def max_ndcg_loss(k: int, ranks: Sequence[int]) -> float:
    """Return the largest possible loss of NDCG@k of one list if all open ranks are taken.

    In the worst case only the items that move down or out of the list are relevant.

    Args:
        k: Length of the list.
        ranks: Open ranks.

    Example:
        With the last of two ranks open, the item there can be lost: ``1 / log2(3)``.

        >>> round(max_ndcg_loss(2, [2]), 4)
        0.6309
    """
    before = discounts(k)
    draws = [SlotDraw(rank, 0, 1.0, 0.0) for rank in ranks if rank <= k]
    base = merge_list(k, k, draws).base_position
    after = np.zeros(k)
    after[base[base >= 0]] = before[base >= 0]
    losses = np.sort(before - after)[::-1]
    return float((np.cumsum(losses) / np.cumsum(before)).max())


def _draw_item(
    posterior: ScorePosterior,
    threshold: float,
    config: ExplorationConfig,
    rng: np.random.Generator,
) -> int:
    """Return the position of the new item that takes the rank; -1 if none does."""
    p_open, p_uniform = rng.random(2)
    if p_open >= config.share:
        return -1
    if p_uniform < config.uniform:
        return int(rng.integers(len(posterior.mean)))
    scores = posterior.mean + posterior.std * rng.standard_normal(len(posterior.mean))
    best = int(np.argmax(scores))
    return best if scores[best] > threshold else -1


def _most_promising(posterior: ScorePosterior, max_items: int) -> Rows:
    """Return the items with the highest upper confidence bounds, in their original order."""
    if len(posterior.mean) <= max_items:
        return np.arange(len(posterior.mean))
    bound = posterior.mean + OPTIMISM_STDS * posterior.std
    return np.sort(np.argpartition(-bound, max_items - 1)[:max_items])


def _poisson_binomial_cdf(probabilities: Sequence[float]) -> Doubles:
    """Return the (n + 1,) probabilities of at most 0, 1, ..., n independent successes."""
    pmf = np.ones(1)
    for p in probabilities:
        pmf = np.append(pmf * (1 - p), 0.0) + np.append(0.0, pmf * p)
    return np.minimum(np.cumsum(pmf), 1.0)


@lru_cache(maxsize=1)
def _quadrature_nodes() -> tuple[Doubles, Doubles]:
    """Return nodes and weights of the quadrature over 0 to 1."""
    node, weight = np.polynomial.legendre.leggauss(N_QUADRATURE_NODES)
    return (node + 1) / 2, weight / 2
