"""How sure a difference is for somebody who looks at it all the time."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from daybreak.types import Doubles

CONCENTRATION = 100.0
"""How closely other splits than the planned one are looked for; see :func:`split_evidence`."""


class Ratio(NamedTuple):
    """A ratio of two sums over people, and the standard error of it."""

    value: float
    error: float


def clustered_ratio(tops: Doubles, bottoms: Doubles) -> Ratio:
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
    whole, n = float(bottoms.sum()), len(tops)
    if not whole:
        return Ratio(math.nan, math.nan)
    value = float(tops.sum()) / whole
    if n < 2:
        return Ratio(value, math.inf)
    rest = tops - value * bottoms
    return Ratio(value, math.sqrt(n / (n - 1) * float(rest @ rest)) / whole)


def best_time(alpha: float) -> float:
    """Return the time, in units of the mixture, at which the mixture reaches least.

    It solves ``x - ln(1 + x) = 2 ln(1/alpha)``, where the derivative of :func:`any_time` by
    ``x`` is 0.

    Source:
        Howard, Ramdas, McAuliffe, Sekhon 2021, Time-uniform, nonparametric, nonasymptotic
        confidence sequences (tuning of the normal mixture, there with the Lambert function).

    Example:
        >>> round(best_time(0.05), 3)
        8.212
    """
    goal = 2 * math.log(1 / alpha)
    x = goal + 1
    for _ in range(50):  # a contraction: its slope is 1 / (1 + x)
        x = goal + math.log1p(x)
    return x


def any_time(error: float, alpha: float, effect: float) -> float:
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

        >>> round(any_time(0.01 / math.sqrt(9.212), 0.05, effect=0.01), 5)
        0.01
    """
    if not 0 < error < math.inf:
        return math.nan if math.isnan(error) else math.inf
    best = best_time(alpha)
    x = best * effect**2 / ((1 + best) * error**2)
    return error * math.sqrt((1 + 1 / x) * (math.log1p(x) - 2 * math.log(alpha)))


def one_time(error: float, alpha: float) -> float:
    """Return half the width of the usual interval, good for one look at a time fixed before.

    Example:
        >>> round(one_time(1.0, 0.05), 3)
        1.96
    """
    from scipy.special import ndtri  # noqa: PLC0415 - only a comparison needs it

    return float(ndtri(1 - alpha / 2)) * error


def people_needed(n: int, error: float, alpha: float, effect: float) -> float:
    """Return how many people it takes until half the width is ``effect``.

    The error must be ``effect / sqrt(1 + x)`` at the best time ``x``, and it falls with the
    root of the number of people.

    Example:
        Half the error needs four times the people.

        >>> round(people_needed(100, 2 * 0.01 / math.sqrt(9.212), 0.05, 0.01))
        400
    """
    return n * (error / effect) ** 2 * (1 + best_time(alpha))


def split_evidence(arrivals: Iterable[int], shares: Sequence[float]) -> float:
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

        >>> round(split_evidence([0, 0], [0.5, 0.5]), 6)
        1.009901
    """
    planned = np.asarray(shares, dtype=np.float64)
    rows = np.fromiter(arrivals, dtype=np.int64)
    if not len(rows):
        return 1.0
    came = np.eye(len(planned))[rows]
    before = (np.cumsum(came, axis=0) - came)[np.arange(len(rows)), rows]
    likely = (CONCENTRATION * planned[rows] + before) / (CONCENTRATION + np.arange(len(rows)))
    strongest = float(np.cumsum(np.log(likely) - np.log(planned[rows])).max(initial=0.0))
    return math.exp(min(strongest, 700.0))


__all__ = [
    "Ratio",
    "any_time",
    "best_time",
    "clustered_ratio",
    "one_time",
    "people_needed",
    "split_evidence",
]
