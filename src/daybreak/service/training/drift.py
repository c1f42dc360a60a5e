"""Drift: how much popularity, interests and content have changed since a training.

Start with :func:`popularity_drift`, :func:`interest_drift` and :func:`content_drift`.
"""

from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Items
from daybreak.types import Doubles, Rows

N_GROUPS = 10
"""Groups of items, by popularity or by content, that are compared."""
MIN_SHARE = 1e-4
"""Share that replaces that of an empty group, so that its logarithm is finite."""
Z_99_PERCENT = 2.33
"""99 % quantile of the standard normal distribution."""
FALSE_ALARM_RATE = 0.01
"""Share of comparisons without a change that exceed a learned threshold."""
SPREAD_ALLOWANCE = 2.0
"""Allowance for few windows that do not overlap: a learned threshold is raised by this number
divided by how many of them the past has."""
N_PAST_WINDOWS = 400
"""Windows of the past from which a threshold is learned."""
MIN_WINDOW_EVENTS = 50
"""Smallest number of events that are compared [events]."""
MAX_WINDOW_SHARE = 0.1
"""Largest number of events that are compared, as a share of those of the training; the newest
count, so that an old change does not hide a new one."""
MIN_PAST_SHARE = 0.25
"""Share of the training before the first window of the past."""


@dataclass(frozen=True)
class DriftScore:
    """Drift between a reference and the current data."""

    psi: float
    """Population stability index: moderate from 0.1, large from 0.25."""
    chance_level: float
    """Index that is reached in 1 % of comparisons of this size without a change: by sampling
    alone or, where it was learned, by what was usual in the past."""
    is_learned: bool = False
    """Whether the past was long enough to learn ``chance_level`` from it."""

    @property
    def score(self) -> float:
        """The index; 0 if sampling explains it."""
        return self.psi if self.psi > self.chance_level else 0.0


@dataclass(frozen=True)
class DriftReading:
    """A drift for a report, in numbers and in a sentence."""

    name: str
    """``interests``: topics of events; ``content``: content of new items"""
    index: float
    """Population stability index since the training; 0 if there are too few new data"""
    threshold: float
    """Index that is seldom exceeded without a change; 0 if there are too few new data"""
    is_learned: bool
    """Whether the threshold was learned from the past"""
    sentence: str

    @classmethod
    def of(cls, name: str, found: DriftScore) -> "DriftReading":
        """Return the reading of a score.

        Args:
            name: ``interests`` or ``content``.
            found: The score.

        Example:
            >>> DriftReading.of("content", DriftScore(0.04, 0.12)).sentence
            'content has moved by 0.04 since the training, not more than the usual 0.12'
        """
        sentence = _describe_drift(name, found)
        return cls(name, found.psi, found.chance_level, found.is_learned, sentence)


def _describe_drift(name: str, found: DriftScore) -> str:
    moved, usual = f"{found.psi:.2f}", f"{found.chance_level:.2f}"
    if not found.chance_level:
        if name == "interests":
            return "interests: too few events since the training to measure drift"
        return "content: too few new items since the training to measure drift"
    if name == "interests":
        if found.score:
            return (
                f"interests have moved by {moved} since the training, more than the usual "
                f"{usual}: train anew"
            )
        return (
            f"interests have moved by {moved} since the training, not more than the usual "
            f"{usual}"
        )
    if found.score:
        return (
            f"content has moved by {moved} since the training, more than the usual {usual}: "
            "train anew"
        )
    return f"content has moved by {moved} since the training, not more than the usual {usual}"


def stability_index(reference: Doubles, current: Doubles) -> DriftScore:
    """Compare two counts over the same groups.

    The index is ``Σ (q - p) ln(q / p)`` over shares. Without drift it is distributed like
    ``χ² (1/n + 1/m)`` with ``n_groups - 1`` degrees of freedom.

    Args:
        reference: (n_groups,) counts at the training.
        current: (n_groups,) counts since then.

    Source:
        Siddiqi 2006, "Credit risk scorecards", ch. 10 (the index and its thresholds);
        Yurdakul 2018, "Statistical properties of the population stability index", section 3
        (its distribution).

    Example:
        >>> drift = stability_index(np.array([500.0, 500.0]), np.array([200.0, 800.0]))
        >>> round(drift.psi, 3), drift.score > 0.25
        (0.416, True)
        >>> stability_index(np.array([500.0, 500.0]), np.array([2.0, 4.0])).score
        0.0
    """
    n, m = reference.sum(), current.sum()
    if not n or not m:
        return DriftScore(0.0, 0.0)
    p, q = np.maximum(reference / n, MIN_SHARE), np.maximum(current / m, MIN_SHARE)
    freedom = len(reference) - 1
    # Wilson and Hilferty's approximation of the quantile of χ².
    correction = 2 / (9 * freedom)
    quantile = freedom * (1 - correction + Z_99_PERCENT * np.sqrt(correction)) ** 3
    return DriftScore(float(((q - p) * np.log(q / p)).sum()), float(quantile * (1 / n + 1 / m)))


def popularity_drift(reference: Doubles, current: Doubles) -> DriftScore:
    """Compare how events are distributed over popular, rare and new items.

    Args:
        reference: (n_items,) events at the training.
        current: (n_items,) events since then; items without events at the training are one
            group.
    """
    order = np.argsort(-reference, kind="stable")
    order = order[reference[order] > 0]
    group = np.full(len(reference), N_GROUPS)
    share = np.cumsum(reference[order]) / max(reference.sum(), 1.0)
    group[order] = np.minimum((share * N_GROUPS - 1e-9).astype(np.int64), N_GROUPS - 1)
    counts: list[Doubles] = [
        np.bincount(group, events, minlength=N_GROUPS + 1).astype(np.float64)
        for events in (reference, current)
    ]
    return stability_index(counts[0], counts[1])


def interest_drift(
    before: Rows, since: Rows, n_groups: int, rng: np.random.Generator
) -> DriftScore:
    """Compare the topics of the newest events with those of the training.

    Args:
        before: (n,) topics of the events of the training, in the order of time.
        since: (m,) topics of the events since then, in the order of time.
        n_groups: Number of topics.
        rng: Draws windows of the past.

    Returns:
        The index of the newest events; 0 if there are too few events.
    """
    size = min(len(since), int(MAX_WINDOW_SHARE * len(before)))
    if size < MIN_WINDOW_EVENTS or n_groups < 2:
        return DriftScore(0.0, 0.0)
    reference = np.bincount(before, minlength=n_groups).astype(np.float64)
    current = np.bincount(since[-size:], minlength=n_groups).astype(np.float64)
    found = stability_index(reference, current)
    threshold = learn_threshold(before, n_groups, size, rng)
    return DriftScore(found.psi, threshold, is_learned=True)


def learn_threshold(
    groups: Rows,
    n_groups: int,
    size: int,
    rng: np.random.Generator,
    false_alarm_rate: float = FALSE_ALARM_RATE,
) -> float:
    """Return the index that windows of the past seldom exceed.

    Windows of ``size`` successive events at random moments are compared with all events before
    them. People take several things in a row, weekdays and seasons differ, and interests drift
    slowly: all this is in the past, and no formula for independent events knows it. The
    threshold is at least that of independent events, and higher where the past has few windows
    that do not overlap.

    Args:
        groups: (n,) topics of events in the order of time.
        n_groups: Number of topics.
        size: Number of events of a window.
        rng: Draws the moments.
        false_alarm_rate: Share of the windows above the threshold.

    Source:
        Quantile of the resampled statistic as in Politis and Romano 1994, "Large sample
        confidence regions based on subsamples under minimal assumptions", section 2.

    Example:
        >>> steady = np.tile([0, 1], 1_000)
        >>> round(learn_threshold(steady, 2, 100, np.random.default_rng(0)), 3)
        0.071
    """
    n = len(groups)
    places = [np.flatnonzero(groups == group) for group in range(n_groups)]

    def count(stop: Rows) -> Doubles:
        """Return (n_windows, n_groups) counts of the events before some positions."""
        return np.stack([np.searchsorted(one, stop) for one in places], axis=1).astype(float)

    first = int(MIN_PAST_SHARE * n)
    starts = rng.integers(first, max(n - size, first + 1), N_PAST_WINDOWS)
    past, window = count(starts), count(starts + size) - count(starts)
    found = [stability_index(one, other) for one, other in zip(past, window, strict=True)]
    learned = float(np.quantile([one.psi for one in found], 1 - false_alarm_rate))
    learned *= 1 + SPREAD_ALLOWANCE * size / max(n - first, 1)
    return max(learned, float(np.median([one.chance_level for one in found])))


def content_drift(
    items: Items,
    old: Rows,
    new: Rows,
    arrivals: Doubles | None = None,
    rng: np.random.Generator | None = None,
) -> DriftScore:
    """Compare the content of new items with that of old ones.

    Each item belongs to the group of the most similar of ``N_GROUPS`` old items. Where enough
    arrivals are known, the threshold is learned from windows of items that arrived together:
    deliveries of one kind and collections of a season are in the past of most shops.

    Args:
        items: The catalogue.
        old: Rows of the items of the training.
        new: Rows of the items added since.
        arrivals: (n_items,) times at which the items arrived [epoch s], NaN: unknown; None: all
            unknown.
        rng: Draws windows of the past, and the order of items of one time; required with
            ``arrivals``.
    """
    if len(old) < N_GROUPS or not len(new) or not items.blocks:
        return DriftScore(0.0, 0.0)
    centres = items.take(old[np.linspace(0, len(old) - 1, N_GROUPS + 2).astype(np.int64)[1:-1]])
    nearest = [np.argmax(centres.similarity(items.take(rows)), axis=0) for rows in (old, new)]
    counts: list[Doubles] = [
        np.bincount(one, minlength=N_GROUPS).astype(np.float64) for one in nearest
    ]
    found = stability_index(counts[0], counts[1])
    if arrivals is None or rng is None:
        return found
    known = np.flatnonzero(np.isfinite(arrivals[old]))
    if not MIN_WINDOW_EVENTS <= len(new) <= MAX_WINDOW_SHARE * len(known):
        return found
    order = known[np.lexsort((rng.random(len(known)), arrivals[old][known]))]
    threshold = learn_threshold(nearest[0][order], N_GROUPS, len(new), rng)
    return DriftScore(found.psi, threshold, is_learned=True)
