"""Comparison of two recommenders on the same simulated cold starts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.models import LinearModel
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import Blend
from daybreak.ranking.scoring.scorer import Scorer
from daybreak.simulation.queries import LabelledQueries, target_gains
from daybreak.simulation.slices import BENCHMARK_SLICES
from daybreak.simulation.splits import EvaluationSplit, iter_evaluation_splits
from daybreak.types import Floats, Progress, Rows, Sparse, ignore_progress


@dataclass(frozen=True, eq=False)
class EncodedCatalogue:
    """The items of a data set, as the encoders of one recommender represent them.

    Attributes:
        items: Items with their content.
        kernel: (n_items, n_items) similarities; None when they are not computed yet.
    """

    items: Items
    kernel: Floats | None = None


@dataclass(frozen=True, eq=False)
class RecommenderSpec:
    """Specification of a recommender: strategies with their options, and their weights.

    Attributes:
        blend: Weights of the strategies.
        strategies: Strategies in the order of the blend.
        catalogue: Items as this recommender represents them; None: as in the data set.
    """

    blend: Blend
    strategies: tuple[Strategy, ...]
    catalogue: EncodedCatalogue | None = None


@dataclass(frozen=True, eq=False)
class PairedSliceResult:
    """Gains of two recommenders on the queries of one slice.

    Attributes:
        slice: Name of the slice.
        new: (n_queries, n_items) CSR, contribution of each target to the NDCG@10 of its query.
        old: (n_queries, n_items) CSR with the same targets.
        users: (n_queries,) row of the user; a user can have queries in several splits.
    """

    slice: str
    new: Sparse
    old: Sparse
    users: Rows


def evaluate_paired(
    data: Dataset,
    new: RecommenderSpec,
    old: RecommenderSpec,
    *,
    seed: int = 0,
    repeats: int | None = None,
    progress: Progress = ignore_progress,
) -> tuple[PairedSliceResult, ...]:
    """Fit two recommenders on the visible part of each split and rank every candidate.

    The splits differ from those on which a blend is fitted. Existing models are not used,
    because they were fitted on the events that are held out. A strategy that both recommenders
    have with the same options is fitted once.

    Args:
        data: The whole data set.
        new: The candidate for release.
        old: The recommender of the active release.
        seed: Seed of the splits and of training.
        repeats: Number of random splits; None: up to three, until there are enough new users.
        progress: Receives a description of each split.
    """
    by_slice: dict[str, list[PairedSliceResult]] = {}
    for number, split in enumerate(iter_evaluation_splits(data, seed, repeats), 1):
        progress(f"comparing on split {number} ({split.name})")
        for result in _evaluate_split(split, new, old, seed):
            by_slice.setdefault(result.slice, []).append(result)
    return tuple(
        _concat_results(by_slice[name]) for name in BENCHMARK_SLICES if name in by_slice
    )


def _evaluate_split(
    split: EvaluationSplit, new: RecommenderSpec, old: RecommenderSpec, seed: int
) -> Iterator[PairedSliceResult]:
    fitted: dict[Any, LinearModel[Any, Any]] = {}
    scorers = [_fit_spec(split.data, spec, seed, fitted) for spec in (new, old)]
    for slice_ in split.slices:
        new_gains, old_gains = (_gains(scorer, slice_.labelled) for scorer in scorers)
        yield PairedSliceResult(slice_.slice, new_gains, old_gains, slice_.labelled.users)


def _gains(scorer: Scorer, labelled: LabelledQueries) -> Sparse:
    def score(queries: Queries) -> Floats:
        scores: Floats = scorer.score(replace(queries, train_items=scorer.fitted.train_items))
        return scores

    return target_gains(score, labelled)


def _fit_spec(
    data: Dataset, spec: RecommenderSpec, seed: int, fitted: dict[Any, Any]
) -> Scorer:
    """Return a scorer; models that are in ``fitted`` are reused."""
    catalogue = spec.catalogue
    if catalogue is not None:
        data = replace(data, items=catalogue.items, kernel=catalogue.kernel)
    models = []
    for strategy in spec.strategies:
        key = id(catalogue), strategy.model, repr(strategy.create_model())
        if key not in fitted:
            fitted[key] = strategy.fit(data, seed)
        models.append(fitted[key])
    strategies = FittedStrategies(spec.strategies, tuple(models), data.train_items)
    return Scorer(spec.blend, strategies, data.items)


def _concat_results(results: Sequence[PairedSliceResult]) -> PairedSliceResult:
    return PairedSliceResult(
        results[0].slice,
        sp.vstack([result.new for result in results], format="csr"),
        sp.vstack([result.old for result in results], format="csr"),
        np.concatenate([result.users for result in results]),
    )
