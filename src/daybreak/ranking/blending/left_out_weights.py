"""Weights of content in a shop of few customers, fitted on customers left out one by one.

Other shops say how much content counts on average. Whether the content of a catalogue tells
what people buy differs between shops: much for gifts, next to nothing for groceries. Customers
who are left out one by one say what holds for this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.metrics import expected_ndcg
from daybreak.models import models
from daybreak.models.shared_statistics import cached
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import iter_warm_item_tasks
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet
from daybreak.simulation.left_out_customers import (
    N_UNSOLD,
    LeftOutCustomer,
    expected_best_seller_ndcg,
    has_few_customers,
    iter_left_out,
)
from daybreak.types import Doubles, Mask

FITTED_ON = "customers"
"""``fitted_on`` of the models whose weight is fitted here."""
CONTENT_WEIGHTS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Weights that are tried, from the best sellers to content alone; those of all other strategies
sum up to 2 to 5 in such shops."""
BIAS_SHIFTS = (-8.0, 0.0, 2.0, 4.0, 6.0)
"""Values that are added to the bias of items without events. The first suffices for all, so
that they come last where they gain nothing; what is very much like a history may still come."""
KNOWN_ITEMS = ((1, (1,)), (3, (2, 3)), (10, (4, 5, 6, 7)))
"""Numbers of known items, each with the levels whose weights are fitted with them."""
N_STANDARD_ERRORS = 1.0
"""Standard errors that the gain of a weight is lowered by when weights are compared."""
GAIN_DEVIATION = 0.08
"""Smallest standard deviation of the gain between customers that is believed; that of five
customers can be small by chance [NDCG@10]."""
RELATIVE_GAIN_DEVIATION = 1.3
"""The same as a multiple of the expected NDCG@10 of the best sellers, where that is smaller: a
gain of 0.02 means much in a newsroom, and little in a grocery."""
TRUSTED_ERRORS = 0.5
"""Standard errors by which a small weight of content must gain for the prior weights of content
to count whole; in between they count in proportion, and without a gain not at all."""
TRUST_WEIGHTS = slice(1, 3)
"""Positions of the small weights, of which the better one counts. Large ones replace the best
sellers; they say nothing about the mixtures of the prior."""
CONTENT_PREFIXES = ("content/", "taste/")
"""Names of the strategies that rank by the content of a history."""
MIN_MARGIN = 1.75
"""Standard errors by which lists of the best sellers must be better than lists of what is like
the known items and nobody else bought, for the weight of content to be restricted."""
N_RESTRICTED = 2
"""First weights and shifts, which alone are tried then."""
HALF_CUSTOMERS = 40
"""Customers with whom half of the chosen weight is used, and a tenth with three times as many:
what the trained strategies know, which is not measured here, grows with them."""
MIN_LEFT_OUT = 3
"""Smallest number of left-out customers that say something."""
MIN_SOLD = 10
"""Smallest number of items of the other customers."""


class ContentChoice(NamedTuple):
    """What left-out customers say about content, for a number of known items."""

    weight: float = 0.0
    """Weight of the likeness to the known items"""
    bias_shift: float = 0.0
    """Change of the bias of items without events"""
    trust: float = 1.0
    """Share of the prior weights of content that counts, from 0 to 1"""

    def shrink(self, share: float) -> "ContentChoice":
        """Return the choice of which a share counts, but for a bias that is lowered."""
        lowered = self.bias_shift <= 0
        return ContentChoice(
            self.weight * share,
            self.bias_shift * (1.0 if lowered else share),
            1 - (1 - self.trust) * share,
        )


def usable_strategies(data: Dataset, strategies: Sequence[Strategy]) -> tuple[Strategy, ...]:
    """Return the strategies of a shop; those for few customers are left out in larger ones.

    So are those whose models have nothing to score by.
    """
    strategies = [s for s in strategies if models[s.model].has_input(data)] or strategies
    if has_few_customers(data):
        return tuple(strategies)
    kept = tuple(s for s in strategies if models[s.model].card.fitted_on != FITTED_ON)
    return kept or tuple(strategies)


def add_left_out_weights(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weights with that of the content of histories, and a report by level.

    The other strategies need a training, so the best sellers stand for all that is the same for
    everybody. Weight and bias with the highest NDCG@10 of left-out customers are chosen, less
    one standard error of the gain over no weight. The prior weights of content count as far as
    small weights gain at all. Levels with simulated queries of their own need none of it.

    Args:
        data: Training data.
        pools: Pools of all simulated queries, for their scales.
        strategies: All strategies.
        sets: Weights of all other strategies.
    """
    rows = [n for n, s in enumerate(strategies) if models[s.model].card.fitted_on == FITTED_ON]
    if not rows or not has_few_customers(data):
        return tuple(sets), []
    shared = np.array([s.is_same_for_all for s in strategies])
    plain, scale = sets[-1], float(pools.scale[rows[0]])
    share = 1 / (1 + (len(data.active_user_rows) / HALF_CUSTOMERS) ** 2)
    expected = expected_best_seller_ndcg(data)
    choices = [ContentChoice()] * len(EVENT_LEVELS)
    report = []
    for number, unmeasured in iter_unmeasured(pools):
        popularity = float(plain.weights[unmeasured[0]][shared].sum())
        bias = float(plain.new_bias[unmeasured[0]])
        customers = left_out_customers(data, number)
        found = choose_content_weight(customers, popularity, bias, scale, expected)
        for level in unmeasured:
            choices[level] = found.shrink(share)
            report.append(_report_choice(choices[level], level))
    is_content = np.array([s.name.startswith(CONTENT_PREFIXES) for s in strategies])
    return tuple(_add_content(one, rows, is_content, choices) for one in sets), report


def iter_unmeasured(pools: TrainingPools) -> Iterator[tuple[int, list[int]]]:
    """Yield the numbers of known items, each with its levels that no simulated query measures.

    Args:
        pools: Pools of all simulated queries.
    """
    is_measured = [bool(tasks) for tasks in iter_warm_item_tasks(pools)]
    for number, levels in KNOWN_ITEMS:
        if unmeasured := [level for level in levels if not is_measured[level]]:
            yield number, unmeasured


def left_out_customers(data: Dataset, n_known: int) -> list[LeftOutCustomer]:
    """Return the customers of :func:`iter_left_out`, computed once for a data set."""
    key = f"left-out customers with {n_known} known items"
    return cached(data, key, lambda: list(iter_left_out(data, n_known)))


def _report_choice(choice: ContentChoice, level: int) -> dict[str, Any]:
    """Return the choice at a level as JSON values."""
    return {
        "events": EVENT_LEVELS[level],
        "content": round(choice.weight, 3),
        "bias": round(choice.bias_shift, 3),
        "trust": round(choice.trust, 3),
    }


def _add_content(
    one: WeightSet, rows: Sequence[int], is_content: Mask, choices: Sequence[ContentChoice]
) -> WeightSet:
    """Return a set with the weights of content that were chosen for each level.

    Args:
        one: Weights of one popularity.
        rows: Positions of the strategies whose weight is chosen.
        is_content: (n_strategies,) strategies by content.
        choices: One for each level.
    """
    weight, shift, trust = np.array(choices).T
    weights, new_weights = one.weights.copy(), one.new_weights.copy()
    weights[:, is_content] *= trust[:, None]
    weights[:, rows] = new_weights[:, rows] = weight[:, None]
    return replace(one, weights=weights, new_weights=new_weights, new_bias=one.new_bias + shift)


def choose_content_weight(
    customers: Sequence[LeftOutCustomer],
    popularity: float,
    bias: float,
    scale: float,
    expected: float = 0.0,
) -> ContentChoice:
    """Return the weight of content and the change of the bias of items without events.

    Args:
        customers: Left-out customers; with fewer than ``MIN_LEFT_OUT`` nothing is changed.
        popularity: Weight of the best sellers.
        bias: Bias of items that nobody else bought, before the change.
        scale: Standard deviation of likenesses.
        expected: NDCG@10 that the best sellers can be expected to have.
    """
    customers = [one for one in customers if one.is_sold.sum() >= MIN_SOLD]
    if len(customers) < MIN_LEFT_OUT:
        return ContentChoice()
    values = np.stack([_measure(one, popularity, bias, scale) for one in customers])
    unchanged = values[:, CONTENT_WEIGHTS.index(0.0), BIAS_SHIFTS.index(0.0)]
    gains = values - unchanged[:, None, None]
    expected = max(expected, float(unchanged.mean()))
    least = min(GAIN_DEVIATION, RELATIVE_GAIN_DEVIATION * expected)
    deviation = gains.std(axis=0, ddof=1)
    is_believed = np.zeros(deviation.shape, dtype=bool)
    is_believed[0, :N_RESTRICTED] = True  # the best sellers, with items without events last
    deviation = np.where(is_believed, deviation, np.maximum(deviation, least))
    error = deviation / np.sqrt(len(customers))
    lower = gains.mean(axis=0) - N_STANDARD_ERRORS * error
    lower[0, N_RESTRICTED:] = -np.inf  # in an order by chance, the rest would compete as well
    if np.mean([_count_competitors(one) for one in customers]) < N_UNSOLD:
        lower[:, N_RESTRICTED:] = -np.inf
    margins = values[:, 0, 0] - [_measure_unsold(one) for one in customers]
    margin_error = margins.std(ddof=1) / np.sqrt(len(margins))
    if margins.mean() >= MIN_MARGIN * margin_error:
        lower = lower[:N_RESTRICTED, :N_RESTRICTED]
    row, column = np.unravel_index(np.argmax(lower), lower.shape)
    weight, shift = CONTENT_WEIGHTS[int(row)], BIAS_SHIFTS[int(column)]
    small = gains[:, TRUST_WEIGHTS, BIAS_SHIFTS.index(0.0)].mean(axis=0)
    trust = 1.0 if weight else _trust(small, least, len(customers))
    return ContentChoice(weight, shift, trust)


def _trust(gains: Doubles, deviation: float, n_customers: int) -> float:
    """Return the share of the prior weights of content that counts.

    Args:
        gains: Mean gains of small weights.
        deviation: Standard deviation of gains between customers.
        n_customers: Number of left-out customers.
    """
    needed = TRUSTED_ERRORS * deviation / np.sqrt(n_customers)
    best = float(gains.max())
    return float(np.clip(best / needed, 0, 1)) if needed > 0 else float(best >= 0)


def _measure(
    customer: LeftOutCustomer, popularity: float, bias: float, scale: float
) -> Doubles:
    """Return (n_weights, n_shifts) the mean NDCG@10 of the histories of a customer."""
    sold = customer.is_sold
    best_sellers = popularity * best_seller_scores(customer)
    centred = customer.likeness - customer.likeness[:, sold].mean(axis=1, keepdims=True)
    content = centred / scale
    values = np.empty((len(CONTENT_WEIGHTS), len(BIAS_SHIFTS)))
    for row, weight in enumerate(CONTENT_WEIGHTS):
        for column, shift in enumerate(BIAS_SHIFTS):
            scores = np.where(sold, best_sellers, bias + shift) + weight * content
            ndcg = expected_ndcg(scores.astype(np.float32), customer.allowed, customer.relevant)
            values[row, column] = np.nanmean(ndcg)
    return values


def _count_competitors(customer: LeftOutCustomer) -> int:
    """Return the number of candidates that nobody bought, not even the customer.

    Items with one customer seem to be unsold when this one is left out. With hardly any others,
    unsold items are targets only because of that.
    """
    return int((~customer.is_sold & ~customer.relevant.any(axis=0)).sum())


def _measure_unsold(customer: LeftOutCustomer) -> float:
    """Return the mean NDCG@10 of lists of items that nobody else bought."""
    scores = np.where(customer.is_sold, -np.inf, customer.likeness).astype(np.float32)
    return float(np.nanmean(expected_ndcg(scores, customer.allowed, customer.relevant)))


def best_seller_scores(customer: LeftOutCustomer) -> Doubles:
    """Return the (n_candidates,) scores of the best sellers for a left-out customer.

    Those of sold items have mean 0 and standard deviation 1.
    """
    counts = np.log1p(customer.buyers * (10_000 / customer.buyers.sum()))
    sold = counts[customer.is_sold]
    return np.asarray((counts - sold.mean()) / max(float(sold.std()), 1e-6))
