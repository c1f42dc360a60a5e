"""Comparison of learners: each one is fitted alone and ranks the same queries.

A learner is a single strategy or a whole blend. The leaderboard compares many of them; tuning
evaluates one with several options.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.errors import DaybreakError
from daybreak.models import LinearModel, LinearScorer
from daybreak.ranking.blending.strategies import Strategy
from daybreak.simulation.queries import query_ndcg
from daybreak.simulation.resources import ResourceUsage, measure_resources
from daybreak.simulation.slices import BENCHMARK_SLICES
from daybreak.simulation.splits import (
    EvaluationSplit,
    SliceQueries,
    iter_evaluation_splits,
    warm_items,
)
from daybreak.types import Doubles, Floats, Progress, ignore_progress


class FittedScorer(Protocol):
    """A fitted learner."""

    def score(self, queries: Queries, items: Items) -> Floats:
        """Return (n_queries, n_items) scores, higher is better, NaN where there is none."""


class Learner(Protocol):
    """Anything that can be fitted and then scores items; a :class:`Strategy` is one."""

    @property
    def name(self) -> str:
        """Name in the results."""

    @property
    def scores_known(self) -> bool:
        """Whether it may score items with events."""

    @property
    def scores_new(self) -> bool:
        """Whether it may score items without events."""

    def fit(self, data: Dataset, seed: int) -> FittedScorer:
        """Fit the learner on a data set."""


@dataclass(frozen=True)
class BlendLearner:
    """A blend of strategies as a learner; it is fitted on simulated cold starts of its own.

    Attributes:
        strategies: Strategies of the blend.
        name: Name in the results.
        scores_known: Whether it may score items with events.
        scores_new: Whether it may score items without events.
        progress: Called with a description of each step of the training.
    """

    strategies: tuple[Strategy, ...]
    name: str = "auto"
    scores_known: bool = True
    scores_new: bool = True
    progress: Progress = field(default=ignore_progress, compare=False)

    def fit(self, data: Dataset, seed: int) -> FittedScorer:
        """Fit the blend on ``data`` alone."""
        from daybreak.ranking.blending.fit import fit_blend  # noqa: PLC0415 - slow to import
        from daybreak.ranking.scoring.scorer import Scorer  # noqa: PLC0415 - as above

        def progress(step: str) -> None:
            self.progress(f"{self.name}: {step}")

        blend, fitted = fit_blend(data, self.strategies, seed, progress)
        return _BlendScorer(Scorer(blend, fitted, data.items))


@dataclass(frozen=True, eq=False)
class _BlendScorer:
    scorer: Any

    def score(self, queries: Queries, items: Items) -> Floats:
        scores: Floats = self.scorer.score(queries)
        return scores


@dataclass(frozen=True, eq=False)
class StrategyResult:
    """Quality and cost of one learner.

    Attributes:
        name: Name of the learner.
        values: NDCG@10 of each query, by slice; slices that it cannot serve are absent.
        training: Resources of its longest training.
        scoring: Resources of all its scoring.
        error: Message of the error that ended its training; None without an error.
    """

    name: str
    values: Mapping[str, Doubles]
    training: ResourceUsage = field(default_factory=ResourceUsage)
    scoring: ResourceUsage = field(default_factory=ResourceUsage)
    error: str | None = None

    def mean(self, name: str) -> float:
        """Return the mean over the queries of a slice; NaN without values."""
        values = self.values.get(name, np.empty(0))
        return float(values.mean()) if len(values) else float("nan")


@dataclass(frozen=True, eq=False)
class BenchmarkResults:
    """Results of all learners; the values of one slice are in the same order for all.

    Attributes:
        results: One result for each learner.
        n_queries: Number of queries of each slice, in the order of ``BENCHMARK_SLICES``.
    """

    results: tuple[StrategyResult, ...]
    n_queries: Mapping[str, int]

    def __getitem__(self, name: str) -> StrategyResult:
        return next(result for result in self.results if result.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the learners, in their order."""
        return tuple(result.name for result in self.results)


def benchmark_strategies(
    data: Dataset,
    learners: Sequence[Learner],
    *,
    seed: int = 0,
    progress: Progress = ignore_progress,
    repeats: int | None = None,
) -> BenchmarkResults:
    """Fit each learner alone on the visible part of each split, and rank all candidates.

    Candidates are not sampled; NDCG is the mean over all orders of equal scores. A learner that
    cannot score new items ranks them last in one list with known ones and has no value where
    only new ones are ranked; one that scores only new items has values only there. The result
    of a learner that fails contains the error. Each learner uses one thread.

    Args:
        data: The whole data set.
        learners: Learners to compare.
        seed: Seed of the splits and of training.
        progress: Called with a description of each step.
        repeats: Number of random splits; more make errors smaller. None: up to three, until
            there are enough new users.
    """
    splits = tuple(iter_evaluation_splits(data, seed, repeats))
    n_queries = dict.fromkeys(BENCHMARK_SLICES, 0)
    for slice_ in (slice_ for split in splits for slice_ in split.slices):
        n_queries[slice_.slice] += len(slice_.labelled)
    results = []
    for number, learner in enumerate(learners, 1):
        progress(f"{learner.name} ({number} of {len(learners)})")
        with threadpool_limits(1):  # the cost must not depend on what else is running
            results.append(_benchmark_learner(learner, splits, seed))
    return BenchmarkResults(tuple(results), {name: n for name, n in n_queries.items() if n})


def evaluate_slices(
    learner: Learner, split: EvaluationSplit, slices: Sequence[SliceQueries], seed: int
) -> tuple[dict[str, Doubles], ResourceUsage, ResourceUsage]:
    """Fit a learner on a split; return NDCG@10 by slice, and the resources that were used.

    Statistics that training stores in the cache of the data remain for the next training.

    Args:
        learner: Learner to fit.
        split: Split with the training data.
        slices: Slices of the split to rank.
        seed: Seed of training.
    """
    if not slices:
        return {}, ResourceUsage(), ResourceUsage()
    data = split.data
    with measure_resources() as training:
        model = learner.fit(data, seed)
    unscored = (
        np.zeros(len(data.items), dtype=bool) if learner.scores_new else ~warm_items(data)
    )
    with measure_resources() as scoring:
        model = _with_linear_form(model, data)

        def score(queries: Queries) -> Floats:
            scores = np.array(model.score(queries, data.items), dtype=np.float32)
            scores[:, unscored] = np.nan
            return scores

        values = {slice_.slice: query_ndcg(score, slice_.labelled) for slice_ in slices}
    return values, training, scoring


def _benchmark_learner(
    learner: Learner, splits: Sequence[EvaluationSplit], seed: int
) -> StrategyResult:
    """Return the result of a learner; if it fails, the result contains the error."""
    values: dict[str, list[Doubles]] = {}
    training, scoring = ResourceUsage(), ResourceUsage()
    try:
        for split in splits:
            fresh = replace(split, data=replace(split.data))  # without cached statistics
            served = [slice_ for slice_ in fresh.slices if _can_serve(learner, slice_)]
            ndcg_by_slice, training_usage, scoring_usage = evaluate_slices(
                learner, fresh, served, seed
            )
            for name, ndcg in ndcg_by_slice.items():
                values.setdefault(name, []).append(ndcg)
            training = max(training, training_usage, key=lambda usage: usage.seconds)
            scoring = scoring + scoring_usage
    except Exception as error:  # noqa: BLE001 - one failure must not end the comparison
        return StrategyResult(learner.name, {}, error=_describe_error(error))
    joined = {name: np.concatenate(values[name]) for name in BENCHMARK_SLICES if name in values}
    return StrategyResult(learner.name, joined, training, scoring)


def _describe_error(error: Exception) -> str:
    """Return one line; errors of Daybreak are shown without the name of their class."""
    text = (str(error).splitlines() or [""])[0]
    kind = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    return text if isinstance(error, DaybreakError) else f"{kind}: {text}".removesuffix(": ")


def _can_serve(learner: Learner, slice_: SliceQueries) -> bool:
    return learner.scores_new if slice_.target_items == "new" else learner.scores_known


@dataclass(frozen=True, eq=False)
class _LinearFormScorer:
    """A linear model whose scorer is built once, not for each block of queries."""

    model: LinearModel[Any, Any]
    form: LinearScorer

    def score(self, queries: Queries, items: Items) -> Floats:
        product = self.form.weights.apply(self.model.query_features(queries))
        bias = np.where(self.form.scored, self.form.bias, np.float32(np.nan))
        return np.tile(bias, (len(queries), 1)) if product is None else product + bias


def _with_linear_form(model: FittedScorer, data: Dataset) -> FittedScorer:
    if not isinstance(model, LinearModel):
        return model
    return _LinearFormScorer(model, model.linear_scorer(data.train_items, data.items))
