"""Weights of sources, and the verdict on each: with and without it on the same queries.

The weights of all other strategies stay fixed. A group of strategies of a source (its shared
users, its shared items, its content) is used where it makes the lists of new users better in
queries that its weights were not fitted on; :func:`add_source_weights` begins here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Queries
from daybreak.data.sources import SourceData, as_indicators
from daybreak.estimates import PairedDifference, paired_bootstrap
from daybreak.metrics import LIST_LENGTH
from daybreak.models import models
from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.objective import (
    coordinate_search,
    sampled_ndcg,
    values_by_user,
)
from daybreak.ranking.blending.pools import TrainingPools, measure_scales, score_strategies
from daybreak.ranking.blending.source_defaults import SourceDefaults
from daybreak.ranking.blending.strategies import SOURCE_CONTROL, FittedStrategies, Strategy
from daybreak.ranking.blending.tasks import RankingTask
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    FIRST_KNOWN_USER_LEVEL,
    WeightSet,
    nearest_level,
)
from daybreak.ranking.blending.wish_weights import default_spread, score_pool, wish_rows
from daybreak.simulation.splits import SOURCE_KIND
from daybreak.types import Doubles, Floats, Rows, Sparse

FITTED_ON = "sources"
"""``fitted_on`` of the models whose weights are fitted here."""
GROUPS: dict[str, tuple[str, ...]] = {
    "users": (
        SOURCE_CONTROL,
        "source_users",
        "source_users_content",
        "source_joined",
        "source_emcdr",
        "source_personalised",
    ),
    "items": ("source_popular", "source_items", "source_parameters"),
    "content": ("source_content", "source_content_aligned", "source_appeal"),
}
"""Models of each kind of bridge."""
MIN_GAIN_Z = 3.3
"""Standard errors of NDCG@20 by which a group must gain at some level to be used. Groups are
tested at several levels, and a useless one must not pass in 20 of 20 trainings; with the people
of a source permuted, 1 of 100 simulated shops passed."""
EVIDENCE_LENGTH = 20
"""Length of the lists on which a group is tested. More queries find a target in them than in
the lists of 10 that are shown, so that fewer queries tell a gain from chance."""
MIN_LEVEL_Z = 1.0
"""Standard errors of NDCG@10 by which a group must gain as well, at a level where it is
accepted or has a weight."""
MIN_QUERIES = 20
"""Smallest number of queries of a level on which a group is tested."""
STRENGTHS = (0.3, 1.0, 3.0, 10.0)
"""Starts of the search, in standard deviations of the other scores."""
TRUSTED = "items"
"""Group that counts without measurements: an item of the same id is the same item."""
TRUST_QUERIES = 300
"""Queries with which this group needs all of ``MIN_GAIN_Z``; with fewer it needs less, as the
root of their share, and its weights are mixed with the default ones by the square of it: the
best weights of 25 queries lost a third of the quality in one of nine shops of 50 people."""
PRIOR_QUERIES = 50
"""Queries that the usual gain of that group counts as."""
USUAL_GAIN = 0.15
"""Gain of that group in a new market, in standard deviations of NDCG@10 between queries."""
N_SCALE_HISTORIES = 100
"""Source histories on which scales are measured if the target has no events."""


@dataclass(frozen=True)
class SourceSlice:
    """One group of a source at one level of events, with and without it."""

    source: str
    group: str
    """``users``, ``items`` or ``content``"""
    n_events: int
    """Known events in the target"""
    n_queries: int
    ndcg_without: float
    ndcg_with: float
    gain: PairedDifference
    """Paired difference in NDCG@10, on queries that the weights were not fitted on"""
    z: float
    """Standard errors of the gain beyond the control; without a control, of the gain"""
    z20: float
    """The same for NDCG@20, which tells more gains from chance"""

    @property
    def verdict(self) -> str:
        """``helps``, ``hurts`` or ``no difference``, by the 95 % interval."""
        if self.gain.is_better:
            return "helps"
        return "hurts" if self.gain.is_worse else "no difference"

    def to_json(self, *, used: bool) -> dict[str, Any]:
        """Return the slice as JSON values.

        Args:
            used: Whether the group has a weight at this level.
        """
        return {
            "source": self.source,
            "bridge": self.group,
            "events": self.n_events,
            "queries": self.n_queries,
            "without": round(self.ndcg_without, 4),
            "with": round(self.ndcg_with, 4),
            "gain": [round(value, 4) for value in self.gain[:3]],
            "z": round(self.z, 2),
            "z20": round(self.z20, 2),
            "verdict": self.verdict,
            "used": used,
        }


@dataclass(frozen=True)
class _Group:
    """Strategies of one kind of bridge of one source."""

    source: str
    name: str
    rows: tuple[int, ...]
    control: tuple[int, ...]
    """Positions among ``rows`` of the strategies that count as the comparison"""


def source_rows(strategies: Sequence[Strategy]) -> list[int]:
    """Return the positions of the strategies of sources."""
    return [
        row for row, s in enumerate(strategies) if models[s.model].card.fitted_on == FITTED_ON
    ]


def add_source_weights(
    data: Dataset,
    pools: TrainingPools,
    strategies: Sequence[Strategy],
    sets: Sequence[WeightSet],
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weights with those of sources, and the verdict on each source as JSON values.

    Args:
        data: Training data.
        pools: Pools of all simulated queries.
        strategies: All strategies.
        sets: Weights of all other strategies.
    """
    if not source_rows(strategies):
        return tuple(sets), []
    plain = sets[-1]
    defaults = SourceDefaults.of(data)
    if SOURCE_KIND not in pools.pools:
        strengths = defaults.strengths(strategies)
        return tuple(
            raise_wish_weights(one, _with_defaults(one, strengths), strategies) for one in sets
        ), []
    added = np.zeros_like(plain.weights)
    report = []
    for group in _groups(strategies):
        found, slices = _fit_group(
            pools, group, _with_weights(plain, added), strategies, defaults
        )
        added[:, list(group.rows)] = found
        used = np.asarray(found.any(axis=1))
        report += [one.to_json(used=bool(used[level])) for level, one in slices.items()]
    final = [(one, _with_weights(one, added * _relative_size(one, plain))) for one in sets]
    return tuple(raise_wish_weights(*pair, strategies) for pair in final), report


def raise_wish_weights(
    before: WeightSet, after: WeightSet, strategies: Sequence[Strategy]
) -> WeightSet:
    """Return weights in which a wish counts as much beside sources as it did without them.

    Args:
        before: Weights without those of sources.
        after: The same with them.
        strategies: All strategies.
    """
    rows = wish_rows(strategies)
    if not rows:
        return after
    plain, whole = (_without_rows(one, rows) for one in (before, after))
    grown = (default_spread(whole) / default_spread(plain))[:, None]
    weights, new_weights = after.weights.copy(), after.new_weights.copy()
    weights[:, rows] *= grown
    new_weights[:, rows] *= grown
    return replace(after, weights=weights, new_weights=new_weights)


def _without_rows(one: WeightSet, rows: Sequence[int]) -> WeightSet:
    """Return a set in which some strategies have no weight."""
    weights, new_weights = one.weights.copy(), one.new_weights.copy()
    weights[:, rows] = new_weights[:, rows] = 0.0
    return replace(one, weights=weights, new_weights=new_weights)


def _relative_size(one: WeightSet, plain: WeightSet) -> Doubles:
    """Return (n_levels, 1) the spread of a set relative to the one that was fitted with."""
    return (default_spread(one) / default_spread(plain))[:, None]


def _with_weights(one: WeightSet, added: Doubles) -> WeightSet:
    """Return a set with (n_levels, n_strategies) weights added, for all items alike."""
    return replace(one, weights=one.weights + added, new_weights=one.new_weights + added)


def _with_defaults(one: WeightSet, strengths: Doubles) -> WeightSet:
    """Return a set with weights that no query has measured."""
    return _with_weights(one, default_spread(one)[:, None] * strengths)


def _groups(strategies: Sequence[Strategy]) -> list[_Group]:
    """Return the groups of all sources, in the order of the sources and of ``GROUPS``."""
    rows = source_rows(strategies)
    names = dict.fromkeys(str(strategies[row].options.get("source", "")) for row in rows)
    groups = []
    for source in names:
        own = [r for r in rows if str(strategies[r].options.get("source", "")) == source]
        for name, members in GROUPS.items():
            chosen = tuple(r for r in own if strategies[r].model in members)
            control = tuple(
                n for n, r in enumerate(chosen) if strategies[r].model == SOURCE_CONTROL
            )
            if len(chosen) > len(control):
                groups.append(_Group(source, name, chosen, control))
    return groups


def _fit_group(
    pools: TrainingPools,
    group: _Group,
    others: WeightSet,
    strategies: Sequence[Strategy],
    defaults: SourceDefaults,
) -> tuple[Doubles, dict[int, SourceSlice]]:
    """Return the (n_levels, n_rows) weights of a group, 0 if it is refused, and its slices."""
    weights = np.zeros((len(EVENT_LEVELS), len(group.rows)))
    tasks = _level_tasks(pools, group, others)
    slices = {
        level: _compare(task, group, level, max(float(default_spread(others)[level]), 1e-3))
        for level, task in tasks.items()
    }
    strengths = defaults.strengths([strategies[row] for row in group.rows])
    needed = {
        level: needed_z(group.name, len(task.pool.n_events), defaults.share)
        for level, task in tasks.items()
    }
    # Few queries that were enough for the group are enough for their level as well.
    helps = {level: one.z >= min(MIN_LEVEL_Z, needed[level]) for level, one in slices.items()}
    passed = [helps[level] and one.z20 >= needed[level] for level, one in slices.items()]
    if tasks and not any(passed):
        return weights, slices
    if not tasks and (group.name != TRUSTED or not _says_something(pools, group)):
        return weights, slices
    last = None if tasks else strengths[0] * default_spread(others)[0]
    for level in range(len(EVENT_LEVELS)):
        if level in tasks:
            last = None
            if helps[level]:
                spread = max(float(default_spread(others)[level]), 1e-3)
                found = _search(tasks[level], range(len(group.rows)), spread)
                last = _mix(found, strengths[level] * spread, tasks[level], group)
        if last is not None:
            weights[level] = last
    return weights, slices


def _says_something(pools: TrainingPools, group: _Group) -> bool:
    """Return whether a strategy of a group has a score for any query."""
    pool = pools.pools[SOURCE_KIND]
    return any(bool(pool.features[row].any()) for row in group.rows)


def needed_z(group: str, n_queries: int, share: float = 1.0) -> float:
    """Return the standard errors that a group must gain on some queries to be used.

    The trusted group counts without a query. With few, it counts as if ``PRIOR_QUERIES`` others
    had shown the usual gain, so that the first queries of a young shop do not refuse by chance
    what it used before.

    Args:
        group: ``users``, ``items`` or ``content``.
        n_queries: Number of queries, above 0.
        share: Part of the usual gain that is expected beside the events of the shop.

    Example:
        >>> needed_z("users", 20), needed_z("items", 300)
        (3.3, 3.3)
        >>> round(needed_z("items", 25), 2)
        -0.55
    """
    if group != TRUSTED or n_queries >= TRUST_QUERIES:
        return MIN_GAIN_Z
    told = PRIOR_QUERIES * USUAL_GAIN * share / np.sqrt(n_queries)
    return float(MIN_GAIN_Z * np.sqrt(n_queries / TRUST_QUERIES) - told)


def _mix(found: Doubles, defaults: Doubles, task: RankingTask, group: _Group) -> Doubles:
    """Return weights between the fitted and the default ones, by the number of queries."""
    if group.name != TRUSTED:
        return found
    share = min(1.0, len(task.pool.n_events) / TRUST_QUERIES) ** 2
    return np.asarray(share * found + (1 - share) * defaults)


def measure_source_scales(data: Dataset, fitted: FittedStrategies, scale: Floats) -> Floats:
    """Return the (n_strategies,) scales, those of sources measured on source histories.

    Args:
        data: Training data of a target without events.
        fitted: Fitted strategies.
        scale: Scales of the other strategies.
    """
    rows = source_rows(fitted.strategies)
    if data.sources is None or not rows or len(data.events):
        return scale
    told = _sample_histories(data.sources)
    if not told.shape[0]:
        return scale
    none = sp.csr_array((told.shape[0], len(data.train_items)), dtype=np.float32)
    profile = sp.csr_array((told.shape[0], data.profiles.shape[1]), dtype=np.float32)
    queries = Queries.from_history(data.train_items, none, none, profile)
    linear = fitted.linear_models(data.items)
    every = np.ones(len(data.items), dtype=bool)
    scores = score_strategies(fitted, linear, queries.with_source_history(told), every)
    scaled = scale.copy()
    scaled[rows] = measure_scales(scores, every, linear)[rows]
    return scaled


def _sample_histories(sources: SourceData) -> Sparse:
    """Return (n, n_columns) CSR of the histories of some users of each source."""
    parts = [sp.csr_array((0, len(sources.ids)), dtype=np.float32)]
    for domain in sources.domains:
        n_users = domain.histories.shape[0]
        chosen = np.unique(np.linspace(0, n_users - 1, N_SCALE_HISTORIES).astype(int))
        own = sp.csr_array(domain.histories[chosen] if n_users else domain.histories).tocoo()
        place = (own.row, domain.columns[own.col])
        parts.append(sp.csr_array((own.data, place), shape=(own.shape[0], len(sources.ids))))
    return as_indicators(sp.vstack(parts))


def _level_tasks(
    pools: TrainingPools, group: _Group, others: WeightSet
) -> dict[int, RankingTask]:
    """Return the queries of each level for which a strategy of the group says something."""
    tasks = {}
    for kind in (SOURCE_KIND, "user"):
        if kind not in pools.pools:
            continue
        pool = pools.pools[kind]
        levels = nearest_level(pool.n_events)
        says = np.zeros(len(levels), dtype=bool)
        for row in group.rows:
            says |= pool.features[row].any(axis=1)
        for level in np.unique(levels).tolist():
            if (level >= FIRST_KNOWN_USER_LEVEL) == (kind == SOURCE_KIND):
                continue
            rows = np.flatnonzero(says & (levels == level))
            if len(rows) >= MIN_QUERIES:
                tasks[level] = _to_task(pool, rows, group, others)
    return tasks


def _to_task(pool: CandidatePool, rows: Rows, group: _Group, others: WeightSet) -> RankingTask:
    taken = pool.take(rows)
    offset = score_pool(taken, others)
    features = np.ascontiguousarray(taken.features[list(group.rows)])
    return RankingTask(features, taken, taken.present, offset)


def _search(task: RankingTask, free: Sequence[int], spread: float) -> Doubles:
    """Return the best weights of some strategies of a group; the others have none."""
    n = len(task.features)
    starts = [np.zeros(n)]
    for row in free:
        starts += [strength * spread * np.eye(n)[row] for strength in STRENGTHS]
    return coordinate_search([task], starts, list(free))


def _compare(task: RankingTask, group: _Group, level: int, spread: float) -> SourceSlice:
    """Fit on one half of the users and compare on the other, and vice versa."""
    halves = task.split_by_user()
    values: list[list[Doubles]] = [[], [], []]
    for fitted, evaluated in (halves, halves[::-1]):
        none = np.zeros(len(group.rows))
        control = _search(fitted, group.control, spread) if group.control else none
        whole = _search(fitted, range(len(group.rows)), spread)
        for column, weights in zip(values, (none, control, whole), strict=True):
            column.append(_ndcg_at_10_and_20(evaluated, weights))
    without, control_ndcg, with_group = (np.concatenate(column, axis=1) for column in values)
    users = np.concatenate([half.pool.users for half in halves[::-1]])
    if not len(users):
        users = np.arange(without.shape[1])
    beyond = with_group - control_ndcg
    return SourceSlice(
        group.source,
        group.name,
        EVENT_LEVELS[level],
        without.shape[1],
        float(without[0].mean()),
        float(with_group[0].mean()),
        paired_bootstrap(
            values_by_user(with_group[0], users), values_by_user(without[0], users)
        ),
        standard_errors(beyond[0], users),
        standard_errors(beyond[1], users),
    )


def _ndcg_at_10_and_20(task: RankingTask, weights: Doubles) -> Doubles:
    """Return the (2, n_queries) NDCG@10 and NDCG@20 of weights, by the same ideal DCG@10."""
    scores = task.score(weights)
    lengths = (LIST_LENGTH, EVIDENCE_LENGTH)
    return np.array([sampled_ndcg(scores, task, k) for k in lengths], dtype=np.float64)


def standard_errors(differences: Doubles, users: Rows) -> float:
    """Return the mean of paired differences in units of its standard error; 0 without any.

    The queries of one user are a cluster: a user who is asked several times counts once.

    Args:
        differences: (n_queries,) differences.
        users: (n_queries,) row of the user of each query.

    Source:
        Liang and Zeger 1986, "Longitudinal data analysis using generalized linear models",
        eq. 4 (sandwich variance), for a mean.

    Example:
        Two users with 2 and 1: a mean of 3/2 and a standard error of 1/√8. The same users
        asked twice say no more.

        >>> round(standard_errors(np.array([2.0, 1.0]), np.array([0, 1])), 3)
        4.243
        >>> round(standard_errors(np.array([2.0, 1.0, 2.0, 1.0]), np.array([0, 1, 0, 1])), 3)
        4.243
    """
    if not len(differences):
        return 0.0
    mean = float(differences.mean())
    cluster = np.unique(users, return_inverse=True)[1]
    error = float(np.sqrt((np.bincount(cluster, differences - mean) ** 2).sum()))
    return mean * len(differences) / error if error > 0 else 0.0
