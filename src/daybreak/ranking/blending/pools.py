"""Candidate pools: scores of all strategies for the best candidates of simulated queries.

:class:`PoolBuilder` fits the candidate strategies on one split after another and collects their
scores as :class:`TrainingPools`, from which the weights of a blend are fitted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.memory import bounded_size, trim_heaps
from daybreak.models import LinearScorer
from daybreak.models.shared_content_choice import (
    ContentOptions,
    chosen_content_options,
    reuse_content_options,
)
from daybreak.models.wish import combine_wishes, saturate_wishes, scale_wishes
from daybreak.ranking.blending.candidate_pool import CandidatePool, PoolParts
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.strategy_masks import is_for_next_events
from daybreak.ranking.blending.time_budget import CandidateStrategies
from daybreak.rng import create_generator
from daybreak.simulation.next_events import NEXT_SPLIT
from daybreak.simulation.queries import LabelledQueries
from daybreak.simulation.splits import HoldoutSplit, warm_items
from daybreak.types import Floats, Mask, Rows, Sparse

N_TOP_CANDIDATES = 40
"""Number of best candidates that each strategy adds to the pool of a query."""
N_RANDOM_CANDIDATES = 40
"""Expected number of random candidates in the pool of a query."""
N_TARGETS = 200
"""Expected number of targets in the pool of the query with the most targets."""
N_SCALE_QUERIES = 100
"""Number of queries on which the scales of the strategies are measured."""
ROUNDING = 1e-6
"""Deviation of scores, as a share of the largest score, that is rounding of 32-bit numbers."""
TIE_NOISE = 1e-4
"""Largest value that is added to the score of an item to order equal scores, in standard
deviations of the scores."""
MAX_SCORE_CELLS = 8_000_000
"""Maximum number of scores held in memory at a time; larger blocks are slower, because they do
not fit into the memory that a process reuses."""
MAX_FULLY_SCORED_ITEMS = 6_000
"""Items of a catalogue up to which all are scored for simulated queries [items]."""
N_SCORED_ITEMS = 4_000
"""Items of a larger catalogue that are scored, at least [items]."""
MIN_SCORED_TARGETS = 3
"""Targets of a query that are scored, if it has as many [items]."""


@dataclass(frozen=True, eq=False)
class TrainingPools:
    """Pools of all simulated queries by their kind, with scores on a common scale."""

    pools: dict[str, CandidatePool]
    """By kind of query, see :class:`~daybreak.simulation.queries.LabelledQueries`."""
    scale: Floats
    """(n_strategies,) standard deviations by which scores were divided"""
    sold: Mask | None = None
    """(n_items,) items with an event in all data; the others are never targets. None: all."""
    now_share: float = 0.0
    """Share of the queries at moments in the weights of warm items; see
    :func:`~daybreak.ranking.blending.moments.share_of_moments`."""


@dataclass(frozen=True, eq=False)
class ScoredItems:
    """The items that are scored for simulated queries: all, or a part of a large catalogue."""

    rows: Rows
    """Rows of the catalogue, ascending."""
    is_drawn: Mask
    """(n_rows,) items that were drawn without looking at the targets; means and scales are
    measured on them."""
    is_all: bool

    def take(self, items: Items) -> Items:
        """Return the items of a catalogue."""
        return items if self.is_all else items.take(self.rows)

    def take_queries(self, labelled: LabelledQueries) -> LabelledQueries:
        """Return queries whose candidates are these items."""
        return labelled if self.is_all else labelled.take_items(self.rows)

    def restore_rows(self, pool: CandidatePool) -> CandidatePool:
        """Return a pool of these items with the rows of the catalogue."""
        if self.is_all:
            return pool
        return replace(pool, item_rows=self.rows[pool.item_rows].astype(np.int32))


def choose_scored_items(
    data: Dataset, query_sets: Sequence[LabelledQueries], seed: int
) -> ScoredItems:
    """Return the items that are scored: all, or of a large catalogue a part with targets.

    Scores of all items by all strategies were most of a training on many items, and the pools
    keep a few hundred for a query. The part is drawn at equal distances in the order
    of the numbers of users: it has as many best sellers, rare items and items without events as
    its size allows. A query with fewer than ``MIN_SCORED_TARGETS`` targets in the part adds
    some. All strategies are fitted on all items.

    Args:
        data: All training data.
        query_sets: Queries whose targets are scored.
        seed: Seed of the part.
    """
    n = len(data.items)
    every = ScoredItems(np.arange(n), np.ones(n, dtype=bool), is_all=True)
    if n <= MAX_FULLY_SCORED_ITEMS:
        return every
    rng = create_generator(seed, "scored items")
    order = np.lexsort((rng.random(n), -np.bincount(data.events.item, minlength=n)))
    places = (rng.random() + np.arange(N_SCORED_ITEMS)) * n / N_SCORED_ITEMS
    is_drawn = np.zeros(n, dtype=bool)
    is_drawn[order[np.minimum(places.astype(np.int64), n - 1)]] = True
    is_scored = is_drawn.copy()
    priority = np.where(is_drawn, 0.0, 1.0) + rng.random(n)
    for labelled in query_sets:
        query, item = labelled.targets.nonzero()
        by_query = np.lexsort((priority[item], query))
        place = np.arange(len(query)) - np.searchsorted(query[by_query], query[by_query])
        is_scored[item[by_query[place < MIN_SCORED_TARGETS]]] = True
    rows = np.flatnonzero(is_scored)
    return ScoredItems(rows, is_drawn[rows], is_all=False)


@dataclass(frozen=True, eq=False)
class SplitMemory:
    """What a split needs to know of earlier ones."""

    scale: Floats | None
    """(n_strategies,) scales; None: nothing was measured yet."""
    content_options: ContentOptions | None
    """Options that were chosen on the first split; the others reuse them."""
    scores_strangers: Mask
    """(n_strategies,) which strategies give different scores to items without any event of the
    user."""

    def join(self, before: "SplitMemory", after: "SplitMemory") -> "SplitMemory":
        """Return this memory with what a split has changed.

        Args:
            before: What the split knew.
            after: What was known after it.
        """
        scale = after.scale
        if scale is not None and before.scale is not None and self.scale is not None:
            scale = np.where(scale != before.scale, scale, self.scale).astype(np.float32)
        return SplitMemory(
            scale,
            self.content_options or after.content_options,
            self.scores_strangers | after.scores_strangers,
        )


class PoolBuilder:
    """Collects the pools of one split after another.

    Scores are divided by scales that are measured on users of the first split.

    Args:
        data: All training data, of which the splits are parts.
        candidates: Strategies to fit; they may be excluded in between.
        seed: Seed of all random numbers.
        memory: What earlier splits have found out; default: there are none.

    Attributes:
        data: As given.
        candidates: As given.
        seed: As given.
        parts: Pools of the splits.
        memory: What the splits have found out.
    """

    def __init__(
        self,
        data: Dataset,
        candidates: CandidateStrategies,
        seed: int,
        memory: SplitMemory | None = None,
    ) -> None:
        self.data = data
        self.candidates = candidates
        self.seed = seed
        self._sold = warm_items(data)
        self.parts = PoolParts()
        nobody = np.zeros(len(candidates.strategies), dtype=bool)
        self.memory = memory or SplitMemory(None, None, nobody)

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """All candidates."""
        return self.candidates.strategies

    def count_pools(self, kind: str) -> int:
        """Return the number of pools of a kind of queries."""
        return self.parts.count(kind)

    def truncate_pools(self, kind: str, n_pools: int) -> None:
        """Remove the pools of a kind of queries that were added after the first ones."""
        self.parts.truncate(kind, n_pools)

    def add_split(
        self,
        number: int,
        split: HoldoutSplit,
        remaining_rounds: float,
        *,
        constant_only: bool = False,
    ) -> None:
        """Fit the candidates on the visible part of a split and add pools of its queries.

        Args:
            number: Position of the split; it selects the random numbers.
            split: Visible data and labelled queries.
            remaining_rounds: Number of fits still to come after this one.
            constant_only: Whether only strategies are fitted whose scores are the same for all
                queries; all others score 0.
        """
        strategies, items = self.candidates.strategies, self.data.items
        strangers = self.memory.scores_strangers.copy()
        reuse_content_options(split.data, self.memory.content_options)
        usable_rows = [
            n
            for n, s in enumerate(strategies)
            if (s.scores_known or split.has_new_item_targets)
            and (strangers[n] or not split.is_without_events)
            and (s.is_same_for_all or not constant_only)
            and (split.name == NEXT_SPLIT or not is_for_next_events(s))
        ]
        fitted = self.candidates.fit(split.data, self.seed, usable_rows, remaining_rounds)
        options = chosen_content_options(split.data)
        rows = [row for row in usable_rows if strategies[row].name in fitted.names]
        scored = choose_scored_items(self.data, split.query_sets, self.seed)
        linear_models = fitted.linear_models(scored.take(items))
        wish_scorer = None if scored.is_all else find_wish_scorer(fitted, items)
        is_warm, sold = warm_items(split.data)[scored.rows], self._sold[scored.rows]
        scale = self._measure_scales(split.data, fitted, linear_models, rows, scored)
        rng = create_generator(self.seed, f"pools {number}")
        for labelled in map(scored.take_queries, split.query_sets):
            step = len(scored.rows) * len(linear_models)
            for batch in labelled.iter_blocks(
                step, bounded_size("score_cells", MAX_SCORE_CELLS)
            ):
                scores = score_strategies(
                    fitted,
                    linear_models,
                    batch.queries,
                    is_warm & scored.is_drawn,
                    labelled.candidates,
                    wish_scorer,
                )
                scores /= scale[rows, None, None]
                order_ties(scores)
                groups = (is_warm, ~is_warm & sold, ~sold)
                pool = build_candidate_pool(batch, scores, groups, rng).drop_unanswerable()
                if len(pool.n_events):
                    self.parts.add(labelled.kind, scored.restore_rows(pool), rows)
                strangers[rows] |= pool.features[:, pool.n_events == 0].any(axis=(1, 2))
                del scores
        self.memory = SplitMemory(scale, options, strangers)
        split.data.cache.clear()  # the statistics would stay as long as the split
        del fitted, linear_models, wish_scorer
        if not constant_only:
            trim_heaps()

    def _measure_scales(
        self,
        data: Dataset,
        fitted: FittedStrategies,
        linear_models: tuple[LinearScorer, ...],
        rows: Sequence[int],
        scored: "ScoredItems",
    ) -> Floats:
        """Measure the scales on the first split, of strategies for next events on theirs."""
        is_first = self.memory.scale is None
        scale = np.ones(len(self.strategies), dtype=np.float32)
        if self.memory.scale is not None:
            scale = self.memory.scale.copy()
        late = [is_for_next_events(self.strategies[row]) for row in rows]
        if is_first or any(late):
            is_warm = warm_items(data)[scored.rows] & scored.is_drawn
            measured = measure_user_scales(data, fitted, linear_models, is_warm)
            chosen = [n for n, is_late in enumerate(late) if is_first or is_late]
            scale[[rows[n] for n in chosen]] = measured[chosen]
        return scale

    def collect(
        self, rows: Sequence[int], kinds: Sequence[str] = (), *, is_last: bool = False
    ) -> TrainingPools:
        """Return the pools of all splits so far for the strategies at some positions.

        Args:
            rows: Positions of the strategies.
            kinds: Kinds of queries; default: all.
            is_last: Whether the builder forgets these pools, which halves the memory.
        """
        pools = self.parts.join(rows, kinds, is_last=is_last)
        unmeasured = np.ones(len(self.candidates.strategies), dtype=np.float32)
        measured = unmeasured if self.memory.scale is None else self.memory.scale
        return TrainingPools(pools, measured[rows], self._sold)


def score_strategies(
    fitted: FittedStrategies,
    linear_models: tuple[LinearScorer, ...],
    queries: Queries,
    is_warm: Mask,
    candidates: Mask | None = None,
    wish_scorer: LinearScorer | None = None,
) -> Floats:
    """Return the (n_strategies, n_queries, n_items) scores, centred on the items with events.

    Centring per query makes the scores of items with and without events comparable. It does not
    change the order within either group.

    Args:
        fitted: Fitted strategies.
        linear_models: The strategies as linear functions of the query features, for all items.
        queries: Queries to score.
        is_warm: (n_items,) mask of the items with events.
        candidates: (n_items,) items whose scores matter; a strategy that scores none of them
            has only zeros. Default: all.
        wish_scorer: Scorer of wishes for the whole catalogue, by which they are scaled;
            default: that of these items.
    """
    out = np.zeros((len(linear_models), len(queries), len(is_warm)), dtype=np.float32)
    mean = (is_warm / max(is_warm.sum(), 1)).astype(np.float32)
    for row, (model, linear) in enumerate(zip(fitted.models, linear_models, strict=True)):
        if candidates is not None and not (linear.scored & candidates).any():
            continue
        features = model.query_features(queries)
        if model.feature_kind == "wish":
            # Not centred: that would add the same value to all items of a query.
            owners, likeness = combine_wishes(
                _score_wishes(features, linear, wish_scorer or linear), queries.wish_owners
            )
            out[row][owners] = likeness
            continue
        product = linear.weights.apply(features)
        if product is None:
            out[row] = linear.bias - linear.bias @ mean
        else:
            np.add(product, linear.bias, out=out[row])
            out[row] -= (out[row] @ mean)[:, None]
        if not linear.scored.all():
            out[row][:, ~linear.scored] = 0
    return out


def _score_wishes(features: Sparse, linear: LinearScorer, whole: LinearScorer) -> Floats:
    """Return the (n_wishes, n_items) scaled likenesses to the wishes of queries; 0 if none."""
    if not features.nnz:
        return np.zeros((features.shape[0], len(linear.bias)), dtype=np.float32)
    product = linear.weights.apply(scale_wishes(features, whole))
    assert product is not None  # noqa: S101 - content that gives features has weights
    return saturate_wishes(product)


def find_wish_scorer(fitted: FittedStrategies, items: Items) -> LinearScorer | None:
    """Return the scorer of wishes for a catalogue; None without one."""
    for model in fitted.models:
        if model.feature_kind == "wish":
            return model.linear_scorer(fitted.train_items, items)
    return None


def order_ties(scores: Floats) -> None:
    """Give ties a random order of the items, one for all strategies; changes the scores.

    The few customers of a young shop leave many best sellers with equal counts. A pool holds
    all targets and only some of the items that tie with them, so that no rule within the pool
    is fair; the order must be known before the best candidates are chosen. Scores that are
    equal for all items of a query stay equal.

    Args:
        scores: (n_strategies, n_queries, n_items) scaled scores.
    """
    drawn = create_generator(0, "ties").random(scores.shape[2], dtype=np.float32)
    noise = np.float32(TIE_NOISE) * drawn
    for row in range(len(scores) if scores.shape[2] else 0):
        differ = np.ptp(scores[row], axis=1) > 0
        if differ.all():
            scores[row] += noise
        elif differ.any():
            scores[row][differ] += noise


def measure_scales(
    scores: Floats, is_warm: Mask, linear_models: tuple[LinearScorer, ...]
) -> Floats:
    """Return the (n_strategies,) mean standard deviations of scores within a query.

    Queries for which all scores of a strategy are equal do not count: a strategy that scores
    few queries would otherwise have a small scale, and large scores on it.

    They are measured on the items with events that a strategy scores, or else on the other
    items that it scores. Without any variation the scale is 1; differences of the size of
    rounding errors are none.
    """
    scale = np.ones(len(scores), dtype=np.float32)
    for row, (values, linear) in enumerate(zip(scores, linear_models, strict=True)):
        scored_warm = linear.scored & is_warm
        scored = scored_warm if scored_warm.any() else linear.scored
        if scored.any() and len(values):
            deviations = values[:, scored].std(axis=1)
            rounding = ROUNDING * np.abs(values[:, scored]).max(axis=1)
            varies = deviations > np.maximum(rounding, 1e-6 * max(float(deviations.max()), 0.1))
            scale[row] = deviations[varies].mean() if varies.any() else 1.0
    return scale


def build_candidate_pool(
    labelled: LabelledQueries,
    scores: Floats,
    groups: Sequence[Mask],
    rng: np.random.Generator,
) -> CandidatePool:
    """Return the pool of labelled queries: targets, best candidates and random candidates.

    Args:
        labelled: Queries with targets.
        scores: (n_strategies, n_queries, n_items) scores of the strategies.
        groups: (n_items,) masks of the items with events, and of groups of the other items;
            the best candidates of each group are in the pool.
        rng: Draws the random candidates.
    """
    allowed, relevant = labelled.candidate_masks()
    relevant &= allowed
    chosen = np.zeros_like(allowed)
    targets = np.nonzero(relevant)
    target_rate = N_TARGETS / max(relevant.sum(axis=1).max(), 1)
    chosen[targets] = rng.random(len(targets[0])) < target_rate
    chosen |= mark_top(scores, allowed, groups, N_TOP_CANDIDATES)
    _add_random(chosen, allowed, rng)
    columns, present = _compress(chosen)
    rows, queries = np.arange(len(chosen))[:, None], labelled.queries
    flat = scores.reshape(len(scores), chosen.size)
    features = np.take(flat, rows * chosen.shape[1] + columns, axis=1)
    features *= present
    return CandidatePool(
        features,
        relevant[rows, columns] & present,
        present,
        ~groups[0][columns],
        relevant.sum(axis=1),
        queries.n_events,
        columns.astype(np.int32),
        labelled.users,
        np.full(len(chosen), np.nan) if queries.pause_s is None else queries.pause_s,
    )


def _add_random(chosen: Mask, allowed: Mask, rng: np.random.Generator) -> None:
    """Add about ``N_RANDOM_CANDIDATES`` random candidates to each query, in place."""
    n_queries, n_items = allowed.shape
    n_allowed = allowed.sum() / max(n_queries, 1)
    n_drawn = int(np.ceil(N_RANDOM_CANDIDATES * n_items / max(n_allowed, 1)))
    drawn = rng.integers(0, n_items, (n_queries, min(n_drawn, n_items)))
    rows = np.arange(n_queries)[:, None]
    chosen[rows, drawn] |= allowed[rows, drawn]


def _compress(chosen: Mask) -> tuple[Rows, Mask]:
    """Return two (n_queries, width) arrays: the chosen columns, and which of them are real."""
    sizes = chosen.sum(axis=1)
    present = np.arange(max(int(sizes.max(initial=0)), 1)) < sizes[:, None]
    columns = np.zeros(present.shape, dtype=np.int64)
    columns[present] = np.nonzero(chosen)[1]
    return columns, present


def mark_top(scores: Floats, allowed: Mask, groups: Sequence[Mask], n_top: int) -> Mask:
    """Return (n_queries, n_items) the best candidates of each strategy in each group of items.

    A strategy that gives the same score to all candidates of a query and a group marks none of
    them. Of equal scores at the end, the first items are marked.

    Args:
        scores: (n_strategies, n_queries, n_items) scores.
        allowed: (n_queries, n_items) mask of the candidates.
        groups: (n_items,) masks of disjoint groups.
        n_top: Number of candidates of each strategy and group.
    """
    chosen = np.zeros_like(allowed)
    same_for_all = [bool((values == values[:1]).all()) for values in scores]
    for columns in (np.flatnonzero(group) for group in groups):
        candidates = allowed[:, columns]
        best = np.zeros_like(candidates)
        if not candidates.any():
            continue
        for values, is_same in zip(scores, same_for_all, strict=True):
            if is_same:
                _mark_top_of_all(best, values[0, columns], candidates, n_top)
            else:
                _mark_top_of_each(best, values[:, columns], candidates, n_top)
        chosen[:, columns] = best
    return chosen


def _mark_top_of_all(chosen: Mask, values: Floats, allowed: Mask, n_top: int) -> None:
    """Mark the best candidates by (n_columns,) scores that are the same for all queries."""
    if np.ptp(values) == 0:
        return
    n_excluded = int((~allowed).sum(axis=1).max(initial=0))
    order = np.argsort(-values, kind="stable")[: n_top + n_excluded]
    candidates = allowed[:, order]
    chosen[:, order] |= candidates & (np.cumsum(candidates, axis=1) <= n_top)


def _mark_top_of_each(chosen: Mask, values: Floats, allowed: Mask, n_top: int) -> None:
    """Mark the best candidates by (n_queries, n_columns) scores."""
    lowest = np.where(allowed, values, np.inf).min(axis=1)
    values = np.where(allowed, values, -np.inf)
    varies = np.flatnonzero(values.max(axis=1) > lowest)
    if not len(varies):
        return
    values, candidates = values[varies], allowed[varies]
    n_top = min(n_top, values.shape[1])
    last = np.partition(values, values.shape[1] - n_top, axis=1)[:, [-n_top]]
    best = (values >= last) & candidates
    for row in np.flatnonzero(best.sum(axis=1) > n_top).tolist():
        equal = np.flatnonzero(values[row] == last[row, 0])
        best[row, equal[n_top - int((values[row] > last[row, 0]).sum()) :]] = False
    chosen[varies] |= best


def measure_user_scales(
    data: Dataset,
    fitted: FittedStrategies,
    linear_models: tuple[LinearScorer, ...],
    is_warm: Mask | None = None,
) -> Floats:
    """Return the (n_strategies,) scales of strategies on users of their training data.

    Args:
        data: Training data of the strategies.
        fitted: Fitted strategies.
        linear_models: The strategies as linear functions of the query features.
        is_warm: (n,) items of these functions with events; default: they are for all items.
    """
    users = data.active_user_rows
    if not len(users):
        return np.ones(len(linear_models), dtype=np.float32)
    chosen = np.unique(np.linspace(0, len(users) - 1, N_SCALE_QUERIES).astype(int))
    queries = Queries.for_users(data, data.events, users[chosen])
    is_warm = warm_items(data) if is_warm is None else is_warm
    scores = score_strategies(fitted, linear_models, queries, is_warm)
    return measure_scales(scores, is_warm, linear_models)
