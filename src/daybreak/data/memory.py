"""What a query remembers: histories that fade at two rates, and the last pause."""

import numpy as np

from daybreak.types import Doubles, Floats, Rows

MEMORY_DECAYS = (0.6, 0.9)
"""Factors of the weight of an event for each later event: the short and the long memory."""
MIN_MEMORY_WEIGHT = 0.01
"""Weight below which an event is forgotten."""
PAUSE_BOUNDS_S = (60.0, 3_600.0, 86_400.0, 30 * 86_400.0)
"""Bounds of groups of the time since the last event: a minute, an hour, a day, 30 days [s]."""
N_PAUSES = len(PAUSE_BOUNDS_S) + 1
"""Number of groups of the time since the last event."""
LIVE_S = 7 * 86_400.0
"""Age of the newest event of a training up to which its data are those of the present [s]."""


def memory_weights(n_later: Rows) -> tuple[Floats, ...]:
    """Return the (n,) weights of events in each memory; 0 for forgotten ones.

    Args:
        n_later: (n,) number of later events of the same user.

    Example:
        >>> short, long = memory_weights(np.array([0, 1, 30]))
        >>> short.round(2).tolist(), long.round(2).tolist()
        ([1.0, 0.6000000238418579, 0.0], [1.0, 0.8999999761581421, 0.03999999910593033])
    """
    weights = (np.power(decay, n_later).astype(np.float32) for decay in MEMORY_DECAYS)
    return tuple(np.where(one >= MIN_MEMORY_WEIGHT, one, np.float32(0)) for one in weights)


def group_pauses(pause_s: Doubles) -> Rows:
    """Return (n,) the group of each time since the last event; unknown times count as none.

    Args:
        pause_s: (n,) times [s]; NaN: unknown.

    Example:
        >>> group_pauses(np.array([np.nan, 5.0, 7_200.0, 1e9])).tolist()
        [0, 0, 2, 4]
    """
    known = np.nan_to_num(pause_s, nan=0.0)
    return np.searchsorted(np.array(PAUSE_BOUNDS_S), known, side="right")


def present_time(trained_until: float, clock: float) -> float:
    """Return the present of data: the clock, or for data of the past their newest event.

    Args:
        trained_until: Newest event of the training [epoch s].
        clock: Time of this machine [epoch s].

    Example:
        >>> present_time(1.7e9, 1.7e9 + 60), present_time(9.5e8, 1.7e9)
        (1700000060.0, 950000000.0)
    """
    return clock if 0 <= clock - trained_until <= LIVE_S else trained_until
