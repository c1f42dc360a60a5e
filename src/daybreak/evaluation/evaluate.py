"""Train every system on what is left, ask it about what was hidden, and measure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import TypeAlias

import numpy as np
import polars as pl

from daybreak.data import Tables
from daybreak.errors import ConfigError, DataError
from daybreak.estimates import Estimate, bootstrap_all
from daybreak.evaluation.baselines import BASELINES, SupportsRecommend
from daybreak.evaluation.matrices import UserItemIndex, category_matrix
from daybreak.evaluation.report import Report, SliceInfo, SliceResult
from daybreak.metrics import ACCURACY_METRICS, ListMetrics
from daybreak.simulation.plans import make_plans
from daybreak.simulation.slices import REPORT_SLICES
from daybreak.simulation.table_slices import PAIR_COLUMNS, Slice, SplitPlan

System: TypeAlias = Callable[[Tables], SupportsRecommend]
"""Learns from tables, and returns what answers."""
Progress: TypeAlias = Callable[[int, int, str], None]
"""Is told how many steps are done, how many there are, and which one comes next."""


def evaluate(
    systems: Mapping[str, System],
    tables: Tables,
    *,
    k: int = 10,
    slices: Iterable[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Report:
    """Simulate cold starts, measure systems on them, and compare with random and popular.

    Every event counts as positive and new items are drawn at random; for anything else make
    the plans yourself and call :func:`measure`.

    Args:
        systems: By name, functions that learn from tables and return what answers.
        tables: Everything that is known.
        k: Length of the lists.
        slices: Names out of ``SLICES``; None for all that the data allow.
        seed: Of everything that is drawn; systems have their own.
        progress: Told of every step.

    Raises:
        ConfigError: An unknown slice, ``k`` below 1, or a system named like a baseline.
        DataError: The data are too few to hide anything.

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
    """Measure systems on plans that are made; see :func:`evaluate`.

    The baselines learn from positive events only; systems get every event and judge themselves.

    Raises:
        ConfigError: ``k`` below 1, or a system named like a baseline.
        DataError: The plans have no slice.
    """
    if k < 1:
        raise ConfigError(f"k must be a whole number from 1, got {k!r}")
    if taken := [name for name in systems if name in BASELINES]:
        raise ConfigError(f"a baseline is named {taken[0]!r}; choose another name for yours")
    notes = tuple(note for plan in plans for note in plan.notes)
    plans = [plan for plan in plans if plan.slices]
    if not plans:
        raise DataError("nothing can be measured: " + ("; ".join(notes) or "no slices"))
    steps = _ProgressReporter(plans, len(systems) + len(BASELINES), progress)
    cells = [cell for plan in plans for cell in _evaluate_plan(plan, systems, k, steps)]
    rank = {name: place for place, name in enumerate(REPORT_SLICES)}
    return Report(
        k=k,
        slices=tuple(SliceInfo(s.name, s.protocol, s.counts) for p in plans for s in p.slices),
        cells=tuple(sorted(cells, key=lambda cell: rank.get(cell.slice, len(rank)))),
        notes=notes,
    )


class _ProgressReporter:
    """Counts trainings and answers, and tells whoever wants to know."""

    def __init__(
        self, plans: Sequence[SplitPlan], n_systems: int, progress: Progress | None
    ) -> None:
        self._total = n_systems * sum(1 + len(plan.slices) for plan in plans)
        self._done = 0
        self._progress = progress

    def __call__(self, what: str) -> None:
        if self._progress is not None:
            self._progress(self._done, self._total, what)
        self._done += 1


def _evaluate_plan(
    plan: SplitPlan, systems: Mapping[str, System], k: int, steps: _ProgressReporter
) -> list[SliceResult]:
    """Train each system once and let it answer each slice."""
    train = plan.train
    liked = Tables(train.items, train.users, train.events.filter(plan.positive))
    makers: dict[str, Callable[[], SupportsRecommend]]
    makers = {name: partial(make, train) for name, make in systems.items()}
    makers |= {name: partial(make, liked) for name, make in BASELINES.items()}
    papers = [_SliceEvaluator(plan, slice_) for slice_ in plan.slices]
    cells = []
    for name, make in makers.items():
        steps(f"{name} learns ({plan.name})")
        start = perf_counter()
        system = make()
        fit_s = perf_counter() - start
        for paper in papers:
            steps(f"{name} answers {paper.slice.name}")
            cells.append(paper.evaluate(name, system, k, fit_s))
    return cells


class _SliceEvaluator:
    """A slice with what is needed to mark the answers to it."""

    def __init__(self, plan: SplitPlan, slice_: Slice) -> None:
        self.slice = slice_
        self._index = UserItemIndex(slice_.users, slice_.candidates)
        users = pl.Series(slice_.users, dtype=pl.String).implode()
        seen = plan.train.events.filter(pl.col("user_id").is_in(users))
        self._exclude = self._index.to_matrix(
            pl.concat(
                [frame.select(PAIR_COLUMNS) for frame in (seen, slice_.history, slice_.exclude)]
            )
        )
        catalogue = pl.col("item_id").is_in(pl.Series(slice_.candidates).implode())
        self._items = plan.train.items.filter(catalogue)["item_id"].to_list()
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
        """Ask the system and measure its answer."""
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
        asked = self.slice
        return system.recommend(
            list(asked.users),
            profiles=asked.profiles,
            histories=asked.history if asked.history.height else None,
            k=k,
            exclude_seen=True,
            items=self._items,  # in the random order of the catalogue
            exclude=asked.exclude if asked.exclude.height else None,
        )
