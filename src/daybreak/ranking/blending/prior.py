"""Prior weights of a blend, learned from other shops; :meth:`BlendPrior.load` reads the table.

The weight of a strategy is a softplus of a linear function of what can be seen of a shop and of
the number of events of a query. ``python -m benchmarks.prior.learn`` learns these functions
from many data sets; ``prior.json`` holds their coefficients, and no row of any data set.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.ranking.blending.shop_features import (
    are_items_short_lived,
    level_features,
    shop_features,
)
from daybreak.ranking.blending.shrinkage import fitted_share
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.simulation.unsold import log_share_of_arrivals
from daybreak.types import Doubles

BEST_SELLERS = "popular"
"""Name of the strategy of popularity of all time."""
TIMELESS_POPULARITY = ("popular/share",)
"""Strategies of popularity that need no times."""
QUESTION_KEYS = ("questions", "new_questions", "bias_questions")
UNDATED_BIAS_TRUST = 0.3
"""Share of the questions of the bias that counts without times, when nothing tells whether the
items without events are arrivals."""
SHIFT_QUESTION_SHARE = 0.1
"""Questions of the prior against the shift of arrivals, as a share of those of the bias."""
STRANGER_FACTOR = 3.0
"""How much more the prior counts for queries without events. On data sets that it was not
learned from, it was better alone there than with the simulation of the shop (NDCG@10 .108
against .104), and worse at most other levels."""
ONLY_BEST_SELLERS = 20
"""Largest number of customers with which people without events get the best sellers alone: what
else differs between items that the same few people chose is chance. On shops of 20 customers of
9 data sets with times, lists were 3 % worse with a tenth of recent popularity, and on 5 of
5 data sets worse with the strategies of the prior [users]."""
NO_ADDED_BEST_SELLERS = 100
"""Smallest number of customers with which the weights of the prior are not changed; in between,
the share of the best sellers falls with the logarithm of the number [users]. Where items are
short-lived, such as news, best sellers of all time are what nobody reads any more, and the
weights stay as they are."""
MEASURES_OF_COUNTS = ("factors",)
"""Strategies that know of people without events only how often items were chosen. Their prior
weight there counts for the best sellers: it was learned from lists in which targets lose ties,
which are rarer among such scores than among counts. In full rankings for later customers it
cost 1.5 % of NDCG@10 on shops of 100 customers of 11 data sets, and with 500 customers 14 % on
MovieLens 100K."""
PROFILE_MATCH = "profile/match"
"""Name of the strategy of items that have what a profile names."""
PROFILE_MATCH_STRENGTH = 2.0
"""Its weight for people without events, as a multiple of the sum of all others: most of a list
is what is named, and a best seller may stay in between. No data set that the prior was learned
from has profiles that name what items have; on job boards of 5 to 40 applicants, 6 to 10 of ten
jobs were of the skills of a profile, with 1 it was 2 to 9, and with 4, 8 to 10."""
MIN_SHARE = 0.02
"""Share of all weights below which the prior weight of a strategy is 0."""


@dataclass(frozen=True, eq=False)
class PriorWeights:
    """Weights that other shops suggest for a shop."""

    weights: Doubles
    """(n_levels, n_strategies) weights of items with events"""
    new_weights: Doubles
    """(n_levels, n_strategies) weights of items without events"""
    new_bias: Doubles
    """(n_levels,) bias of items without events"""
    questions: float = 0.0
    """Number of simulated queries that count as much as the prior, for items with events."""
    new_questions: float = 0.0
    """The same number for the weights of items without events."""
    bias_questions: float = 0.0
    """The same number for their bias."""

    @property
    def counts_for_new_items(self) -> tuple[float, float]:
        """``new_questions`` and ``bias_questions``."""
        return self.new_questions, self.bias_questions

    @property
    def shift_questions(self) -> float:
        """Number of simulated queries of arrivals that count as much as the prior's bias."""
        return SHIFT_QUESTION_SHARE * self.bias_questions

    def to_report(self, questions: Doubles) -> dict[str, Any]:
        """Return as JSON values how much the prior counts, and where it counts alone.

        Args:
            questions: (n_levels,) numbers of simulated queries for items with events.
        """
        counted = self.weights.any(axis=1)
        alone = counted & (questions < self.questions)
        return {
            **{name: round(getattr(self, name), 1) for name in QUESTION_KEYS},
            "decides": [EVENT_LEVELS[row] for row in np.flatnonzero(alone)],
        }

    def questions_at(self, level: int) -> float:
        """Return the number of simulated queries that count as much as the prior at a level.

        Args:
            level: Position in ``EVENT_LEVELS``.
        """
        return self.questions * (STRANGER_FACTOR if EVENT_LEVELS[level] == 0 else 1.0)

    def bias_share(self, questions: Doubles) -> Doubles:
        """Return (n_levels,) how far the simulation moves the bias from that of the prior.

        Args:
            questions: (n_levels,) numbers of simulated queries.
        """
        return np.array([fitted_share(one, self.bias_questions) for one in questions])

    def trust_bias(self, arrival_probability: float | None) -> "PriorWeights":
        """Return the prior with a bias that counts as far as it applies.

        It was learned from items that later customers bought first, which are arrivals; items
        that resemble all others in content were left out of the events for another reason.

        Args:
            arrival_probability: Probability that the items without events are arrivals; None:
                unknown.
        """
        trust = UNDATED_BIAS_TRUST if arrival_probability is None else arrival_probability
        return replace(self, bias_questions=trust * self.bias_questions)

    def new_item_weights(self, totals: Doubles) -> Doubles:
        """Return (n_levels, n_strategies + 1) weights and bias of items without events.

        Args:
            totals: (n_levels, 1) sums of the weights of items with events, to which those of
                the prior are scaled.
        """
        own = self.weights.sum(axis=1, keepdims=True)
        factor = np.divide(totals, own, out=np.zeros_like(own), where=own > 0)
        scaled = np.column_stack([self.new_weights, self.new_bias]) * factor
        return np.asarray(scaled, dtype=np.float64)

    @classmethod
    def none(cls, n_strategies: int) -> "PriorWeights":
        """Return a prior that counts nothing."""
        zeros = np.zeros((len(EVENT_LEVELS), n_strategies))
        return cls(zeros, zeros, np.zeros(len(EVENT_LEVELS)))


@dataclass(frozen=True, eq=False)
class BlendPrior:
    """Coefficients of the prior weights of all known strategies."""

    mean: Doubles
    """(n_features,) means of the features of the shops that it was learned from"""
    std: Doubles
    """(n_features,) standard deviations of these features"""
    low: Doubles
    """(n_features,) smallest values; features of other shops are clipped to them"""
    high: Doubles
    """(n_features,) largest values"""
    warm: Mapping[str, Doubles]
    """(n_features,) coefficients for items with events, by strategy"""
    new: Mapping[str, Doubles]
    """(n_features,) coefficients for items without events, by strategy"""
    bias: Doubles
    """(n_features,) coefficients of the bias of items without events"""
    questions: float
    """See :attr:`PriorWeights.questions`."""
    new_questions: float
    """See :attr:`PriorWeights.new_questions`."""
    bias_questions: float
    """See :attr:`PriorWeights.bias_questions`."""
    silent_without_events: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Strategies that score nothing for a query without events, under ``warm`` and ``new``;
    they have no weight there."""

    @classmethod
    def load(cls) -> "BlendPrior":
        """Return the prior of the package."""
        return _load_packaged()

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "BlendPrior":
        """Return the prior that :meth:`to_json` described."""
        warm, new = (
            {name: np.array(values) for name, values in record[kind].items()}
            for kind in ("warm", "new")
        )
        return cls(
            np.array(record["mean"]),
            np.array(record["std"]),
            np.array(record["low"]),
            np.array(record["high"]),
            warm,
            new,
            np.array(record["bias"]),
            record["questions"],
            record["new_questions"],
            record["bias_questions"],
            {kind: tuple(names) for kind, names in record["silent_without_events"].items()},
        )

    def to_json(self) -> dict[str, Any]:
        """Return the prior as JSON values."""

        def rounded(values: Doubles) -> list[float]:
            return [round(float(value), 4) for value in values]

        return {
            **{name: rounded(getattr(self, name)) for name in ("mean", "std", "low", "high")},
            "warm": {name: rounded(values) for name, values in self.warm.items()},
            "new": {name: rounded(values) for name, values in self.new.items()},
            "bias": rounded(self.bias),
            **{name: getattr(self, name) for name in QUESTION_KEYS},
            "silent_without_events": {
                k: list(v) for k, v in self.silent_without_events.items()
            },
        }

    def scale_features(self, features: Doubles) -> Doubles:
        """Return (n, n_features) clipped and standardised features; the first stays 1.

        Args:
            features: Result of :func:`~daybreak.ranking.blending.shop_features.level_features`.
        """
        scaled: Doubles = (np.clip(features, self.low, self.high) - self.mean) / self.std
        return scaled

    def predict(self, data: Dataset, names: Sequence[str]) -> PriorWeights:
        """Return the weights of some strategies for a shop; 0 for unknown strategies.

        Args:
            data: Training data.
            names: Names of the strategies.
        """
        levels = np.array(EVENT_LEVELS, dtype=np.float64)
        features = self.scale_features(level_features(shop_features(data), levels))
        weights, new_weights = (
            self._weights(kind, names, features) for kind in ("warm", "new")
        )
        _replace_measures_of_counts(names, weights)
        n_customers = len(data.active_user_rows)
        share = best_seller_share(n_customers)
        if share and are_items_short_lived(data.events):
            share = 0.0
        weights += share * (_without_windows(names, weights) - weights)
        weights[0] += share * (_only_best_sellers(names, weights[0]) - weights[0])
        return PriorWeights(
            _with_profile_match(names, _drop_small(weights)),
            _with_profile_match(names, _drop_small(new_weights)),
            features @ self.bias + _unsold_bias(data),
            self.questions,
            self.new_questions,
            self.bias_questions,
        )

    def _weights(self, kind: str, names: Sequence[str], features: Doubles) -> Doubles:
        """Return the (n_levels, n_strategies) weights of one kind of items."""
        table: Mapping[str, Doubles] = getattr(self, kind)
        weights = np.column_stack([_weights_of(table.get(name), features) for name in names])
        silent = self.silent_without_events.get(kind, ())
        weights[0, [name in silent for name in names]] = 0.0
        return weights


def softplus(values: Doubles) -> Doubles:
    """Return ``log(1 + exp(x))``.

    Example:
        >>> softplus(np.array([0.0, 50.0])).round(3).tolist()
        [0.693, 50.0]
    """
    return np.logaddexp(0.0, values)


def best_seller_share(n_customers: int) -> float:
    """Return the share of the best sellers in the prior for people without events.

    Example:
        >>> [round(best_seller_share(n), 2) for n in (5, 20, 45, 100)]
        [1.0, 1.0, 0.5, 0.0]
    """
    width = np.log(NO_ADDED_BEST_SELLERS / ONLY_BEST_SELLERS)
    share = np.log(NO_ADDED_BEST_SELLERS / max(n_customers, 1)) / width
    return float(np.clip(share, 0, 1))


def _unsold_bias(data: Dataset) -> float:
    """Return the :func:`log_share_of_arrivals` of a shop, 0 if all items have events or none.

    Items that were on sale and not sold stay at the end of a list. Shops with few sold items
    are rare among those that the prior was learned from, so that its features miss them.
    """
    if len(data.train_item_rows) == len(data.items) or not len(data.events):
        return 0.0
    return log_share_of_arrivals(data)


def _replace_measures_of_counts(names: Sequence[str], weights: Doubles) -> None:
    """Give the weights of ``MEASURES_OF_COUNTS`` without events to the best sellers."""
    rows = [row for row, name in enumerate(names) if name in MEASURES_OF_COUNTS]
    if BEST_SELLERS in names and rows:
        weights[0, list(names).index(BEST_SELLERS)] += weights[0, rows].sum()
        weights[0, rows] = 0.0


def _without_windows(names: Sequence[str], weights: Doubles) -> Doubles:
    """Return weights in which those of recent popularity count for that of all time.

    In a shop of a few customers, what is recent is what the last one chose. Without times
    nothing is, and these strategies score nothing, but the prior, which was learned from shops
    that mostly have times, may leave popularity of all time without a weight.
    """
    rows = [
        row
        for row, name in enumerate(names)
        if name.startswith(f"{BEST_SELLERS}/") and name not in TIMELESS_POPULARITY
    ]
    moved = weights.copy()
    if BEST_SELLERS in names and rows:
        moved[:, list(names).index(BEST_SELLERS)] += weights[:, rows].sum(axis=1)
        moved[:, rows] = 0.0
    return moved


def _with_profile_match(names: Sequence[str], weights: Doubles) -> Doubles:
    """Return (n_levels, n_strategies) weights with one for what profiles name.

    It falls with the number of events, which say more about somebody.
    """
    columns = [column for column, name in enumerate(names) if name == PROFILE_MATCH]
    added = weights.copy()
    strength = PROFILE_MATCH_STRENGTH / (1 + np.array(EVENT_LEVELS, dtype=np.float64))
    added[:, columns] = (strength * np.maximum(weights.sum(axis=1), 1.0))[:, None]
    return added


def _only_best_sellers(names: Sequence[str], weights: Doubles) -> Doubles:
    """Return weights whose sum is that of popularity of all time, if it is among them."""
    is_popular = np.array([name == BEST_SELLERS for name in names])
    return weights.sum() * is_popular if is_popular.any() else weights


def _weights_of(coefficients: Doubles | None, features: Doubles) -> Doubles:
    if coefficients is None:
        return np.zeros(len(features))
    return softplus(features @ coefficients)


def _drop_small(weights: Doubles) -> Doubles:
    """Set weights to 0 that are a small share of their level."""
    total = weights.sum(axis=1, keepdims=True)
    return np.where(weights < MIN_SHARE * total, 0.0, weights)


@lru_cache(maxsize=1)
def _load_packaged() -> BlendPrior:
    text = files("daybreak.ranking.blending").joinpath("prior.json").read_text("utf-8")
    return BlendPrior.from_json(json.loads(text))
