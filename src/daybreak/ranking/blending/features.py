"""Scores of every strategy side by side, on one scale, for the candidates that matter.

Answers of the line-up to all simulated questions, ready to fit weights on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Queries
from daybreak.models import LinearScorer
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.time_budget import FULL_DATA_FACTOR, CandidateStrategies
from daybreak.rng import create_generator
from daybreak.simulation.splits import HoldoutSplit, LabelledQueries, count_splits, iter_splits
from daybreak.types import Floats, Mask, Rows

N_TOP_CANDIDATES = 40
"""Candidates that each strategy puts into the pool of a query."""
N_RANDOM_CANDIDATES = 40
"""Candidates drawn at random into the pool of a query."""


@dataclass(frozen=True, eq=False)
class CandidatePool:
    """The features of a probe's most promising candidates; absent places are masked.

    Pools make fitting a blend independent of the size of the catalogue. A candidate outside the
    best of every strategy has no chance of a high place in any blend of them.
    """

    features: Floats
    """(n_strategies, n_queries, width)"""
    relevant: Mask
    """(n_queries, width)"""
    present: Mask
    """(n_queries, width)"""
    new: Mask
    """(n_queries, width) candidates that have no events"""
    n_relevant: Rows
    """(n_queries,) targets in all"""
    n_events: Floats
    """(n_queries,)"""
    item: Rows
    """(n_queries, width) rows of the catalogue"""

    def take(self, rows: Rows) -> "CandidatePool":
        """Return the pool of some of its queries."""
        return CandidatePool(
            np.ascontiguousarray(self.features[:, rows]),
            self.relevant[rows],
            self.present[rows],
            self.new[rows],
            self.n_relevant[rows],
            self.n_events[rows],
            self.item[rows],
        )

    @classmethod
    def merge(cls, pools: Sequence["CandidatePool"]) -> "CandidatePool":
        """Return the queries of several pools in one, padded to the widest."""
        width = max(pool.present.shape[1] for pool in pools)

        def join(name: str, axis: int) -> Any:
            parts = [getattr(pool, name) for pool in pools]
            wide = [_pad_width(part, width) if part.ndim > 1 else part for part in parts]
            return np.concatenate(wide, axis=axis)

        return cls(
            join("features", 1),
            join("relevant", 0),
            join("present", 0),
            join("new", 0),
            join("n_relevant", 0),
            join("n_events", 0),
            join("item", 0),
        )


def _pad_width(part: Any, width: int) -> Any:
    fill = [(0, 0)] * (part.ndim - 1) + [(0, width - part.shape[-1])]
    return np.pad(part, fill)


def score_strategies(
    fitted: FittedStrategies,
    linear_models: tuple[LinearScorer, ...],
    queries: Queries,
    is_warm: Mask,
) -> Floats:
    """Return (n_strategies, n_queries, n_items) scores, centred on the items with events.

    Centring per query makes the scores of items with and without events comparable, and is a
    constant for the order among either.
    """
    out = np.zeros((len(linear_models), len(queries), len(is_warm)), dtype=np.float32)
    for row, (model, form) in enumerate(zip(fitted.models, linear_models, strict=True)):
        product = form.weights.apply(model.query_features(queries))
        out[row] = form.bias if product is None else product + form.bias
        if is_warm.any():
            out[row] -= out[row][:, is_warm].mean(axis=1, keepdims=True)
        out[row][:, ~form.scored] = 0
    return out


def measure_scales(
    scores: Floats, is_warm: Mask, linear_models: tuple[LinearScorer, ...]
) -> Floats:
    """Return (n_strategies,) typical spreads over the items each can score; 1 without any.

    Items with events come first; a strategy that scores only the others is measured on those.
    """
    scale = np.ones(len(scores), dtype=np.float32)
    for row, (value, form) in enumerate(zip(scores, linear_models, strict=True)):
        known = form.scored & is_warm if (form.scored & is_warm).any() else form.scored
        if known.any() and len(value):
            spread = value[:, known].std(axis=1).mean()
            scale[row] = spread if spread > 1e-9 else 1.0
    return scale


def build_candidate_pool(
    labelled: LabelledQueries,
    scores: Floats,
    is_warm: Mask,
    rng: np.random.Generator,
) -> CandidatePool:
    """Gather the pool of a probe from its (n_strategies, n_queries, n_items) scores."""
    n = len(labelled.queries)
    allowed = np.tile(labelled.candidates, (n, 1))
    allowed[labelled.seen.nonzero()] = False
    relevant = np.zeros_like(allowed)
    relevant[sp.csr_array(labelled.targets).nonzero()] = True
    relevant &= allowed
    chosen = relevant & (rng.random(relevant.shape) < 200 / max(relevant.sum(axis=1).max(), 1))
    for part in (is_warm, ~is_warm):
        chosen |= _mark_top(scores, allowed & part)
    chosen |= allowed & (
        rng.random(allowed.shape) < N_RANDOM_CANDIDATES / max(allowed.sum() / max(n, 1), 1)
    )
    width = max(int(chosen.sum(axis=1).max(initial=0)), 1)
    columns = np.argsort(~chosen, axis=1, kind="stable")[:, :width]
    present = np.take_along_axis(chosen, columns, 1)
    at = np.arange(n)[:, None]
    return CandidatePool(
        np.ascontiguousarray(scores[:, at, columns]) * present,
        np.take_along_axis(relevant, columns, 1) & present,
        present,
        ~is_warm[columns],
        relevant.sum(axis=1),
        labelled.queries.n_events,
        columns.astype(np.int32),
    )


def _mark_top(scores: Floats, allowed: Mask) -> Mask:
    """Mark the best candidates of each strategy that tells candidates apart."""
    chosen = np.zeros_like(allowed)
    n_items = allowed.shape[1]
    if not allowed.any():
        return chosen
    for score in scores:
        masked = np.where(allowed, score, -np.inf)
        if not np.ptp(score):
            continue
        best = np.argpartition(-masked, min(N_TOP_CANDIDATES, n_items - 1), axis=1)[
            :, :N_TOP_CANDIDATES
        ]
        np.put_along_axis(chosen, best, True, axis=1)
    chosen &= allowed
    return chosen


MAX_SCORE_CELLS = 40_000_000
"""Scores held in memory at once."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class TrainingPools:
    """Pools by kind of question, on one scale."""

    pools: dict[str, CandidatePool]
    scale: Floats
    """(n_strategies,)"""


def build_training_pools(
    data: Dataset,
    candidates: CandidateStrategies,
    seed: int,
    progress: Progress,
    find_helpful: Callable[[TrainingPools], set[str]],
) -> TrainingPools:
    """Let the candidates learn from the visible part of every trial and answer its probes.

    Strategies that had to leave on the way are in no pool; see :meth:`CandidateStrategies.remaining_rows`.

    Args:
        data: Everything that is known.
        candidates: Who competes.
        seed: Of everything random.
        say: Told of each trial.
        helpful: Which costly strategies help in the first trial; the others leave.
    """
    strategies = candidates.strategies
    found: dict[str, list[CandidatePool]] = {}
    scale = np.ones(len(strategies), dtype=np.float32)
    planned = count_splits(data)
    for number, trial in enumerate(iter_splits(data, seed)):
        more = planned - number - 1 + FULL_DATA_FACTOR
        if number and not candidates.has_time_for(more):
            progress(f"no time for simulated cold start {number + 1} ({trial.name})")
            continue
        progress(f"simulated cold start {number + 1} of {planned} ({trial.name})")
        able = [
            row for row, s in enumerate(strategies) if s.scores_known or trial.asks_new_items
        ]
        fitted = candidates.fit(trial.data, seed, able, more)
        rows = [row for row in able if strategies[row].name in fitted.names]
        forms = fitted.linear_models(data.items)
        old = np.zeros(len(data.items), dtype=bool)
        old[trial.data.train_item_rows] = len(trial.data.events) > 0
        if not number:
            scale[rows] = _measure_user_scales(trial, fitted, forms, old)
        rng = create_generator(seed, f"pools {number}")
        for probe in trial.query_sets:
            for part in _split_labelled(probe, len(old) * len(forms)):
                values = (
                    score_strategies(fitted, forms, part.queries, old) / scale[rows, None, None]
                )
                pooled = build_candidate_pool(part, values, old, rng)
                found.setdefault(probe.kind, []).append(
                    _expand_strategies(pooled, rows, len(strategies))
                )
        if not number and any(s.is_slow for s in fitted.strategies):
            progress("looking at what the costly strategies add")
            first = _merge_pools(found, scale, range(len(strategies)))
            candidates.drop_unhelpful(partial(find_helpful, first), more)
    return _merge_pools(found, scale, candidates.remaining_rows())


def _merge_pools(
    found: dict[str, list[CandidatePool]], scale: Floats, rows: Sequence[int]
) -> TrainingPools:
    """Return the pools of those strategies that played to the end."""
    merged = {
        kind: _drop_unanswerable(CandidatePool.merge(parts)) for kind, parts in found.items()
    }
    pools = {
        kind: replace(p, features=p.features[rows])
        for kind, p in merged.items()
        if len(p.n_events)
    }
    return TrainingPools(pools, scale[rows])


def _expand_strategies(
    pooled: CandidatePool, rows: Sequence[int], n_strategies: int
) -> CandidatePool:
    """Give the strategies that were left out of a trial a score of 0."""
    if len(rows) == n_strategies:
        return pooled
    features = np.zeros((n_strategies, *pooled.features.shape[1:]), dtype=np.float32)
    features[rows] = pooled.features
    return replace(pooled, features=features)


def _split_labelled(probe: LabelledQueries, cost: int) -> list[LabelledQueries]:
    step = max(20, MAX_SCORE_CELLS // max(cost, 1))
    starts = range(0, len(probe.queries), step)
    rows = [np.arange(start, min(start + step, len(probe.queries))) for start in starts]
    return [probe.take(part) for part in rows]


def _measure_user_scales(
    trial: HoldoutSplit, fitted: FittedStrategies, forms: tuple[LinearScorer, ...], old: Mask
) -> Floats:
    """Measure the spread of each strategy's scores on known users."""
    for probe in trial.query_sets:
        if probe.kind == "user" and len(probe.queries):
            some = probe.take(np.arange(min(100, len(probe.queries))))
            return measure_scales(
                score_strategies(fitted, forms, some.queries, old), old, forms
            )
    return np.ones(len(forms), dtype=np.float32)


def _drop_unanswerable(pooled: CandidatePool) -> CandidatePool:
    """Leave out queries that nothing could answer, and give their pool the least width."""
    rows = np.flatnonzero(pooled.n_relevant > 0)
    kept = pooled.take(rows)
    width = int(kept.present.sum(axis=1).max(initial=0))
    return replace(
        kept,
        features=np.ascontiguousarray(kept.features[:, :, :width]),
        relevant=kept.relevant[:, :width],
        present=kept.present[:, :width],
        new=kept.new[:, :width],
        item=kept.item[:, :width],
    )
