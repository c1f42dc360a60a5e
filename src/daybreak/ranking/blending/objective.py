"""Weights of a blend: first by gradient on a smooth loss, then by search on NDCG itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from daybreak.ranking.blending.features import CandidatePool
from daybreak.types import Doubles, Floats, Mask

NDCG_LENGTH = 10
"""NDCG is measured on lists of this length."""
SOFTMAX_SHARE = 0.2
"""Share of the plain softmax loss; the rest only asks that some target be on top."""
L2_PENALTY = 1e-3
"""Pulls weights to 0."""
STEP_FACTORS = (0.0, 0.6, 0.85, 1.2, 1.7)
"""Steps that the search tries for each weight."""
TARGET_TIE_PENALTY = np.float32(1e-5)
"""Taken from targets, so that they lose ties: a pool holds more of them than a catalogue, and
weights that tell nothing apart must not look good."""
FIRST_STEPS = (0.03, 0.1, 0.3)
"""Steps that it tries for a weight that is 0."""
MIN_NDCG_GAIN = 2e-4
"""A smaller gain of NDCG is taken for noise of the sample."""


@dataclass(frozen=True, eq=False)
class RankingTask:
    """A pool with the part of the score that is given and the share it has in the objective."""

    features: Floats
    """(n_weights, n_queries, width)"""
    pool: CandidatePool
    present: Mask
    offset: Floats | None = None
    """(n_queries, width) added to every score"""
    share: float = 1.0

    def score(self, weights: Doubles) -> Floats:
        """Return (n_queries, width) scores of the blend, -inf where there is no candidate."""
        used = np.flatnonzero(weights)
        total = np.tensordot(weights[used].astype(np.float32), self.features[used], 1)
        if self.offset is not None:
            total = total + self.offset
        total = total - TARGET_TIE_PENALTY * self.pool.relevant.astype(np.float32)
        return np.where(self.present, total, -np.inf).astype(np.float32)


def sampled_ndcg(scores: Floats, task: RankingTask, k: int = NDCG_LENGTH) -> Floats:
    """Return the (n_queries,) NDCG@k of scores over a pool; 0 for a query without targets."""
    k = min(k, scores.shape[1])
    top = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    order = np.argsort(-np.take_along_axis(scores, top, 1), axis=1, kind="stable")
    top = np.take_along_axis(top, order, 1)
    hits = np.take_along_axis(task.pool.relevant & task.present, top, 1)
    gains = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[1.0], np.cumsum(gains)])
    best = ideal[np.minimum(task.pool.n_relevant, k)]
    return np.asarray((hits @ gains) / best, dtype=np.float32)


def mean_sampled_ndcg(tasks: Sequence[RankingTask], weights: Doubles) -> float:
    """Return the mean NDCG over tasks, by their shares."""
    return float(sum(t.share * sampled_ndcg(t.score(weights), t).mean() for t in tasks))


def fit_softmax(
    tasks: Sequence[RankingTask],
    start: Doubles,
    bounds: Sequence[tuple[float | None, float | None]],
) -> Doubles:
    """Minimise ``-log P(some target on top)``, mixed with the softmax loss of every target.

    With many targets a plain softmax spends itself on the tail of the list; the probability
    that the first place is right cares for the head, as NDCG does.

    Source:
        Listwise softmax with the top-one probability: Cao et al. 2007, "Learning to rank", eq.
        5; the marginal form sums that probability over the targets before the logarithm.
    """

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        total, gradient = L2_PENALTY * float(weights @ weights), 2 * L2_PENALTY * weights
        for task in tasks:
            value, slope = _softmax_loss(task, weights)
            total += task.share * value
            gradient = gradient + task.share * slope
        return total, gradient

    result = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 30}
    )
    return np.asarray(result.x, dtype=np.float64)


def coordinate_search(
    tasks: Sequence[RankingTask],
    starts: Sequence[Doubles],
    free_rows: Sequence[int],
    passes: int = 3,
) -> Doubles:
    """Improve weights one at a time on NDCG, from the best of several starts; never worse."""
    values = [mean_sampled_ndcg(tasks, start) for start in starts]
    search = _CoordinateSearch(tasks, starts[int(np.argmax(values))].copy(), max(values))
    for _ in range(passes):
        before = search.best_ndcg
        for index in free_rows:
            search.search_weight(index)
        if search.best_ndcg - before < 1e-3:
            break
    return search.weights


class _CoordinateSearch:
    """The state of a search; scores follow the weights, so a step costs one feature only."""

    def __init__(self, tasks: Sequence[RankingTask], weights: Doubles, best: float) -> None:
        self.tasks = tasks
        self.weights = weights
        self.best_ndcg = best
        self.scores = [task.score(weights) for task in tasks]

    def search_weight(self, index: int) -> None:
        """Try other values of one weight and keep the best that gains more than noise."""
        if not any(task.features[index].any() for task in self.tasks):
            return
        old = self.weights[index]
        tried = (
            [old * factor for factor in STEP_FACTORS] if abs(old) > 1e-3 else list(FIRST_STEPS)
        )
        means = [self._ndcg_after_step(index, value - old) for value in tried]
        at = int(np.argmax(means))
        if means[at] <= self.best_ndcg + MIN_NDCG_GAIN:
            return
        self.best_ndcg = means[at]
        self.weights[index] = tried[at]
        step = np.float32(tried[at] - old)
        self.scores = [
            score + step * task.features[index]
            for task, score in zip(self.tasks, self.scores, strict=True)
        ]

    def _ndcg_after_step(self, index: int, step: float) -> float:
        return float(
            sum(
                task.share
                * sampled_ndcg(score + np.float32(step) * task.features[index], task).mean()
                for task, score in zip(self.tasks, self.scores, strict=True)
            )
        )


def _softmax_loss(task: RankingTask, weights: Doubles) -> tuple[float, Doubles]:
    relevant = task.pool.relevant & task.present
    rows = np.asarray(relevant.any(axis=1))
    if not rows.any():
        return 0.0, np.zeros(len(weights))
    scores = task.score(weights)
    scores = scores - scores.max(axis=1, keepdims=True)
    raised = np.exp(scores)
    p = raised / raised.sum(axis=1, keepdims=True)
    hit = np.where(relevant, p, 0)
    mass = hit.sum(axis=1, keepdims=True) + 1e-12
    each = relevant / np.maximum(relevant.sum(axis=1, keepdims=True), 1)
    log_p = np.log(np.maximum(p, 1e-12))
    value = -(1 - SOFTMAX_SHARE) * np.log(mass[:, 0]) - SOFTMAX_SHARE * (each * log_p).sum(
        axis=1
    )
    wanted = (1 - SOFTMAX_SHARE) * hit / mass + SOFTMAX_SHARE * each
    slope = np.where(rows[:, None], p - wanted, 0) / rows.sum()
    gradient = np.tensordot(task.features, slope.astype(np.float32), ((1, 2), (0, 1)))
    return float(value[rows].mean()), gradient.astype(np.float64)
