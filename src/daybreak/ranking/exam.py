"""One hidden part of the data, and what a strategy gains on it over another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.ranking.contest import Contestant, Scores
from daybreak.ranking.full_ranking import expected_ndcg
from daybreak.ranking.questions import Question, rounds
from daybreak.rng import stream
from daybreak.types import Doubles

K = 10
"""NDCG is measured on lists of this length."""
PART = 8_000_000
"""Scores held at a time."""
FLOOR = 0.01
"""A slice on which the default reaches less counts as if it reached this much."""
SURE = 1.96
"""Standard errors to either side of a mean that leave out 5 %."""

Marks = Mapping[str, Doubles]
"""NDCG@10 of each query, by slice."""


@dataclass(frozen=True)
class Gain:
    """A mean over slices of what was gained, as a share of what the default reached there."""

    mean: float
    low: float
    high: float
    """The 95 % interval over users; all NaN where nothing was asked."""


@dataclass(frozen=True, eq=False)
class Exam:
    """Users and items hidden at random, and questions about them."""

    data: Dataset
    questions: tuple[Question, ...]

    @classmethod
    def of(cls, data: Dataset, seed: int, name: str) -> "Exam":
        """Hide another part for each name; none is a part that blends are fitted on."""
        one = next(rounds(data, int(stream(seed, name).integers(2**31)), 1))
        return cls(one.data, one.questions)

    def marks(self, strategy: Contestant, seed: int) -> Marks:
        """Let a strategy learn what is not hidden, and ask it what it can answer.

        Statistics that a learning leaves in ``data.memo`` stay there for the next.
        """
        asked = tuple(_asked(self.questions, strategy))
        model = strategy.fit(self.data, seed) if asked else None
        return {q.slice: _values(model, q, self.data.items) for q in asked}

    def gain(self, new: Marks, old: Marks) -> Gain:
        """Return what ``new`` gained over ``old``; slices count alike, whatever their size.

        The same users are asked in several slices, so the interval is over users, not queries.

        Source:
            A mean of sums over clusters: Cochran 1977, "Sampling techniques", section 9A.1.
        """
        each, asked = np.zeros(self.data.n_users), np.zeros(self.data.n_users, dtype=bool)
        for question in (q for q in self.questions if q.slice in old):
            users, before = question.probe.users, old[question.slice]
            scale = len(old) * len(users) * max(float(before.mean()), FLOOR)
            np.add.at(each, users, (new[question.slice] - before) / scale)
            asked[users] = True
        n = int(asked.sum())
        if n < 2:
            return Gain(np.nan, np.nan, np.nan)
        mean = float(each.sum())
        margin = SURE * float(each[asked].std(ddof=1)) * n**0.5
        return Gain(mean, mean - margin, mean + margin)


def _asked(questions: tuple[Question, ...], strategy: Contestant) -> Iterator[Question]:
    """Yield the questions that a strategy's options can change the answer to."""
    for question in questions:
        wants = {"new": {"new"}, "old": {"old"}, "all": {"old", "new"}}[question.among]
        able = {kind for kind, can in (("old", strategy.old), ("new", strategy.new)) if can}
        if wants <= able:
            yield question


def _values(model: Scores | None, question: Question, items: Items) -> Doubles:
    assert model is not None  # noqa: S101 - somebody who is asked has learned
    probe = question.probe
    columns = np.flatnonzero(probe.candidates)
    step = max(20, PART // max(len(items), 1))
    values = [np.empty(0)]
    for start in range(0, len(probe.queries), step):
        part = probe.take(np.arange(start, min(start + step, len(probe.queries))))
        scores = model.score(part.queries, items)[:, columns]
        allowed = ~np.asarray(part.seen[:, columns].toarray(), dtype=bool)
        relevant = np.asarray(part.targets[:, columns].toarray(), dtype=bool)
        values.append(expected_ndcg(scores, allowed, relevant, K))
    return np.concatenate(values)


__all__ = ["Exam", "Gain", "Marks"]
