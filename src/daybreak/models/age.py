"""The age of an item: how often items of an age are chosen, as the data say."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

import numpy as np

from daybreak.data.clock import FIRST_YEAR_END_S, MODERN_S, latest_time
from daybreak.data.dataset import Dataset, Events, Items
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_decay import MIN_EVENTS, iter_moments
from daybreak.models.shared_persistence import MAY_BE_NAN
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Mask

AGE_QUANTILES = tuple(np.linspace(0, 1, 13).tolist())
"""Quantiles of the ages at which items were chosen, which are the bounds of the groups."""
OLDER_SLOPE = -0.05
"""Change of the log rate per unit of ``log(1 + age)`` beyond the last group, if that is chosen
least: where all items are older than what is chosen, newer ones come first."""
PAST_QUANTILES = (0.95, 0.97, 0.98, 0.99, 0.995, 1.0)
"""Quantiles of the ages at which items were chosen from which items may be past."""
MAX_PAST_RATE = 0.02
"""Largest rate of past items, relative to the mean rate of all."""
MIN_PAST_EVENTS = 50.0
"""Number of events that items of an age would have at the mean rate, from which on they may
count as past."""

MIN_RECENT_EVENTS = 3
"""Number of events of an item that show that people still choose it."""
RECENT_SHARE = 0.25
"""How long these events show it, as a share of the age from which items are past."""


@dataclass(frozen=True)
class AgeConfig:
    """Options of :class:`AgeModel`."""

    n_prior: float = 1.0
    """Number of events by which the rate of each group is moved to the mean rate."""


@dataclass(frozen=True, eq=False)
class AgeState:
    """State of :class:`AgeModel`."""

    births: Doubles = field(metadata=MAY_BE_NAN)
    """(n_train_items,) creation or first event [epoch s]; NaN: unknown"""
    now: float
    """Latest believable time [epoch s]."""
    log_ages: Doubles
    """(n_groups,) ``log(1 + age)`` of the groups, ascending; empty: nothing is scored"""
    log_rates: Doubles
    """(n_groups,) log of the rate at which items of the group are chosen, relative to all"""
    past_age: float = 0.0
    """Age from which items are past, as hardly anybody chooses them [s]; 0: no age is"""
    chosen_at: Doubles | None = None
    """(n_train_items,) time of the ``MIN_RECENT_EVENTS``-th last event [epoch s], 0: none;
    None: releases of 0.1"""


@models.register("age")
class AgeModel(InductiveModel[AgeConfig, AgeState]):
    """Score an item by the rate at which items of its age are chosen.

    An item exists since its ``created_at``, or since its first event if that is earlier or
    nothing else is known. A new item without ``created_at`` has the mean score of all others.
    """

    Config: ClassVar = AgeConfig
    State: ClassVar = AgeState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"age": {}},
        inputs="nothing",
        use="news, offers and fashion, which age",
        formula="log rate of events per item of that age, over several moments",
        cost="e",
        memory="n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> AgeState:
        """Count events and items by age; see :meth:`Model.learn`."""
        births = item_births(data)
        nothing = np.empty(0)
        now = latest_time(data.events.at)
        train_births = births[data.train_item_rows]
        if len(data.events) < MIN_EVENTS or not data.events.has_time_order:
            return AgeState(train_births, now, nothing, nothing)
        exposed, chosen = _observed_ages(data, births)
        if not len(chosen):
            return AgeState(train_births, now, nothing, nothing)
        log_ages, log_rates = self._rates(exposed, chosen)
        chosen_at = last_choices(data.events, len(data.items))[data.train_item_rows]
        past_age = find_past_age(exposed, chosen)
        return AgeState(train_births, now, log_ages, log_rates, past_age, chosen_at)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the rates; see :meth:`LinearModel.linear_scorer`."""
        births = self._births(train_items, items)
        if not len(self.state.log_ages):
            return LinearScorer.unscored(len(items))
        bias = np.where(np.isfinite(births), self._log_rates(births), self._mean_log_rate())
        scored = np.ones(len(items), dtype=bool)
        return LinearScorer(WeightMatrix(), bias.astype(np.float32), scored)

    def is_past(self, train_items: Items, items: Items) -> Mask:
        """Return (n_items,) whether an item is older than what people choose.

        An item that several people have just chosen is not, whatever its age.

        Args:
            train_items: Items of the training.
            items: Items to judge; those of unknown age are not past.
        """
        if not self.state.past_age:
            return np.zeros(len(items), dtype=bool)
        state = self.state
        is_old = np.nan_to_num(state.now - self._births(train_items, items)) > state.past_age
        if state.chosen_at is not None:
            rows = train_items.ids.rows(items.ids)
            chosen_at = np.where(rows >= 0, state.chosen_at[rows], 0.0)
            is_old &= state.now - chosen_at > RECENT_SHARE * state.past_age
        return np.asarray(is_old)

    def recounted(self, data: Dataset) -> Self:
        """Return the model at the present of newer events; the rates stay.

        Args:
            data: Current events on the training items.
        """
        chosen_at = last_choices(data.events, len(data.items))
        counted = self.with_state(replace(self.state, chosen_at=chosen_at))
        return counted.at_present(latest_time(data.events.at))

    def at_present(self, now: float) -> Self:
        """Return the model at a present that is not before its own.

        Args:
            now: Latest time of events on any item [epoch s]; of a newspaper, hardly anybody
                still reads the articles of the training.
        """
        return self.with_state(replace(self.state, now=max(self.state.now, now)))

    def _births(self, train_items: Items, items: Items) -> Doubles:
        rows = train_items.ids.rows(items.ids)
        births = _created_at(items)
        known = rows >= 0
        trained = self.state.births[rows[known]]
        created, before = births[known], _created_at(train_items)[rows[known]]
        is_newer = (created > before) & (created > trained)  # it was published again
        births[known] = np.where(is_newer, created, trained)
        return births

    def _log_rates(self, births: Doubles) -> Doubles:
        ages = np.log1p(np.maximum(self.state.now - np.nan_to_num(births), 0))
        log_rates: Doubles = np.interp(ages, self.state.log_ages, self.state.log_rates)
        if self.state.log_rates[-1] > self.state.log_rates.min():
            return log_rates
        beyond: Doubles = np.maximum(ages - self.state.log_ages[-1], 0)
        return log_rates + OLDER_SLOPE * beyond

    def _mean_log_rate(self) -> float:
        births = self.state.births[np.isfinite(self.state.births)]
        return float(self._log_rates(births).mean()) if len(births) else 0.0

    def _rates(self, exposed: Doubles, events_at: Doubles) -> tuple[Doubles, Doubles]:
        bounds = np.unique(np.quantile(events_at, AGE_QUANTILES))[1:]
        n_groups = len(bounds) + 1  # the last group is older than anything that was chosen
        group = np.searchsorted(bounds, exposed)
        n_items = np.bincount(group, minlength=n_groups)
        n_events = np.bincount(np.searchsorted(bounds, events_at), minlength=n_groups)
        mean_rate = len(events_at) / len(exposed)
        prior = self.config.n_prior
        log_rates = np.log((n_events + prior) / (mean_rate * n_items + prior))
        middle = np.bincount(group, np.log1p(exposed), minlength=n_groups)
        used = n_items > 0
        return middle[used] / n_items[used], log_rates[used]


def find_past_age(exposed: Doubles, chosen: Doubles) -> float:
    """Return the age from which items are hardly ever chosen [s]; 0: there is none.

    Args:
        exposed: (n,) ages of the items that existed at several moments [s].
        chosen: (n_events,) ages of the items that were chosen after these [s], at least one.

    Example:
        >>> find_past_age(np.arange(1000.0), np.tile(np.arange(10.0), 100))
        9.0
        >>> find_past_age(np.arange(1000.0), np.arange(1000.0))
        0.0
    """
    mean_rate = len(chosen) / len(exposed)
    for age in np.unique(np.quantile(chosen, PAST_QUANTILES)).tolist():
        expected = mean_rate * np.count_nonzero(exposed > age)
        if expected < MIN_PAST_EVENTS:
            break
        if np.count_nonzero(chosen > age) < MAX_PAST_RATE * expected:
            return float(age)
    return 0.0


def last_choices(events: Events, n_items: int) -> Doubles:
    """Return (n_items,) the time of the ``MIN_RECENT_EVENTS``-th last event; 0: there is none.

    Example:
        >>> events = Events.of([0, 1, 2, 3, 0], [0, 0, 0, 0, 1], [5.0, 9.0, 7.0, 8.0, 9.0])
        >>> last_choices(events, 2).tolist()
        [7.0, 0.0]
    """
    order = np.lexsort((-events.at, events.item))
    item = events.item[order]
    start = np.searchsorted(item, np.arange(n_items))
    place = start + MIN_RECENT_EVENTS - 1
    has_enough = place < np.searchsorted(item, np.arange(n_items), side="right")
    found = np.zeros(n_items)
    found[has_enough] = events.at[order][place[has_enough]]
    return found


def _observed_ages(data: Dataset, births: Doubles) -> tuple[Doubles, Doubles]:
    """Return the ages of all items at several moments, and of those chosen after these [s]."""
    events = data.events
    ages, chosen = [np.empty(0)], [np.empty(0)]
    for moment in iter_moments(events.at):
        exists = births < moment.at
        rows = events.item[moment.following]
        ages.append(moment.at - births[exists])
        chosen.append(moment.at - births[rows[exists[rows]]])
    return np.concatenate(ages), np.concatenate(chosen)


def item_births(data: Dataset) -> Doubles:
    """Return (n_items,) creation or first event [epoch s]; NaN: unknown."""
    first = np.full(len(data.items), np.inf)
    known = data.events.at > 0
    np.minimum.at(first, data.events.item[known], data.events.at[known])
    created = _created_at(data.items)
    if np.median(data.events.at[known]) > MODERN_S if known.any() else False:
        created[created < FIRST_YEAR_END_S] = np.nan
    births = np.fmin(created, first)
    return np.where(np.isfinite(births), births, np.nan)


def _created_at(items: Items) -> Doubles:
    if not len(items.created_at):
        return np.full(len(items), np.nan)
    return np.array(items.created_at, dtype=np.float64)
