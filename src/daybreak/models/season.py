"""The calendar season of items: what sells in these weeks, on this weekday, at this hour."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, Self

import numpy as np

from daybreak.data.clock import DAY_S, latest_time
from daybreak.data.dataset import Dataset, Items
from daybreak.data.event_limits import limit_events
from daybreak.models.base import (
    InductiveModel,
    LinearScorer,
    QueryFeatureKind,
    align_values,
    models,
)
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import nearest_neighbour_weights
from daybreak.models.shared_decay import (
    MIN_EVENTS,
    UNIFORM_SHARE,
    Moment,
    fade,
    half_life,
    iter_moments,
)
from daybreak.models.shared_statistics import cached
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Doubles, Rows


class CalendarPeriod(NamedTuple):
    """A time after which the calendar repeats."""

    length_s: float
    reach_s: float
    """Largest distance from the same time of an earlier period that counts as the same [s]."""


PERIODS = {
    "year": CalendarPeriod(365.2425 * DAY_S, 14 * DAY_S),
    "week": CalendarPeriod(7 * DAY_S, DAY_S / 2),
    "day": CalendarPeriod(DAY_S, 3_600.0),
}
"""Periods by name: the same four weeks of a year, the same weekday, the same two hours."""
MIN_PERIODS = 2
"""Smallest number of periods that the data span, for a season to be learned."""
PRIOR_GRID = (1_000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""Numbers of events of the prior that are tried [events]."""
TEST_QUANTILES = tuple(np.linspace(0.4, 0.98, 30).tolist())
"""Shares of events before the moments after which a season is tested; many, so that they fall
into all parts of a year."""
N_CENTRES = 4
"""Times after a moment for which events are predicted, at most."""
MIN_GAIN_ERRORS = 2.0
"""Smallest gain of a season in log likelihood, in standard errors over the tests."""
MIN_TESTS = 2
"""Smallest number of times at which a gain is measured."""


@dataclass(frozen=True)
class SeasonConfig:
    """Options of :class:`SeasonModel`."""

    neighbours: int = 20
    """Most similar items with events whose mean is the score of a new item [items]."""


@dataclass(frozen=True, eq=False)
class SeasonState:
    """State of :class:`SeasonModel`."""

    priors: Doubles
    """(n_periods,) events by which the rate of an item in its season is moved to its usual
    rate, in the order of :data:`PERIODS`; 0: the period is not used"""
    lifts: Doubles
    """(n_train_items,) log of the rate now, relative to the usual rate"""
    now: float
    """Latest believable time [epoch s]."""


@dataclass(frozen=True, eq=False)
class DatedEvents:
    """Weighted events with known times."""

    item: Rows
    at: Doubles
    weight: Doubles
    n_items: int

    def take(self, rows: Rows) -> "DatedEvents":
        """Return some of the events."""
        parts = self.item[rows], self.at[rows], self.weight[rows]
        return DatedEvents(*parts, self.n_items)


@dataclass(frozen=True, eq=False)
class SeasonTest:
    """Events that follow a moment, near one time."""

    moment: float
    past: Rows
    """Positions of the events before the moment."""
    centre: float
    """The time of the lists [epoch s]."""
    target: Rows
    """(n,) items"""
    distance: Doubles
    """(n,) times from the centre [s]"""


@models.register("season")
class SeasonModel(InductiveModel[SeasonConfig, SeasonState]):
    """Score an item by how much more it is chosen at this time of earlier periods than usual.

    With ``m`` events of an item around the same time of the earlier periods, ``n`` in those
    periods, and ``s`` the share of such times in the events of all items, the score is
    ``log((m + κ) / (s n + κ))``, summed over the periods. Each earlier period reaches half a
    period to both sides of the same time, so that a steady trend is no season. A period is
    used if the data span two of them, and if it makes later events likelier; κ is the one that
    makes them likeliest. Without one, all scores are 0. The score of a new item is the mean
    of the most similar items.

    Source:
        Posterior mean of a Poisson rate with a Gamma prior, Gelman et al. 2013, "Bayesian data
        analysis", section 2.6.
    """

    Config: ClassVar = SeasonConfig
    State: ClassVar = SeasonState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"season": {}},
        is_default=False,
        inputs="nothing",
        use="gifts, food and clothes of a season; weekdays and hours",
        formula="log rate at this time of earlier years, weeks and days, relative to the "
        "usual rate, [page](moving.md)",
        source="Gelman et al. 2013, section 2.6",
        cost="200 e",
        memory="n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> SeasonState:
        """Count events by the calendar; see :meth:`Model.learn`."""
        events = dated_events(data)
        now = latest_time(data.events.at) if len(data.events) else 0.0
        priors = np.zeros(len(PERIODS))
        if len(events.at) >= MIN_EVENTS and data.events.has_time_order:
            priors = learn_priors(events, half_life(data.events))
        return SeasonState(priors, _log_lifts(events, now, priors), now)

    def recounted(self, data: Dataset) -> Self:
        """Return the model at the present of newer events, with the priors that it learned.

        Args:
            data: Current events; its catalogue are the training items.
        """
        now = max(self.state.now, latest_time(data.events.at))
        found = _log_lifts(dated_events(data), now, self.state.priors)
        lifts = np.zeros(len(data.items))
        lifts[data.train_item_rows] = found
        return self.with_state(replace(self.state, lifts=lifts, now=now))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the lifts; see :meth:`LinearModel.linear_scorer`."""
        values = self.state.lifts.astype(np.float32)
        bias, known = align_values(train_items, items, values)
        new = np.flatnonzero(~known)
        if len(new) and items.blocks and values.any():
            count = self.config.neighbours
            near = nearest_neighbour_weights(train_items, items, count, new)
            bias[new] = near.T @ values
        return LinearScorer(WeightMatrix(), bias, np.ones(len(items), dtype=bool))


def dated_events(data: Dataset) -> DatedEvents:
    """Return the events with times; items are positions among the training items."""
    limits = cached(data, "event limits", lambda: limit_events(data.events))
    place = np.empty(len(data.items), dtype=np.int64)
    place[data.train_item_rows] = np.arange(len(data.train_item_rows))
    item = place[data.events.item]
    every = DatedEvents(item, data.events.at, limits.event_weights, len(data.train_item_rows))
    return every.take(np.flatnonzero(data.events.at > 0))


def season_lifts(
    events: DatedEvents, now: float, period: CalendarPeriod, priors: tuple[float, ...]
) -> Doubles | None:
    """Return (n_priors, n_items) logs of the rate at this time, relative to the usual rate.

    Args:
        events: Events before ``now``.
        now: The time [epoch s].
        period: The period.
        priors: κ, in events.

    Returns:
        None if the events contain no whole earlier period, or none at this time of it.

    Example:
        Item 0 sells on the first half day of a week only: at that time of the last week, two
        of its two events and none of those of item 1.

        >>> week, day = PERIODS["week"], 86_400.0
        >>> at = np.array([0, 7, 7.1, 9, 10, 14]) * day
        >>> item = np.array([0, 0, 0, 1, 1, 1])
        >>> events = DatedEvents(item, at, np.ones(6), 2)
        >>> np.exp(season_lifts(events, 14 * day, week, (1.0,))).round(2).tolist()
        [[1.5, 0.5]]
    """
    age = now - events.at
    n_whole = int(np.floor(age.max(initial=0.0) / period.length_s - 0.5))
    if n_whole < 1:
        return None
    cycle = np.rint(age / period.length_s)
    is_whole = (cycle >= 1) & (cycle <= n_whole)
    is_same = is_whole & (np.abs(age - cycle * period.length_s) <= period.reach_s)
    whole, same = (
        np.bincount(events.item[mask], events.weight[mask], minlength=events.n_items)
        for mask in (is_whole, is_same)
    )
    if not same.sum():
        return None
    usual = whole * (same.sum() / whole.sum())
    prior = np.array(priors)[:, None]
    lifts: Doubles = np.log((same + prior) / (usual + prior))
    return lifts


def _log_lifts(events: DatedEvents, now: float, priors: Doubles) -> Doubles:
    """Return (n_items,) the sums of the lifts of all periods that are used."""
    total = np.zeros(events.n_items)
    for prior, period in zip(priors.tolist(), PERIODS.values(), strict=True):
        lifts = season_lifts(events, now, period, (prior,)) if prior else None
        if lifts is not None:
            total += lifts[0]
    return total


def learn_priors(events: DatedEvents, half_life_s: float) -> Doubles:
    """Return (n_periods,) the priors that make later events likeliest; 0: not used.

    Popularity with its half-life, times the lifts of the longer periods, is the distribution
    over items that a period has to improve.

    Args:
        events: Events with times.
        half_life_s: Half-life of popularity [s].
    """
    priors = np.zeros(len(PERIODS))
    tests = list(iter_tests(events))
    span = float(np.ptp(events.at))
    for row, period in enumerate(PERIODS.values()):
        if span < MIN_PERIODS * period.length_s:
            continue
        found = best_prior(*likelihood_gains(events, tests, period, half_life_s, priors))
        if found.gain > MIN_GAIN_ERRORS * found.error:
            priors[row] = found.prior
    return priors


def iter_tests(events: DatedEvents) -> Iterator[SeasonTest]:
    """Yield the events that follow several moments, by the time at which they are predicted.

    Args:
        events: Events with times.
    """
    for moment in iter_moments(events.at, TEST_QUANTILES):
        yield from _tests_after(events, moment)


def _tests_after(events: DatedEvents, moment: Moment) -> Iterator[SeasonTest]:
    """Yield the events that follow a moment by the nearest of a few times."""
    past, later = np.flatnonzero(moment.past), np.flatnonzero(moment.following)
    ordered = np.sort(events.at[later])
    centres = np.unique(ordered[np.linspace(0, len(ordered) - 1, N_CENTRES).astype(np.int64)])
    middles = (centres[1:] + centres[:-1]) / 2
    nearest = np.searchsorted(middles, events.at[later])
    for row, centre in enumerate(centres.tolist()):
        own = later[nearest == row]
        distance = np.abs(events.at[own] - centre)
        yield SeasonTest(moment.at, past, centre, events.item[own], distance)


def likelihood_gains(
    events: DatedEvents,
    tests: list[SeasonTest],
    period: CalendarPeriod,
    half_life_s: float,
    priors: Doubles,
) -> tuple[Doubles, Doubles]:
    """Return the gains of a period in log likelihood, and how many events were predicted.

    Args:
        events: Events with times.
        tests: Events to predict.
        period: The period.
        half_life_s: Half-life of popularity [s].
        priors: (n_periods,) priors of the longer periods; 0: not used.

    Returns:
        (n, n_priors) sums over the events of each test, and (n,) numbers of these events;
        tests without events near their time are left out.
    """
    gains, counts = [np.empty((0, len(PRIOR_GRID)))], []
    for test in tests:
        past = events.take(test.past)
        lifts = season_lifts(past, test.centre, period, PRIOR_GRID)
        target = test.target[test.distance <= period.reach_s]
        share = _shares(past, test.moment, half_life_s)
        target = target[share[target] > 0]
        if lifts is None or not len(target):
            continue
        share *= np.exp(_log_lifts(past, test.centre, priors))
        totals = (share * np.exp(lifts)).sum(axis=1) / share.sum()
        gain = lifts[:, target].sum(axis=1) - len(target) * np.log(totals)
        gains.append(gain[None])
        counts.append(float(len(target)))
    return np.concatenate(gains), np.array(counts)


class PriorGain(NamedTuple):
    """The best prior of a period, and what it gains."""

    prior: float
    gain: float
    """Mean gain in log likelihood [nats an event]; 0 with too few tests."""
    error: float
    """Its standard error, with the tests as units."""


def best_prior(gains: Doubles, counts: Doubles) -> PriorGain:
    """Return the prior with the largest mean gain.

    Args:
        gains: (n_tests, n_priors) sums of gains.
        counts: (n_tests,) numbers of events.

    Source:
        Standard error of a ratio of sums, Cochran 1977, "Sampling techniques", eq. 6.13.

    Example:
        >>> gains = np.zeros((2, len(PRIOR_GRID)))
        >>> gains[:, 1] = 3.0, 1.0
        >>> best_prior(gains, np.array([2.0, 2.0]))
        PriorGain(prior=300.0, gain=1.0, error=0.5)
    """
    if len(counts) < MIN_TESTS:
        return PriorGain(0.0, 0.0, 0.0)
    mean = gains.sum(axis=0) / counts.sum()
    best = int(np.argmax(mean))
    residual = gains[:, best] - mean[best] * counts
    spread = (residual**2).sum() * len(counts) / (len(counts) - 1)
    return PriorGain(PRIOR_GRID[best], float(mean[best]), float(np.sqrt(spread) / counts.sum()))


def _shares(past: DatedEvents, now: float, half_life_s: float) -> Doubles:
    """Return (n_items,) the shares of items with events, in part the same for all."""
    weights = past.weight * fade(now - past.at, half_life_s)
    counts = np.bincount(past.item, weights, minlength=past.n_items)
    is_known = np.bincount(past.item, minlength=past.n_items) > 0
    share = (1 - UNIFORM_SHARE) * counts / max(float(counts.sum()), 1e-300)
    return np.asarray(share + UNIFORM_SHARE * is_known / is_known.sum(), dtype=np.float64)
