"""How sure a mean over users is: percentile bootstrap, alone and in pairs.

How sure a difference between two recommenders is, where users and items are a sample.

How sure a difference is for somebody who looks at it all the time.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from daybreak.types import Doubles, Mask, Rows, Sparse

__all__ = [
    "ClusteredDifference",
    "RatioEstimate",
    "always_valid_half_width",
    "clustered_difference",
    "clustered_ratio",
    "fixed_time_half_width",
    "optimal_time",
    "required_sample_size",
    "sample_ratio_evidence",
]


N_RESAMPLES = 1000
BOOTSTRAP_SEED = 7
"""Fixed, so that two reports on the same users draw the same users."""
MAX_DRAWS_PER_BLOCK = 1 << 21
"""Draws held at a time [numbers]."""


class Estimate(NamedTuple):
    """A mean over users and its 95 % interval; all NaN when no user has a value."""

    mean: float
    low: float
    high: float


class PairedDifference(NamedTuple):
    """First minus second, its 95 % interval, and whether the interval leaves out 0."""

    difference: float
    low: float
    high: float
    differs: bool


def bootstrap(values: Doubles) -> Estimate:
    """Return the mean over users and its 95 % percentile interval; NaN users are left out.

    Users are drawn with replacement 1,000 times; the interval is the 2.5 and the 97.5
    percentile of the means.

    Args:
        values: (n_users,) one value a user.

    Source:
        Efron and Tibshirani 1993, An Introduction to the Bootstrap, section 13.3.

    Example:
        >>> bootstrap(np.array([0.5, 0.5, np.nan]))
        Estimate(mean=0.5, low=0.5, high=0.5)
    """
    return bootstrap_all({"value": values})["value"]


def bootstrap_all(columns: Mapping[str, Doubles]) -> dict[str, Estimate]:
    """Return :func:`bootstrap` of several columns over the same users, drawing only once.

    Columns that leave out the same users share their draws.
    """
    alike: dict[bytes, list[str]] = {}
    for name, values in columns.items():
        alike.setdefault(np.isnan(values).tobytes(), []).append(name)
    result: dict[str, Estimate] = {}
    for names in alike.values():
        present: Mask = ~np.isnan(columns[names[0]])
        table = np.column_stack([columns[name][present] for name in names])
        result.update(zip(names, _bootstrap_columns(table), strict=True))
    return {name: result[name] for name in columns}


def paired_bootstrap(first: Doubles, second: Doubles) -> PairedDifference:
    """Return the paired bootstrap of ``first - second`` over the same users.

    Pairing takes out what makes a user easy or hard for both systems, so two systems can differ
    for sure although their own intervals overlap.

    Args:
        first: (n_users,) values of one system.
        second: (n_users,) values of the other, same users in the same order.

    Example:
        >>> compare(np.array([1.0, 0.5, 1.0]), np.array([0.5, 0.0, 0.5]))
        Comparison(difference=0.5, low=0.5, high=0.5, differs=True)
    """
    mean, low, high = bootstrap(first - second)
    return PairedDifference(mean, low, high, bool(low > 0 or high < 0))


def _bootstrap_columns(table: Doubles) -> list[Estimate]:
    """Return the interval of each column of (n_users, n_columns) values without NaN."""
    if not len(table):
        return [Estimate(np.nan, np.nan, np.nan)] * table.shape[1]
    means = np.concatenate([weights @ table for weights in _iter_resample_weights(len(table))])
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [
        Estimate(*map(float, column))
        for column in zip(table.mean(axis=0), low, high, strict=True)
    ]


def _iter_resample_weights(n: int) -> Iterator[Doubles]:
    """Yield (some resamples, n) shares: how often each user was drawn, over ``n``.

    The mean of the drawn values is then a matrix product, once for all columns.
    """
    rng, step = np.random.default_rng(BOOTSTRAP_SEED), max(1, MAX_DRAWS_PER_BLOCK // n)
    for start in range(0, N_RESAMPLES, step):
        rows = min(step, N_RESAMPLES - start)
        draws = rng.integers(0, n, (rows, n)) + n * np.arange(rows)[:, None]
        yield np.bincount(draws.ravel(), minlength=rows * n).reshape(rows, n) / n


class ClusteredDifference(NamedTuple):
    """A mean difference and its interval."""

    difference: float
    low: float
    high: float


def clustered_difference(
    new: Sparse, old: Sparse, users: Rows, level: float, *, by_item: bool
) -> ClusteredDifference:
    """Return the mean over queries of ``new - old`` and its interval.

    The same user asked twice is one witness. With ``by_item`` so is an item wanted by many:
    items that were hidden at random are a sample too, and a list that all users share is right
    or wrong about a few of them. The variance is then that of users plus that of items less
    that of their pairs, and never below that of users. What a query adds above the mean is
    split among its targets.

    Args:
        new: (n_queries, n_items) CSR of what each target adds to a query's value.
        old: The same targets.
        users: (n_queries,) who is asked.
        level: Of the interval, such as 0.95.
        by_item: Whether the items are a sample.

    Source:
        Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering", eq. 2.6;
        Student's t with the smaller number of clusters less 1, as there in section 2.4.

    Example:
        >>> wanted = sp.csr_array(np.eye(3))
        >>> gap = paired(wanted, 0.5 * wanted, np.arange(3), 0.95, by_item=False)
        >>> tuple(map(float, gap))
        (0.5, 0.5, 0.5)
    """
    from scipy.stats import t  # noqa: PLC0415 - slow to import, and only a comparison needs it

    n = new.shape[0]
    gap = sp.csr_array((new.data - old.data, new.indices, new.indptr), shape=new.shape)
    mean = float(gap.data.sum()) / n
    sizes = np.diff(gap.indptr)
    above = gap.data - mean / np.repeat(sizes, sizes)
    who, item = np.repeat(users, sizes), gap.indices.astype(np.int64)
    variance, clusters = _cluster_variance(above, who)
    if by_item:
        by, n_items = _cluster_variance(above, item)
        pairs, _ = _cluster_variance(above, who.astype(np.int64) * gap.shape[1] + item)
        variance, clusters = max(variance, variance + by - pairs), min(clusters, n_items)
    if clusters < 2:
        return ClusteredDifference(mean, -math.inf, math.inf)
    reach = float(t.ppf((1 + level) / 2, clusters - 1)) * math.sqrt(variance) / n
    return ClusteredDifference(mean, mean - reach, mean + reach)


def _cluster_variance(values: Doubles, clusters: Rows) -> tuple[float, int]:
    """Return the variance of the sum over independent clusters, and their number."""
    _, place = np.unique(clusters, return_inverse=True)
    sums = np.bincount(place, weights=values)
    n = len(sums)
    return float(sums @ sums) * n / max(n - 1, 1), n


DIRICHLET_CONCENTRATION = 100.0
"""How closely other splits than the planned one are looked for; see :func:`sample_ratio_evidence`."""


class RatioEstimate(NamedTuple):
    """A ratio of two sums over people, and the standard error of it."""

    value: float
    error: float


def clustered_ratio(numerators: Doubles, denominators: Doubles) -> RatioEstimate:
    """Return ``Σ tops / Σ bottoms`` with its standard error, where a person is one witness.

    What one person does belongs together, so the error comes from the residuals of people,
    ``e_i = top_i - value · bottom_i``: ``error² = n/(n-1) · Σ e_i² / (Σ bottoms)²``. Both are
    NaN without a bottom; the error is infinite for one person.

    Args:
        tops: (n_people,) such as clicks.
        bottoms: (n_people,) such as impressions.

    Source:
        Cochran 1977, Sampling techniques, chapter 6 (ratio of cluster totals, linearised);
        for online experiments Deng, Knoblich, Lu 2018, Applying the delta method in metric
        analytics.

    Example:
        Residuals are ±1/2: the error is ``sqrt(2/1 · 1/2) / 4``.

        >>> clustered_ratio(np.array([1.0, 0.0]), np.array([2.0, 2.0]))
        Ratio(value=0.25, error=0.25)
    """
    whole, n = float(denominators.sum()), len(numerators)
    if not whole:
        return RatioEstimate(math.nan, math.nan)
    value = float(numerators.sum()) / whole
    if n < 2:
        return RatioEstimate(value, math.inf)
    rest = numerators - value * denominators
    return RatioEstimate(value, math.sqrt(n / (n - 1) * float(rest @ rest)) / whole)


def optimal_time(alpha: float) -> float:
    """Return the time, in units of the mixture, at which the mixture reaches least.

    It solves ``x - ln(1 + x) = 2 ln(1/alpha)``, where the derivative of :func:`always_valid_half_width` by
    ``x`` is 0.

    Source:
        Howard, Ramdas, McAuliffe, Sekhon 2021, Time-uniform, nonparametric, nonasymptotic
        confidence sequences (tuning of the normal mixture, there with the Lambert function).

    Example:
        >>> round(optimal_time(0.05), 3)
        8.212
    """
    goal = 2 * math.log(1 / alpha)
    x = goal + 1
    for _ in range(50):  # a contraction: its slope is 1 / (1 + x)
        x = goal + math.log1p(x)
    return x


def always_valid_half_width(error: float, alpha: float, effect: float) -> float:
    """Return half the width of an interval that holds at all times at once.

    ``error · sqrt((1 + 1/x) · ln((1 + x) / alpha²))`` with the time ``x = s / error²``: time
    passes as information comes in, not by the clock. Whoever looks after every event and stops
    when they like is wrong with at most ``alpha``, for any number of looks. It costs width; the
    least at the error where half the width is ``effect``, which fixes ``s``.

    This holds asymptotically: for errors that come from many people.

    Args:
        error: Standard error of what was measured so far.
        alpha: Chance of ever being wrong.
        effect: Difference that matters. Any value is valid, fixed before the first look.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021 (arXiv 2103.06476), Time-uniform
        central limit theory and asymptotic confidence sequences, Theorem 2.2, with
        ``x = tρ²`` and ``error² = σ²/t``; the mixture is that of Robbins 1970, Statistical
        methods related to the law of the iterated logarithm, two-sided as in Howard, Ramdas,
        McAuliffe, Sekhon 2021: ``|S| < sqrt((V + ρ) · ln((V + ρ) / (alpha² · ρ)))``.

    Example:
        At the best time, ``x = 8.212``, half the width is the effect, ``sqrt(1 + x)`` errors.

        >>> round(always_valid_half_width(0.01 / math.sqrt(9.212), 0.05, effect=0.01), 5)
        0.01
    """
    if not 0 < error < math.inf:
        return math.nan if math.isnan(error) else math.inf
    best = optimal_time(alpha)
    x = best * effect**2 / ((1 + best) * error**2)
    return error * math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))


def fixed_time_half_width(error: float, alpha: float) -> float:
    """Return half the width of the usual interval, good for one look at a time fixed before.

    Example:
        >>> round(fixed_time_half_width(1.0, 0.05), 3)
        1.96
    """
    from scipy.special import ndtri  # noqa: PLC0415 - only a comparison needs it

    return float(ndtri(1 - alpha / 2)) * error


def required_sample_size(n: int, error: float, alpha: float, effect: float) -> float:
    """Return how many people it takes until half the width is ``effect``.

    The error must be ``effect / sqrt(1 + x)`` at the best time ``x``, and it falls with the
    root of the number of people.

    Example:
        Half the error needs four times the people.

        >>> round(people_needed(100, 2 * 0.01 / math.sqrt(9.212), 0.05, 0.01))
        400
    """
    return n * (error / effect) ** 2 * (1 + optimal_time(alpha))


def sample_ratio_evidence(arrivals: Iterable[int], shares: Sequence[float]) -> float:
    """Return the strongest evidence at any time that people were not split as planned.

    Every person who comes multiplies the evidence by how likely their variant was under a
    Dirichlet mixture of other splits, over its planned share:
    ``(c·p_v + n_v) / (c + n) / p_v``, where ``n_v`` of ``n`` people had variant ``v`` before.
    If the split is as planned, the evidence ever reaches ``1/alpha`` with a chance of at most
    ``alpha`` (Ville). So ``1/evidence`` is a p-value that may be looked at all the time.

    Args:
        arrivals: Variant of each person, in the order in which they first came.
        shares: Planned share of each variant; they add up to 1.

    Source:
        Lindon and Malek 2022, Anytime-valid inference for multinomial count data, sequential
        multinomial test, with a Dirichlet mixture of mean ``shares`` and weight ``c`` = 100.

    Example:
        Two people of the same variant, planned half and half: 1, then ``51 / 101 / 0.5``.

        >>> round(sample_ratio_evidence([0, 0], [0.5, 0.5]), 6)
        1.009901
    """
    planned = np.asarray(shares, dtype=np.float64)
    rows = np.fromiter(arrivals, dtype=np.int64)
    if not len(rows):
        return 1.0
    came = np.eye(len(planned))[rows]
    before = (np.cumsum(came, axis=0) - came)[np.arange(len(rows)), rows]
    likely = (DIRICHLET_CONCENTRATION * planned[rows] + before) / (
        DIRICHLET_CONCENTRATION + np.arange(len(rows))
    )
    strongest = float(np.cumsum(np.log(likely) - np.log(planned[rows])).max(initial=0.0))
    return math.exp(min(strongest, 700.0))
