"""Probabilities that mean what they say: two numbers fitted on pairs that were held out."""

import numpy as np

from daybreak.types import Doubles, Floats

MAX_NEWTON_STEPS = 50
"""Newton steps; they end earlier when nothing moves."""
PRIOR_PAIRS = 1.0
"""Pairs that the prior "leave it as it is" is worth."""


def fit_logistic(log_odds: Doubles, outcomes: Doubles) -> tuple[float, float]:
    """Return intercept and slope of ``p = 1 / (1 + exp(-(a + b x)))`` by maximum likelihood.

    A normal prior around ``a = 0, b = 1`` keeps few pairs, or pairs of one kind, finite.

    Args:
        log_odds: (n,) what a model says of each pair.
        chosen: (n,) of 0 and 1, whether it came true.

    Source:
        Platt 1999, "Probabilistic outputs for support vector machines"; Guo, Pleiss, Sun and
        Weinberger 2017, "On calibration of modern neural networks", section 4.

    Example:
        A coin that lands on one side three times in four, and a model that says nothing:

        >>> a, b = fit_logistic(np.zeros(4_000), np.arange(4_000) % 4 > 0)
        >>> round(a, 2), round(b, 2)
        (1.1, 1.0)
    """
    x = np.stack([np.ones(len(log_odds)), np.asarray(log_odds, dtype=np.float64)])
    y = np.asarray(outcomes, dtype=np.float64)
    prior = np.array([0.0, 1.0])
    found = prior.copy()
    for _ in range(MAX_NEWTON_STEPS):
        p = sigmoid(found @ x)
        slope = x @ (y - p) - PRIOR_PAIRS * (found - prior)
        bend = (x * (p * (1 - p))) @ x.T + PRIOR_PAIRS * np.eye(2)
        step = np.linalg.solve(bend, slope)
        found += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return float(found[0]), float(found[1])


def sigmoid(x: Doubles) -> Doubles:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float64)


def calibration_error(probabilities: Floats, outcomes: Floats, n_bins: int = 15) -> float:
    """Return the expected calibration error, over bins that hold equally many pairs.

    It is the mean distance between what was said and what came true, bin by bin. Bins of equal
    width would put nearly all pairs of a large catalogue into the first.

    Args:
        said: (n,) probabilities.
        chosen: (n,) of 0 and 1.
        bins: How many.

    Source:
        Guo et al. 2017, eq. 3, with bins by rank.

    Example:
        Half are said to happen with 0.2 and do in 1 of 2 cases, half with 0.9 and always do:
        the mean of 0.3 and 0.1.

        >>> said, chosen = np.array([0.2, 0.2, 0.9, 0.9]), np.array([0, 1, 1, 1])
        >>> round(calibration_error(said, chosen, n_bins=2), 4)
        0.2
    """
    if not len(probabilities):
        return 0.0
    order = np.argsort(probabilities, kind="stable")
    gaps = [
        len(part) * abs(float(np.mean(probabilities[part]) - np.mean(outcomes[part])))
        for part in np.array_split(order, min(n_bins, len(order)))
    ]
    return float(sum(gaps) / len(probabilities))
