"""Two ways to make a recommender, side by side on the same simulated cold starts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.metrics import expected_gains
from daybreak.models import LinearModel
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import Blend
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.simulation.slices import (
    SLICES,
    EvaluationSplit,
    SliceQueries,
    iter_evaluation_splits,
)
from daybreak.simulation.splits import LabelledQueries
from daybreak.types import Floats, Rows, Sparse

__all__ = ["EncodedCatalogue", "PairedSliceResult", "RecommenderSpec", "evaluate_paired"]


LIST_LENGTH = 10
"""NDCG is measured on lists of this length."""
MAX_SCORES_PER_BLOCK = 8_000_000
"""Scores held at a time."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class EncodedCatalogue:
    """The items of a data set, as the encoders of one recommender see them."""

    items: Items
    kernel: Floats | None = None
    """(n_items, n_items) similarities when they were computed before."""


@dataclass(frozen=True, eq=False)
class RecommenderSpec:
    """What a recommender is made by: strategies with their options, and their weights."""

    blend: Blend
    strategies: tuple[Strategy, ...]
    """In the order of the blend."""
    catalogue: EncodedCatalogue | None = None
    """Default: as the data have it."""


@dataclass(frozen=True, eq=False)
class PairedSliceResult:
    """What both reached on the queries of one slice."""

    slice: str
    new: Sparse
    """(n_queries, n_items) CSR: what each target adds to the query's NDCG@10"""
    old: Sparse
    """(n_queries, n_items) CSR"""
    users: Rows
    """(n_queries,) who was asked; in several rounds the same user may be"""


def evaluate_paired(
    data: Dataset,
    new: RecommenderSpec,
    old: RecommenderSpec,
    *,
    seed: int = 0,
    repeats: int | None = None,
    progress: Progress = lambda _: None,
) -> tuple[PairedSliceResult, ...]:
    """Let both recipes learn from the visible part of each round and rank every candidate.

    The rounds are not those that a blend is fitted on. Nothing that either recommender has
    learned before is used: it knows what is hidden. A strategy that both have with the same
    options learns once.

    Args:
        data: Everything that is known.
        new: The one that wants to take over.
        old: The one in service.
        seed: Of what is hidden and of the learning.
        repeats: How often users and items are hidden at random; None: up to three times, until
            there are enough new users.
        progress: Called with a description of each split.
    """
    found: dict[str, list[PairedSliceResult]] = {}
    for number, one in enumerate(iter_evaluation_splits(data, seed, repeats)):
        progress(f"round {number + 1} of the duel ({one.name})")
        for bout in _evaluate_split(one, new, old, seed):
            found.setdefault(bout.slice, []).append(bout)
    return tuple(_concat_results(found[name]) for name in SLICES if name in found)


def _evaluate_split(
    one: EvaluationSplit, new: RecommenderSpec, old: RecommenderSpec, seed: int
) -> Iterator[PairedSliceResult]:
    shared: dict[Any, LinearModel[Any, Any]] = {}
    sides = [_fit_spec(one.data, recipe, seed, shared) for recipe in (new, old)]
    for question in one.slices:
        first, second = (_target_gains(side, question) for side in sides)
        yield PairedSliceResult(question.slice, first, second, question.labelled.users)


def _fit_spec(
    data: Dataset, spec: RecommenderSpec, seed: int, shared: dict[Any, Any]
) -> Scorer:
    """Return the recipe after learning; what was learned from the same content is shared."""
    content = spec.catalogue
    if content is not None:
        data = replace(data, items=content.items, kernel=content.kernel)
    fitted = []
    for strategy in spec.strategies:
        key = id(content), strategy.model, repr(strategy.create_model())
        if key not in shared:
            shared[key] = strategy.fit(data, seed)
        fitted.append(shared[key])
    learned = FittedStrategies(spec.strategies, tuple(fitted), data.train_items)
    return Scorer(spec.blend, learned, data.items)


def _target_gains(scorer: Scorer, question: SliceQueries) -> Sparse:
    """Return (n_queries, n_items): what each target adds to one side's NDCG."""
    probe = question.labelled
    step = max(20, MAX_SCORES_PER_BLOCK // max(len(scorer.items), 1))
    starts = range(0, len(probe.queries), step)
    parts = [np.arange(at, min(at + step, len(probe.queries))) for at in starts]
    return sp.vstack([_block_gains(scorer, probe.take(part)) for part in parts], format="csr")


def _block_gains(scorer: Scorer, probe: LabelledQueries) -> Sparse:
    scores = scorer.score(replace(probe.queries, train_items=scorer.fitted.train_items))
    allowed = np.tile(probe.candidates, (len(scores), 1))
    allowed[probe.seen.nonzero()] = False
    relevant = np.zeros_like(allowed)
    relevant[probe.targets.nonzero()] = True
    return expected_gains(scores, allowed, relevant, LIST_LENGTH)


def _concat_results(bouts: list[PairedSliceResult]) -> PairedSliceResult:
    new, old = (
        sp.vstack([getattr(bout, side) for bout in bouts], format="csr")
        for side in ("new", "old")
    )
    return PairedSliceResult(
        bouts[0].slice, new, old, np.concatenate([bout.users for bout in bouts])
    )
