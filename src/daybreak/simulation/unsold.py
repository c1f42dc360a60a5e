"""Items that were on sale and that nobody bought, told apart from items that just arrived.

An item without events is either a recent arrival, which may sell as soon as it is shown, or it
was on sale and nobody wanted it. Simulated cold starts hide items that did sell; without the
second kind among their candidates, every item without events would look as promising as these.
"""

from collections.abc import Callable

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models.shared_statistics import cached
from daybreak.rng import create_generator
from daybreak.types import Doubles, Floats, Mask

MAX_ARRIVAL_RATIO = 1 / 3
"""Largest number of arrivals among the items without events that is assumed without creation
times, as a multiple of the number of items with events."""
MIN_ARRIVAL_SHARE = 0.01
"""Smallest share of arrivals among the items without events."""
MIN_TIMED_ITEMS = 20
"""Minimum number of items with events whose time until the first event is known."""


def count_unseen_species(counts: Floats) -> float:
    """Return the bias-corrected Chao1 estimate of the number of kinds that were never seen.

    Args:
        counts: (n,) number of observations of each kind that was seen.

    Source:
        Chao 2005, "Species estimation and applications", eq. 4. With ``f1`` kinds seen once
        and ``f2`` seen twice, the estimate is ``f1 (f1 - 1) / (2 (f2 + 1))``.

    Example:
        >>> count_unseen_species(np.array([1, 1, 1, 2, 7], dtype=np.float32))
        1.5
    """
    once, twice = float((counts == 1).sum()), float((counts == 2).sum())
    return once * (once - 1) / (2 * (twice + 1))


def jackknife_unseen_species(counts: Floats) -> float:
    """Return the second-order jackknife estimate of the number of kinds that were never seen.

    The estimate of :func:`count_unseen_species` is a lower bound, which is far too low where
    most kinds are rare. This one has less bias and more variance.

    Args:
        counts: (n,) number of observations of each kind that was seen.

    Source:
        Burnham and Overton 1979, "Robust estimation of population size when capture
        probabilities vary among animals", table 1. With ``f1`` kinds seen once and ``f2`` seen
        twice, the estimate is ``2 f1 - f2`` for many observations.

    Example:
        >>> jackknife_unseen_species(np.array([1, 1, 1, 2, 7], dtype=np.float32))
        5.0
    """
    once, twice = float((counts == 1).sum()), float((counts == 2).sum())
    return max(2 * once - twice, 0.0)


def missing_mass(data: Dataset) -> float:
    """Return the share of events that fall on items without events so far.

    Args:
        data: Training data with events.

    Source:
        Good 1953, "The population frequencies of species and the estimation of population
        parameters", eq. 9 (Good-Turing): the share of observations whose kind was seen once.
    """
    return float((data.user_counts == 1).sum() / len(data.events))


def unsold_items(data: Dataset) -> Mask:
    """Return (n_items,) which items have no event; none if there are no events at all."""
    unsold = np.ones(len(data.items), dtype=bool)
    unsold[data.train_item_rows] = False
    return unsold


def on_sale_probability(data: Dataset) -> Doubles:
    """Return (n_items,) the probability that an item was on sale and nobody bought it.

    It is 0 for items with positive events, and 1 for items that have only other events: views,
    impressions or bad ratings. For an item with a known creation time it is the share of sold
    items that had their first event at a younger age. For all other items it is the same
    :func:`mean_on_sale_probability`.

    It is computed once; the result is shared, not to be changed.

    Args:
        data: Training data.
    """
    return cached(data, "on sale", lambda: _on_sale_probability(data, count_unseen_species))


def likely_on_sale_probability(data: Dataset) -> Doubles:
    """Return :func:`on_sale_probability` by the less biased number of unsold items.

    Args:
        data: Training data.
    """
    return _on_sale_probability(data, jackknife_unseen_species)


def _on_sale_probability(data: Dataset, count_unseen: Callable[[Floats], float]) -> Doubles:
    probability = np.zeros(len(data.items))
    if not len(data.events):
        return probability
    unsold = unsold_items(data)
    probability[unsold] = mean_on_sale_probability(data, count_unseen)
    by_age = _probability_by_age(data)
    known = unsold & ~np.isnan(by_age)
    probability[known] = by_age[known]
    if data.unchosen is not None:
        probability[unsold & data.unchosen] = 1.0
    return probability


def mean_on_sale_probability(
    data: Dataset, count_unseen: Callable[[Floats], float] = count_unseen_species
) -> float:
    """Return the probability that an item of which nothing is known was on sale and not bought.

    The number of such items is at least an estimate from the number of buyers of the others,
    and at least what is left after ``MAX_ARRIVAL_RATIO`` arrivals. Items that have other than
    positive events are part of this number.

    Args:
        data: Training data with events.
        count_unseen: Estimates the number of such items from the numbers of buyers.
    """
    n_sold = len(data.train_item_rows)
    n_unsold = len(data.items) - n_sold
    expected = max(count_unseen(data.user_counts), n_unsold - MAX_ARRIVAL_RATIO * n_sold)
    n_unchosen = 0
    if data.unchosen is not None:
        n_unchosen = int(np.delete(data.unchosen, data.train_item_rows).sum())
    n_unknown = n_unsold - n_unchosen
    return float(np.clip((expected - n_unchosen) / n_unknown, 0.0, 1.0)) if n_unknown else 0.0


def log_share_of_arrivals(data: Dataset) -> float:
    """Return the logarithm of the share of the items without events that were not on sale.

    Args:
        data: Training data with events.
    """
    return float(np.log(max(1 - mean_on_sale_probability(data), MIN_ARRIVAL_SHARE)))


def unsold_shares(data: Dataset) -> Doubles:
    """Return (n_items,) how much more certainly an item was on sale than the items in general.

    Simulated cold starts contain items on sale that nobody bought, so the bias of new items is
    right for an item of which nothing is known. The share is 0 for these, and 1 for an item
    that certainly was on sale.

    Args:
        data: Training data.
    """
    probability = on_sale_probability(data)
    if not len(data.events):
        return probability
    mean = mean_on_sale_probability(data)
    if mean >= 1:
        return np.zeros_like(probability)
    return np.clip((probability - mean) / (1 - mean), 0.0, 1.0)


def draw_on_sale(data: Dataset, seed: int) -> Mask:
    """Return (n_items,) a random draw of the items on sale that nobody bought.

    Args:
        data: Training data.
        seed: Seed of the draw.
    """
    draws = create_generator(seed, "items on sale").random(len(data.items))
    drawn: Mask = draws < on_sale_probability(data)
    return drawn


def _probability_by_age(data: Dataset) -> Doubles:
    """Return (n_items,) the share of sold items that were sold first at a younger age.

    NaN where the creation time is unknown, and everywhere if creation times do not precede the
    first events of most sold items: then they tell when the catalogue was imported.
    """
    created, events = data.items.created_at, data.events
    unknown = np.full(len(data.items), np.nan)
    if not len(created) or not events.has_time_order:
        return unknown
    first = np.full(len(data.items), np.inf)
    np.minimum.at(first, events.item, events.at)
    delays = (first - created)[data.train_item_rows]
    delays = delays[np.isfinite(delays)]
    if len(delays) < MIN_TIMED_ITEMS or (delays < 0).mean() > 0.5:
        return unknown
    ages = events.at.max() - created
    shares = np.searchsorted(np.sort(delays), ages, side="left") / len(delays)
    return np.where(np.isnan(created), np.nan, np.where(ages <= 0, 0.0, shares))
