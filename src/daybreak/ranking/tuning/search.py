"""One hidden part of the data, and what a strategy gains on it over another.

Better options for strategies, looked for on hidden parts of the data within a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.deadline import time_limit
from daybreak.errors import DaybreakError, OutOfTimeError
from daybreak.metrics import expected_ndcg
from daybreak.ranking.benchmarks.learners import FittedScorer, Learner
from daybreak.ranking.blending.strategies import Strategy
from daybreak.ranking.tuning.search_space import (
    OptionSampler,
    SearchSpace,
    default_options,
    require_optuna,
    search_space_for,
)
from daybreak.rng import create_generator
from daybreak.simulation.slices import SliceQueries, iter_evaluation_splits
from daybreak.types import Doubles

__all__ = ["NdcgBySlice", "RelativeGain", "TuningResult", "ValidationSplit", "tune"]


LIST_LENGTH = 10
"""NDCG is measured on lists of this length."""
MAX_SCORES_PER_BLOCK = 8_000_000
"""Scores held at a time."""
MIN_REFERENCE_NDCG = 0.01
"""A slice on which the default reaches less counts as if it reached this much."""
Z_95 = 1.96
"""Standard errors to either side of a mean that leave out 5 %."""

NdcgBySlice = Mapping[str, Doubles]
"""NDCG@10 of each query, by slice."""


@dataclass(frozen=True)
class RelativeGain:
    """A mean over slices of what was gained, as a share of what the default reached there."""

    mean: float
    low: float
    high: float
    """The 95 % interval over users; all NaN where nothing was asked."""


@dataclass(frozen=True, eq=False)
class ValidationSplit:
    """Users and items hidden at random, and questions about them."""

    data: Dataset
    slices: tuple[SliceQueries, ...]

    @classmethod
    def draw(cls, data: Dataset, seed: int, name: str) -> "ValidationSplit":
        """Hide another part for each name; none is a part that blends are fitted on."""
        one = next(
            iter_evaluation_splits(data, int(create_generator(seed, name).integers(2**31)), 1)
        )
        return cls(one.data, one.slices)

    def evaluate(self, strategy: Learner, seed: int) -> NdcgBySlice:
        """Let a strategy learn what is not hidden, and ask it what it can answer.

        Statistics that a learning leaves in ``data.memo`` stay there for the next.
        """
        asked = tuple(_iter_served_slices(self.slices, strategy))
        model = strategy.fit(self.data, seed) if asked else None
        return {q.slice: _query_ndcg(model, q, self.data.items) for q in asked}

    def relative_gain(self, new: NdcgBySlice, old: NdcgBySlice) -> RelativeGain:
        """Return what ``new`` gained over ``old``; slices count alike, whatever their size.

        The same users are asked in several slices, so the interval is over users, not queries.

        Source:
            A mean of sums over clusters: Cochran 1977, "Sampling techniques", section 9A.1.
        """
        each, asked = np.zeros(self.data.n_users), np.zeros(self.data.n_users, dtype=bool)
        for question in (q for q in self.slices if q.slice in old):
            users, before = question.labelled.users, old[question.slice]
            scale = len(old) * len(users) * max(float(before.mean()), MIN_REFERENCE_NDCG)
            np.add.at(each, users, (new[question.slice] - before) / scale)
            asked[users] = True
        n = int(asked.sum())
        if n < 2:
            return RelativeGain(np.nan, np.nan, np.nan)
        mean = float(each.sum())
        margin = Z_95 * float(each[asked].std(ddof=1)) * n**0.5
        return RelativeGain(mean, mean - margin, mean + margin)


def _iter_served_slices(
    questions: tuple[SliceQueries, ...], strategy: Learner
) -> Iterator[SliceQueries]:
    """Yield the questions that a strategy's options can change the answer to."""
    for question in questions:
        wants = {"new": {"new"}, "old": {"old"}, "all": {"old", "new"}}[question.candidate_set]
        able = {
            kind
            for kind, can in (("old", strategy.scores_known), ("new", strategy.scores_new))
            if can
        }
        if wants <= able:
            yield question


def _query_ndcg(model: FittedScorer | None, question: SliceQueries, items: Items) -> Doubles:
    assert model is not None  # noqa: S101 - somebody who is asked has learned
    probe = question.labelled
    columns = np.flatnonzero(probe.candidates)
    step = max(20, MAX_SCORES_PER_BLOCK // max(len(items), 1))
    values = [np.empty(0)]
    for start in range(0, len(probe.queries), step):
        part = probe.take(np.arange(start, min(start + step, len(probe.queries))))
        scores = model.score(part.queries, items)[:, columns]
        allowed = ~np.asarray(part.seen[:, columns].toarray(), dtype=bool)
        relevant = np.asarray(part.targets[:, columns].toarray(), dtype=bool)
        values.append(expected_ndcg(scores, allowed, relevant, LIST_LENGTH))
    return np.concatenate(values)


MAX_TRIALS = 40
"""Options tried for a strategy, at most."""
MIN_TRIALS = 6
"""A strategy for which there is no time to try so many is not searched."""
N_CHECK_FITS = 2
"""Learnings that follow a search: the default and what was found, on another hidden part."""
MEASURING_TIME_SHARE = 0.3
"""Share of the time after which no more strategies are measured."""
MAX_SLOWDOWN = 3.0
"""Options that take so many times the default are given up."""

Progress = Callable[[str], None]
TuningRecord = dict[str, Any]


@dataclass(frozen=True)
class TuningResult:
    """What a search led to."""

    strategies: tuple[Strategy, ...]
    """In their order; those for which something better was found have it among the options."""
    record: TuningRecord
    """Plain JSON; see :func:`search`."""


def tune(
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int = 0,
    seconds: float = inf,
    progress: Progress = lambda _: None,
    tries: int = MAX_TRIALS,
) -> TuningResult:
    """Look for better options of each strategy, and keep what is better for sure.

    Two parts of the data are hidden at random, others than those a blend is fitted on. The
    first is searched: the objective is the mean over slices of NDCG@10, each as a share of what
    the default reaches there. The best options then have to beat the default on the second by
    more than the 95 % interval of the paired difference; else the default stays. Cheap
    strategies come first; time is shared in proportion to what a learning costs.

    Args:
        data: Everything that is known.
        strategies: Who is searched; options that they give already stay as they are.
        seed: Of what is hidden, of the sampler and of the learning.
        seconds: For everything. Without a limit the result depends on the seed alone.
        progress: Called with a description of each step.
        tries: Options tried for a strategy, at most.

    Returns:
        The strategies, and a record: ``seconds``, ``allowed_s``, ``seed``, ``queries`` and for
        each of ``strategies``: ``kept``, ``why``, ``tried``, ``given_up``, ``default``,
        ``best``, ``gain`` on the searched part, ``check`` (mean, low and high of the gain on
        the other), ``slices`` (default and best there) and ``seconds``.

    Raises:
        MissingExtraError: optuna is not installed.

    Example:
        >>> from daybreak.data import Vocabulary
        >>> from daybreak.data.dataset import Events
        >>> from daybreak.data.dataset import Items
        >>> from daybreak.ranking.blending.strategies import get_strategies
        >>> user, item = np.divmod(np.arange(120), 4)
        >>> shop = Items(Vocabulary(f"i{row}" for row in range(8)))
        >>> data = Dataset(shop, Events.of(user, item + 4 * (user % 2), item), n_users=30)
        >>> found = search(data, get_strategies(["popular", "ease"]), tries=3).record["strategies"]
        >>> found["ease"]["tried"], found["ease"]["default"], found["popular"]["why"]
        (3, {'ridge': 2.5}, 'it has no options to search')
    """
    with require_optuna():
        return _TuningRun(data, seed, seconds, progress).run(tuple(strategies), tries)


_TRAINING_ERRORS = (DaybreakError, MemoryError, np.linalg.LinAlgError)
"""What a training may end with when options are odd."""


@dataclass(frozen=True, eq=False)
class _TunableStrategy:
    """A strategy with options to choose, and what it reaches without."""

    strategy: Strategy
    space: SearchSpace
    default_ndcg: NdcgBySlice
    seconds: float
    """One learning and its answers."""

    @property
    def default_options(self) -> dict[str, Any]:
        return default_options(self.strategy.model, self.space)

    def with_options(self, options: dict[str, Any]) -> Strategy:
        """Return the strategy with these options."""
        return replace(self.strategy, options={**self.strategy.options, **options})


class _TuningRun:
    """The hidden parts, the clock, and what is on record so far."""

    def __init__(self, data: Dataset, seed: int, seconds: float, say: Progress) -> None:
        self._start = perf_counter()
        self._seconds, self._seed, self._progress = seconds, seed, say
        self._search_split = ValidationSplit.draw(data, seed, "search")
        self._check_split = ValidationSplit.draw(data, seed, "search check")
        self._records: dict[str, TuningRecord] = {}

    @property
    def _remaining_s(self) -> float:
        return self._seconds - (perf_counter() - self._start)

    def run(self, strategies: tuple[Strategy, ...], tries: int) -> TuningResult:
        """Search all of them; see :func:`search`."""
        entrants = self._drop_unaffordable(self._measure_defaults(strategies), tries)
        kept = set(self._search_split.data.cache)
        found: dict[str, Strategy] = {}
        while entrants:
            total = sum(entrant.seconds for entrant in entrants)
            entrant = entrants.pop(0)
            name, share = entrant.strategy.name, entrant.seconds / total
            self._progress(f"searching options of {name}")
            start = perf_counter()
            found[name], record = self._tune_strategy(
                entrant, self._remaining_s * share, tries, kept
            )
            self._records[name] = {**record, "seconds": round(perf_counter() - start, 3)}
        records = {s.name: self._records[s.name] for s in strategies}
        return TuningResult(
            tuple(found.get(s.name, s) for s in strategies),
            {
                "seconds": round(perf_counter() - self._start, 3),
                "allowed_s": None if self._seconds == inf else self._seconds,
                "seed": self._seed,
                "queries": {q.slice: len(q.labelled.queries) for q in self._check_split.slices},
                "strategies": records,
            },
        )

    def _measure_defaults(self, strategies: tuple[Strategy, ...]) -> list[_TunableStrategy]:
        """Return those with options to search, after a learning with the defaults."""
        found = []
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
                    marks = self._search_split.evaluate(strategy, self._seed)
            except OutOfTimeError as error:
                self._record_untuned(strategy, f"no time: {error}")
                continue
            except _TRAINING_ERRORS as error:
                self._record_untuned(strategy, f"its defaults failed: {error}")
                continue
            found.append(_TunableStrategy(strategy, space, marks, perf_counter() - start))
        return found

    def _drop_unaffordable(
        self, entrants: list[_TunableStrategy], tries: int
    ) -> list[_TunableStrategy]:
        """Return them, cheap ones first; the dearest have to leave until there is time."""
        ordered = sorted(entrants, key=lambda entrant: entrant.seconds)
        least = min(MIN_TRIALS, tries) + N_CHECK_FITS
        while ordered and least * sum(e.seconds for e in ordered) > self._remaining_s:
            dear = ordered.pop()
            self._record_untuned(
                dear.strategy, f"no time: one learning takes {dear.seconds:.1f} s"
            )
        return ordered

    def _record_untuned(self, strategy: Strategy, why: str) -> None:
        self._records[strategy.name] = {"kept": False, "why": why, "tried": 0, "seconds": 0.0}

    def _tune_strategy(
        self, entrant: _TunableStrategy, seconds: float, tries: int, kept: set[str]
    ) -> tuple[Strategy, TuningRecord]:
        """Search one strategy; return it, better if that is sure, and what is on record."""
        seed = int(
            create_generator(self._seed, f"search {entrant.strategy.name}").integers(2**31)
        )
        tuner = OptionSampler(entrant.space, entrant.default_options, seed)
        start = perf_counter()
        gains: list[float | None] = []
        while len(gains) < tries:
            used = perf_counter() - start
            typical = (entrant.seconds + used) / (1 + len(gains))
            left = seconds - used - N_CHECK_FITS * typical
            options = tuner.ask() if left >= typical else None
            if options is None:
                break
            gains.append(self._evaluate_options(entrant, options, left))
            tuner.tell(gains[-1])
            _drop_new_memo(self._search_split.data, kept)
        record = {
            "tried": len(gains),
            "given_up": gains.count(None),
            "default": entrant.default_options,
            "best": tuner.best,
            "gain": tuner.gain,
        }
        if not tuner.gain > 0:
            return entrant.strategy, {"kept": False, "why": "nothing gained", **record}
        return self._check_options(entrant, tuner.best, record)

    def _evaluate_options(
        self, entrant: _TunableStrategy, options: dict[str, Any], left: float
    ) -> float | None:
        """Return the gain of some options on the searched part; None: given up."""
        limit = None if self._seconds == inf else min(MAX_SLOWDOWN * entrant.seconds, left)
        try:
            with time_limit(limit):
                marks = self._search_split.evaluate(entrant.with_options(options), self._seed)
        except _TRAINING_ERRORS:
            return None
        gain = self._search_split.relative_gain(marks, entrant.default_ndcg).mean
        return gain if np.isfinite(gain) else None

    def _check_options(
        self, entrant: _TunableStrategy, options: dict[str, Any], record: TuningRecord
    ) -> tuple[Strategy, TuningRecord]:
        """Let the best options and the defaults learn and answer on the other hidden part."""
        better = entrant.with_options(options)
        try:
            with time_limit(self._remaining_s):
                old = self._check_split.evaluate(entrant.strategy, self._seed)
            kept = set(self._check_split.data.cache)
            with time_limit(self._remaining_s):
                new = self._check_split.evaluate(better, self._seed)
            _drop_new_memo(self._check_split.data, kept)
        except _TRAINING_ERRORS as error:
            return entrant.strategy, {"kept": False, "why": f"not checked: {error}", **record}
        check = self._check_split.relative_gain(new, old)
        sure = check.low > 0
        record["check"] = asdict(check) if np.isfinite(check.mean) else None
        record["slices"] = {n: [float(old[n].mean()), float(new[n].mean())] for n in old}
        why = "better on another hidden part" if sure else "not surely better on another part"
        return better if sure else entrant.strategy, {"kept": sure, "why": why, **record}


def _drop_new_memo(data: Dataset, kept_keys: set[str]) -> None:
    """Let go of statistics that depend on options: there would be more with every try."""
    for key in set(data.cache) - kept_keys:
        del data.cache[key]
