"""Do the new items of a catalogue look like arrivals, or like any other item?"""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.bridge import bridge, kernel, landmarks_of
from daybreak.ranking.simulate import newest_items
from daybreak.types import Rows

PRIOR_ITEMS = 20
"""New items that the expectation "they are arrivals" is worth."""


def new_likeness(data: Dataset) -> float:
    """Return the :func:`likeness` of the items without events."""
    return likeness(data, np.setdiff1d(np.arange(len(data.items)), data.anchor_rows))


def likeness(data: Dataset, new: Rows) -> float:
    """Return how much the content of new items looks like that of past arrivals, 0 to 1.

    Items that were hidden at random are as popular as any; items that truly arrive late mostly
    are not. Which of the two simulated cold starts applies to the items at hand is decided by
    content: a ridge regression predicts from content whether an item was among the newest. Its
    mean over the new items is put between its mean over all old items (0) and its leave-one-out
    mean over past arrivals (1). Few new items are pulled towards 1, what usually happens.

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
    measured = float(np.clip(fitted[new].mean() / arrivals.mean(), 0, 1))
    return (len(new) * measured + PRIOR_ITEMS) / (len(new) + PRIOR_ITEMS)
