"""Probability of each new item of a catalogue to be an arrival, by its content and its time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.shared_content import (
    fit_content_kernel,
    fit_content_weights,
    impute_from_content,
    predict_from_content,
)
from daybreak.simulation.splits import mark_newest_items
from daybreak.simulation.unsold import on_sale_probability, unsold_shares
from daybreak.types import Doubles, Floats, Mask, Rows

PRIOR_ODDS = 4.0
"""Prior odds that new items are arrivals, which is the usual case."""
BATCH_STD = 0.15
"""Standard deviation between batches of new items of the same kind."""
POSITION_BOUNDS = (0.3, 2.0)
"""Bounds of the expected position of a batch of arrivals."""
MAX_BATCH_LOGIT = 3.0
"""Largest absolute log odds of a whole batch, so that single items can differ from it."""
MIN_TIMED_ITEMS = 20
"""Minimum number of items with events whose creation time is known."""
LATE_QUANTILE = 0.8
"""Quantile of the creation times from which an item counts as created late."""
MIN_ITEM_DEVIATION = 0.01
"""Difference to the mean from which the probability of an item is stored."""


@dataclass(frozen=True)
class ItemArrivals:
    """Probabilities of the items without events to be arrivals."""

    mean: float
    """Mean over the items without events."""
    items: Mapping[str, float]
    """By item id; only items that differ from the mean."""
    unsold: Mapping[str, float] = field(default_factory=dict)
    """The ``unsold_shares`` above 0, by item id."""


def estimate_item_arrivals(data: Dataset) -> ItemArrivals:
    """Return the :func:`arrival_probabilities` of all items without events."""
    shares = unsold_shares(data)
    ids = data.items.ids.ids
    found = np.flatnonzero(shares >= MIN_ITEM_DEVIATION)
    unsold = {ids[row]: round(float(shares[row]), 3) for row in found}
    return replace(_estimate_arrivals(data), unsold=unsold)


def _estimate_arrivals(data: Dataset) -> ItemArrivals:
    new_rows = np.setdiff1d(np.arange(len(data.items)), data.train_item_rows)
    if not data.events.has_time_order:
        return ItemArrivals(0.0, {})
    if not len(new_rows):
        return ItemArrivals(1.0, {})
    probability = arrival_probabilities(data, new_rows)
    mean = float(probability.mean())
    differs = np.flatnonzero(np.abs(probability - mean) >= MIN_ITEM_DEVIATION)
    ids = data.items.ids.ids
    return ItemArrivals(
        mean, {ids[new_rows[row]]: round(float(probability[row]), 3) for row in differs}
    )


def new_item_arrival_probability(data: Dataset) -> float:
    """Return the mean of the :func:`arrival_probabilities` of all items without events."""
    return estimate_item_arrivals(data).mean


def arrival_probability(data: Dataset, new_rows: Rows) -> float:
    """Return the mean of the :func:`arrival_probabilities`; 0 without times, 1 without items.

    Args:
        data: Training data.
        new_rows: Catalogue rows of the new items.
    """
    if not data.events.has_time_order:
        return 0.0
    return float(arrival_probabilities(data, new_rows).mean()) if len(new_rows) else 1.0


def arrival_probabilities(data: Dataset, new_rows: Rows) -> Doubles:
    """Return (n_new,) the probability of each new item to resemble past arrivals.

    Items that were hidden at random are as popular as other items; items that arrive late
    usually are not. The log odds of an item are the sum of three parts: those of all new items
    together (:func:`arrival_posterior`), what its own content adds to them, and the likelihood
    ratio of its creation time. An item that was on sale for long enough to be sold is no
    arrival.

    Args:
        data: Training data with times.
        new_rows: Catalogue rows of the new items.
    """
    batch, own = _content_log_odds(data, new_rows)
    logit = (
        np.clip(batch, -MAX_BATCH_LOGIT, MAX_BATCH_LOGIT) + own + _time_log_odds(data, new_rows)
    )
    probability = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
    if len(data.items.created_at):
        is_timed = ~np.isnan(data.items.created_at[new_rows])
        probability = probability * (1 - on_sale_probability(data)[new_rows] * is_timed)
    return np.asarray(probability, dtype=np.float64)


def arrival_posterior(position: float, std_error: float, expected: float = 1.0) -> float:
    """Return the posterior probability of arrivals against items that were hidden at random.

    Args:
        position: Measured mean position of the new items.
        std_error: Its standard error.
        expected: Expected position of arrivals; that of other items is 0.

    Example:
        >>> [round(arrival_posterior(position, 0.1), 3) for position in (0.0, 0.5, 1.0)]
        [0.0, 0.8, 1.0]
    """
    logit = _batch_log_odds(position, std_error, expected)
    return float(1 / (1 + np.exp(-np.clip(logit, -50, 50))))


def _batch_log_odds(position: float, std_error: float, expected: float) -> float:
    """Return the log posterior odds of two normal distributions with means expected and 0."""
    ratio = expected * (2 * position - expected) / (2 * (std_error**2 + BATCH_STD**2))
    return float(np.log(PRIOR_ODDS) + ratio)


def _content_log_odds(data: Dataset, new_rows: Rows) -> tuple[float, Doubles]:
    """Return the log odds of all new items together, and (n_new,) what each one differs by.

    A ridge regression predicts from content whether an item was among the newest. Positions are
    its predictions, scaled so that the mean over all items with events is 0, and the
    leave-one-out mean over the newest of them is 1. How far the next arrivals move beyond 0 is
    measured on the past: the newest items are predicted from those that were newest before.
    """
    same = np.zeros(len(new_rows))
    if not data.items.blocks:
        return float(np.log(PRIOR_ODDS)), same
    is_newest = mark_newest_items(data)[data.train_item_rows]
    found, left_out = _predict_newness(data, is_newest)
    arrivals = left_out[is_newest]
    if not len(arrivals):  # a single item was sold, which is not newer than others
        return float(np.log(PRIOR_ODDS)), same
    bound = 3 * arrivals.std() / max(np.sqrt(len(arrivals)), 1.0)
    if not arrivals.mean() > bound:  # both are 0 if nothing sold has content
        return float(np.log(PRIOR_ODDS)), same
    position = found[new_rows] / arrivals.mean()
    error = float(position.std() / np.sqrt(len(new_rows)))
    expected = _past_position(data, is_newest)
    batch = _batch_log_odds(float(position.mean()), error, expected)
    spread = max(float(left_out.std() / arrivals.mean()), BATCH_STD)
    own = expected * (position - position.mean()) / spread**2
    return batch, np.asarray(own, dtype=np.float64)


def _predict_newness(data: Dataset, is_newest: Mask) -> tuple[Floats, Floats]:
    """Return (n_items,) predictions, and (n_train_items,) leave-one-out ones, centred."""
    label = is_newest.astype(np.float32)
    label -= label.mean()
    kernel = fit_content_kernel(data)
    weights = fit_content_weights(data, label[:, None])
    found = predict_from_content(data.items, weights)[:, 0]
    known = found[data.train_item_rows]
    left_out = (known - kernel.leverage * label) / (1 - kernel.leverage)
    return found.astype(np.float32), left_out.astype(np.float32)


def _past_position(data: Dataset, is_newest: Mask) -> float:
    """Return the expected position of arrivals: the mean of 1 and that of the newest items.

    The newest items are left out, those that were newest before them are labelled, and the
    left-out ones get the position that their content predicts.
    """
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, data.events.item, data.events.at)
    earlier = np.flatnonzero(~is_newest)
    if len(earlier) < MIN_TIMED_ITEMS:
        return 1.0
    order = earlier[np.argsort(first[data.train_item_rows[earlier]], kind="stable")]
    label = np.zeros((len(is_newest), 1), dtype=np.float32)
    label[order[int(LATE_QUANTILE * len(order)) :]] = 1
    label[earlier] -= label[earlier].mean()
    filled = impute_from_content(data, label, ~is_newest)
    kernel = fit_content_kernel(data)
    known = predict_from_content(data.train_items, fit_content_weights(data, filled))[:, 0]
    left_out = (known - kernel.leverage * filled[:, 0]) / (1 - kernel.leverage)
    unit = float(left_out[label[:, 0] > 0].mean())
    if unit <= 0:
        return 1.0
    moved = float(filled[is_newest, 0].mean()) / unit
    return float((1 + np.clip(moved, *POSITION_BOUNDS)) / 2)


def _time_log_odds(data: Dataset, new_rows: Rows) -> Doubles:
    """Return (n_new,) log likelihood ratios of the creation times; 0 where they are unknown.

    Creation is late or early. The likelihoods are the shares of both among the items whose
    first event came last, and among all items with events.
    """
    created, none = data.items.created_at, np.zeros(len(new_rows))
    if not len(created):
        return none
    known = created[data.train_item_rows]
    is_newest = mark_newest_items(data)[data.train_item_rows][~np.isnan(known)]
    known = known[~np.isnan(known)]
    if len(known) < MIN_TIMED_ITEMS:
        return none
    border = np.quantile(known, LATE_QUANTILE)
    n_late = np.array([(known[is_newest] > border).sum(), (known > border).sum()])
    late = (n_late + 1) / (np.array([is_newest.sum(), len(known)]) + 2)
    own = created[new_rows]
    ratio = np.where(
        own > border, np.log(late[0] / late[1]), np.log((1 - late[0]) / (1 - late[1]))
    )
    return np.where(np.isnan(own), 0.0, ratio)
