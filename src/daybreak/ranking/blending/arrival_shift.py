"""Do the new items of a catalogue look like arrivals, or like any other item?"""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.shared_content import content_kernel, fit_content_kernel, take_landmarks
from daybreak.simulation.splits import mark_newest_items
from daybreak.types import Rows

PRIOR_ODDS = 9.0
"""Odds that new items are arrivals before their content is looked at: what usually happens."""
BATCH_STD = 0.15
"""Standard deviation of what one batch of new items differs from others of its kind by."""


def new_item_arrival_probability(data: Dataset) -> float:
    """Return the :func:`likeness` of the items without events."""
    return arrival_probability(
        data, np.setdiff1d(np.arange(len(data.items)), data.train_item_rows)
    )


def arrival_probability(data: Dataset, new_rows: Rows) -> float:
    """Return how likely it is that new items are like past arrivals, 0 to 1, by their content.

    Items that were hidden at random are as popular as any; items that truly arrive late mostly
    are not. Which of the two simulated cold starts applies to the items at hand is decided by
    content: a ridge regression predicts from content whether an item was among the newest. Its
    mean over the new items is compared with its mean over all old items (0) and with its
    leave-one-out mean over past arrivals (1), both with a normal error. Few new items tell
    little, and the answer stays at the odds that are usual.

    Without times nothing is known of arrivals, and the answer is 0.
    """
    if not data.events.has_time_order:
        return 0.0
    if not len(new_rows) or not data.items.blocks:
        return 1.0
    y = mark_newest_items(data)[data.train_item_rows].astype(np.float32)
    y -= y.mean()
    known = fit_content_kernel(data)
    k = content_kernel(take_landmarks(data.train_items, known.landmarks), data.items)
    fitted = (y @ known.coefficients) @ k
    at = fitted[data.train_item_rows]
    unseen = (at - known.leverage * y) / (1 - known.leverage)
    arrivals = unseen[y > 0]
    error = arrivals.std() / max(np.sqrt(len(arrivals)), 1.0)
    if arrivals.mean() < 3 * error:
        return 1.0
    place = float(fitted[new_rows].mean() / arrivals.mean())
    error = float(fitted[new_rows].std() / arrivals.mean() / np.sqrt(len(new_rows)))
    return arrival_posterior(place, error)


def arrival_posterior(position: float, std_error: float) -> float:
    """Return the probability of arrivals, whose place is 1, against any items, at 0.

    Example:
        >>> [round(arrival_posterior(place, 0.1), 3) for place in (0.0, 0.5, 1.0)]
        [0.0, 0.9, 1.0]
    """
    logit = np.log(PRIOR_ODDS) + (2 * position - 1) / (2 * (std_error**2 + BATCH_STD**2))
    return float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))
