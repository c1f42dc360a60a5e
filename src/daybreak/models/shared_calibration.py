"""Calibration of probabilities by a logistic regression on held-out pairs."""

import numpy as np

from daybreak.types import Doubles, Floats

MAX_NEWTON_STEPS = 50
"""Newton steps at most; fewer when the fit converges."""
PRIOR_PAIRS = 1.0
"""Weight of the prior at intercept 0 and slope 1 [pairs]."""


def fit_logistic(log_odds: Doubles, outcomes: Doubles) -> tuple[float, float]:
    """Return intercept and slope of ``p = 1 / (1 + exp(-(a + b x)))`` by maximum likelihood.

    A normal prior around ``a = 0, b = 1`` keeps the fit finite when all outcomes are equal.

    Args:
        log_odds: (n,) predicted log-odds of each pair.
        outcomes: (n,) of 0 and 1.

    Source:
        Platt 1999, "Probabilistic outputs for support vector machines"; Guo, Pleiss, Sun and
        Weinberger 2017, "On calibration of modern neural networks", section 4.

    Example:
        Log-odds of 0 and three positive outcomes in four: the intercept is log 3.

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
        hessian = (x * (p * (1 - p))) @ x.T + PRIOR_PAIRS * np.eye(2)
        step = np.linalg.solve(hessian, slope)
        found += np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-8:
            break
    return float(found[0]), float(found[1])


def sigmoid(x: Doubles) -> Doubles:
    """Return ``1 / (1 + exp(-x))`` without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)), dtype=np.float64)


def calibration_error(probabilities: Floats, outcomes: Floats, n_bins: int = 15) -> float:
    """Return the expected calibration error over bins with equal numbers of pairs.

    The error is the mean over bins of the distance between mean probability and mean outcome.
    Bins of equal width would put nearly all pairs of a large catalogue into the first.

    Args:
        probabilities: (n,) predictions.
        outcomes: (n,) of 0 and 1.
        n_bins: Number of bins.

    Source:
        Guo et al. 2017, eq. 3, with bins by rank.

    Example:
        Half have probability 0.2 and happen in 1 of 2 cases, half have 0.9 and always happen:
        the mean of 0.3 and 0.1.

        >>> probabilities, outcomes = np.array([0.2, 0.2, 0.9, 0.9]), np.array([0, 1, 1, 1])
        >>> round(calibration_error(probabilities, outcomes, n_bins=2), 4)
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
