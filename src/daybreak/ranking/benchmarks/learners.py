"""A contest: every strategy alone learns from the same part and answers the same questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.errors import DaybreakError
from daybreak.metrics import expected_ndcg
from daybreak.models import LinearModel, LinearScorer
from daybreak.ranking.blending.strategies import Strategy
from daybreak.simulation.resources import ResourceUsage, measure_resources
from daybreak.simulation.slices import (
    SLICES,
    EvaluationSplit,
    SliceQueries,
    iter_evaluation_splits,
)
from daybreak.types import Doubles, Floats

__all__ = [
    "BenchmarkResults",
    "BlendLearner",
    "FittedScorer",
    "Learner",
    "Progress",
    "StrategyResult",
    "benchmark_strategies",
]


LIST_LENGTH = 10
"""NDCG is measured on lists of this length."""
MAX_SCORES_PER_BLOCK = 8_000_000
"""Scores held at a time."""

Progress = Callable[[str], None]


class FittedScorer(Protocol):
    """Something that has learned."""

    def score(self, queries: Queries, items: Items) -> Floats:
        """Return (n_queries, n_items), higher is better, NaN where it cannot say."""


class Learner(Protocol):
    """Something that can learn and may then be asked; a :class:`Strategy` is one."""

    @property
    def name(self) -> str:
        """Of its row."""

    @property
    def scores_known(self) -> bool:
        """Whether it may score items with events."""

    @property
    def scores_new(self) -> bool:
        """Whether it may score items without events."""

    def fit(self, data: Dataset, seed: int) -> FittedScorer:
        """Learn."""


@dataclass(frozen=True)
class BlendLearner:
    """The blend of a line-up as a contestant: it plays cold starts of its own to learn."""

    strategies: tuple[Strategy, ...]
    name: str = "auto"
    scores_known: bool = True
    scores_new: bool = True
    progress: Progress = field(default=lambda _: None, compare=False)
    """Told of the steps of the learning."""

    def fit(self, data: Dataset, seed: int) -> FittedScorer:
        """Fit the blend on ``data`` alone."""
        from daybreak.ranking.blending.fit import fit_blend  # noqa: PLC0415 - the optimiser is slow
        from daybreak.ranking.scoring.scorer import Scorer  # noqa: PLC0415 - as above

        blend, fitted = fit_blend(data, self.strategies, seed, self._report_progress)
        return _BlendScorer(Scorer(blend, fitted, data.items))

    def _report_progress(self, what: str) -> None:
        self.progress(f"{self.name}: {what}")


@dataclass(frozen=True, eq=False)
class _BlendScorer:
    scorer: Any

    def score(self, queries: Queries, items: Items) -> Floats:
        scores: Floats = self.scorer.score(queries)
        return scores


@dataclass(frozen=True, eq=False)
class StrategyResult:
    """What one contestant reached, and what it cost."""

    name: str
    values: Mapping[str, Doubles]
    """NDCG@10 of each query, by slice; slices that it cannot serve are absent."""
    training: ResourceUsage = field(default_factory=ResourceUsage)
    """Of its longest learning."""
    scoring: ResourceUsage = field(default_factory=ResourceUsage)
    """Of all its answers."""
    error: str | None = None
    """Why it has no values."""

    def mean(self, name: str) -> float:
        """Return the mean over the queries of a slice; NaN where it was not asked."""
        values = self.values.get(name, np.empty(0))
        return float(values.mean()) if len(values) else float("nan")


@dataclass(frozen=True, eq=False)
class BenchmarkResults:
    """The rows of all contestants; values of one slice are in one order for everybody."""

    results: tuple[StrategyResult, ...]
    n_queries: Mapping[str, int]
    """Number of queries of each slice, in the order of ``SLICES``."""

    def __getitem__(self, name: str) -> StrategyResult:
        return next(row for row in self.results if row.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contestants, in their order."""
        return tuple(row.name for row in self.results)


def benchmark_strategies(
    data: Dataset,
    learners: Sequence[Learner],
    *,
    seed: int = 0,
    progress: Progress = lambda _: None,
    repeats: int | None = None,
) -> BenchmarkResults:
    """Hide parts of the data, and let each strategy alone learn the rest and rank everything.

    All candidates are ranked for every query, nothing is sampled; ties count as a random order
    would. A strategy that cannot score new items ranks them last in one list with old ones and
    has no value where only new ones are ranked; one that scores only new items has values there
    alone. A strategy that fails has a row that says why. Every strategy has one thread.

    Args:
        data: Everything that is known.
        learners: Learners to compare.
        seed: Of what is hidden and of the learning.
        progress: Called with a description of each step.
        repeats: How often users and items are hidden at random; more make errors smaller.
            None: up to three times, until there are enough new users.
    """
    played = tuple(iter_evaluation_splits(data, seed, repeats))
    queries = dict.fromkeys(SLICES, 0)
    for question in (question for one in played for question in one.slices):
        queries[question.slice] += len(question.labelled.queries)
    rows = []
    for number, contestant in enumerate(learners):
        progress(f"{contestant.name} ({number + 1} of {len(learners)})")
        with threadpool_limits(1):  # what it costs must not depend on what else is running
            rows.append(_benchmark_learner(contestant, played, seed))
    return BenchmarkResults(tuple(rows), {name: n for name, n in queries.items() if n})


def _benchmark_learner(
    learner: Learner, splits: Sequence[EvaluationSplit], seed: int
) -> StrategyResult:
    try:
        return _evaluate_learner(learner, splits, seed)
    except Exception as error:  # noqa: BLE001 - one failure must not end the contest
        return StrategyResult(learner.name, {}, error=_describe_error(error))


def _describe_error(error: Exception) -> str:
    """Return one line; errors that are raised on purpose need no name."""
    text = (str(error).splitlines() or [""])[0]
    kind = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    return text if isinstance(error, DaybreakError) else f"{kind}: {text}".removesuffix(": ")


def _evaluate_learner(
    learner: Learner, splits: Sequence[EvaluationSplit], seed: int
) -> StrategyResult:
    found: dict[str, list[Doubles]] = {}
    train, score = ResourceUsage(), ResourceUsage()
    for one in splits:
        asked = [question for question in one.slices if _can_serve(learner, question)]
        if not asked:
            continue
        fresh = replace(one.data)  # without the statistics that others have left
        with measure_resources() as cost:
            model = learner.fit(fresh, seed)
        train = max(train, cost, key=lambda c: c.seconds)
        with measure_resources() as cost:
            model = _with_linear_form(model, fresh)
            for question in asked:
                values = _evaluate_slice(model, learner, question, fresh)
                found.setdefault(question.slice, []).append(values)
        score = _add_usage(score, cost)
    joined = {name: np.concatenate(found[name]) for name in SLICES if name in found}
    return StrategyResult(learner.name, joined, train, score)


@dataclass(frozen=True, eq=False)
class _LinearFormScorer:
    """A linear model that is written out once, and not for each batch of queries."""

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


def _add_usage(first: ResourceUsage, second: ResourceUsage) -> ResourceUsage:
    peaks = [cost.peak_mb for cost in (first, second) if cost.peak_mb is not None]
    return ResourceUsage(
        first.seconds + second.seconds,
        first.cpu_seconds + second.cpu_seconds,
        max(peaks) if peaks else None,
    )


def _can_serve(learner: Learner, question: SliceQueries) -> bool:
    return learner.scores_new if question.candidate_set == "new" else learner.scores_known


def _evaluate_slice(
    model: FittedScorer, learner: Learner, question: SliceQueries, data: Dataset
) -> Doubles:
    probe, items = question.labelled, data.items
    old = np.zeros(len(items), dtype=bool)
    old[data.train_item_rows] = len(data.events) > 0
    silent = ~old if not learner.scores_new else np.zeros_like(old)
    step = max(20, MAX_SCORES_PER_BLOCK // max(len(items), 1))
    values = [np.empty(0)]
    for start in range(0, len(probe.queries), step):
        part = probe.take(np.arange(start, min(start + step, len(probe.queries))))
        scores = np.array(model.score(part.queries, items), dtype=np.float32)
        scores[:, silent] = np.nan
        allowed = np.tile(probe.candidates, (len(scores), 1))
        allowed[part.seen.nonzero()] = False
        relevant = np.zeros_like(allowed)
        relevant[part.targets.nonzero()] = True
        values.append(expected_ndcg(scores, allowed, relevant, LIST_LENGTH))
    return np.concatenate(values)
