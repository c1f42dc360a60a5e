"""Moments in the past of a data set, and the half-life of popularity that predicts best."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Events
from daybreak.types import Doubles, Mask, Rows

MOMENT_QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.96)
"""Shares of events before the moments at which a prediction is tested."""
NEXT_SHARE = 0.02
"""Share of events, after a moment, that is predicted."""
MIN_EVENTS = 100
"""Smallest number of events from which a half-life is learned."""
MIN_USERS = 50
"""Smallest number of users from which a half-life is learned; of fewer, each has a moment of
their own, and what one of them takes in a sitting would look like a fashion."""
MAX_EVENTS = 200_000
"""Number of events that are read at most, evenly spaced in time."""
N_HALF_LIVES = 13
"""Number of half-lives that are tried, each half as long as the one before."""
UNIFORM_SHARE = 0.1
"""Share of the predicted distribution that is the same for all items; it bounds the loss."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A moment, with the events before it and the next ones."""

    at: float
    """Epoch seconds."""
    past: Mask
    """(n_events,)"""
    following: Mask
    """(n_events,)"""


def iter_moments(
    at: Doubles, quantiles: tuple[float, ...] = MOMENT_QUANTILES
) -> Iterator[Moment]:
    """Yield moments, by default in the second half of the events, with what came next.

    Args:
        at: (n,) epoch seconds, in any order; 0: unknown.
        quantiles: Shares of events before the moments.
    """
    known = np.sort(at[at > 0])
    n = len(known)
    for quantile in quantiles:
        start = int(quantile * n)
        stop = min(start + max(int(NEXT_SHARE * n), 1), n - 1)
        moment, end = known[start], known[stop]
        past, following = (at > 0) & (at < moment), (at >= moment) & (at <= end)
        if past.any() and following.any():
            yield Moment(float(moment), past, following)


def half_life(events: Events) -> float:
    """Return the half-life of popularity that predicts later events best [s]; infinite: none.

    The predicted distribution over items is that of the earlier events, each counted with
    ``0.5 ** (age / half_life)``, and a uniform part. The half-life with the largest mean log
    likelihood of the events that follow several moments is chosen out of a geometric grid.

    Args:
        events: Positive events.
    """
    few = len(events) < MIN_EVENTS or len(np.unique(events.user)) < MIN_USERS
    if few or not events.has_time_order:
        return float("inf")
    order = np.argsort(events.at, kind="stable")
    order = order[:: max(1, len(order) // MAX_EVENTS)]
    item, at = events.item[order], events.at[order]
    known = at[at > 0]
    span = float(known[-1] - known[0])
    grid: list[float] = [float("inf"), *(2 * span / 2**step for step in range(N_HALF_LIVES))]
    likelihoods = np.zeros(len(grid))
    for moment in iter_moments(at):
        age = moment.at - at[moment.past]
        past, following = item[moment.past], item[moment.following]
        likelihoods += [_log_likelihood(past, age, one, following) for one in grid]
    return grid[int(np.argmax(likelihoods))]


def _log_likelihood(past: Rows, age: Doubles, half: float, following: Rows) -> float:
    n_items = int(max(past.max(), following.max())) + 1
    counts = np.bincount(past, fade(age, half), minlength=n_items)
    is_known = np.bincount(past, minlength=n_items) > 0
    share = (1 - UNIFORM_SHARE) * counts / max(float(counts.sum()), 1e-300)
    share += UNIFORM_SHARE * is_known / is_known.sum()
    targets = following[is_known[following]]
    return float(np.log(share[targets]).mean()) if len(targets) else 0.0


def fade(age: Doubles, half: float) -> Doubles:
    """Return (n,) ``0.5 ** (age / half)``; 1 for an infinite half-life.

    Example:
        >>> fade(np.array([0.0, 2.0, 4.0]), 2.0).tolist(), fade(np.ones(1), np.inf).tolist()
        ([1.0, 0.5, 0.25], [1.0])
    """
    return np.asarray(np.exp2(-age / half), dtype=np.float64)
