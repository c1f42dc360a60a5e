"""Who competes for a place in a blend: what each costs, and why some had to leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.deadline import time_limit
from daybreak.errors import MissingExtraError, OutOfTimeError
from daybreak.models import LinearModel
from daybreak.ranking.blending.strategies import FittedStrategies, Strategy

MIN_WEIGHTING_SHARE = 0.2
"""Share of a budget that is kept for weighing the strategies, at least."""
WEIGHTING_TIME_FACTOR = 1.2
"""Weighing takes so many times what the first look at the costly strategies took."""
NOT_HELPFUL = "did not help in the first simulated cold start"
"""Why a costly strategy leaves."""
FIT_AND_SCORE_FACTOR = 2.0
"""Learning and answering of the light strategies take so many times their learning."""
FULL_DATA_FACTOR = 1.6
"""Learning from everything takes so many times the learning from a part."""


@dataclass
class TimeBudget:
    """Seconds for a whole training; None: as many as the light strategies take."""

    seconds: float | None = None
    started_at: float = field(default_factory=perf_counter)
    weighting_seconds: float = 0.0
    """What the weighing is expected to take, once that is known."""

    @property
    def seconds_left(self) -> float:
        """Seconds that are left."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - (perf_counter() - self.started_at)

    @property
    def seconds_for_fitting(self) -> float:
        """Seconds that are left when the weighing has had its share."""
        return self.seconds_left - max(
            MIN_WEIGHTING_SHARE * (self.seconds or 0.0), self.weighting_seconds
        )


@dataclass
class CandidateStrategies:
    """A line-up that shrinks when the time runs out; light strategies always stay.

    Costly strategies learn under an allowance, so that each learning that follows, and the
    last one from everything, still fits in.
    """

    strategies: tuple[Strategy, ...]
    budget: TimeBudget = field(default_factory=TimeBudget)
    fit_seconds: dict[str, float] = field(default_factory=dict)
    """Of the longest learning, by strategy."""
    exclusion_reasons: dict[str, str] = field(default_factory=dict)
    """Why a strategy does not compete any more, by strategy."""

    def fit(
        self, data: Dataset, seed: int, rows: Sequence[int], remaining_rounds: float
    ) -> FittedStrategies:
        """Let those of some rows learn that still compete.

        Args:
            data: What they learn from.
            seed: Of their randomness.
            rows: Positions in ``strategies``.
            more: How many times as much learning is still to come.
        """
        self._drop_slowest(remaining_rounds)
        chosen = [self.strategies[row] for row in rows]
        light = [s for s in chosen if not s.is_slow]
        learned = {s.name: self._fit_timed(s, data, seed, None) for s in light}
        for strategy in (
            s for s in chosen if s.is_slow and s.name not in self.exclusion_reasons
        ):
            limit = self._time_limit(strategy, remaining_rounds)
            try:
                learned[strategy.name] = self._fit_timed(strategy, data, seed, limit)
            except (OutOfTimeError, MissingExtraError) as error:
                self.exclusion_reasons[strategy.name] = str(error)
        stay = tuple(s for s in chosen if s.name in learned)
        return FittedStrategies(stay, tuple(learned[s.name] for s in stay), data.train_items)

    def remaining_rows(self) -> list[int]:
        """Return the positions of those that have not left."""
        return [
            n for n, s in enumerate(self.strategies) if s.name not in self.exclusion_reasons
        ]

    def has_time_for(self, n_rounds: float) -> bool:
        """Say whether there is time for so many further rounds of the light strategies."""
        return (
            self.budget.seconds_for_fitting
            >= FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False) * n_rounds
        )

    def drop_unhelpful(
        self, find_helpful: Callable[[], set[str]], remaining_rounds: float
    ) -> None:
        """Keep the costly strategies that help; none, when there is no time to find out.

        Args:
            helpful: Finds out, and says how far it is (see :func:`report_progress`).
            more: How many rounds of learning are still to come.
        """
        names = [s.name for s in self.strategies if not s.is_slow]
        rest = (
            self.budget.seconds_for_fitting
            - FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False) * remaining_rounds
        )
        began = perf_counter()
        try:
            with time_limit(None if self.budget.seconds is None else max(rest, 0.0)):
                self.keep([*names, *find_helpful()], NOT_HELPFUL)
                self.budget.weighting_seconds = WEIGHTING_TIME_FACTOR * (perf_counter() - began)
        except OutOfTimeError as error:
            self.keep(names, f"no time to find out whether it helps: {error}")

    def keep(self, names: Sequence[str], reason: str) -> None:
        """Send all others home."""
        for strategy in self.strategies:
            if strategy.name not in names:
                self.exclusion_reasons.setdefault(strategy.name, reason)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return for each strategy its seconds of learning, and why it left if it did."""
        return {
            s.name: {
                "seconds": round(self.fit_seconds.get(s.name, 0.0), 2),
                "left_out": self.exclusion_reasons.get(s.name),
            }
            for s in self.strategies
        }

    def _fit_timed(
        self, strategy: Strategy, data: Dataset, seed: int, limit: float | None
    ) -> LinearModel:  # type: ignore[type-arg]
        start = perf_counter()
        with time_limit(limit):
            model = strategy.fit(data, seed)
        took = perf_counter() - start
        self.fit_seconds[strategy.name] = max(took, self.fit_seconds.get(strategy.name, 0.0))
        return model  # type: ignore[return-value]

    def _time_limit(self, strategy: Strategy, remaining_rounds: float) -> float | None:
        """Return how long a costly strategy may learn now."""
        if self.budget.seconds is None:
            return None
        others = FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False) + self._round_seconds(
            slow=True, excluded=strategy.name
        )
        free = self.budget.seconds_for_fitting - remaining_rounds * others
        return float(max(free / (1 + remaining_rounds), 0.0))

    def _drop_slowest(self, remaining_rounds: float) -> None:
        """Send the slowest home until the learning that is planned fits."""
        while self.budget.seconds is not None and self._round_seconds(slow=True):
            each = FIT_AND_SCORE_FACTOR * self._round_seconds(slow=False) + self._round_seconds(
                slow=True
            )
            if each * (1 + remaining_rounds) <= self.budget.seconds_for_fitting:
                return
            slow = max(self._timed_slow_names(), key=lambda name: self.fit_seconds[name])
            self.exclusion_reasons[slow] = (
                f"one learning takes {self.fit_seconds[slow]:.0f} s, "
                f"{self.budget.seconds_left:.0f} s are left"
            )

    def _timed_slow_names(self) -> list[str]:
        heavy = {s.name for s in self.strategies if s.is_slow} - set(self.exclusion_reasons)
        return [name for name in self.fit_seconds if name in heavy]

    def _round_seconds(self, *, slow: bool, excluded: str = "") -> float:
        """Return the seconds of one learning of all that are costly, or light."""
        heavy = {s.name for s in self.strategies if s.is_slow}
        return float(
            np.sum(
                [
                    took
                    for name, took in self.fit_seconds.items()
                    if (name in heavy) == slow
                    and name not in self.exclusion_reasons
                    and name != excluded
                ]
            )
        )
