"""Do the new items of a catalogue look like arrivals, or like any other item?"""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.bridge import bridge, kernel, landmarks_of
from daybreak.ranking.simulate import newest_items
from daybreak.types import Rows

PRIOR = 9.0
"""Odds that new items are arrivals before their content is looked at: what usually happens."""
SPREAD = 0.15
"""Standard deviation of what one batch of new items differs from others of its kind by."""


def new_likeness(data: Dataset) -> float:
    """Return the :func:`likeness` of the items without events."""
    return likeness(data, np.setdiff1d(np.arange(len(data.items)), data.anchor_rows))


def likeness(data: Dataset, new: Rows) -> float:
    """Return how likely it is that new items are like past arrivals, 0 to 1, by their content.

    Items that were hidden at random are as popular as any; items that truly arrive late mostly
    are not. Which of the two simulated cold starts applies to the items at hand is decided by
    content: a ridge regression predicts from content whether an item was among the newest. Its
    mean over the new items is compared with its mean over all old items (0) and with its
    leave-one-out mean over past arrivals (1), both with a normal error. Few new items tell
    little, and the answer stays at the odds that are usual.

    Without times nothing is known of arrivals, and the answer is 0.
    """
    if not data.events.dated:
        return 0.0
    if not len(new) or not data.items.blocks:
        return 1.0
    y = newest_items(data)[data.anchor_rows].astype(np.float32)
    y -= y.mean()
    known = bridge(data)
    k = kernel(landmarks_of(data.anchors, known.landmarks), data.items)
    fitted = (y @ known.solve) @ k
    at = fitted[data.anchor_rows]
    unseen = (at - known.own * y) / (1 - known.own)
    arrivals = unseen[y > 0]
    error = arrivals.std() / max(np.sqrt(len(arrivals)), 1.0)
    if arrivals.mean() < 3 * error:
        return 1.0
    place = float(fitted[new].mean() / arrivals.mean())
    error = float(fitted[new].std() / arrivals.mean() / np.sqrt(len(new)))
    return arrival_odds(place, error)


def arrival_odds(place: float, error: float) -> float:
    """Return the probability of arrivals, whose place is 1, against any items, at 0.

    Example:
        >>> [round(arrival_odds(place, 0.1), 3) for place in (0.0, 0.5, 1.0)]
        [0.0, 0.9, 1.0]
    """
    logit = np.log(PRIOR) + (2 * place - 1) / (2 * (error**2 + SPREAD**2))
    return float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))
