"""Probability that the new items of a catalogue resemble past arrivals, by their content."""

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.shared_content import content_kernel, fit_content_kernel, take_landmarks
from daybreak.simulation.splits import mark_newest_items
from daybreak.types import Rows

PRIOR_ODDS = 9.0
"""Prior odds that new items are arrivals, which is the usual case."""
BATCH_STD = 0.15
"""Standard deviation between batches of new items of the same kind."""


def new_item_arrival_probability(data: Dataset) -> float:
    """Return the :func:`arrival_probability` of all items without events."""
    new_rows = np.setdiff1d(np.arange(len(data.items)), data.train_item_rows)
    return arrival_probability(data, new_rows)


def arrival_probability(data: Dataset, new_rows: Rows) -> float:
    """Return the probability that new items resemble past arrivals, from their content.

    Items that were hidden at random are as popular as other items; items that arrive late
    usually are not. Content determines which of the two simulated cold starts applies: a ridge
    regression predicts from content whether an item was among the newest. Its mean prediction
    for the new items is compared with its mean over all items with events (position 0) and with
    its leave-one-out mean over past arrivals (position 1), both with normal errors. With few
    new items the result stays close to the prior.

    Without event times, past arrivals are unknown, and the result is 0.

    Args:
        data: Training data.
        new_rows: Catalogue rows of the new items.
    """
    if not data.events.has_time_order:
        return 0.0
    if not len(new_rows) or not data.items.blocks:
        return 1.0
    is_newest = mark_newest_items(data)[data.train_item_rows].astype(np.float32)
    is_newest -= is_newest.mean()
    kernel = fit_content_kernel(data)
    similarities = content_kernel(
        take_landmarks(data.train_items, kernel.landmarks), data.items
    )
    predicted = (is_newest @ kernel.coefficients) @ similarities
    in_sample = predicted[data.train_item_rows]
    left_out = (in_sample - kernel.leverage * is_newest) / (1 - kernel.leverage)
    arrivals = left_out[is_newest > 0]
    error = arrivals.std() / max(np.sqrt(len(arrivals)), 1.0)
    if arrivals.mean() <= 3 * error:  # both are 0 if nothing sold has content
        return 1.0
    position = float(predicted[new_rows].mean() / arrivals.mean())
    error = float(predicted[new_rows].std() / arrivals.mean() / np.sqrt(len(new_rows)))
    return arrival_posterior(position, error)


def arrival_posterior(position: float, std_error: float) -> float:
    """Return the posterior probability of arrivals (position 1) against other items (0).

    Args:
        position: Measured position of the new items.
        std_error: Its standard error.

    Example:
        >>> [round(arrival_posterior(position, 0.1), 3) for position in (0.0, 0.5, 1.0)]
        [0.0, 0.9, 1.0]
    """
    logit = np.log(PRIOR_ODDS) + (2 * position - 1) / (2 * (std_error**2 + BATCH_STD**2))
    return float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))
