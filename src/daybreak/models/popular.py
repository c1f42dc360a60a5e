"""The number of users of each item, over all time or recently; see ``data.event_limits``."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from daybreak.data.dataset import Dataset, Events, Items
from daybreak.data.event_limits import EventLimits, limit_events
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_values,
    models,
)
from daybreak.models.card import ModelCard
from daybreak.models.shared_decay import fade, half_life
from daybreak.models.shared_equal_counts import order_equal_counts
from daybreak.models.shared_statistics import cached
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Floats, Rows

TAIL_SHARE = 1e-3
"""Share of the weight of an event that fades slowly, as the inverse square of its age; it
orders items whose other weights are too small to tell apart, such as old news."""
MIN_RECENT_USERS = 6
"""Effective number of users whose recent events are a popularity of their own."""
RECENT_USERS_SHARE = 0.25
"""The same as a share of all users, for shops of a few users."""
USUAL_USERS_SHARE = 0.25
"""The same as a share of the users of earlier windows, for readers who are few at any hour."""
MOMENTS = (0.3, 0.5, 0.7, 0.9)
"""Shares of the events before the ends of earlier windows."""
MAX_DOUBLINGS = 40
"""Maximum number of times that a window is doubled; then events do not fade."""


@dataclass(frozen=True)
class PopularConfig:
    """Options of :class:`PopularModel`."""

    window: float = 0.0
    """Share of the newest events whose age is the decay time; 0: no decay [share]."""
    logarithm: bool = True
    """Whether the score is the logarithm of the count."""
    learns_half_life: bool = field(default=False, metadata={"added": "0.2"})
    """Whether events fade by the half-life that predicts later events best, in place of the
    window."""


@dataclass(frozen=True, eq=False)
class PopularState:
    """State of :class:`PopularModel`."""

    values: Floats
    """(n_train_items,)"""
    dated: bool
    """False when the window needs times and the data have none; then nothing is scored."""
    half_life_s: float = 0.0
    """Learned half-life of an event [s]; 0: none was learned."""


@models.register("popular")
class PopularModel(LinearModel[PopularConfig, PopularState]):
    """Score an item by its number of users, the same for every query.

    In a shop with few customers, many counts are equal; such items are ordered by the customers
    of similar items, and by how completely they are described if that tells what sells.
    """

    Config: ClassVar = PopularConfig
    State: ClassVar = PopularState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={
            "popular": {},
            "popular/share": {"logarithm": False},
            "popular/season": {"window": 0.1},
            "popular/now": {"window": 0.02},
            "popular/trend": {"learns_half_life": True},
        },
        inputs="nothing",
        use="unknown users",
        formula="log of the share of events; with a window or a half-life, events fade; "
        "with few customers, equal counts are ordered by content",
        cost="e",
        memory="n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> PopularState:
        """Count people; see :meth:`Model.learn`."""
        half_life_s = 0.0
        if self.config.learns_half_life:
            half_life_s = half_life(_limits(data).thin(data.events))
        return self._count(data, half_life_s)

    def recounted(self, data: Dataset) -> Self:
        """Return the model counted from other events, with the half-life that it has learned.

        Args:
            data: Current events; its catalogue are the training items.
        """
        state = self._count(data, self.state.half_life_s)
        values = np.zeros(len(data.items), dtype=np.float32)
        values[data.train_item_rows] = state.values
        return self.with_state(replace(state, values=values))

    def _count(self, data: Dataset, half_life_s: float) -> PopularState:
        weights = _limits(data).event_weights
        needs_times = bool(self.config.window) or self.config.learns_half_life
        if needs_times and len(data.events):
            weights = self._fade_events(data.events, weights, half_life_s)
        train_row = np.empty(len(data.items), dtype=np.int64)
        train_row[data.train_item_rows] = np.arange(len(data.train_item_rows))
        rows = train_row[data.events.item]
        sums = np.bincount(rows, weights, minlength=len(data.train_item_rows))
        # All windows are scaled to one total, so that the 1 of log1p means the same in each.
        scale = 10_000 / max(float(sums.sum()), 1e-9)
        counts = scale * (sums if needs_times else sums + order_equal_counts(data))
        values = np.log1p(counts) if self.config.logarithm else counts / 100
        dated = not needs_times or data.events.has_time_order
        return PopularState(values.astype(np.float32), dated, half_life_s)

    def _fade_events(self, events: Events, weights: Doubles, half_life_s: float) -> Doubles:
        """Return the weights of events by their age, in a window with enough users.

        Events of one user after a long pause would otherwise be the popularity of a whole
        shop. The window is therefore doubled until it has events of ``MIN_RECENT_USERS``, or of
        a quarter of the users that such a window usually has.
        """
        age = events.at.max() - events.at
        n_users = np.count_nonzero(np.bincount(events.user, weights))
        least = min(MIN_RECENT_USERS, RECENT_USERS_SHARE * n_users)
        window_s = half_life_s
        if not self.config.learns_half_life:
            window_s = float(np.quantile(age, self.config.window)) + 1.0
        for _ in range(MAX_DOUBLINGS if window_s else 0):
            faded = weights * self._fade(age, window_s)
            n_recent = effective_users(events.user, faded)
            if n_recent >= least:
                return faded
            if n_recent >= USUAL_USERS_SHARE * self._usual_users(events, weights, window_s):
                return faded
            window_s *= 2
        return weights

    def _fade(self, age: Doubles, window_s: float) -> Doubles:
        if self.config.learns_half_life:
            return _with_tail(fade(age, window_s), age, window_s)
        return _with_tail(np.exp(-age / window_s), age, window_s)

    def _usual_users(self, events: Events, weights: Doubles, window_s: float) -> float:
        """Return the effective number of users of a window that ends earlier; a median."""
        numbers = []
        for end in np.quantile(events.at, MOMENTS):
            known = events.at <= end
            faded = weights[known] * self._fade(end - events.at[known], window_s)
            numbers.append(effective_users(events.user[known], faded))
        return float(np.median(numbers))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the counts; see :meth:`LinearModel.linear_scorer`."""
        bias, known = align_values(train_items, items, self.state.values)
        return LinearScorer(WeightMatrix(), bias, known & self.state.dated)


def effective_users(user: Rows, weights: Doubles) -> float:
    """Return how many users with equal sums of weights would have the same spread.

    Args:
        user: (n_events,) user of each event.
        weights: (n_events,) weights; if all are 0, there is no user.

    Source:
        Kish 1965, "Survey sampling", section 11.7.

    Example:
        >>> effective_users(np.array([0, 0, 1]), np.array([1.0, 1.0, 2.0]))
        2.0
    """
    sums = np.bincount(user, weights).astype(np.float64)
    squares = float((sums**2).sum())
    return float(sums.sum()) ** 2 / squares if squares else 0.0


def _with_tail(weights: Doubles, age: Doubles, decay_s: float) -> Doubles:
    """Return the weights of events with a share that fades slowly.

    Args:
        weights: (n_events,) weights, from 0 to 1.
        age: (n_events,) age of each event [s].
        decay_s: Time in which the weights fade [s].
    """
    return (1 - TAIL_SHARE) * weights + TAIL_SHARE / (1 + age / decay_s) ** 2


def _limits(data: Dataset) -> EventLimits:
    return cached(data, "event limits", lambda: limit_events(data.events))
