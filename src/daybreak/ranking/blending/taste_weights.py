"""Weights that show the taste of a user more clearly, within a bound on the plain NDCG.

:func:`fit_taste_weights` starts from the weights with the highest plain NDCG and fits two more
sets. Their objective is an NDCG that is corrected for exposure, and the NDCG of simulated users
with one topic (:mod:`daybreak.simulation.topics`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from daybreak.ranking.blending.candidate_pool import CandidatePool
from daybreak.ranking.blending.guard import popular_rows, windowed_rows
from daybreak.ranking.blending.objective import (
    coordinate_search,
    lower_gain,
    mean_sampled_ndcg,
    sampled_ndcg,
    values_by_user,
)
from daybreak.ranking.blending.pools import TrainingPools
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.blending.tasks import (
    NEW_ITEM_LEVEL_GROUPS,
    RankingTask,
    build_new_item_tasks,
    iter_warm_item_tasks,
)
from daybreak.ranking.blending.weights import EVENT_LEVELS, WeightSet, nearest_level
from daybreak.simulation.topics import TOPIC
from daybreak.types import Doubles, Floats, Mask, Rows

TASTE_MODEL = "taste"
"""Model of the strategies of tastes."""
BALANCED_POPULARITY = 0.5
"""Setting whose weights keep ``MIN_NDCG_SHARE`` of the plain NDCG; the default."""
MIN_NDCG_SHARE = 0.985
"""Minimum share of the plain NDCG@10 on the simulated queries of a level. The rest of the loss
that the default may have on any data set, 2 %, is a margin for new data."""
MIN_UNSEEN_NDCG_SHARE = 0.98
"""The same on the half of the queries on which the weights were not searched, less
``N_UNSEEN_ERRORS`` standard errors of the difference, so that few queries allow little."""
N_UNSEEN_ERRORS = 1.0
"""Standard errors that the NDCG on the unseen half is lowered by."""
MIN_GAIN_SHARE = 0.5
"""Minimum share of the gain over the best sellers that the balanced weights keep, on all
queries and on that half. Where histories gain little, as in a grocery, 2 % would be more than
all of it."""
EXPOSURE_EXPONENTS = (0.0, 0.35)
"""Exponents ``γ`` that are tried for the balanced weights."""
TASTE_EXPONENT = 0.7
"""Exponent of the weights for popularity 0."""
GAIN_QUANTILE = 0.95
"""Quantile of the target values at which they are clipped; few rare targets would decide."""
TOPIC_SHARE = 0.5
"""Share of the topic queries in the objective for popularity 0."""
BALANCED_TOPIC_SHARE = 0.1
"""Share of the topic queries in the objective of the balanced weights."""
MAX_TASTE_QUERIES = 100
"""Maximum number of queries of a kind for which further weights are searched."""
MIN_FREE_QUERIES = 200
"""Effective number of queries with which all weights are searched again; with fewer, only those
of the strategies of tastes. In a shop of 100 customers of MovieLens 1M, a search of all weights
on 46 queries halved that of the best sellers, gained 2 % on the other half, and lost 11 % of
NDCG@10 for 400 people who came later. Mixtures with the weights for the popularity 0, which
change all weights as well, lost as much in another one."""
MAX_PASSES = 2
"""Maximum number of passes of a search over the weights."""
MIN_TOPIC_QUERIES = 10
"""Minimum number of topic queries at a level; with fewer, taste is not measured there."""
MIX_SHARES = (1.0, 0.8, 0.6, 0.45, 0.3, 0.2, 0.1, 0.05)
"""Shares of the further weights that are tried for the balanced ones."""
TASTE_STRENGTHS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""Weights by which one strategy of tastes is raised, as multiples of the sum of the plain
weights."""
OUT_OF_BOUND = float("-inf")
"""Value of weights that lose more of the plain NDCG than they may."""

UNMEASURED_TASTE = 0.5
"""Weight of each strategy of tastes for popularity 0 where there are no topic queries, as a
multiple of the sum of the plain weights."""


@dataclass(frozen=True, eq=False)
class TasteMasks:
    """Kinds of strategies, as (n_strategies,) masks."""

    free: Mask
    """Strategies whose weights may change."""
    free_new: Mask
    """Those of them that score items without events."""
    taste: Mask
    """Strategies of tastes, which score nothing unless a history has a topic."""
    best_sellers: Mask
    """Strategies that rank by popularity of all time."""

    @classmethod
    def from_strategies(
        cls, strategies: Sequence[Strategy], free: Mask, free_new: Mask
    ) -> "TasteMasks":
        """Return the masks of strategies."""
        taste = np.array([strategy.model == TASTE_MODEL for strategy in strategies])
        popular = np.zeros(len(strategies), dtype=bool)
        rows = popular_rows(strategies, free)
        popular[[row for row in rows.tolist() if row not in windowed_rows(strategies)]] = True
        return cls(free, free_new, taste, popular)

    def rescale(self, weights: Doubles, plain: Doubles) -> Doubles:
        """Return weights whose sum without tastes is that of the plain ones.

        The order of items with events stays; mixtures with the plain weights, and the strength
        of strategies whose weights are fitted apart, keep their meaning.
        """
        total, wanted = weights[~self.taste].sum(), plain[~self.taste].sum()
        return weights * (wanted / total) if total > 0 and wanted > 0 else weights


@dataclass(frozen=True, eq=False)
class TasteTasks:
    """What the further weights of one level are fitted on."""

    plain: Sequence[RankingTask]
    """All tasks of the level, on which the plain NDCG is measured."""
    sampled: Sequence[RankingTask]
    """Queries of the first halves, on which weights are searched; the loss in the second
    halves is that of new queries."""
    topics: RankingTask | None
    """Users with one topic; None if there are too few topics."""

    def at_exponent(
        self, exponent: float, topic_share: float, exposure: Floats
    ) -> list[RankingTask]:
        """Return the tasks of an objective; their shares add up to 1.

        Args:
            exponent: Exponent of the correction for exposure.
            topic_share: Share of the topic queries.
            exposure: (n_items,) events of each item.
        """
        topic_share = topic_share if self.topics is not None else 0.0
        tasks = [
            replace(
                task,
                share=task.share * (1 - topic_share),
                gains=exposure_gains(task.pool, exposure, exponent) if exponent else None,
            )
            for task in self.sampled
        ]
        return (
            tasks if self.topics is None else [*tasks, replace(self.topics, share=topic_share)]
        )


def exposure_gains(pool: CandidatePool, exposure: Floats, exponent: float) -> Floats:
    """Return the (n_queries, width) values of targets, corrected for exposure.

    What was shown often was chosen often. A target that was chosen ``p`` times by all users has
    a value in proportion to ``p ** -exponent``, clipped at a quantile, with mean 1.

    Args:
        pool: Candidates and targets.
        exposure: (n_items,) events of each item.
        exponent: 0 leaves all targets equal, 1 is inverse propensity scoring.

    Source:
        Schnabel et al. 2016, "Recommendations as treatments", eq. 11 (self-normalised inverse
        propensity scores); Steck 2011, "Item popularity and recommendation accuracy", section
        3, for the exponent; Yang et al. 2018, "Unbiased offline recommender evaluation".
    """
    values = np.power(np.maximum(exposure[pool.item_rows], 1.0), -exponent) * pool.relevant
    chosen = values[pool.relevant]
    if not len(chosen):
        return np.zeros(values.shape, dtype=np.float32)
    clipped = np.minimum(values, np.quantile(chosen, GAIN_QUANTILE))
    return np.asarray(clipped / clipped[pool.relevant].mean(), dtype=np.float32)


def fit_taste_weights(
    pools: TrainingPools,
    plain: WeightSet,
    masks: "TasteMasks",
    exposure: Floats,
    bias_share: Doubles | None = None,
) -> tuple[tuple[WeightSet, ...], list[dict[str, Any]]]:
    """Return weight sets for the popularities 0, 0.5 and 1, and a report by level.

    The set of 0.5 shows taste as clearly as ``MIN_NDCG_SHARE`` of the plain NDCG allows, level
    by level. A level whose queries are too few to measure the loss keeps the plain weights;
    for popularity 0, the strategies of tastes have a weight without measurement there.

    Args:
        pools: Pools of all simulated queries.
        plain: The weights with the highest plain NDCG; no arrival shift is applied.
        masks: Strategies whose weights may change.
        exposure: (n_items,) events of each item.
        bias_share: (n_levels,) how far the simulation moves the bias of new items; default: 1.
    """
    moved = np.ones(len(EVENT_LEVELS)) if bias_share is None else bias_share
    taste, balanced = plain.weights.copy(), plain.weights.copy()
    report = []
    for level, tasks in enumerate(_iter_level_tasks(pools)):
        if tasks is not None:
            fitted = _fit_level(tasks, plain.weights[level], masks, exposure)
            taste[level], balanced[level] = fitted
            report.append(_report_level(tasks, level, (plain.weights[level], *fitted[::-1])))
        if tasks is None or tasks.topics is None:
            strength = UNMEASURED_TASTE * max(plain.weights[level].sum(), 1.0)
            taste[level] += strength * masks.taste
    sets = (
        *(
            _with_new_items(pools, plain, other, masks.free_new, moved)
            for other in (
                replace(plain, popularity=0.0, weights=taste),
                replace(plain, popularity=BALANCED_POPULARITY, weights=balanced),
            )
        ),
        plain,
    )
    return sets, report


def _iter_level_tasks(pools: TrainingPools) -> Iterator[TasteTasks | None]:
    topics = pools.pools.get(TOPIC)
    levels = np.empty(0) if topics is None else nearest_level(topics.n_events)
    for level, tasks in enumerate(iter_warm_item_tasks(pools)):
        if not tasks:
            yield None
            continue
        rows = np.flatnonzero(levels == level)
        topic_task = None
        if topics is not None and len(rows) >= MIN_TOPIC_QUERIES:
            pool = topics.take(rows)
            topic_task = RankingTask(pool.features, pool, pool.present)
        halves = [task.split_by_query()[0] for task in tasks]
        sampled = [half.restrict_queries(_spread(len(half.pool.n_events))) for half in halves]
        yield TasteTasks(tasks, sampled, topic_task)


def _spread(n_queries: int) -> Rows:
    """Return the positions of at most ``MAX_TASTE_QUERIES`` queries, evenly spaced."""
    chosen: Rows = np.unique(np.linspace(0, n_queries - 1, MAX_TASTE_QUERIES).astype(int))
    return chosen


def _fit_level(
    tasks: TasteTasks, plain: Doubles, masks: TasteMasks, exposure: Floats
) -> tuple[Doubles, Doubles]:
    """Return the weights of one level for the popularity 0, and the balanced ones.

    The balanced weights change those of the plain strategies and of tastes only.
    """
    rows = np.flatnonzero(masks.free | (plain > 0)).tolist()
    objective = tasks.at_exponent(TASTE_EXPONENT, TOPIC_SHARE, exposure)
    taste = coordinate_search(objective, [plain], rows, MAX_PASSES, far=True)
    taste = masks.rescale(taste, plain)
    if tasks.topics is None:
        return taste, plain
    found, changed = list[Doubles](), masks.free & masks.taste
    if effective_queries(tasks.plain) >= MIN_FREE_QUERIES:
        found, changed = [taste], changed | (plain > 0)
    rows = np.flatnonzero(changed).tolist()
    for exponent in EXPOSURE_EXPONENTS:
        objective = tasks.at_exponent(exponent, BALANCED_TOPIC_SHARE, exposure)
        weights = coordinate_search(objective, [plain], rows, MAX_PASSES, far=True)
        found.append(masks.rescale(weights, plain))
    return taste, _best_within_bound(tasks, plain, found, masks)


def effective_queries(tasks: Sequence[RankingTask]) -> float:
    """Return the number of queries with equal shares whose mean would have the same variance.

    Args:
        tasks: Tasks of one level, with their shares.

    Source:
        Kish 1965, "Survey sampling", section 11.7 (effective sample size of weighted values).
    """
    parts = [(task.share, len(task.pool.n_events)) for task in tasks]
    squares = sum(share**2 / max(n, 1) for share, n in parts)
    return sum(share for share, _ in parts) ** 2 / squares if squares else 0.0


def _best_within_bound(
    tasks: TasteTasks, plain: Doubles, found: Sequence[Doubles], masks: TasteMasks
) -> Doubles:
    """Return the weights with the best trade-off in the bound on the plain NDCG.

    They are a mixture of the plain weights and of others, with the strategies of tastes raised
    one by one: few histories are evidence of a taste, so that the strategy that finds it costs
    the others little, and a mixture raises all strategies alike.
    """
    bound = _NdcgBound.of(tasks, plain, masks.best_sellers)
    best = _TradeOff(plain, bound.value(plain))
    for weights in found:
        for share in MIX_SHARES:
            mixed = (1 - share) * plain + share * weights
            value = bound.value(mixed)
            best = best.better(mixed, value)
            if value > OUT_OF_BOUND:
                break  # a smaller share shows less taste
    for start in {id(one): one for one in (plain, best.weights)}.values():
        raised = _raise_tastes(bound, start, np.flatnonzero(masks.free & masks.taste))
        best = best.better(*raised)
    return best.weights


class _TradeOff(NamedTuple):
    """Weights, and the value of :meth:`_NdcgBound.value`."""

    weights: Doubles
    value: float

    def better(self, weights: Doubles, value: float) -> "_TradeOff":
        """Return these weights, or others whose value is higher."""
        return _TradeOff(weights, value) if value > self.value else self


def _raise_tastes(bound: "_NdcgBound", start: Doubles, columns: Rows) -> _TradeOff:
    """Return weights with strategies raised one after another while they are in the bound."""
    best = _TradeOff(start, bound.value(start))
    for column in columns.tolist():
        base = best.weights
        for strength in TASTE_STRENGTHS:
            raised = base.copy()
            raised[column] += strength * bound.plain.sum()
            value = bound.value(raised)
            best = best.better(raised, value)
            if value == OUT_OF_BOUND:
                break  # more costs more
    return best


@dataclass(frozen=True, eq=False)
class _NdcgBound:
    """The bound on the plain NDCG of a level, and the value of weights within it."""

    tasks: TasteTasks
    plain: Doubles
    halves: Sequence[Sequence[RankingTask]]
    least: float
    """Minimum share of the plain NDCG on all queries."""
    least_unseen: float
    """Minimum of the lowered share on the unseen half."""

    @classmethod
    def of(cls, tasks: TasteTasks, plain: Doubles, best_sellers: Mask) -> "_NdcgBound":
        """Return the bound of a level."""
        halves = _halves(tasks.plain)
        needed = [
            _needed_share(half, mean_sampled_ndcg(half, plain), best_sellers) for half in halves
        ]
        least = max(MIN_NDCG_SHARE, float(np.mean(needed)))
        return cls(tasks, plain, halves, least, max(MIN_UNSEEN_NDCG_SHARE, needed[1]))

    def value(self, weights: Doubles) -> float:
        """Return the share of the NDCG on the unseen half, plus the value of the topics.

        Returns:
            ``OUT_OF_BOUND`` for weights that are not within the bound.
        """
        assert self.tasks.topics is not None  # noqa: S101 - for the type checker
        kept = _kept_shares(self.halves, weights, self.plain)
        if np.mean(kept[:2]) < self.least or kept[2] < self.least_unseen:
            return OUT_OF_BOUND
        return kept[1] + _topic_value(self.tasks.topics, weights)


def _needed_share(tasks: Sequence[RankingTask], ndcg: float, best_sellers: Mask) -> float:
    """Return the share of an NDCG with which ``MIN_GAIN_SHARE`` of its gain is left.

    Args:
        tasks: Tasks of a level.
        ndcg: NDCG@10 of the plain weights on them.
        best_sellers: (n_strategies,) strategies that rank by popularity of all time.
    """
    single = np.eye(len(best_sellers))[best_sellers]
    floor = max((mean_sampled_ndcg(tasks, row) for row in single), default=0.0)
    gain = max(ndcg - floor, 0.0)
    return 1 - (1 - MIN_GAIN_SHARE) * gain / max(ndcg, 1e-9)


def _kept_shares(
    halves: Sequence[Sequence[RankingTask]], mixed: Doubles, plain: Doubles
) -> tuple[float, float, float]:
    """Return the shares of the NDCG of the plain weights that others keep.

    Returns:
        The share on the searched half, on the unseen half, and the second one less
        ``N_UNSEEN_ERRORS``.
    """
    shares = []
    for half in halves:
        gains = [
            (
                task.share,
                values_by_user(
                    sampled_ndcg(task.score(mixed), task)
                    - sampled_ndcg(task.score(plain), task),
                    task.pool.users,
                ),
            )
            for task in half
        ]
        ndcg = max(mean_sampled_ndcg(half, plain), 1e-9)
        shares.append([1 + lower_gain(gains, n) / ndcg for n in (0.0, N_UNSEEN_ERRORS)])
    return shares[0][0], shares[1][0], shares[1][1]


def _topic_value(topics: RankingTask, weights: Doubles) -> float:
    """Return the value of the topic NDCG in units of the share of the plain NDCG."""
    return mean_sampled_ndcg([topics], weights) * BALANCED_TOPIC_SHARE * 3


def _halves(tasks: Sequence[RankingTask]) -> tuple[list[RankingTask], list[RankingTask]]:
    pairs = [task.split_by_query() for task in tasks]
    return [first for first, _ in pairs], [second for _, second in pairs]


def _with_new_items(
    pools: TrainingPools,
    plain: WeightSet,
    other: WeightSet,
    free_new: Mask,
    bias_share: Doubles,
) -> WeightSet:
    """Return a set with weights of new items that fit its weights of items with events.

    A strategy that gets more weight for items with events gets the same for new items, so that
    a taste counts for both alike. Then the bias is fitted again, as far as the simulation
    counts for it.
    """
    added = np.maximum(other.weights - plain.weights, 0) * free_new
    weights, bias = plain.new_weights + added, plain.new_bias.copy()
    tasks = build_new_item_tasks(pools, other.weights)
    for group, levels in zip(tasks, NEW_ITEM_LEVEL_GROUPS, strict=True):
        if not group:
            continue
        start = np.append(weights[levels[0]], bias[levels[0]])
        fitted = coordinate_search(group, [start], [len(start) - 1])
        for level in levels:
            bias[level] += bias_share[level] * (fitted[-1] - start[-1])
    return WeightSet(other.popularity, other.weights, weights, bias)


def _report_level(tasks: TasteTasks, level: int, fitted: Sequence[Doubles]) -> dict[str, Any]:
    """Return plain and topic NDCG@10 of the weights from popularity 1 down to 0."""
    settings = (1.0, BALANCED_POPULARITY, 0.0)
    topics = tasks.topics
    return {
        "events": EVENT_LEVELS[level],
        "ndcg@10": {
            str(setting): round(mean_sampled_ndcg(tasks.plain, weights), 4)
            for setting, weights in zip(settings, fitted, strict=True)
        },
        "topic ndcg@10": {}
        if topics is None
        else {
            str(setting): round(float(sampled_ndcg(topics.score(weights), topics).mean()), 4)
            for setting, weights in zip(settings, fitted, strict=True)
        },
    }
