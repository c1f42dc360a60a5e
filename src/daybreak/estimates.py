"""Estimates with their uncertainty: means, ratios, paired differences.

Every module that reports an interval takes it from here: evaluation, the ablation inside
``fit``, tuning, the leaderboard, the release gate and online experiments. Each kind of sample
has its own method: percentile bootstrap over users, standard errors over independent units
(strata or clusters), intervals clustered by user and item, and intervals that are valid at any
time.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Mask, Rows, Sparse

Z_95 = 1.96
"""Standard errors on either side of a mean that enclose 95 % of a normal distribution."""
N_RESAMPLES = 1000
"""Number of bootstrap resamples of an interval."""
BOOTSTRAP_SEED = 7
"""Fixed, so that two reports about the same users resample the same users."""
MAX_DRAWS_PER_BLOCK = 1 << 21
"""Maximum number of bootstrap draws held in memory at a time."""
DIRICHLET_CONCENTRATION = 100.0
"""Weight of the planned shares in the alternatives of :func:`sample_ratio_evidence`."""


class Estimate(NamedTuple):
    """A mean and the ends of its 95 % interval; all NaN when there is no value."""

    mean: float
    low: float
    high: float


class PairedDifference(NamedTuple):
    """A mean difference over the same units, first minus second, with its interval.

    Attributes:
        difference: Mean of the differences.
        low: Lower end of the interval.
        high: Upper end of the interval.
        standard_error: Standard error of the mean; NaN where the interval was not made from
            one.

    Example:
        >>> PairedDifference(0.5, 0.1, 0.9).differs
        True
    """

    difference: float
    low: float
    high: float
    standard_error: float = math.nan

    @property
    def differs(self) -> bool:
        """Whether the interval excludes 0."""
        return self.is_better or self.is_worse

    @property
    def is_better(self) -> bool:
        """Whether the whole interval is above 0."""
        return bool(self.low > 0)

    @property
    def is_worse(self) -> bool:
        """Whether the whole interval is below 0."""
        return bool(self.high < 0)

    def is_significant(self, min_z: float) -> bool:
        """Return whether the difference is more than ``min_z`` standard errors above 0."""
        return bool(self.difference > min_z * self.standard_error)

    def to_list(self) -> list[float]:
        """Return difference, low and high, rounded to four digits."""
        return [round(value, 4) for value in self[:3]]

    @classmethod
    def from_error(
        cls, difference: float, standard_error: float, n_errors: float = Z_95
    ) -> "PairedDifference":
        """Return the interval of ``n_errors`` standard errors on either side.

        Example:
            >>> PairedDifference.from_error(1.0, 0.25, n_errors=2.0)[:3]
            (1.0, 0.5, 1.5)
        """
        margin = n_errors * standard_error
        return cls(difference, difference - margin, difference + margin, standard_error)


class RatioEstimate(NamedTuple):
    """A ratio of two sums over users, and its standard error."""

    value: float
    error: float


UNDEFINED = Estimate(math.nan, math.nan, math.nan)
"""Estimate of a mean over no users."""
UNDEFINED_DIFFERENCE = PairedDifference(math.nan, math.nan, math.nan)
"""Difference over no users."""


# --- percentile bootstrap over users -------------------------------------------------------


def bootstrap(values: Doubles) -> Estimate:
    """Return the mean over users and its 95 % percentile interval.

    Users are drawn with replacement 1,000 times; the interval ends at the 2.5 and the 97.5
    percentile of the means. Users with NaN are left out.

    Args:
        values: (n_users,) one value per user.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.

    Example:
        >>> bootstrap(np.array([0.5, 0.5, np.nan]))
        Estimate(mean=0.5, low=0.5, high=0.5)
    """
    return bootstrap_all({"value": values})["value"]


def bootstrap_all(
    columns: Mapping[str, Doubles], *, max_draws: int = MAX_DRAWS_PER_BLOCK
) -> dict[str, Estimate]:
    """Return :func:`bootstrap` of several columns over the same users.

    Columns with NaN for the same users share their draws.

    Args:
        columns: (n_users,) values by name.
        max_draws: Draws held in memory at a time [numbers].
    """
    by_missing: dict[bytes, list[str]] = {}
    for name, values in columns.items():
        by_missing.setdefault(np.isnan(values).tobytes(), []).append(name)
    estimates: dict[str, Estimate] = {}
    for names in by_missing.values():
        present: Mask = ~np.isnan(columns[names[0]])
        table = np.column_stack([columns[name][present] for name in names])
        estimates.update(zip(names, _bootstrap_columns(table, max_draws), strict=True))
    return {name: estimates[name] for name in columns}


def paired_bootstrap(first: Doubles, second: Doubles) -> PairedDifference:
    """Return the bootstrap of ``first - second`` over the same users.

    Pairing removes what makes a user easy or hard for both systems, so two systems can differ
    significantly although their own intervals overlap.

    Args:
        first: (n_users,) values of one system.
        second: (n_users,) values of the other, same users in the same order.

    Example:
        >>> paired_bootstrap(np.array([1.0, 0.5, 1.0]), np.array([0.5, 0.0, 0.5])).differs
        True
    """
    return PairedDifference(*bootstrap(first - second))


def _bootstrap_columns(table: Doubles, max_draws: int) -> list[Estimate]:
    """Return the estimate of each column of (n_users, n_columns) values without NaN."""
    if not len(table):
        return [UNDEFINED] * table.shape[1]
    means = np.concatenate(
        [weights @ table for weights in _iter_resample_weights(len(table), max_draws)]
    )
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [
        Estimate(*map(float, column))
        for column in zip(table.mean(axis=0), low, high, strict=True)
    ]


def _iter_resample_weights(n: int, max_draws: int) -> Iterator[Doubles]:
    """Yield (n_resamples, n) shares: how often each user was drawn, divided by ``n``.

    The means of all columns are then one matrix product.
    """
    rng, step = np.random.default_rng(BOOTSTRAP_SEED), max(1, max_draws // n)
    for start in range(0, N_RESAMPLES, step):
        rows = min(step, N_RESAMPLES - start)
        draws = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n) / n


# --- standard errors over independent units ------------------------------------------------


def mean_difference(differences: Doubles) -> PairedDifference:
    """Return the mean of independent differences, with its 95 % interval (normal).

    Args:
        differences: (n,) first minus second; NaN is left out.

    Example:
        >>> found = mean_difference(np.array([0.0, 2.0, np.nan]))
        >>> found.difference, round(found.standard_error, 4)
        (1.0, 1.0)
    """
    present = differences[~np.isnan(differences)]
    if len(present) < 2:
        return UNDEFINED_DIFFERENCE
    error = float(present.std(ddof=1) / np.sqrt(len(present)))
    return PairedDifference.from_error(float(present.mean()), error)


def stratified_difference(
    shares: Sequence[float], strata: Sequence[Doubles]
) -> PairedDifference:
    """Return the weighted mean of differences of several strata, with its 95 % interval.

    Args:
        shares: Weight of each stratum.
        strata: (n_queries,) differences of each stratum.

    Source:
        Cochran 1977, Sampling techniques, section 5.3 (stratified mean and its variance).

    Example:
        >>> round(stratified_difference([1.0], [np.array([0.0, 2.0])]).standard_error, 4)
        0.7071
    """
    mean = sum(share * v.mean() for share, v in zip(shares, strata, strict=True))
    variance = sum(
        share**2 * v.var() / max(len(v), 1) for share, v in zip(shares, strata, strict=True)
    )
    return PairedDifference.from_error(float(mean), float(np.sqrt(variance)))


def cluster_total(sums: Doubles) -> PairedDifference:
    """Return the total of independent cluster sums, with its 95 % interval.

    Args:
        sums: (n_clusters,) sum of the differences of each cluster.

    Source:
        Cochran 1977, Sampling techniques, section 9A.1 (a total over clusters).

    Example:
        >>> cluster_total(np.array([0.25, 0.25])).low
        0.5
    """
    n = len(sums)
    if n < 2:
        return UNDEFINED_DIFFERENCE
    error = float(sums.std(ddof=1)) * n**0.5
    return PairedDifference.from_error(float(sums.sum()), error)


def clustered_difference(
    new: Sparse, old: Sparse, users: Rows, level: float, *, by_item: bool
) -> PairedDifference:
    """Return the mean over queries of ``new - old`` and its interval, clustered.

    The queries of one user form one cluster. With ``by_item`` the queries for one item form a
    cluster as well: items that were held out at random are a sample, too, and the quality of a
    list that all users share depends on a few of them. The variance is then that of users plus
    that of items minus that of their pairs, and never below that of users. The deviation of
    a query from the mean is divided among its targets.

    Args:
        new: (n_queries, n_items) CSR of what each target adds to the value of a query.
        old: (n_queries, n_items) CSR with the same targets.
        users: (n_queries,) row of the user of each query.
        level: Level of the interval, between 0 and 1, such as 0.95.
        by_item: Whether the items are a sample.

    Source:
        Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering", eq. 2.6;
        Student's t with the smaller number of clusters minus 1, as in section 2.4.

    Example:
        >>> gains = sp.csr_array(np.eye(3))
        >>> gap = clustered_difference(gains, 0.5 * gains, np.arange(3), 0.95, by_item=False)
        >>> tuple(map(float, gap[:3]))
        (0.5, 0.5, 0.5)
    """
    from scipy.stats import t  # noqa: PLC0415 - slow to import, needed by the gate only

    n = new.shape[0]
    change = sp.csr_array((new.data - old.data, new.indices, new.indptr), shape=new.shape)
    mean = float(change.data.sum()) / n
    sizes = np.diff(change.indptr)
    residuals = change.data - mean / np.repeat(sizes, sizes)
    user, item = np.repeat(users, sizes), change.indices.astype(np.int64)
    variance, n_clusters = _cluster_variance(residuals, user)
    if by_item:
        item_variance, n_items = _cluster_variance(residuals, item)
        pair = user.astype(np.int64) * change.shape[1] + item
        pair_variance, _ = _cluster_variance(residuals, pair)
        variance = max(variance, variance + item_variance - pair_variance)
        n_clusters = min(n_clusters, n_items)
    if n_clusters < 2:
        return PairedDifference(mean, -math.inf, math.inf, math.inf)
    n_errors = float(t.ppf((1 + level) / 2, n_clusters - 1))
    margin = n_errors * math.sqrt(variance) / n
    return PairedDifference(mean, mean - margin, mean + margin, math.sqrt(variance) / n)


def _cluster_variance(values: Doubles, clusters: Rows) -> tuple[float, int]:
    """Return the variance of the sum over independent clusters, and their number."""
    _, cluster_rows = np.unique(clusters, return_inverse=True)
    sums = np.bincount(cluster_rows, weights=values)
    n = len(sums)
    return float(sums @ sums) * n / max(n - 1, 1), n


def clustered_ratio(numerators: Doubles, denominators: Doubles) -> RatioEstimate:
    """Return ``Σ numerators / Σ denominators`` and its standard error over users.

    The events of one user are not independent, so the error comes from the residuals of users,
    ``e_i = numerator_i - value · denominator_i``:
    ``error² = n/(n-1) · Σ e_i² / (Σ denominators)²``. Both are NaN when the denominators add up
    to 0; the error is infinite for one user.

    Args:
        numerators: (n_users,) such as clicks.
        denominators: (n_users,) such as impressions.

    Source:
        Cochran 1977, Sampling techniques, chapter 6 (ratio of cluster totals, linearised);
        for online experiments Deng, Knoblich, Lu 2018, Applying the delta method in metric
        analytics.

    Example:
        Residuals are ±1/2: the error is ``sqrt(2/1 · 1/2) / 4``.

        >>> clustered_ratio(np.array([1.0, 0.0]), np.array([2.0, 2.0]))
        RatioEstimate(value=0.25, error=0.25)
    """
    denominator, n = float(denominators.sum()), len(numerators)
    if not denominator:
        return RatioEstimate(math.nan, math.nan)
    value = float(numerators.sum()) / denominator
    if n < 2:
        return RatioEstimate(value, math.inf)
    residuals = numerators - value * denominators
    error = math.sqrt(n / (n - 1) * float(residuals @ residuals)) / denominator
    return RatioEstimate(value, error)


# --- intervals that are valid at any time --------------------------------------------------


def always_valid_half_width(error: float, alpha: float, effect: float) -> float:
    """Return half the width of an interval that is valid at all times simultaneously.

    The half width is ``error · sqrt((1 + 1/x) · ln((1 + x) / alpha²))`` at the time ``x = s /
    error²``; time is measured in information, not by the clock. If the interval is computed
    after every event and the experiment may stop at any time, the probability that it ever
    excludes the true value is at most ``alpha``. The interval is wider than that of a fixed
    time; the difference is smallest at the error where
    half the width equals ``effect``, which determines ``s``.

    The guarantee is asymptotic: it holds for errors that come from many users.

    Args:
        error: Standard error of the estimate so far.
        alpha: Probability of ever being wrong, between 0 and 1.
        effect: Smallest difference that matters. Any value is valid if it is fixed before the
            first look.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021 (arXiv 2103.06476), Time-uniform
        central limit theory and asymptotic confidence sequences, Theorem 2.2, with
        ``x = tρ²`` and ``error² = σ²/t``; the mixture is that of Robbins 1970, Statistical
        methods related to the law of the iterated logarithm, two-sided as in Howard, Ramdas,
        McAuliffe, Sekhon 2021: ``|S| < sqrt((V + ρ) · ln((V + ρ) / (alpha² · ρ)))``.

    Example:
        At the optimal time, ``x = 8.212``, half the width is the effect.

        >>> round(always_valid_half_width(0.01 / math.sqrt(9.212), 0.05, effect=0.01), 5)
        0.01
    """
    if not 0 < error < math.inf:
        return math.nan if math.isnan(error) else math.inf
    best = optimal_time(alpha)
    x = best * effect**2 / ((1 + best) * error**2)
    return error * math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))


def optimal_time(alpha: float) -> float:
    """Return the time, in units of the mixture, at which the interval is tightest.

    It solves ``x - ln(1 + x) = 2 ln(1/alpha)``, where the derivative of
    :func:`always_valid_half_width` with respect to ``x`` is 0.

    Source:
        Howard, Ramdas, McAuliffe, Sekhon 2021, Time-uniform, nonparametric, nonasymptotic
        confidence sequences (tuning of the normal mixture, there with the Lambert function).

    Example:
        >>> round(optimal_time(0.05), 3)
        8.212
    """
    target = 2 * math.log(1 / alpha)
    x = target + 1
    for _ in range(50):  # a contraction: its slope is 1 / (1 + x)
        x = target + math.log1p(x)
    return x


def fixed_time_half_width(error: float, alpha: float) -> float:
    """Return half the width of the usual interval, valid for one look at a time fixed before.

    Example:
        >>> round(fixed_time_half_width(1.0, 0.05), 3)
        1.96
    """
    from scipy.special import ndtri  # noqa: PLC0415 - needed by comparisons only

    return float(ndtri(1 - alpha / 2)) * error


def required_sample_size(n: int, error: float, alpha: float, effect: float) -> float:
    """Return the number of users at which half the width reaches ``effect``.

    The error must be ``effect / sqrt(1 + x)`` at the optimal time ``x``, and it falls with the
    square root of the number of users.

    Args:
        n: Number of users so far.
        error: Standard error so far.
        alpha: Probability of ever being wrong, between 0 and 1.
        effect: Smallest difference that matters.

    Example:
        Half the error needs four times as many users.

        >>> round(required_sample_size(100, 2 * 0.01 / math.sqrt(9.212), 0.05, 0.01))
        400
    """
    return n * (error / effect) ** 2 * (1 + optimal_time(alpha))


def sample_ratio_evidence(arrivals: Iterable[int], shares: Sequence[float]) -> float:
    """Return the strongest evidence at any time that users were not split as planned.

    Each new user multiplies the evidence by the likelihood of the user's variant under a
    Dirichlet mixture of other splits, divided by its planned share: ``(c·p_v + n_v) / (c + n) /
    p_v``, where ``n_v`` of the ``n`` users before had variant ``v``. If the split is as
    planned, the evidence ever reaches ``1/alpha`` with a probability of at most ``alpha``
    (Ville's inequality), so ``1/evidence`` is a p-value that is valid at any time.

    Args:
        arrivals: Index of the variant of each user, in the order of their first arrival.
        shares: Planned share of each variant; they add up to 1.

    Source:
        Lindon and Malek 2022, Anytime-valid inference for multinomial count data, sequential
        multinomial test, with a Dirichlet mixture of mean ``shares`` and weight ``c`` = 100.

    Example:
        Two users of the same variant, planned half and half: 1, then ``51 / 101 / 0.5``.

        >>> round(sample_ratio_evidence([0, 0], [0.5, 0.5]), 6)
        1.009901
    """
    planned = np.asarray(shares, dtype=np.float64)
    variants = np.fromiter(arrivals, dtype=np.int64)
    n = len(variants)
    if not n:
        return 1.0
    one_hot = np.eye(len(planned))[variants]
    before = (np.cumsum(one_hot, axis=0) - one_hot)[np.arange(n), variants]
    c = DIRICHLET_CONCENTRATION
    likelihood = (c * planned[variants] + before) / (c + np.arange(n))
    log_ratio = np.cumsum(np.log(likelihood) - np.log(planned[variants]))
    return math.exp(min(float(log_ratio.max(initial=0.0)), 700.0))
