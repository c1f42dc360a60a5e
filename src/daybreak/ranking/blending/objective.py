"""Fitting of weights: gradient descent on a smooth loss, then coordinate search on NDCG."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from daybreak.metrics import LIST_LENGTH, discounts
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.types import Doubles, Floats, Mask, Rows

N_STANDARD_ERRORS = 2.0
"""Standard errors by which a mean gain must be above 0 to be significant."""
SOFTMAX_SHARE = 0.2
"""Share of the plain softmax loss in the objective; the rest is the top-one loss."""
L2_PENALTY = 1e-3
START_WEIGHT = 0.05
"""Initial weight of every strategy."""
MAX_ITERATIONS = 30
STEP_FACTORS = (0.0, 0.6, 0.85, 1.2, 1.7)
"""Factors that the coordinate search tries for a weight."""
FIRST_STEPS = (0.03, 0.1, 0.3)
"""Values that the coordinate search tries for a weight of zero."""
FAR_FACTORS = (0.0, 0.6, 1.3, 3.0)
"""Factors of a search that reaches far."""
FAR_STEPS = (0.02, 0.1, 0.4, 1.2, 4.0)
"""Further values that such a search tries for a weight, as multiples of the sum of weights."""
MIN_NDCG_GAIN = 2e-4
"""Minimum gain of NDCG@10 for which the coordinate search changes a weight; smaller gains are
sampling noise."""
MAX_SCORES_AT_ONCE = 200_000
"""Number of scores up to which the steps of a weight are measured at once."""
MIN_PASS_GAIN = 1e-3
"""Minimum gain of NDCG@10 in one pass over all weights; with less, the search ends."""

WeightBounds = Sequence[tuple[float | None, float | None]]


def sampled_ndcg(scores: Floats, task: RankingTask, k: int = LIST_LENGTH) -> Floats:
    """Return the (n_queries,) NDCG@k of scores over a pool; 0 for a query without targets.

    Targets outside the pool count in the ideal DCG, so that the value is that of a full ranking
    as long as the pool contains the best k items. If targets have values, the DCG of a query is
    divided by the mean ideal DCG of all queries, so that the mean is a ratio of sums: targets
    count by their values also across queries.
    """
    found: Floats = sampled_ndcg_of_each(scores[None], task, k)[0]
    return found


def sampled_ndcg_of_each(scores: Floats, task: RankingTask, k: int = LIST_LENGTH) -> Floats:
    """Return the (n, n_queries) values of :func:`sampled_ndcg` for several scores of a pool.

    Only the best k scores of a query are found, without their positions, which takes a third of
    the time; targets among them have the position after all larger scores.

    Args:
        scores: (n, n_queries, width) scores.
        task: The pool.
        k: Length of the lists.
    """
    n, n_queries, width = scores.shape
    k = min(k, width)
    rows = scores.reshape(n * n_queries, width)
    best = np.partition(rows, width - k, axis=1)[:, width - k :]
    targets = task.targets
    queries, columns, values = targets.queries, targets.columns, targets.values
    if n > 1:
        queries = (np.arange(n)[:, None] * n_queries + queries).ravel()
        columns, values = np.tile(columns, n), np.tile(values, n)
    found = rows[queries, columns]
    in_list = np.flatnonzero((found >= best[queries, 0]) & (found > -np.inf))
    query, score = queries[in_list], found[in_list]
    position = list_positions(query, score, best)
    gains = _gains_in_list(k)[np.minimum(position, k)] * values[in_list]
    dcg = np.bincount(query, gains, minlength=n * n_queries).reshape(n, n_queries)
    ideal = np.broadcast_to(task.ideal_dcg, dcg.shape)
    return np.divide(dcg, ideal, out=np.zeros(dcg.shape), where=ideal > 0).astype(np.float32)


@cache
def _gains_in_list(k: int) -> Doubles:
    """Return the (k + 1,) gains of a target at each position of a list, and of one after it."""
    return np.append(discounts(k), 0.0)


def list_positions(query: Rows, score: Floats, best: Floats) -> Rows:
    """Return the (n_targets,) positions of targets in the lists of their queries, from 0.

    Equal scores of several targets have successive positions, after those of other candidates
    with the same score.

    Args:
        query: (n_targets,) query of each target.
        score: (n_targets,) its score, at least the smallest of the best ones.
        best: (n_queries, k) best scores of each query, the smallest first, otherwise in any
            order.
    """
    own = best[query]
    position: Rows = (own > score[:, None]).sum(axis=1)
    n_equal = (own == score[:, None]).sum(axis=1)
    tied = np.flatnonzero((n_equal > 1) | (score == own[:, 0]))
    if not len(tied):
        return position
    order = tied[np.lexsort((score[tied], query[tied]))]
    starts_run = np.append(True, (np.diff(query[order]) != 0) | (np.diff(score[order]) != 0))
    run = np.cumsum(starts_run) - 1
    offset = np.arange(len(order)) - np.flatnonzero(starts_run)[run]
    n_others = np.maximum(n_equal[order] - np.bincount(run)[run], 0)
    position[order] += n_others + offset
    return position


def mean_sampled_ndcg(tasks: Sequence[RankingTask], weights: Doubles) -> float:
    """Return the mean NDCG@10 of weights over tasks, weighted by their shares."""
    return float(sum(t.share * sampled_ndcg(t.score(weights), t).mean() for t in tasks))


def fit_softmax(
    tasks: Sequence[RankingTask],
    allowed: Mask,
    start: Doubles | None = None,
    *,
    has_bias: bool = False,
) -> Doubles:
    """Return the non-negative weights that minimise :func:`minimise_softmax_loss`.

    Args:
        tasks: Tasks to fit.
        allowed: (n_weights,) mask; all other weights are zero.
        start: (n_weights,) initial weights; default: ``START_WEIGHT``, and 0 for the bias.
        has_bias: Whether the last weight is a bias, which may have any sign.
    """
    if start is None:
        start = np.full(len(allowed), START_WEIGHT)
        start[-1] = 0.0 if has_bias else START_WEIGHT
    bounds: list[tuple[float | None, float | None]]
    bounds = [(0, None) if use else (0, 0) for use in allowed]
    if has_bias:
        bounds[-1] = (None, None)
    return minimise_softmax_loss(tasks, np.where(allowed, start, 0), bounds)


def minimise_softmax_loss(
    tasks: Sequence[RankingTask], start: Doubles, bounds: WeightBounds
) -> Doubles:
    """Minimise ``-log P(some target is first)``, mixed with the softmax loss of every target.

    For queries with many targets, a plain softmax loss is dominated by the tail of the list.
    The probability that the first item is a target depends on the head, like NDCG.

    Args:
        tasks: Tasks to fit.
        start: (n_weights,) initial weights.
        bounds: Lower and upper bound of each weight; None: unbounded.

    Source:
        Cao et al. 2007, "Learning to rank", eq. 5 (listwise softmax with the top-one
        probability); the marginal form sums that probability over the targets before the log.
    """

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        total, gradient = L2_PENALTY * float(weights @ weights), 2 * L2_PENALTY * weights
        for task in tasks:
            value, task_gradient = softmax_loss(task, weights)
            total += task.share * value
            gradient = gradient + task.share * task_gradient
        return total, gradient

    from scipy.optimize import minimize  # noqa: PLC0415 - slow to import, needed in training only

    options = {"maxiter": MAX_ITERATIONS}
    result = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(result.x, dtype=np.float64)


def coordinate_search(
    tasks: Sequence[RankingTask],
    starts: Sequence[Doubles],
    free_rows: Sequence[int],
    max_passes: int = 3,
    *,
    far: bool = False,
) -> Doubles:
    """Improve one weight at a time on NDCG@10, from the best of several starts.

    Args:
        tasks: Tasks to fit.
        starts: Initial weights, each (n_weights,).
        free_rows: Positions of the weights that may change.
        max_passes: Maximum number of passes over these weights.
        far: Whether steps reach weights that are much larger than those of the starts.

    Returns:
        (n_weights,) weights whose NDCG@10 is at least that of every start.
    """
    values = [mean_sampled_ndcg(tasks, start) for start in starts]
    search = _CoordinateSearch(
        tasks, starts[int(np.argmax(values))].copy(), max(values), far=far
    )
    for _ in range(max_passes):
        before = search.best_ndcg
        for index in free_rows:
            search.search_weight(index)
        if search.best_ndcg - before < MIN_PASS_GAIN:
            break
    return search.weights


class _CoordinateSearch:
    """Current weights and their scores; a step updates the scores from one feature only."""

    def __init__(
        self, tasks: Sequence[RankingTask], weights: Doubles, best: float, *, far: bool
    ) -> None:
        self.far = far
        self.tasks = tasks
        self.weights = weights
        self.best_ndcg = best
        self.scores = [task.score(weights) for task in tasks]

    def search_weight(self, index: int) -> None:
        """Try other values of one weight and keep the best if it gains enough."""
        if not any(index in task.varying for task in self.tasks):
            return
        current = self.weights[index]
        values = self._values_to_try(current)
        means = self._ndcg_after_steps(index, [value - current for value in values])
        best = int(np.argmax(means))
        if means[best] <= self.best_ndcg + MIN_NDCG_GAIN:
            return
        self.best_ndcg = means[best]
        self.weights[index] = values[best]
        step = np.float32(values[best] - current)
        self.scores = [
            score + step * task.features[index]
            for task, score in zip(self.tasks, self.scores, strict=True)
        ]

    def _values_to_try(self, current: float) -> list[float]:
        is_zero = abs(current) <= 1e-3
        if not self.far:
            return list(FIRST_STEPS) if is_zero else [current * f for f in STEP_FACTORS]
        total = float(self.weights.sum())
        nearby = [] if is_zero else [current * factor for factor in FAR_FACTORS]
        return nearby + [total * factor for factor in FAR_STEPS]

    def _ndcg_after_steps(self, index: int, steps: Sequence[float]) -> list[float]:
        """Return the NDCG@10 after each of several steps of one weight.

        Those of a small task are computed at once: what a call costs is more than what it does.
        """
        rows: list[list[np.floating]] = []
        for task, score in zip(self.tasks, self.scores, strict=True):
            feature = task.features[index]
            at_once = len(steps) if score.size * len(steps) <= MAX_SCORES_AT_ONCE else 1
            means: list[np.floating] = []
            for start in range(0, len(steps), at_once):
                some = np.asarray(steps[start : start + at_once], dtype=np.float32)
                moved = score + some[:, None, None] * feature
                means += [one.mean() for one in sampled_ndcg_of_each(moved, task)]
            rows.append([task.share * mean for mean in means])
        return [float(sum(parts)) for parts in zip(*rows, strict=True)]


def softmax_loss(task: RankingTask, weights: Doubles) -> tuple[float, Doubles]:
    """Return the loss of one task and its gradient."""
    targets, gradient = task.targets, np.zeros(len(weights))
    query = targets.queries
    if not len(query):
        return 0.0, gradient
    n_queries = len(task.present)
    p = task.score(weights)
    p -= p.max(axis=1, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=1, keepdims=True)
    own = p[query, targets.columns].astype(np.float64)
    p_target = own * targets.values
    p_any = np.bincount(query, p_target, minlength=n_queries) + 1e-12
    uniform, answerable = task.target_shares, task.answerable
    plain = np.bincount(query, uniform * np.log(np.maximum(own, 1e-12)), minlength=n_queries)
    losses = -(1 - SOFTMAX_SHARE) * np.log(p_any) - SOFTMAX_SHARE * plain
    p[query, targets.columns] -= (
        (1 - SOFTMAX_SHARE) * p_target / p_any[query] + SOFTMAX_SHARE * uniform
    ).astype(np.float32)
    p[~answerable] = 0
    rows = task.varying
    if len(rows):
        span = slice(int(rows[0]), int(rows[-1]) + 1)
        used = task.features[span].reshape(span.stop - span.start, -1)
        gradient[span] = np.dot(used, p.reshape(-1, 1))[:, 0]
    return float(losses[answerable].mean()), gradient / answerable.sum()


def values_by_user(values: Floats | Doubles, users: Rows) -> Doubles:
    """Return one value for each user, whose mean is that of the values of all queries.

    Several queries of one user are no independent observations.

    Args:
        values: (n_queries,) values.
        users: (n_queries,) row of the user of each query; empty: every query is of another one.

    Source:
        Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models",
        eq. 4 (sandwich variance), for a mean.

    Example:
        >>> values_by_user(np.array([1.0, 3.0, 5.0]), np.array([7, 7, 9])).tolist()
        [2.6666666666666665, 3.333333333333333]
    """
    if not len(users):
        return values.astype(np.float64)
    row = np.unique(users, return_inverse=True)[1]
    sums = np.bincount(row, values)
    return np.asarray(sums * (len(sums) / max(len(values), 1)), dtype=np.float64)


def lower_gain(
    parts: Sequence[tuple[float, Floats | Doubles]], n_errors: float = N_STANDARD_ERRORS
) -> float:
    """Return the mean gain of NDCG less its standard errors; above 0: it is significant.

    Args:
        parts: Share of each kind of queries, and its (n,) paired gains; none counts 0.
        n_errors: Number of standard errors.
    """
    filled = [(share, gain) for share, gain in parts if len(gain)]
    total = sum(share for share, _ in filled) or 1.0
    mean = sum(share * float(gain.mean()) for share, gain in filled) / total
    variance = sum(share**2 * float(gain.var()) / len(gain) for share, gain in filled)
    return mean - n_errors * float(np.sqrt(variance)) / total
