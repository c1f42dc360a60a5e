"""Ranking tasks: candidate pools with shares in the objective of the weights."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import overload

import numpy as np

from daybreak.metrics import LIST_LENGTH, discounts, ideal_dcg
from daybreak.ranking.blending.candidate_pool import CandidatePool, take_queries
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.weights import (
    EVENT_LEVELS,
    FIRST_KNOWN_USER_LEVEL,
    nearest_level,
)
from daybreak.simulation.moments import NOW_KIND, NOW_NEW_KIND
from daybreak.simulation.next_events import NEXT_KINDS
from daybreak.types import Doubles, Floats, Mask, Rows

NEXT_EVENT_KIND = "user"
"""Kind of the queries of known users whose targets are the last events of their histories."""
MIN_QUERIES = 30
"""Minimum number of queries of a kind at a level; with fewer, the kind is left out there."""
MAX_QUERIES = 500
"""Maximum number of queries of a kind at a level; more cost time and change little."""
MIN_SAMPLED_QUERIES = 100
"""Minimum number of queries of a task with a small share in the objective."""
WARM_ITEM_KINDS = ("new_user", "user", "later", "now")
"""Kinds of queries whose targets have events."""
NEW_ITEM_LEVEL_GROUPS = ((0,), (1, 2, 3, 4), (5, 6, 7))
"""Groups of levels, by position, that share the weights of new items."""
MAX_NEW_USER_EVENTS = 10
"""Maximum number of events of a new user."""
KNOWN_USER_SHARE = 0.15
"""Weight of known users relative to new users at levels of few events."""
TARGET_TIE_PENALTY = np.float32(1e-5)
"""Subtracted from the scores of targets, so that targets lose ties. A pool contains a larger
share of targets than the catalogue, and constant scores must not have a high NDCG."""
MAX_SPAN_FACTOR = 1.5
"""Features that lie in memory between those in use, up to which they are multiplied as well."""


@dataclass(frozen=True, eq=False)
class TargetEntries:
    """Targets of a task as pairs of query and column, sorted by query."""

    queries: Rows
    """(n_targets,)"""
    columns: Rows
    """(n_targets,)"""
    values: Doubles
    """(n_targets,) value of each target"""


@dataclass(frozen=True, eq=False)
class RankingTask:
    """A pool with a fixed part of the score and a share in the objective."""

    features: Floats
    """(n_weights, n_queries, width)"""
    pool: CandidatePool
    present: Mask
    """(n_queries, width)"""
    offset: Floats | None = None
    """(n_queries, width) fixed part of every score"""
    share: float = 1.0
    gains: Floats | None = None
    """(n_queries, width) values of targets, 0 elsewhere; None: all targets have the value 1"""
    kind: str = ""
    """Kind of the queries; empty where it does not matter."""

    @cached_property
    def targets(self) -> TargetEntries:
        """The targets that are candidates."""
        queries, columns = np.nonzero(self.pool.relevant & self.present)
        values = np.ones(len(queries))
        if self.gains is not None:
            values = self.gains[queries, columns].astype(np.float64)
        return TargetEntries(queries, columns, values)

    @cached_property
    def target_shares(self) -> Doubles:
        """(n_targets,) value of each target, divided by the sum of its query."""
        query, values = self.targets.queries, self.targets.values
        total = np.bincount(query, values, minlength=len(self.present))
        shares: Doubles = values / np.maximum(total, 1e-9)[query]
        return shares

    @cached_property
    def answerable(self) -> Mask:
        """(n_queries,) whether a target is among the candidates."""
        return np.bincount(self.targets.queries, minlength=len(self.present)) > 0

    @cached_property
    def ideal_dcg(self) -> Doubles:
        """(n_queries,) largest possible DCG@10 of a list, by which its DCG is divided.

        If targets have values, it is the mean of all queries, so that the mean of the quotients
        is a ratio of sums: targets count by their values also across queries.
        """
        if self.gains is None:
            return ideal_dcg(self.pool.n_relevant, min(LIST_LENGTH, self.present.shape[1]))
        best = -np.sort(-self.gains, axis=1)[:, :LIST_LENGTH]
        mean = float((best @ discounts(best.shape[1])).mean())
        return np.full(len(best), max(mean, 1e-9))

    @cached_property
    def varying(self) -> Rows:
        """Positions of the features that are not zero everywhere."""
        return np.flatnonzero([feature.any() for feature in self.features])

    def score(self, weights: Doubles) -> Floats:
        """Return the (n_queries, width) scores of the blend; -inf for masked columns."""
        used = self.varying[weights[self.varying] != 0]
        total = sum_features(self.features, weights, used)
        if self.offset is not None:
            total += self.offset
        total[self.targets.queries, self.targets.columns] -= TARGET_TIE_PENALTY
        total[~self.present] = -np.inf
        return total

    def restrict_candidates(self, present: Mask) -> "RankingTask":
        """Return the task with fewer candidates; other targets are no targets any more."""
        relevant = self.pool.relevant & present
        pool = replace(self.pool, relevant=relevant, n_relevant=relevant.sum(axis=1))
        gains = None if self.gains is None else self.gains * present
        return replace(self, pool=pool, present=present, gains=gains)

    def restrict_queries(self, rows: Rows) -> "RankingTask":
        """Return the task with some of its queries, without columns that none of them uses."""
        pool = self.pool.take(rows)
        width = pool.present.shape[1]
        shared = self.features is self.pool.features
        return RankingTask(
            pool.features if shared else take_queries(self.features, rows, width),
            pool,
            self.present[rows, :width],
            None if self.offset is None else self.offset[rows, :width],
            self.share,
            None if self.gains is None else self.gains[rows, :width],
            self.kind,
        )

    def split_by_query(self) -> tuple["RankingTask", "RankingTask"]:
        """Split the queries into two halves."""
        rows = np.arange(len(self.pool.n_events))
        return self.restrict_queries(rows[::2]), self.restrict_queries(rows[1::2])

    def split_by_user(self) -> tuple["RankingTask", "RankingTask"]:
        """Split the queries into two halves without any user in common."""
        if not len(self.pool.users):
            return self.split_by_query()
        half = np.unique(self.pool.users, return_inverse=True)[1] % 2
        rows = (np.flatnonzero(half == number) for number in (0, 1))
        first, second = (self.restrict_queries(one) for one in rows)
        return first, second

    def split_by_item(self) -> tuple["RankingTask", "RankingTask"]:
        """Split the new items into two halves; items with events stay in both.

        All queries share the few items that were held out. Weights that fit only these items
        must not count as an improvement.
        """
        hashed = self.pool.item_rows.astype(np.uint32) * np.uint32(2_654_435_761)
        half_number = hashed >> np.uint32(31)
        first, second = (
            self.present & (~self.pool.is_new | (half_number == n)) for n in (0, 1)
        )
        return self.restrict_candidates(first), self.restrict_candidates(second)


def sum_features(features: Floats, weights: Doubles, used: Rows) -> Floats:
    """Return the (n_queries, width) weighted sum of some features.

    Features that are neighbours in memory are multiplied in place; selecting them would copy
    them.

    Args:
        features: (n_weights, n_queries, width) contiguous features.
        weights: (n_weights,) weights.
        used: Positions of the features, in ascending order; all others have the weight 0 or are
            0 themselves.
    """
    if not len(used):
        return np.zeros(features.shape[1:], dtype=np.float32)
    first, last = int(used[0]), int(used[-1]) + 1
    if last - first <= MAX_SPAN_FACTOR * len(used):
        span = features[first:last]
        row = weights[None, first:last].astype(np.float32)
        product: Floats = np.dot(row, span.reshape(last - first, -1))
        return product.reshape(features.shape[1:])
    total: Floats = np.float32(weights[first]) * features[first]
    for row in used[1:].tolist():
        total += np.float32(weights[row]) * features[row]
    return total


def build_warm_item_tasks(
    pools: TrainingPools, min_queries: int = MIN_QUERIES
) -> list[list[RankingTask]]:
    """Return for each level the tasks whose targets have events; none if queries are few.

    Queries without events alone say nothing about a level of people with events: strategies of
    histories score nothing for them, and would seem to be free to have any weight.

    Args:
        pools: Pools of all simulated queries.
        min_queries: Minimum number of queries of a kind at a level.
    """
    return list(iter_warm_item_tasks(pools, min_queries))


def iter_warm_item_tasks(
    pools: TrainingPools, min_queries: int = MIN_QUERIES
) -> Iterator[list[RankingTask]]:
    """Yield the tasks of one level after another; see :func:`build_warm_item_tasks`.

    The tasks of all levels together need more memory than the pools.
    """
    for level in range(len(EVENT_LEVELS)):
        yield build_level_tasks(pools, level, min_queries)


class WarmItemTasks(Sequence[list[RankingTask]]):
    """The tasks of :func:`build_warm_item_tasks`, each level built when it is asked for.

    Only the last two levels stay in memory; all of them need as much as the pools.

    Args:
        pools: Pools of all simulated queries.
    """

    def __init__(self, pools: TrainingPools) -> None:
        self._pools = pools
        self._built: dict[int, list[RankingTask]] = {}
        self.has_next_events = any(kind in pools.pools for kind in NEXT_KINDS)
        """Whether some levels have queries for next events."""

    def __len__(self) -> int:
        return len(EVENT_LEVELS)

    @overload
    def __getitem__(self, level: int) -> list[RankingTask]: ...
    @overload
    def __getitem__(self, level: slice) -> list[list[RankingTask]]: ...
    def __getitem__(self, level: int | slice) -> list[RankingTask] | list[list[RankingTask]]:
        if isinstance(level, slice):
            return [self[one] for one in range(*level.indices(len(self)))]
        if not 0 <= level < len(self):
            raise IndexError(level)
        if level not in self._built:
            kept = {level - 1: self._built[level - 1]} if level - 1 in self._built else {}
            self._built = kept | {level: build_level_tasks(self._pools, level)}
        return self._built[level]


def build_new_item_tasks(
    pools: TrainingPools, warm_weights: Doubles
) -> list[list[RankingTask]]:
    """Return for each group of levels the tasks whose targets have no events.

    New items are ranked in one list with the others, and among themselves; items that were on
    sale without being sold are candidates in the one list only. The last feature is
    the constant 1 of new items, whose weight is the bias.

    Args:
        pools: Pools of all simulated queries.
        warm_weights: (n_levels, n_strategies) weights of items with events.
    """
    if "new_item" not in pools.pools:
        return [[] for _ in NEW_ITEM_LEVEL_GROUPS]
    all_queries = pools.pools["new_item"]
    groups = [
        _build_group_tasks(all_queries, group, warm_weights, pools.sold)
        for group in NEW_ITEM_LEVEL_GROUPS
    ]
    return [
        _add_moments(tasks, pools, levels, warm_weights)
        for tasks, levels in zip(groups, NEW_ITEM_LEVEL_GROUPS, strict=True)
    ]


def score_warm_items(pool: CandidatePool, warm_weights: Doubles) -> Floats:
    """Return the (n_queries, width) scores of the items with events; 0 for new items."""
    weights = warm_weights[nearest_level(pool.n_events)].astype(np.float32)
    scores = np.einsum("qs,sqw->qw", weights, pool.features)
    return np.asarray(scores * ~pool.is_new, np.float32)


def sample_by_share(tasks: Sequence[RankingTask]) -> list[RankingTask]:
    """Return tasks in which those with a small share have fewer queries, evenly spaced.

    The error of the objective is smallest for a given number of queries if each task has as
    many as its share demands.

    Args:
        tasks: Tasks of one objective.

    Source:
        Neyman 1934, "On the two different aspects of the representative method", section 5
        (optimum allocation, with equal variances).
    """
    largest = max((task.share for task in tasks), default=1.0)
    sampled = []
    for task in tasks:
        n_queries = len(task.pool.n_events)
        n_kept = max(int(np.ceil(MAX_QUERIES * task.share / largest)), MIN_SAMPLED_QUERIES)
        kept = np.unique(np.linspace(0, n_queries - 1, n_kept).astype(int))
        sampled.append(task if n_kept >= n_queries else task.restrict_queries(kept))
    return sampled


def subsample(rows: Rows) -> Rows:
    """Return at most ``MAX_QUERIES`` of the rows, evenly spaced."""
    chosen: Rows = rows[np.unique(np.linspace(0, len(rows) - 1, MAX_QUERIES).astype(int))]
    return chosen


def build_level_tasks(
    pools: TrainingPools, level: int, min_queries: int = MIN_QUERIES
) -> list[RankingTask]:
    """Return the tasks of one level; see :func:`build_warm_item_tasks`."""
    if next_tasks := _build_next_tasks(pools, level, min_queries):
        return next_tasks
    tasks = []
    known_users = EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS
    for kind in WARM_ITEM_KINDS:
        if kind not in pools.pools:
            continue
        all_queries = pools.pools[kind]
        rows = _find_queries(nearest_level(all_queries.n_events), level)
        if kind == NOW_KIND and len(rows) < MIN_QUERIES and not known_users:
            rows = np.flatnonzero(all_queries.n_events == 0)  # the present is that of all
        if len(rows) >= min_queries:
            pool = all_queries.take(subsample(rows))
            share = _kind_share(kind, level, len(pool.n_events))
            tasks.append(RankingTask(pool.features, pool, pool.present, None, share, kind=kind))
    if EVENT_LEVELS[level] and not any(task.pool.n_events.any() for task in tasks):
        return []
    return normalise_shares(tasks, pools.now_share, known_users=known_users)


def _build_next_tasks(pools: TrainingPools, level: int, min_queries: int) -> list[RankingTask]:
    """Return the tasks of a training for next events, which replace all others; or nothing.

    Levels of newcomers, and those of known users, share their queries; if there are few, all
    do. The share of a kind grows with the root of the number of its queries.
    """
    present = [pools.pools[kind] for kind in NEXT_KINDS if kind in pools.pools]
    if not present or not EVENT_LEVELS[level]:
        return []
    is_known = EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS
    levels = [nearest_level(pool.n_events) for pool in present]
    rows = [np.flatnonzero((of >= FIRST_KNOWN_USER_LEVEL) == is_known) for of in levels]
    if sum(map(len, rows)) < MAX_QUERIES:
        rows = [np.arange(len(of)) for of in levels]
    chosen = [
        pool.take(subsample(found))
        for pool, found in zip(present, rows, strict=True)
        if len(found) >= min_queries
    ]
    tasks = [
        RankingTask(pool.features, pool, pool.present, kind=NEXT_KINDS[0]) for pool in chosen
    ]
    sizes = np.sqrt([len(pool.n_events) for pool in chosen])
    return [
        replace(task, share=float(share))
        for task, share in zip(tasks, sizes / max(sizes.sum(), 1.0), strict=True)
    ]


def normalise_shares(
    tasks: Sequence[RankingTask], now_share: float, *, known_users: bool = False
) -> list[RankingTask]:
    """Return tasks whose shares sum to 1, with a fixed part for the queries at moments.

    Of known users, half of the weight is that of their own next event: where people take many
    items in one sitting, what is new in the shop is not what comes next for them. The other
    half is that of later events, and of those at moments as far as the present differs.

    Args:
        tasks: Tasks of one level.
        now_share: Share of the tasks at moments.
        known_users: Whether the level is one of known users.
    """
    now = [task for task in tasks if task.kind == NOW_KIND]
    others = [task for task in tasks if task.kind != NOW_KIND]
    if not known_users:
        return _mix_tasks(others, now, now_share)
    own = [task for task in others if task.kind == NEXT_EVENT_KIND]
    later = [task for task in others if task.kind != NEXT_EVENT_KIND]
    return _mix_tasks(own, _mix_tasks(later, now, now_share), 0.5)


def _mix_tasks(
    first: Sequence[RankingTask], second: Sequence[RankingTask], second_share: float
) -> list[RankingTask]:
    """Return the tasks of two groups, whose shares sum to 1, with a share for the second."""
    if not first or not second:
        return _scale_shares(first or second, 1.0)
    return [*_scale_shares(first, 1 - second_share), *_scale_shares(second, second_share)]


def _scale_shares(tasks: Sequence[RankingTask], total: float) -> list[RankingTask]:
    factor = total / sum(task.share for task in tasks) if tasks else 0.0
    return [replace(task, share=task.share * factor) for task in tasks]


def _build_group_tasks(
    all_queries: CandidatePool,
    levels: Sequence[int],
    warm_weights: Doubles,
    sold: Mask | None,
) -> list[RankingTask]:
    rows = np.flatnonzero(np.isin(nearest_level(all_queries.n_events), levels))
    if len(rows) < MIN_QUERIES:
        return []
    pool = all_queries.take(subsample(rows))
    offset = score_warm_items(pool, warm_weights)
    pool = _keep_new_item_scores(pool)
    one_list = RankingTask(pool.features, pool, pool.present, offset, 0.5)
    hidden = pool.present if sold is None else pool.present & sold[pool.item_rows]
    among_new = _restrict_to_new_items(RankingTask(pool.features, pool, hidden, None, 0.5))
    return [task for task in (one_list, among_new) if len(task.pool.n_events)]


def _add_moments(
    tasks: list[RankingTask], pools: TrainingPools, levels: Sequence[int], warm_weights: Doubles
) -> list[RankingTask]:
    """Return the tasks of a group with one list at moments, for people with few events.

    Hidden items were taken at all times, items without events at a moment mostly never.

    Args:
        tasks: One list with items without events, and these items among themselves.
        pools: Pools of all simulated queries.
        levels: Levels of the group.
        warm_weights: (n_levels, n_strategies) weights of items with events.
    """
    pool = pools.pools.get(NOW_NEW_KIND)
    is_known = EVENT_LEVELS[levels[0]] > MAX_NEW_USER_EVENTS
    if not tasks or pool is None or is_known or len(pool.n_events) < MIN_QUERIES:
        return tasks
    pool = pool.take(subsample(np.arange(len(pool.n_events))))
    level = np.full(len(pool.n_events), EVENT_LEVELS[levels[0]], dtype=np.float32)
    offset = score_warm_items(replace(pool, n_events=level), warm_weights)
    pool = _keep_new_item_scores(pool)
    share = tasks[0].share * pools.now_share
    now = RankingTask(pool.features, pool, pool.present, offset, share, kind=NOW_KIND)
    return [replace(tasks[0], share=tasks[0].share - share), now, *tasks[1:]]


def _restrict_to_new_items(task: RankingTask) -> RankingTask:
    """Return the task without items with events and without unanswerable queries."""
    restricted = task.restrict_candidates(task.present & task.pool.is_new)
    pool = replace(restricted.pool, present=restricted.present).move_candidates_first()
    pool = pool.take(np.flatnonzero(pool.n_relevant))
    return RankingTask(pool.features, pool, pool.present, None, task.share)


def _keep_new_item_scores(pool: CandidatePool) -> CandidatePool:
    """Return a pool with the scores of items without events only, and the constant 1 of these.

    The scores of items with events are 0.
    """
    features = np.zeros((len(pool.features) + 1, *pool.is_new.shape), dtype=np.float32)
    for target, scores in zip(features, pool.features, strict=False):
        if scores.any():  # memory that is not written is not used
            np.multiply(scores, pool.is_new, out=target)
    features[-1] = pool.is_new
    return replace(pool, features=features)


def _find_queries(levels: Rows, level: int) -> Rows:
    """Return the queries of a level; if known users are few, those of all their levels."""
    rows: Rows = np.flatnonzero(levels == level)
    if EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS and len(rows) < MIN_QUERIES:
        return np.asarray(np.flatnonzero(levels >= FIRST_KNOWN_USER_LEVEL))
    return rows


def _kind_share(kind: str, level: int, n_queries: int) -> float:
    """Return the weight of a kind of query in the objective of a level.

    For known users, the next event and the events after a point in time count the same. At
    few events, new users have the larger weight, because users with three events are nearly
    always new; the only target of a known user with such a short history is the next event,
    which is a different task.
    """
    if EVENT_LEVELS[level] > MAX_NEW_USER_EVENTS:
        return 1.0
    return float(np.sqrt(n_queries)) * (1.0 if kind == "new_user" else KNOWN_USER_SHARE)
