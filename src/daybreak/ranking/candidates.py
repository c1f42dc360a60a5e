"""Who competes for a place in a blend: what each costs, and why some had to leave."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import numpy as np

from daybreak.allowance import allowed
from daybreak.data.dataset import Dataset
from daybreak.errors import MissingExtraError, OutOfTimeError
from daybreak.models import LinearModel
from daybreak.ranking.strategies import Fitted, Strategy

WEIGHING = 0.2
"""Share of a budget that is kept for weighing the strategies, at least."""
AGAIN = 1.2
"""Weighing takes so many times what the first look at the costly strategies took."""
HELPLESS = "did not help in the first simulated cold start"
"""Why a costly strategy leaves."""
SCORING = 2.0
"""Learning and answering of the light strategies take so many times their learning."""
WHOLE = 1.6
"""Learning from everything takes so many times the learning from a part."""


@dataclass
class Budget:
    """Seconds for a whole training; None: as many as the light strategies take."""

    seconds: float | None = None
    start: float = field(default_factory=perf_counter)
    weighing: float = 0.0
    """What the weighing is expected to take, once that is known."""

    @property
    def left(self) -> float:
        """Seconds that are left."""
        if self.seconds is None:
            return float("inf")
        return self.seconds - (perf_counter() - self.start)

    @property
    def for_learning(self) -> float:
        """Seconds that are left when the weighing has had its share."""
        return self.left - max(WEIGHING * (self.seconds or 0.0), self.weighing)


@dataclass
class Candidates:
    """A line-up that shrinks when the time runs out; light strategies always stay.

    Costly strategies learn under an allowance, so that each learning that follows, and the
    last one from everything, still fits in.
    """

    strategies: tuple[Strategy, ...]
    budget: Budget = field(default_factory=Budget)
    seconds: dict[str, float] = field(default_factory=dict)
    """Of the longest learning, by strategy."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a strategy does not compete any more, by strategy."""

    def learn(self, data: Dataset, seed: int, rows: Sequence[int], more: float) -> Fitted:
        """Let those of some rows learn that still compete.

        Args:
            data: What they learn from.
            seed: Of their randomness.
            rows: Positions in ``strategies``.
            more: How many times as much learning is still to come.
        """
        self._make_room(more)
        chosen = [self.strategies[row] for row in rows]
        light = [s for s in chosen if not s.costly]
        learned = {s.name: self._timed(s, data, seed, None) for s in light}
        for strategy in (s for s in chosen if s.costly and s.name not in self.left_out):
            limit = self._limit(strategy, more)
            try:
                learned[strategy.name] = self._timed(strategy, data, seed, limit)
            except (OutOfTimeError, MissingExtraError) as error:
                self.left_out[strategy.name] = str(error)
        stay = tuple(s for s in chosen if s.name in learned)
        return Fitted(stay, tuple(learned[s.name] for s in stay), data.anchors)

    def competing(self) -> list[int]:
        """Return the positions of those that have not left."""
        return [n for n, s in enumerate(self.strategies) if s.name not in self.left_out]

    def time_for(self, more: float) -> bool:
        """Say whether there is time for so many further rounds of the light strategies."""
        return self.budget.for_learning >= SCORING * self._cost(costly=False) * more

    def screen(self, helpful: Callable[[], set[str]], more: float) -> None:
        """Keep the costly strategies that help; none, when there is no time to find out.

        Args:
            helpful: Finds out, and says how far it is (see :func:`so_far`).
            more: How many rounds of learning are still to come.
        """
        names = [s.name for s in self.strategies if not s.costly]
        rest = self.budget.for_learning - SCORING * self._cost(costly=False) * more
        began = perf_counter()
        try:
            with allowed(None if self.budget.seconds is None else max(rest, 0.0)):
                self.keep([*names, *helpful()], HELPLESS)
                self.budget.weighing = AGAIN * (perf_counter() - began)
        except OutOfTimeError as error:
            self.keep(names, f"no time to find out whether it helps: {error}")

    def keep(self, names: Sequence[str], why: str) -> None:
        """Send all others home."""
        for strategy in self.strategies:
            if strategy.name not in names:
                self.left_out.setdefault(strategy.name, why)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return for each strategy its seconds of learning, and why it left if it did."""
        return {
            s.name: {
                "seconds": round(self.seconds.get(s.name, 0.0), 2),
                "left_out": self.left_out.get(s.name),
            }
            for s in self.strategies
        }

    def _timed(
        self, strategy: Strategy, data: Dataset, seed: int, limit: float | None
    ) -> LinearModel:  # type: ignore[type-arg]
        start = perf_counter()
        with allowed(limit):
            model = strategy.fit(data, seed)
        took = perf_counter() - start
        self.seconds[strategy.name] = max(took, self.seconds.get(strategy.name, 0.0))
        return model  # type: ignore[return-value]

    def _limit(self, strategy: Strategy, more: float) -> float | None:
        """Return how long a costly strategy may learn now."""
        if self.budget.seconds is None:
            return None
        others = SCORING * self._cost(costly=False) + self._cost(costly=True, but=strategy.name)
        free = self.budget.for_learning - more * others
        return float(max(free / (1 + more), 0.0))

    def _make_room(self, more: float) -> None:
        """Send the slowest home until the learning that is planned fits."""
        while self.budget.seconds is not None and self._cost(costly=True):
            each = SCORING * self._cost(costly=False) + self._cost(costly=True)
            if each * (1 + more) <= self.budget.for_learning:
                return
            slow = max(self._heavy(), key=lambda name: self.seconds[name])
            self.left_out[slow] = (
                f"one learning takes {self.seconds[slow]:.0f} s, "
                f"{self.budget.left:.0f} s are left"
            )

    def _heavy(self) -> list[str]:
        heavy = {s.name for s in self.strategies if s.costly} - set(self.left_out)
        return [name for name in self.seconds if name in heavy]

    def _cost(self, *, costly: bool, but: str = "") -> float:
        """Return the seconds of one learning of all that are costly, or light."""
        heavy = {s.name for s in self.strategies if s.costly}
        return float(
            np.sum(
                [
                    took
                    for name, took in self.seconds.items()
                    if (name in heavy) == costly and name not in self.left_out and name != but
                ]
            )
        )
