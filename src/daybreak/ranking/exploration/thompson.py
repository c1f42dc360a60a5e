"""Posterior sampling for a few places of a list, with the exact chance of every pick."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import log_ndtr

from daybreak.errors import ConfigError
from daybreak.metrics import discounts
from daybreak.types import Doubles, Mask, Rows

N_QUADRATURE_NODES = 256
"""Of the quadrature; twice as many change chances by less than 1e-9."""
MAX_DRAW_STDS = 8.0
"""Standard deviations beyond which a draw does not come."""


@dataclass(frozen=True)
class ExplorationConfig:
    """Which places of a list new items may take, and how boldly."""

    ranks: tuple[int, ...] = (10,)
    """Places, from 1, in front of which a new item may be put in; each takes at most one."""
    share: float = 1.0
    """Probability that a place is open at all."""
    uniform: float = 0.05
    """Probability that an open place takes any new item: no chance gets too small to weigh."""
    pool: int = 40
    """Most promising new items that compete for one place."""

    def __post_init__(self) -> None:
        ranks = self.ranks
        if not ranks or min(ranks) < 1 or list(ranks) != sorted(set(ranks)):
            raise ConfigError(f"ranks must be whole numbers from 1, rising, got {ranks!r}")
        for name in ("share", "uniform"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must be from 0 to 1, got {getattr(self, name)!r}")
        if self.pool < 1:
            raise ConfigError(f"pool must be 1 or more, got {self.pool!r}")

    def for_length(self, k: int) -> "ExplorationConfig | None":
        """Return it for lists of k; None: nothing of them is open.

        Places beyond the end move to the end. A list of one item is left alone.

        Example:
            >>> ExplorationConfig(ranks=(4, 10)).within(5).ranks, ExplorationConfig().within(1)
            ((4, 5), None)
        """
        ranks = tuple(sorted({min(rank, k) for rank in self.ranks}))
        return replace(self, ranks=ranks) if k > 1 else None


@dataclass(frozen=True, eq=False)
class ScorePosterior:
    """What is believed of the new items that one list may take in."""

    mean: Doubles
    """(n,) scores, with what impressions behind are worth."""
    std: Doubles
    """(n,) standard deviations of the scores."""

    def take(self, rows: Rows) -> "ScorePosterior":
        """Return those of some items."""
        return ScorePosterior(self.mean[rows], self.std[rows])


@dataclass(frozen=True, eq=False)
class SlotDraw:
    """What came of one open place."""

    rank: int
    new_item: int
    """Position of the new item; -1: the place stays as it was."""
    probability: float
    """Of what came about."""
    p_unchanged: float
    """Chance that the place stays as it was."""


def win_probabilities(posterior: ScorePosterior, threshold: float) -> Doubles:
    """Return the chance of each that its draw is the highest and above the bar.

    Draws are independent and normal. The chance of ``i`` is the integral over ``x > bar`` of
    its density times the chances that all others stay below ``x``: one dimension, by
    Gauss-Legendre quadrature, so nothing is estimated.

    Example:
        Two alike, and a bar at their mean: nobody with 1/4, else either.

        >>> win_probabilities(ScorePosterior(np.zeros(2), np.ones(2)), 0.0).round(6)
        array([0.375, 0.375])
    """
    mean, spread = posterior.mean, posterior.std
    if not len(mean):
        return np.zeros(0)
    low = max(threshold, float((mean - MAX_DRAW_STDS * spread).max()))
    high = float((mean + MAX_DRAW_STDS * spread).max())
    if not low < high:
        return np.zeros(len(mean))
    node, weight = _quadrature_nodes()
    x = low + (high - low) * node
    z = (x[None, :] - mean[:, None]) / spread[:, None]
    below = log_ndtr(z)
    others = below.sum(axis=0)[None, :] - below
    density = np.exp(others - z**2 / 2) / (spread[:, None] * np.sqrt(2 * np.pi))
    return np.asarray(density @ weight * (high - low), dtype=np.float64)


def sample_slot(
    posterior: ScorePosterior,
    threshold: float,
    options: ExplorationConfig,
    rng: np.random.Generator,
) -> SlotDraw:
    """Let new items compete for one place; ``rank`` of the answer is 0.

    Args:
        hopes: Of the items that compete.
        bar: Score of what stands at the place.
        options: How boldly.
        rng: Of this list.
    """
    n = len(posterior.mean)
    if not n:
        return SlotDraw(0, -1, 1.0, 1.0)
    anyone = options.uniform
    chances = options.share * (
        (1 - anyone) * win_probabilities(posterior, threshold) + anyone / n
    )
    nobody = max(1 - float(chances.sum()), 0.0)
    chosen = _draw_item(posterior, threshold, options, rng)
    return SlotDraw(0, chosen, nobody if chosen < 0 else float(chances[chosen]), nobody)


def sample_slots(
    posterior: ScorePosterior,
    thresholds: Sequence[float],
    options: ExplorationConfig,
    rng: np.random.Generator,
) -> list[SlotDraw]:
    """Return what comes of every open place of a list.

    The most promising items are dealt to the places at random first, so that each competes for
    one place and what comes of one place does not hang on the others. Chances are those given
    the deal, which does not depend on anything that could be rewarded; weighting by their
    inverse is therefore unbiased.

    Args:
        hopes: Of all new items that may be in the list.
        bars: The score of what stands at each of ``options.ranks`` now.
        options: Which places, how boldly.
        rng: Of this list.
    """
    places = len(options.ranks)
    best = _most_promising(posterior, places * options.pool)
    dealt = rng.permutation(best)
    found = []
    for number, (rank, bar) in enumerate(zip(options.ranks, thresholds, strict=True)):
        mine = np.sort(dealt[number::places])
        one = sample_slot(posterior.take(mine), bar, options, rng)
        chosen = int(mine[one.new_item]) if one.new_item >= 0 else -1
        found.append(SlotDraw(rank, chosen, one.probability, one.p_unchanged))
    return found


@dataclass(frozen=True, eq=False)
class MergedList:
    """A list with the picks put in: parallel columns, the best first."""

    base_position: Rows
    """Position in the list of before; -1 for a pick."""
    new_item: Rows
    """Position of the new item; -1 for what was there before."""
    propensity: Doubles
    """That the item is in this list."""

    @property
    def explored(self) -> Mask:
        """(n,) which are picks."""
        mask: Mask = self.new_item >= 0
        return mask


def merge_list(length: int, k: int, draws: Sequence[SlotDraw]) -> MergedList:
    """Put picks into a list of at most ``k``; what they push off the end is not shown.

    An item of the list stays if at most as many picks come as there is room behind it; picks
    come independently, so that chance is that of a sum of unlike coins.

    Example:
        A list of 2 of 2, a pick at rank 2 that comes with 0.3: the second is pushed off.

        >>> found = arranged(2, 2, [SlotDraw(2, 7, 0.3, 0.7)])
        >>> found.base.tolist(), found.chosen.tolist(), found.chance.tolist()
        ([0, -1], [-1, 7], [1.0, 0.3])
    """
    stays = _poisson_binomial_cdf([1 - one.p_unchanged for one in draws])
    room = k - 1 - np.arange(length)
    keep = np.where(room >= 0, stays[np.minimum(np.maximum(room, 0), len(stays) - 1)], 0.0)
    rows = [(place, -1, float(keep[place])) for place in range(length)]
    for one in draws:
        if one.new_item >= 0:
            rows.insert(min(one.rank - 1, len(rows)), (-1, one.new_item, one.probability))
    base, chosen, chance = zip(*rows[:k], strict=True) if rows else ((), (), ())
    return MergedList(
        np.array(base, dtype=np.int64),
        np.array(chosen, dtype=np.int64),
        np.array(chance, dtype=np.float64),
    )


def max_ndcg_loss(k: int, ranks: Sequence[int]) -> float:
    """Return the most NDCG@k that one list can lose when all its open places are taken.

    The worst is that only what is moved down or pushed off was right, and no pick is.

    Example:
        At the last of two places: what was there is lost, ``1 / log2(3)``.

        >>> round(max_ndcg_loss(2, [2]), 4)
        0.6309
    """
    worth = discounts(k)
    picks = [SlotDraw(rank, 0, 1.0, 0.0) for rank in ranks if rank <= k]
    base = merge_list(k, k, picks).base_position
    left = np.zeros(k)
    left[base[base >= 0]] = worth[base >= 0]
    lost = np.sort(worth - left)[::-1]
    return float((np.cumsum(lost) / np.cumsum(worth)).max())


def _draw_item(
    posterior: ScorePosterior,
    threshold: float,
    options: ExplorationConfig,
    rng: np.random.Generator,
) -> int:
    """Draw as :func:`pick` says."""
    opened, kind = rng.random(2)
    if opened >= options.share:
        return -1
    if kind < options.uniform:
        return int(rng.integers(len(posterior.mean)))
    value = posterior.mean + posterior.std * rng.standard_normal(len(posterior.mean))
    best = int(np.argmax(value))
    return best if value[best] > threshold else -1


def _most_promising(posterior: ScorePosterior, max_items: int) -> Rows:
    """Return the items whose scores may turn out highest, in their order."""
    if len(posterior.mean) <= max_items:
        return np.arange(len(posterior.mean))
    hope = posterior.mean + 2 * posterior.std
    return np.sort(np.argpartition(-hope, max_items - 1)[:max_items])


def _poisson_binomial_cdf(probabilities: Sequence[float]) -> Doubles:
    """Return (n + 1,) chances that at most 0, 1, ... of independent coins come up."""
    chance = np.ones(1)
    for coin in probabilities:
        chance = np.append(chance * (1 - coin), 0.0) + np.append(0.0, chance * coin)
    return np.minimum(np.cumsum(chance), 1.0)


@lru_cache(maxsize=1)
def _quadrature_nodes() -> tuple[Doubles, Doubles]:
    """Return nodes and weights of the quadrature over 0 to 1."""
    node, weight = np.polynomial.legendre.leggauss(N_QUADRATURE_NODES)
    return (node + 1) / 2, weight / 2
