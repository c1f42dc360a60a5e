"""How long the people of simulated queries have been away."""

import numpy as np

from daybreak.data.dataset import Events
from daybreak.types import Doubles, Rows


def pauses_before(history: Events, targets: Events, users: Rows) -> Doubles:
    """Return (n_users,) times from the last known event to the first target [s].

    Where one of them has no time, it is NaN.

    Args:
        history: Events known at request time.
        targets: Events whose items are targets.
        users: Rows of the users.

    Example:
        >>> history = Events.of([0, 0, 1], [0, 1, 0], [10.0, 70.0, 20.0])
        >>> targets = Events.of([0, 1], [2, 2], [100.0, 0.0])
        >>> pauses_before(history, targets, np.array([1, 0]))
        array([nan, 30.])
    """
    n_users = int(max(part.max(initial=-1) for part in (history.user, targets.user, users))) + 1
    last, first = np.full(n_users, -np.inf), np.full(n_users, np.inf)
    for events, extreme, found in (
        (history, np.maximum, last),
        (targets, np.minimum, first),
    ):
        known = events.filter(events.at > 0)
        extreme.at(found, known.user, known.at)
    pauses = np.maximum(first - last, 0.0)[users]
    return np.where(np.isfinite(pauses), pauses, np.nan)
