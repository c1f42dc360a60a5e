"""Evaluation of recommenders: train each on a split, request lists, and measure them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.errors import ConfigError, DataError
from daybreak.estimates import Estimate, bootstrap_all
from daybreak.evaluation.baselines import BASELINES, SupportsRecommend, reads_times
from daybreak.evaluation.matrices import UserItemIndex, category_matrix
from daybreak.evaluation.report import Report, SliceInfo, SliceResult
from daybreak.metrics import ACCURACY_METRICS, ListMetrics
from daybreak.simulation.plans import make_plans
from daybreak.simulation.slices import REPORT_SLICES
from daybreak.simulation.table_slices import PAIR_COLUMNS, Slice, SplitPlan

System: TypeAlias = Callable[[Tables], SupportsRecommend]
"""Trains on tables and returns a recommender."""
Progress: TypeAlias = Callable[[int, int, str], None]
"""Called with the number of finished steps, of all steps, and the next step."""


def evaluate(
    systems: Mapping[str, System],
    tables: Tables,
    *,
    k: int = 10,
    slices: Iterable[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Simulate cold starts, measure systems on them, and compare with the baselines.

    Every event counts as positive and new items are drawn at random; for other settings call
    :func:`make_plans` and :func:`measure`.

    Args:
        systems: Functions by name that train on tables and return a recommender.
        tables: The whole data set.
        k: Length of the lists, at least 1.
        slices: Names out of ``SLICES``; None for all that the data allow.
        seed: Seed of the splits; systems have their own.
        progress: Called before every step.

    Raises:
        ConfigError: A slice is unknown, ``k`` is below 1, or a system is named like a baseline.
        DataError: The data are too few to hold anything out.

    Example:
        >>> shop = [(f"u{n}", f"i{n * m % 7}") for n in range(20) for m in (1, 2, 3)]
        >>> events = pl.DataFrame(shop, ["user_id", "item_id"], orient="row")
        >>> report = evaluate({}, Tables.of(events), k=3, slices=["cold_user_nothing"])
        >>> report.systems
        ('random', 'popular')
    """
    return measure(
        systems, make_plans(tables, slices=slices, seed=seed), k=k, progress=progress
    )


def measure(
    systems: Mapping[str, System],
    plans: Sequence[SplitPlan],
    *,
    k: int = 10,
    progress: Progress | None = None,
) -> Report:
    """Measure systems on given plans; see :func:`evaluate`.

    The baselines are trained on positive events only. Systems are trained on all events; each
    decides which of them are positive.

    Args:
        systems: Functions by name that train on tables and return a recommender.
        plans: Plans of :func:`make_plans`.
        k: Length of the lists, at least 1.
        progress: Called before every step.

    Raises:
        ConfigError: ``k`` is below 1, or a system is named like a baseline.
        DataError: The plans have no slice.
    """
    if k < 1:
        raise ConfigError(f"k must be a whole number from 1, got {k!r}")
    if reserved := [name for name in systems if name in BASELINES]:
        raise ConfigError(
            f"{reserved[0]!r} is the name of a baseline; choose another name for the system"
        )
    notes = tuple(note for plan in plans for note in plan.notes)
    plans = [plan for plan in plans if plan.slices]
    if not plans:
        raise DataError("nothing can be measured: " + ("; ".join(notes) or "no slices"))
    steps = _ProgressReporter(plans, len(systems) + len(BASELINES), progress)
    cells = [cell for plan in plans for cell in _evaluate_plan(plan, systems, k, steps)]
    order = {name: number for number, name in enumerate(REPORT_SLICES)}
    return Report(
        k=k,
        slices=tuple(SliceInfo(s.name, s.protocol, s.counts) for p in plans for s in p.slices),
        cells=tuple(sorted(cells, key=lambda cell: order.get(cell.slice, len(order)))),
        notes=notes,
    )


class _ProgressReporter:
    """Counts trainings and requests, and reports each before it begins."""

    def __init__(
        self, plans: Sequence[SplitPlan], n_systems: int, progress: Progress | None
    ) -> None:
        self._total = n_systems * sum(1 + len(plan.slices) for plan in plans)
        self._done = 0
        self._progress = progress

    def __call__(self, step: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, step)
        self._done += 1


def _evaluate_plan(
    plan: SplitPlan, systems: Mapping[str, System], k: int, steps: _ProgressReporter
) -> list[SliceResult]:
    """Train each system once and evaluate it on each slice."""
    train = plan.train
    positive = Tables(train.items, train.users, train.events.filter(plan.positive))
    trainings: dict[str, Callable[[], SupportsRecommend]]
    trainings = {name: partial(system, train) for name, system in systems.items()}
    trainings |= {name: partial(baseline, positive) for name, baseline in BASELINES.items()}
    evaluators = [_SliceEvaluator(plan, slice_) for slice_ in plan.slices]
    cells = []
    for name, train_system in trainings.items():
        steps(f"training {name} ({plan.name})")
        start = perf_counter()
        recommender = train_system()
        fit_s = perf_counter() - start
        for evaluator in evaluators:
            steps(f"evaluating {name} on {evaluator.slice.name}")
            cells.append(evaluator.evaluate(name, recommender, k, fit_s))
    return cells


class _SliceEvaluator:
    """Measures the answers of systems on one slice."""

    def __init__(self, plan: SplitPlan, slice_: Slice) -> None:
        self.slice = slice_
        self._index = UserItemIndex(slice_.users, slice_.candidates)
        self._exclude_pairs, excluded = _list_excluded(plan, slice_)
        self._exclude = self._index.to_matrix(excluded)
        is_candidate = pl.col("item_id").is_in(pl.Series(slice_.candidates).implode())
        self._items = plan.train.items.filter(is_candidate)["item_id"].to_list()
        positives = plan.positive_pairs
        counts = dict(positives["item_id"].value_counts().iter_rows())
        self._metrics = ListMetrics(
            relevant=self._index.to_matrix(slice_.targets),
            counts=np.array([counts.get(i, 0) for i in slice_.candidates], dtype=np.int64),
            n_train_users=positives["user_id"].n_unique(),
            categories=category_matrix(plan.train.items, slice_.candidates),
        )

    def evaluate(
        self, name: str, system: SupportsRecommend, k: int, fit_s: float
    ) -> SliceResult:
        """Request recommendations and measure them.

        Args:
            name: Name of the system.
            system: Trained recommender.
            k: Length of the lists.
            fit_s: Time of its training [s].
        """
        start = perf_counter()
        answer = self._recommend(system, k)
        answer_s = perf_counter() - start
        cleaned = self._index.clean_answer(answer, self._exclude, k)
        per_user = self._metrics.per_user(cleaned.ranked)
        overall = self._metrics.overall(cleaned.ranked)
        return SliceResult(
            slice=self.slice.name,
            system=name,
            values=bootstrap_all(per_user)
            | {metric: Estimate(value, np.nan, np.nan) for metric, value in overall.items()},
            per_user={metric: per_user[metric] for metric in ACCURACY_METRICS},
            dropped=cleaned.dropped,
            served=int((cleaned.ranked >= 0).any(axis=1).sum()),
            fit_s=fit_s,
            answer_s=answer_s,
        )

    def _recommend(self, system: SupportsRecommend, k: int) -> pl.DataFrame:
        slice_ = self.slice
        options: dict[str, Any] = {
            "profiles": slice_.profiles,
            "histories": slice_.history if slice_.history.height else None,
            "k": k,
            "exclude_seen": slice_.exclude_seen,
            "items": self._items,  # in the random order of the catalogue
            "exclude": self._exclude_pairs if self._exclude_pairs.height else None,
        }
        if slice_.times.height and reads_times(system):
            options["times"] = slice_.times
        return system.recommend(list(slice_.users), **options)


def _list_excluded(plan: SplitPlan, slice_: Slice) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the pairs that a request excludes by name, and all that may not be recommended.

    A recommender excludes what users have chosen. Items that they have only seen, or rejected,
    are excluded by name: they are no targets, and recommenders treat them in different ways.
    """
    if not slice_.exclude_seen:
        return slice_.exclude, slice_.exclude
    is_asked = pl.col("user_id").is_in(pl.Series(slice_.users, dtype=pl.String).implode())
    seen = plan.train.events.select(PAIR_COLUMNS)
    not_chosen = seen.filter(~plan.positive).filter(is_asked)
    by_name = pl.concat([slice_.exclude, not_chosen])
    parts = (seen.filter(is_asked), slice_.history.select(PAIR_COLUMNS), slice_.exclude)
    return by_name, pl.concat(parts)
