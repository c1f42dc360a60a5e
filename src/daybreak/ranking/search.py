"""Better options for strategies, looked for on hidden parts of the data within a time."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from daybreak.allowance import allowed
from daybreak.data.dataset import Dataset
from daybreak.errors import DaybreakError, OutOfTimeError
from daybreak.ranking.exam import Exam, Marks
from daybreak.ranking.search_space import Space, defaults_of, space_of
from daybreak.ranking.strategies import Strategy
from daybreak.ranking.tuner import Tuner, ready
from daybreak.rng import stream

TRIES = 40
"""Options tried for a strategy, at most."""
LEAST = 6
"""A strategy for which there is no time to try so many is not searched."""
CHECKS = 2
"""Learnings that follow a search: the default and what was found, on another hidden part."""
MEASURING = 0.3
"""Share of the time after which no more strategies are measured."""
SLOW = 3.0
"""Options that take so many times the default are given up."""

Progress = Callable[[str], None]
Record = dict[str, Any]


@dataclass(frozen=True)
class Searched:
    """What a search led to."""

    strategies: tuple[Strategy, ...]
    """In their order; those for which something better was found have it among the options."""
    record: Record
    """Plain JSON; see :func:`search`."""


def search(
    data: Dataset,
    strategies: Sequence[Strategy],
    seed: int = 0,
    seconds: float = inf,
    say: Progress = lambda _: None,
    tries: int = TRIES,
) -> Searched:
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
        say: Told of each strategy.
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
        >>> from daybreak.data.events import Events
        >>> from daybreak.data.items import Items
        >>> from daybreak.ranking.strategies import line_up
        >>> user, item = np.divmod(np.arange(120), 4)
        >>> shop = Items(Vocabulary(f"i{row}" for row in range(8)))
        >>> data = Dataset(shop, Events.of(user, item + 4 * (user % 2), item), n_users=30)
        >>> found = search(data, line_up(["popular", "ease"]), tries=3).record["strategies"]
        >>> found["ease"]["tried"], found["ease"]["default"], found["popular"]["why"]
        (3, {'ridge': 2.5}, 'it has no options to search')
    """
    with ready():
        return _Search(data, seed, seconds, say).run(tuple(strategies), tries)


_FAILURES = (DaybreakError, MemoryError, np.linalg.LinAlgError)
"""What a training may end with when options are odd."""


@dataclass(frozen=True, eq=False)
class _Entrant:
    """A strategy with options to choose, and what it reaches without."""

    strategy: Strategy
    space: Space
    marks: Marks
    seconds: float
    """One learning and its answers."""

    @property
    def default(self) -> dict[str, Any]:
        return defaults_of(self.strategy.model, self.space)

    def given(self, options: dict[str, Any]) -> Strategy:
        """Return the strategy with these options."""
        return replace(self.strategy, options={**self.strategy.options, **options})


class _Search:
    """The hidden parts, the clock, and what is on record so far."""

    def __init__(self, data: Dataset, seed: int, seconds: float, say: Progress) -> None:
        self._start = perf_counter()
        self._seconds, self._seed, self._say = seconds, seed, say
        self._first = Exam.of(data, seed, "search")
        self._second = Exam.of(data, seed, "search check")
        self._records: dict[str, Record] = {}

    @property
    def _left(self) -> float:
        return self._seconds - (perf_counter() - self._start)

    def run(self, strategies: tuple[Strategy, ...], tries: int) -> Searched:
        """Search all of them; see :func:`search`."""
        entrants = self._affordable(self._entrants(strategies), tries)
        kept = set(self._first.data.memo)
        found: dict[str, Strategy] = {}
        while entrants:
            total = sum(entrant.seconds for entrant in entrants)
            entrant = entrants.pop(0)
            name, share = entrant.strategy.name, entrant.seconds / total
            self._say(f"searching options of {name}")
            start = perf_counter()
            found[name], record = self._searched(entrant, self._left * share, tries, kept)
            self._records[name] = {**record, "seconds": round(perf_counter() - start, 3)}
        records = {s.name: self._records[s.name] for s in strategies}
        return Searched(
            tuple(found.get(s.name, s) for s in strategies),
            {
                "seconds": round(perf_counter() - self._start, 3),
                "allowed_s": None if self._seconds == inf else self._seconds,
                "seed": self._seed,
                "queries": {q.slice: len(q.probe.queries) for q in self._second.questions},
                "strategies": records,
            },
        )

    def _entrants(self, strategies: tuple[Strategy, ...]) -> list[_Entrant]:
        """Return those with options to search, after a learning with the defaults."""
        found = []
        for strategy in sorted(strategies, key=lambda s: s.costly):
            space = space_of(strategy.model, strategy.options)
            if not space:
                self._dismiss(strategy, "it has no options to search")
                continue
            if self._left < (1 - MEASURING) * self._seconds:
                self._dismiss(strategy, "no time to measure it")
                continue
            self._say(f"measuring {strategy.name}")
            start = perf_counter()
            try:
                with allowed(self._left / (1 + LEAST + CHECKS)):
                    marks = self._first.marks(strategy, self._seed)
            except OutOfTimeError as error:
                self._dismiss(strategy, f"no time: {error}")
                continue
            except _FAILURES as error:
                self._dismiss(strategy, f"its defaults failed: {error}")
                continue
            found.append(_Entrant(strategy, space, marks, perf_counter() - start))
        return found

    def _affordable(self, entrants: list[_Entrant], tries: int) -> list[_Entrant]:
        """Return them, cheap ones first; the dearest have to leave until there is time."""
        ordered = sorted(entrants, key=lambda entrant: entrant.seconds)
        least = min(LEAST, tries) + CHECKS
        while ordered and least * sum(e.seconds for e in ordered) > self._left:
            dear = ordered.pop()
            self._dismiss(dear.strategy, f"no time: one learning takes {dear.seconds:.1f} s")
        return ordered

    def _dismiss(self, strategy: Strategy, why: str) -> None:
        self._records[strategy.name] = {"kept": False, "why": why, "tried": 0, "seconds": 0.0}

    def _searched(
        self, entrant: _Entrant, seconds: float, tries: int, kept: set[str]
    ) -> tuple[Strategy, Record]:
        """Search one strategy; return it, better if that is sure, and what is on record."""
        seed = int(stream(self._seed, f"search {entrant.strategy.name}").integers(2**31))
        tuner = Tuner(entrant.space, entrant.default, seed)
        start = perf_counter()
        gains: list[float | None] = []
        while len(gains) < tries:
            used = perf_counter() - start
            typical = (entrant.seconds + used) / (1 + len(gains))
            left = seconds - used - CHECKS * typical
            options = tuner.ask() if left >= typical else None
            if options is None:
                break
            gains.append(self._tried(entrant, options, left))
            tuner.tell(gains[-1])
            _forget(self._first.data, kept)
        record = {
            "tried": len(gains),
            "given_up": gains.count(None),
            "default": entrant.default,
            "best": tuner.best,
            "gain": tuner.gain,
        }
        if not tuner.gain > 0:
            return entrant.strategy, {"kept": False, "why": "nothing gained", **record}
        return self._judged(entrant, tuner.best, record)

    def _tried(self, entrant: _Entrant, options: dict[str, Any], left: float) -> float | None:
        """Return the gain of some options on the searched part; None: given up."""
        limit = None if self._seconds == inf else min(SLOW * entrant.seconds, left)
        try:
            with allowed(limit):
                marks = self._first.marks(entrant.given(options), self._seed)
        except _FAILURES:
            return None
        gain = self._first.gain(marks, entrant.marks).mean
        return gain if np.isfinite(gain) else None

    def _judged(
        self, entrant: _Entrant, options: dict[str, Any], record: Record
    ) -> tuple[Strategy, Record]:
        """Let the best options and the defaults learn and answer on the other hidden part."""
        better = entrant.given(options)
        try:
            with allowed(self._left):
                old = self._second.marks(entrant.strategy, self._seed)
            kept = set(self._second.data.memo)
            with allowed(self._left):
                new = self._second.marks(better, self._seed)
            _forget(self._second.data, kept)
        except _FAILURES as error:
            return entrant.strategy, {"kept": False, "why": f"not checked: {error}", **record}
        check = self._second.gain(new, old)
        sure = check.low > 0
        record["check"] = asdict(check) if np.isfinite(check.mean) else None
        record["slices"] = {n: [float(old[n].mean()), float(new[n].mean())] for n in old}
        why = "better on another hidden part" if sure else "not surely better on another part"
        return better if sure else entrant.strategy, {"kept": sure, "why": why, **record}


def _forget(data: Dataset, kept: set[str]) -> None:
    """Let go of statistics that depend on options: there would be more with every try."""
    for key in set(data.memo) - kept:
        del data.memo[key]


__all__ = ["Searched", "search"]
