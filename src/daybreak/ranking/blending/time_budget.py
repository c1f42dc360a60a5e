"""Candidate strategies of one training: their fit times, and which ones the budget allows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.deadline import time_limit
from daybreak.errors import MissingExtraError, OutOfTimeError
from daybreak.models import LinearModel
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy
from daybreak.ranking.blending.weights import Exclusion, ExclusionReason

MIN_WEIGHTING_SHARE = 0.2
"""Minimum share of a budget that is reserved for fitting the weights."""
FIT_AND_SCORE_FACTOR = 2.0
"""Time to fit and score the fast strategies, as a multiple of the time to fit them."""
FULL_DATA_FACTOR = 1.6
"""Time to fit on all data, as a multiple of the time to fit on one split."""


@dataclass
class TimeBudget:
    """Time limit of a whole training.

    Args:
        seconds: Limit, counted from the creation of the budget; None: no limit.
        clock: Returns the current time in seconds.
    """

    seconds: float | None = None
    clock: Callable[[], float] = perf_counter
    weighting_seconds: float = 0.0
    """Expected time to fit the weights, once it is known."""
    started_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.started_at = self.clock()

    @property
    def seconds_left(self) -> float:
        """Seconds until the limit; infinite without a limit."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - (self.clock() - self.started_at)

    @property
    def seconds_for_fitting(self) -> float:
        """Seconds until the limit without those reserved for fitting the weights."""
        reserved = max(MIN_WEIGHTING_SHARE * (self.seconds or 0.0), self.weighting_seconds)
        return self.seconds_left - reserved


@dataclass
class CandidateStrategies:
    """Strategies that take part in a training; slow ones are excluded if time runs out.

    Fast strategies are always fitted. Slow strategies are fitted under a time limit that leaves
    enough time for all fits still to come, including the last one on all data.
    """

    strategies: tuple[Strategy, ...]
    budget: TimeBudget = field(default_factory=TimeBudget)
    fit_seconds: dict[str, float] = field(default_factory=dict)
    """Duration of the longest fit, by strategy."""
    excluded: dict[str, Exclusion] = field(default_factory=dict)
    """Excluded strategies, by name."""

    def fit(
        self, data: Dataset, seed: int, rows: Sequence[int], remaining_rounds: float
    ) -> FittedStrategies:
        """Fit some of the remaining strategies; a slow one that fails to finish is excluded.

        Args:
            data: Training data.
            seed: Seed of all random numbers.
            rows: Positions in ``strategies``.
            remaining_rounds: Number of fits still to come after this one.
        """
        self._exclude_slowest(remaining_rounds)
        chosen = [self.strategies[row] for row in rows]
        models = {s.name: self._fit_timed(s, data, seed, None) for s in chosen if not s.is_slow}
        for strategy in chosen:
            if not strategy.is_slow or strategy.name in self.excluded:
                continue
            limit = self._time_limit(strategy, remaining_rounds)
            try:
                models[strategy.name] = self._fit_timed(strategy, data, seed, limit)
            except OutOfTimeError as error:
                self._exclude(strategy.name, ExclusionReason.NO_TIME, str(error))
            except MissingExtraError as error:
                self._exclude(strategy.name, ExclusionReason.MISSING_EXTRA, str(error))
        fitted = tuple(s for s in chosen if s.name in models)
        return FittedStrategies(fitted, tuple(models[s.name] for s in fitted), data.train_items)

    def join(self, other: "CandidateStrategies") -> None:
        """Add the fit times and exclusions of the same strategies in another process."""
        for name, seconds in other.fit_seconds.items():
            self.fit_seconds[name] = max(seconds, self.fit_seconds.get(name, 0.0))
        for name, exclusion in other.excluded.items():
            self.excluded.setdefault(name, exclusion)

    def remaining_rows(self) -> list[int]:
        """Return the positions of the strategies that are not excluded."""
        return [row for row, s in enumerate(self.strategies) if s.name not in self.excluded]

    def remaining(self) -> tuple[Strategy, ...]:
        """Return the strategies that are not excluded."""
        return tuple(self.strategies[row] for row in self.remaining_rows())

    def has_time_for(self, n_rounds: float) -> bool:
        """Return whether the time suffices for this many rounds of the fast strategies."""
        return self.seconds_for_slow(n_rounds) >= 0

    def seconds_for_slow(self, n_rounds: float) -> float:
        """Return the seconds left after this many rounds of the fast strategies."""
        fast = FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False) * n_rounds
        return self.budget.seconds_for_fitting - fast

    def exclude_slow(self, keep: Iterable[str], reason: ExclusionReason, message: str) -> None:
        """Exclude all slow strategies but those with the names to keep."""
        names = set(keep)
        for strategy in self.remaining():
            if strategy.is_slow and strategy.name not in names:
                self._exclude(strategy.name, reason, message)

    def exclude_unused(self, used: Iterable[str]) -> None:
        """Exclude the strategies whose weights are all zero."""
        names = set(used)
        for strategy in self.remaining():
            if strategy.name not in names:
                message = "its weight is zero at every level"
                self._exclude(strategy.name, ExclusionReason.ZERO_WEIGHT, message)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return for each strategy its fit time in seconds and the message of its exclusion."""
        messages = {name: one.message for name, one in self.excluded.items()}
        return {
            s.name: {
                "seconds": round(self.fit_seconds.get(s.name, 0.0), 2),
                "left_out": messages.get(s.name),
            }
            for s in self.strategies
        }

    def _exclude(self, name: str, reason: ExclusionReason, message: str) -> None:
        self.excluded.setdefault(name, Exclusion(reason, message))

    def _fit_timed(
        self, strategy: Strategy, data: Dataset, seed: int, limit: float | None
    ) -> LinearModel:  # type: ignore[type-arg]
        start = self.budget.clock()
        with time_limit(limit, clock=self.budget.clock):
            model = strategy.fit(data, seed)
        seconds = self.budget.clock() - start
        self.fit_seconds[strategy.name] = max(seconds, self.fit_seconds.get(strategy.name, 0.0))
        return model  # type: ignore[return-value]

    def _time_limit(self, strategy: Strategy, remaining_rounds: float) -> float | None:
        """Return the seconds that a slow strategy may take for its next fit."""
        if self.budget.seconds is None:
            return None
        fast = FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False)
        others = fast + self._round_seconds(slow=True, without=strategy.name)
        available = self.budget.seconds_for_fitting - remaining_rounds * others
        return float(max(available / (1 + remaining_rounds), 0.0))

    def _exclude_slowest(self, remaining_rounds: float) -> None:
        """Exclude the slowest strategies until the planned fits are within the budget."""
        while self.budget.seconds is not None and self._round_seconds(slow=True):
            fast = FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False)
            round_seconds = fast + self._round_seconds(slow=True)
            if round_seconds * (1 + remaining_rounds) <= self.budget.seconds_for_fitting:
                return
            slowest = max(self._timed_slow_names(), key=lambda name: self.fit_seconds[name])
            message = (
                f"one fit takes {self.fit_seconds[slowest]:.0f} s, "
                f"{self.budget.seconds_left:.0f} s are left"
            )
            self._exclude(slowest, ExclusionReason.NO_TIME, message)

    def _timed_slow_names(self) -> list[str]:
        slow = {s.name for s in self.remaining() if s.is_slow}
        return [name for name in self.fit_seconds if name in slow]

    def _round_seconds(self, *, slow: bool, without: str = "") -> float:
        """Return the seconds that the remaining slow, or fast, strategies take for one fit."""
        names = {s.name for s in self.remaining() if s.is_slow == slow} - {without}
        return float(np.sum([s for name, s in self.fit_seconds.items() if name in names]))
