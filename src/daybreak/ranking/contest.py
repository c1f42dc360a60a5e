"""A contest: every strategy alone learns from the same part and answers the same questions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.errors import DaybreakError
from daybreak.models import Linear, LinearModel
from daybreak.ranking.cost import Cost, measured
from daybreak.ranking.full_ranking import expected_ndcg
from daybreak.ranking.questions import SLICES, Question, Round, rounds
from daybreak.ranking.strategies import Strategy
from daybreak.types import Doubles, Floats

K = 10
"""NDCG is measured on lists of this length."""
PART = 8_000_000
"""Scores held at a time."""

Progress = Callable[[str], None]


class Scores(Protocol):
    """Something that has learned."""

    def score(self, queries: Queries, items: Items) -> Floats:
        """Return (n_queries, n_items), higher is better, NaN where it cannot say."""


class Contestant(Protocol):
    """Something that can learn and may then be asked; a :class:`Strategy` is one."""

    @property
    def name(self) -> str:
        """Of its row."""

    @property
    def old(self) -> bool:
        """Whether it may score items with events."""

    @property
    def new(self) -> bool:
        """Whether it may score items without events."""

    def fit(self, data: Dataset, seed: int) -> Scores:
        """Learn."""


@dataclass(frozen=True)
class Blended:
    """The blend of a line-up as a contestant: it plays cold starts of its own to learn."""

    strategies: tuple[Strategy, ...]
    name: str = "auto"
    old: bool = True
    new: bool = True
    say: Progress = field(default=lambda _: None, compare=False)
    """Told of the steps of the learning."""

    def fit(self, data: Dataset, seed: int) -> Scores:
        """Fit the blend on ``data`` alone."""
        from daybreak.ranking.learn import learn_blend  # noqa: PLC0415 - the optimiser is slow
        from daybreak.ranking.scorer import Scorer  # noqa: PLC0415 - as above

        blend, fitted = learn_blend(data, self.strategies, seed, self._told)
        return _Asked(Scorer(blend, fitted, data.items))

    def _told(self, what: str) -> None:
        self.say(f"{self.name}: {what}")


@dataclass(frozen=True, eq=False)
class _Asked:
    scorer: Any

    def score(self, queries: Queries, items: Items) -> Floats:
        scores: Floats = self.scorer.score(queries)
        return scores


@dataclass(frozen=True, eq=False)
class Standing:
    """What one contestant reached, and what it cost."""

    name: str
    values: Mapping[str, Doubles]
    """NDCG@10 of each query, by slice; slices that it cannot serve are absent."""
    train: Cost = field(default_factory=Cost)
    """Of its longest learning."""
    score: Cost = field(default_factory=Cost)
    """Of all its answers."""
    fault: str | None = None
    """Why it has no values."""

    def mean(self, name: str) -> float:
        """Return the mean over the queries of a slice; NaN where it was not asked."""
        values = self.values.get(name, np.empty(0))
        return float(values.mean()) if len(values) else float("nan")


@dataclass(frozen=True, eq=False)
class Standings:
    """The rows of all contestants; values of one slice are in one order for everybody."""

    rows: tuple[Standing, ...]
    queries: Mapping[str, int]
    """Number of queries of each slice, in the order of ``SLICES``."""

    def __getitem__(self, name: str) -> Standing:
        return next(row for row in self.rows if row.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contestants, in their order."""
        return tuple(row.name for row in self.rows)


def contest(
    data: Dataset,
    strategies: Sequence[Contestant],
    *,
    seed: int = 0,
    say: Progress = lambda _: None,
    repeats: int | None = None,
) -> Standings:
    """Hide parts of the data, and let each strategy alone learn the rest and rank everything.

    All candidates are ranked for every query, nothing is sampled; ties count as a random order
    would. A strategy that cannot score new items ranks them last in one list with old ones and
    has no value where only new ones are ranked; one that scores only new items has values there
    alone. A strategy that fails has a row that says why. Every strategy has one thread.

    Args:
        data: Everything that is known.
        strategies: Who competes.
        seed: Of what is hidden and of the learning.
        say: Told of each step.
        repeats: How often users and items are hidden at random; more make errors smaller.
            None: up to three times, until there are enough new users.
    """
    played = tuple(rounds(data, seed, repeats))
    queries = dict.fromkeys(SLICES, 0)
    for question in (question for one in played for question in one.questions):
        queries[question.slice] += len(question.probe.queries)
    rows = []
    for number, contestant in enumerate(strategies):
        say(f"{contestant.name} ({number + 1} of {len(strategies)})")
        with threadpool_limits(1):  # what it costs must not depend on what else is running
            rows.append(_row(contestant, played, seed))
    return Standings(tuple(rows), {name: n for name, n in queries.items() if n})


def _row(contestant: Contestant, played: Sequence[Round], seed: int) -> Standing:
    try:
        return _play(contestant, played, seed)
    except Exception as error:  # noqa: BLE001 - one failure must not end the contest
        return Standing(contestant.name, {}, fault=_fault(error))


def _fault(error: Exception) -> str:
    """Return one line; errors that are raised on purpose need no name."""
    text = (str(error).splitlines() or [""])[0]
    kind = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
    return text if isinstance(error, DaybreakError) else f"{kind}: {text}".removesuffix(": ")


def _play(contestant: Contestant, played: Sequence[Round], seed: int) -> Standing:
    found: dict[str, list[Doubles]] = {}
    train, score = Cost(), Cost()
    for one in played:
        asked = [question for question in one.questions if _can(contestant, question)]
        if not asked:
            continue
        fresh = replace(one.data)  # without the statistics that others have left
        with measured() as cost:
            model = contestant.fit(fresh, seed)
        train = max(train, cost, key=lambda c: c.seconds)
        with measured() as cost:
            model = _written_out(model, fresh)
            for question in asked:
                values = _answer(model, contestant, question, fresh)
                found.setdefault(question.slice, []).append(values)
        score = _sum(score, cost)
    joined = {name: np.concatenate(found[name]) for name in SLICES if name in found}
    return Standing(contestant.name, joined, train, score)


@dataclass(frozen=True, eq=False)
class _Written:
    """A linear model that is written out once, and not for each batch of queries."""

    model: LinearModel[Any, Any]
    form: Linear

    def score(self, queries: Queries, items: Items) -> Floats:
        product = self.form.weights.apply(self.model.evidence_in(queries))
        bias = np.where(self.form.known, self.form.bias, np.float32(np.nan))
        return np.tile(bias, (len(queries), 1)) if product is None else product + bias


def _written_out(model: Scores, data: Dataset) -> Scores:
    if not isinstance(model, LinearModel):
        return model
    return _Written(model, model.linear(data.anchors, data.items))


def _sum(first: Cost, second: Cost) -> Cost:
    peaks = [cost.peak_mb for cost in (first, second) if cost.peak_mb is not None]
    return Cost(
        first.seconds + second.seconds,
        first.cpu_seconds + second.cpu_seconds,
        max(peaks) if peaks else None,
    )


def _can(contestant: Contestant, question: Question) -> bool:
    return contestant.new if question.among == "new" else contestant.old


def _answer(
    model: Scores, contestant: Contestant, question: Question, data: Dataset
) -> Doubles:
    probe, items = question.probe, data.items
    old = np.zeros(len(items), dtype=bool)
    old[data.anchor_rows] = len(data.events) > 0
    silent = ~old if not contestant.new else np.zeros_like(old)
    step = max(20, PART // max(len(items), 1))
    values = [np.empty(0)]
    for start in range(0, len(probe.queries), step):
        part = probe.take(np.arange(start, min(start + step, len(probe.queries))))
        scores = np.array(model.score(part.queries, items), dtype=np.float32)
        scores[:, silent] = np.nan
        allowed = np.tile(probe.candidates, (len(scores), 1))
        allowed[part.seen.nonzero()] = False
        relevant = np.zeros_like(allowed)
        relevant[part.targets.nonzero()] = True
        values.append(expected_ndcg(scores, allowed, relevant, K))
    return np.concatenate(values)


__all__ = ["Blended", "Contestant", "Progress", "Scores", "Standing", "Standings", "contest"]
