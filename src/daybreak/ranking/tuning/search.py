"""Search for better options of strategies, within a time limit.

Options are searched on one held-out part of the data and confirmed on another; both differ from
those on which a blend is fitted.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from math import inf
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from daybreak.blas import SingleBlasThread
from daybreak.data.dataset import Dataset
from daybreak.deadline import time_limit
from daybreak.engines import Engine, SharedValue, current_engine
from daybreak.errors import DaybreakError, OutOfTimeError
from daybreak.estimates import PairedDifference, cluster_total
from daybreak.models import models
from daybreak.models.card import SearchSpace
from daybreak.ranking.benchmarks.learners import Learner, evaluate_slices
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.tuning.search_space import (
    OptionSampler,
    default_options,
    require_optuna,
    search_space_for,
)
from daybreak.rng import create_generator
from daybreak.simulation.splits import EvaluationSplit, SliceQueries, iter_evaluation_splits
from daybreak.types import Doubles, Progress, ignore_progress

MAX_TRIALS = 40
"""Maximum number of options tried for a strategy."""
MIN_TRIALS = 6
"""Minimum number of options to try; a strategy without time for them is not searched."""
N_CHECK_FITS = 2
"""Trainings that follow a search: with the defaults and with the best options."""
MEASURING_TIME_SHARE = 0.3
"""Share of the time after which no more strategies are measured."""
MAX_SLOWDOWN = 3.0
"""Training time, as a multiple of that with the defaults, at which options are given up."""
MIN_REFERENCE_NDCG = 0.01
"""Minimum NDCG by which a gain is divided, so that defaults with a low NDCG do not dominate."""

NdcgBySlice = Mapping[str, Doubles]
"""NDCG@10 of each query, by slice."""
TuningRecord = dict[str, Any]


@dataclass(frozen=True)
class TuningResult:
    """Result of a search.

    Attributes:
        strategies: The strategies in their order, with better options where some were found.
        record: Plain values for JSON; see :func:`tune`.
    """

    strategies: tuple[Strategy, ...]
    record: TuningRecord


def tune(
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int = 0,
    seconds: float = inf,
    progress: Progress = ignore_progress,
    tries: int = MAX_TRIALS,
) -> TuningResult:
    """Search for better options of each strategy, and keep those that are significantly better.

    Two parts of the data are held out at random, different from those on which a blend is
    fitted. The first is searched: the objective is the mean over slices of NDCG@10, each
    divided by the value of the defaults there. The best options are kept if the 95 % interval
    of their paired difference from the defaults on the second part is above 0; otherwise the
    defaults stay. Fast strategies come first; time is shared in proportion to the time of one
    training.

    Args:
        data: The whole data set.
        strategies: Strategies to search; options that they set already are not searched.
        seed: Seed of the splits, of the sampler and of training.
        seconds: Time limit of the whole search [s]. Without a limit the result depends on the
            seed alone.
        progress: Called with a description of each step.
        tries: Maximum number of options tried for a strategy.

    Returns:
        The strategies, and a record: ``seconds``, ``allowed_s``, ``seed``, ``queries`` and for
        each of ``strategies``: ``kept``, ``why``, ``tried``, ``given_up``, ``default``,
        ``best``, ``gain`` on the searched part, ``check`` (mean, low and high of the gain on
        the other), ``slices`` (default and best there) and ``seconds``.

    Raises:
        MissingExtraError: optuna is not installed.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.dataset import Events, Items
        >>> from daybreak.ranking.blending.strategies import get_strategies
        >>> user, item = np.divmod(np.arange(120), 4)
        >>> catalogue = Items(Vocabulary(f"i{row}" for row in range(8)))
        >>> events = Events.of(user, item + 4 * (user % 2), item)
        >>> data = Dataset(catalogue, events, n_users=30)
        >>> strategies = get_strategies(["popular", "ease"])
        >>> records = tune(data, strategies, tries=3).record["strategies"]
        >>> records["ease"]["tried"], records["ease"]["default"], records["popular"]["why"]
        (3, {'ridge': 2.5}, 'it has no options to search')
    """
    with require_optuna():
        return _TuningRun(data, seed, seconds, progress).run(tuple(strategies), tries)


# --- evaluation on a held-out part ---------------------------------------------------------


@dataclass(frozen=True, eq=False)
class ValidationSplit:
    """A random split on which the options of strategies are evaluated."""

    split: EvaluationSplit

    @classmethod
    def draw(cls, data: Dataset, seed: int, name: str) -> "ValidationSplit":
        """Return a split that depends on the name; blends are fitted on other splits."""
        split_seed = int(create_generator(seed, name).integers(2**31))
        return cls(next(iter_evaluation_splits(data, split_seed, 1)))

    def evaluate(self, strategy: Learner, seed: int) -> NdcgBySlice:
        """Fit a strategy and return its NDCG on the slices that its options can change.

        Statistics that training stores in the cache of the data remain for the next training.
        """
        served = tuple(_iter_served_slices(self.split.slices, strategy))
        return evaluate_slices(strategy, self.split, served, seed)[0]

    def relative_gain(self, tuned: NdcgBySlice, default: NdcgBySlice) -> PairedDifference:
        """Return the mean over slices of the gain of ``tuned``, as a share of ``default``.

        All slices have the same weight. A user can have queries in several slices, so the
        interval is over users, not over queries.
        """
        gains = np.zeros(self.split.data.n_users)
        has_query = np.zeros(self.split.data.n_users, dtype=bool)
        for slice_ in (slice_ for slice_ in self.split.slices if slice_.slice in default):
            users, default_values = slice_.labelled.users, default[slice_.slice]
            scale = (
                len(default)
                * len(users)
                * max(float(default_values.mean()), MIN_REFERENCE_NDCG)
            )
            np.add.at(gains, users, (tuned[slice_.slice] - default_values) / scale)
            has_query[users] = True
        return cluster_total(gains[has_query])


def _iter_served_slices(
    slices: Sequence[SliceQueries], strategy: Learner
) -> Iterator[SliceQueries]:
    """Yield the slices that the options of a strategy can change."""
    needs = {
        "new": strategy.scores_new,
        "known": strategy.scores_known,
        "all": strategy.scores_known and strategy.scores_new,
    }
    for slice_ in slices:
        if needs[slice_.target_items]:
            yield slice_


# --- the search ----------------------------------------------------------------------------


_TRAINING_ERRORS = (DaybreakError, MemoryError, np.linalg.LinAlgError)
"""Errors that training may raise if options are extreme."""


@dataclass(frozen=True, eq=False)
class _TunableStrategy:
    """A strategy with options to search, and its result with the defaults.

    Attributes:
        strategy: The strategy.
        space: Options that may be searched.
        default_ndcg: NDCG with the defaults on the searched part.
        seconds: Time of one training and its scoring [s].
    """

    strategy: Strategy
    space: SearchSpace
    default_ndcg: NdcgBySlice
    seconds: float

    @property
    def default_options(self) -> dict[str, Any]:
        """Default values of the searched options."""
        return default_options(self.strategy.model, self.space)

    def with_options(self, options: dict[str, Any]) -> Strategy:
        """Return the strategy with these options."""
        return replace(self.strategy, options={**self.strategy.options, **options})


class _TuningRun:
    """State of one search: the held-out parts, the clock and the records so far."""

    def __init__(self, data: Dataset, seed: int, seconds: float, progress: Progress) -> None:
        self._start, self._data = perf_counter(), data
        self._seconds, self._seed, self._progress = seconds, seed, progress
        self._search_split = ValidationSplit.draw(data, seed, "search")
        self._check_split = ValidationSplit.draw(data, seed, "search check")
        self._records: dict[str, TuningRecord] = {}

    @property
    def _remaining_s(self) -> float:
        return self._seconds - (perf_counter() - self._start)

    def run(self, strategies: tuple[Strategy, ...], tries: int) -> TuningResult:
        """Search all strategies; see :func:`tune`."""
        tunable = self._drop_unaffordable(self._measure_defaults(strategies), tries)
        kept_keys = set(self._search_split.split.data.cache)
        engine = current_engine()
        if engine is None or engine.n_shards == 1:
            tuned = self._tune_in_turn(tunable, tries, kept_keys)
        else:
            tuned = self._tune_by_workers(engine, tunable, tries, kept_keys)
        records = {s.name: self._records[s.name] for s in strategies}
        return TuningResult(
            tuple(tuned.get(s.name, s) for s in strategies),
            {
                "seconds": round(perf_counter() - self._start, 3),
                "allowed_s": None if self._seconds == inf else self._seconds,
                "seed": self._seed,
                "queries": {q.slice: len(q.labelled) for q in self._check_split.split.slices},
                "strategies": records,
            },
        )

    def _tune_in_turn(
        self, tunable: list[_TunableStrategy], tries: int, kept_keys: set[str]
    ) -> dict[str, Strategy]:
        """Search the strategies here, one after another; return them by name."""
        tuned: dict[str, Strategy] = {}
        while tunable:
            total = sum(candidate.seconds for candidate in tunable)
            candidate = tunable.pop(0)
            share = candidate.seconds / total
            self._progress(f"searching options of {candidate.strategy.name}")
            found = self.tune_strategy(candidate, self._remaining_s * share, tries, kept_keys)
            self._keep(tuned, found)
        return tuned

    def _tune_by_workers(
        self, engine: Engine, tunable: list[_TunableStrategy], tries: int, kept_keys: set[str]
    ) -> dict[str, Strategy]:
        """Search each strategy on a worker, the slowest first; return them by name.

        The workers share the time that is left: together they search longer than one could.
        """
        total = sum(candidate.seconds for candidate in tunable)
        left_s, n_workers = self._remaining_s, engine.n_workers
        tuned: dict[str, Strategy] = {}
        with engine.share(replace(self._data)) as data:
            tasks = [
                SearchTask(
                    data,
                    self._seed,
                    candidate,
                    min(left_s, left_s * n_workers * candidate.seconds / total),
                    None if self._seconds == inf else left_s,
                    tries,
                    frozenset(kept_keys),
                    models[candidate.strategy.model],
                )
                for candidate in reversed(tunable)
            ]
            for task, found in zip(tasks, engine.map(search_task, tasks), strict=True):
                self._progress(f"options of {task.candidate.strategy.name} searched")
                self._keep(tuned, found)
        return tuned

    def _keep(self, tuned: dict[str, Strategy], found: tuple[Strategy, TuningRecord]) -> None:
        strategy, record = found
        tuned[strategy.name] = strategy
        self._records[strategy.name] = record

    def _measure_defaults(self, strategies: tuple[Strategy, ...]) -> list[_TunableStrategy]:
        """Return the strategies with options to search, after training with the defaults."""
        measured = []
        for strategy in sorted(strategies, key=lambda s: s.is_slow):
            space = search_space_for(strategy.model, strategy.options)
            if not space:
                self._record_untuned(strategy, "it has no options to search")
                continue
            if self._remaining_s < (1 - MEASURING_TIME_SHARE) * self._seconds:
                self._record_untuned(strategy, "no time to measure it")
                continue
            self._progress(f"measuring {strategy.name}")
            start = perf_counter()
            try:
                with time_limit(self._remaining_s / (1 + MIN_TRIALS + N_CHECK_FITS)):
                    ndcg = self._search_split.evaluate(strategy, self._seed)
            except OutOfTimeError as error:
                self._record_untuned(strategy, f"no time: {error}")
                continue
            except _TRAINING_ERRORS as error:
                self._record_untuned(strategy, f"its defaults failed: {error}")
                continue
            measured.append(_TunableStrategy(strategy, space, ndcg, perf_counter() - start))
        return measured

    def _drop_unaffordable(
        self, tunable: list[_TunableStrategy], tries: int
    ) -> list[_TunableStrategy]:
        """Return the strategies, fastest first, without the slowest if time is short."""
        ordered = sorted(tunable, key=lambda candidate: candidate.seconds)
        min_fits = min(MIN_TRIALS, tries) + N_CHECK_FITS
        while ordered and min_fits * sum(e.seconds for e in ordered) > self._remaining_s:
            slowest = ordered.pop()
            self._record_untuned(
                slowest.strategy, f"no time: one training takes {slowest.seconds:.1f} s"
            )
        return ordered

    def _record_untuned(self, strategy: Strategy, why: str) -> None:
        self._records[strategy.name] = {"kept": False, "why": why, "tried": 0, "seconds": 0.0}

    def tune_strategy(
        self,
        candidate: _TunableStrategy,
        seconds: float,
        tries: int,
        kept_keys: AbstractSet[str],
    ) -> tuple[Strategy, TuningRecord]:
        """Return a strategy, with better options if there are any, and its record."""
        start = perf_counter()
        strategy, record = self._search_options(candidate, seconds, tries, kept_keys)
        return strategy, {**record, "seconds": round(perf_counter() - start, 3)}

    def _search_options(
        self,
        candidate: _TunableStrategy,
        seconds: float,
        tries: int,
        kept_keys: AbstractSet[str],
    ) -> tuple[Strategy, TuningRecord]:
        seed = int(
            create_generator(self._seed, f"search {candidate.strategy.name}").integers(2**31)
        )
        sampler = OptionSampler(candidate.space, candidate.default_options, seed)
        start = perf_counter()
        gains: list[float | None] = []
        while len(gains) < tries:
            used_s = perf_counter() - start
            typical_s = (candidate.seconds + used_s) / (1 + len(gains))
            left_s = seconds - used_s - N_CHECK_FITS * typical_s
            options = sampler.ask() if left_s >= typical_s else None
            if options is None:
                break
            gains.append(self._evaluate_options(candidate, options, left_s))
            sampler.tell(gains[-1])
            _drop_new_cache_entries(self._search_split.split.data, kept_keys)
        record = {
            "tried": len(gains),
            "given_up": gains.count(None),
            "default": candidate.default_options,
            "best": sampler.best,
            "gain": sampler.gain,
        }
        if not sampler.gain > 0:
            return candidate.strategy, {"kept": False, "why": "nothing gained", **record}
        return self._check_options(candidate, sampler.best, record)

    def _evaluate_options(
        self, candidate: _TunableStrategy, options: dict[str, Any], left_s: float
    ) -> float | None:
        """Return the gain of options on the searched part; None when they are given up."""
        limit = None if self._seconds == inf else min(MAX_SLOWDOWN * candidate.seconds, left_s)
        try:
            with time_limit(limit):
                ndcg = self._search_split.evaluate(candidate.with_options(options), self._seed)
        except _TRAINING_ERRORS:
            return None
        gain = self._search_split.relative_gain(ndcg, candidate.default_ndcg).difference
        return gain if np.isfinite(gain) else None

    def _check_options(
        self, candidate: _TunableStrategy, options: dict[str, Any], record: TuningRecord
    ) -> tuple[Strategy, TuningRecord]:
        """Compare the best options with the defaults on the other held-out part."""
        better = candidate.with_options(options)
        try:
            with time_limit(self._remaining_s):
                default = self._check_split.evaluate(candidate.strategy, self._seed)
            kept_keys = set(self._check_split.split.data.cache)
            with time_limit(self._remaining_s):
                tuned = self._check_split.evaluate(better, self._seed)
            _drop_new_cache_entries(self._check_split.split.data, kept_keys)
        except _TRAINING_ERRORS as error:
            return candidate.strategy, {"kept": False, "why": f"not checked: {error}", **record}
        check = self._check_split.relative_gain(tuned, default)
        is_better = check.is_better
        interval = {"mean": check.difference, "low": check.low, "high": check.high}
        record["check"] = interval if np.isfinite(check.difference) else None
        record["slices"] = {
            n: [float(default[n].mean()), float(tuned[n].mean())] for n in default
        }
        why = (
            "better on another held-out part"
            if is_better
            else "not significantly better on another held-out part"
        )
        return better if is_better else candidate.strategy, {
            "kept": is_better,
            "why": why,
            **record,
        }


class SearchTask(NamedTuple):
    """The search of one strategy by a worker."""

    data: SharedValue[Dataset]
    seed: int
    candidate: _TunableStrategy
    seconds: float
    """Time for the options that are tried [s]."""
    limit_s: float | None
    """Time until the end of the whole search [s]; None: no limit."""
    tries: int
    kept_keys: frozenset[str]
    """Statistics of the searched part that do not depend on options."""
    model: type
    """Class of the model: the worker imports the module that registers it."""


@SingleBlasThread(load_all=True)
def search_task(task: SearchTask) -> tuple[Strategy, TuningRecord]:
    """Return a strategy, with better options if there are any, and its record.

    Args:
        task: The strategy, and the data.
    """
    seconds = inf if task.limit_s is None else task.limit_s
    with require_optuna():
        run = _TuningRun(task.data.get(), task.seed, seconds, ignore_progress)
        return run.tune_strategy(task.candidate, task.seconds, task.tries, task.kept_keys)


def _drop_new_cache_entries(data: Dataset, kept_keys: AbstractSet[str]) -> None:
    """Drop cached statistics that depend on options; each trial would add more of them."""
    for key in set(data.cache) - kept_keys:
        del data.cache[key]
