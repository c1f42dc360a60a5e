"""What the costly strategies add, on simulated queries that weights were not fitted on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from daybreak.allowance import so_far
from daybreak.ranking.fitting import Task, ndcg
from daybreak.types import Doubles, Mask, Rows

SURE = 1.0
"""Standard errors that the gain of all costly strategies together must exceed at a level."""
SURE_NEW = 2.0
"""The same for new items: all queries are about the same few hidden items, so errors that are
taken over queries are too small."""
SURE_ALONE = 2.0
"""Standard errors that the gain of one of them must exceed at some level."""
WORKERS = 2
ROUNDS = 2
"""Of judging: with everybody, then with those who help."""

Halves = Callable[[Task], tuple[Task, Task]]
"""Cuts a task in two: weights are fitted on one and judged on the other, both ways."""
Fit = Callable[[Sequence[Task], Mask], Doubles]
"""From tasks and the mask of strategies that may count to weights."""


@dataclass(frozen=True)
class Lead:
    """A mean difference of NDCG@10 over queries and its standard error."""

    mean: float
    error: float

    def clear(self, sure: float) -> bool:
        """Say whether it is more than so many standard errors."""
        return self.mean > sure * self.error

    def plain(self) -> list[float]:
        """Return mean and 95 % interval, rounded."""
        ends = (self.mean, self.mean - 1.96 * self.error, self.mean + 1.96 * self.error)
        return [round(value, 4) for value in ends]


@dataclass(frozen=True)
class Worth:
    """What costly strategies add at one level."""

    together: Lead
    each: dict[int, Lead]
    """What is lost when one of them is silenced, by its position."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Which strategies may count, level by level."""

    usable: tuple[Mask, ...]
    worths: tuple[Worth | None, ...]
    helpful: frozenset[int] = frozenset()
    """Whom to keep, by position: the costly strategies that clearly help at some level, or
    everybody where nobody is judged."""

    def report(self, level: int, names: Sequence[str]) -> dict[str, Any]:
        """Return the gains at a level as plain values; empty where nobody costly competes."""
        worth = self.worths[level]
        if worth is None:
            return {}
        each = {names[row]: gain.plain() for row, gain in worth.each.items()}
        heard = [names[row] for row in worth.each if self.usable[level][row]]
        return {
            "costly": {"gain": worth.together.plain(), "each": each, "heard": heard},
        }


def choose(
    levels: Sequence[Sequence[Task]],
    fit: Fit,
    light: Mask,
    usable: Mask,
    halves: Halves,
    sure: float = SURE,
) -> Choice:
    """Decide who may count: a costly strategy that clearly helps somewhere, where all help.

    Weights are fitted on half of a level and judged on the other half, both ways, so a gain is
    not what fitting more weights brings by itself.

    Args:
        levels: Tasks of each level; a level without tasks is not judged.
        fit: How weights are found.
        light: (n_weights,) what always counts.
        usable: (n_weights,) that and the costly strategies.
        halves: :func:`by_query` or :func:`by_item`.
        sure: Standard errors that the gain of all of them together must exceed at a level.

    Raises:
        OutOfTimeError: It would take longer than allowed.
    """
    if np.array_equal(light, usable):
        everybody = frozenset(np.flatnonzero(usable).tolist())
        return Choice((light,) * len(levels), (None,) * len(levels), everybody)
    first = _worths(levels, fit, light, usable, halves)
    helpful = {
        row
        for worth in first
        if worth is not None
        for row, gain in worth.each.items()
        if gain.clear(SURE_ALONE)
    }
    kept = light | np.isin(np.arange(len(usable)), list(helpful))
    second = first
    if not np.array_equal(kept, usable) and helpful:
        second = _worths(levels, fit, light, kept, halves)
    masks = tuple(
        kept if worth is not None and helpful and worth.together.clear(sure) else light
        for worth in second
    )
    shown = tuple(_joined(a, b) for a, b in zip(first, second, strict=True))
    return Choice(masks, shown, frozenset(helpful))


def _joined(first: Worth | None, second: Worth | None) -> Worth | None:
    """Return the second, with what is known from the first of those that left."""
    if first is None or second is None:
        return first
    return Worth(second.together, first.each | second.each)


def _worths(
    levels: Sequence[Sequence[Task]], fit: Fit, light: Mask, usable: Mask, halves: Halves
) -> list[Worth | None]:
    def one(tasks: Sequence[Task]) -> Worth | None:
        return worth([halves(t) for t in tasks], fit, light, usable) if tasks else None

    found = []
    so_far(0.0)
    with ThreadPoolExecutor(WORKERS) as pool:
        work = [pool.submit(one, tasks) for tasks in levels]
        try:
            for done, result in enumerate(work, 1):
                found.append(result.result())
                so_far(done / (ROUNDS * len(levels)))
        finally:
            for result in work:
                result.cancel()  # those that have not begun
    return found


def worth(tasks: Sequence[tuple[Task, Task]], fit: Fit, light: Mask, usable: Mask) -> Worth:
    """Return what the costly strategies add at one level, judged on halves not fitted on."""
    costly = np.flatnonzero(usable & ~light).tolist()
    gains: dict[int, list[list[Any]]] = {row: [[] for _ in tasks] for row in [-1, *costly]}
    for fitted, judged in ((0, 1), (1, 0)):
        seen, unseen = [pair[fitted] for pair in tasks], [pair[judged] for pair in tasks]
        plain, full = fit(seen, light), fit(seen, usable)
        for number, task in enumerate(unseen):
            whole = ndcg(task.score(full), task)
            gains[-1][number].append(whole - ndcg(task.score(plain), task))
            for row in costly:
                without = np.where(np.arange(len(full)) == row, 0, full)
                gains[row][number].append(whole - ndcg(task.score(without), task))
    shares = [task.share for task, _ in tasks]
    found = {row: _gain(shares, parts) for row, parts in gains.items()}
    return Worth(found.pop(-1), found)


def _gain(shares: Sequence[float], parts: Sequence[Sequence[Doubles]]) -> Lead:
    values = [np.concatenate(part) for part in parts]
    mean = sum(share * v.mean() for share, v in zip(shares, values, strict=True))
    variance = sum(
        share**2 * v.var() / max(len(v), 1) for share, v in zip(shares, values, strict=True)
    )
    return Lead(float(mean), float(np.sqrt(variance)))


def by_query(task: Task) -> tuple[Task, Task]:
    """Cut the queries of a task in two."""
    rows = np.arange(len(task.pool.n_events))
    return some(task, rows[::2]), some(task, rows[1::2])


def by_item(task: Task) -> tuple[Task, Task]:
    """Cut the new items of a task in two; items with events stay in both.

    All queries share the few items that were hidden: what only fits those items must not look
    like a gain.
    """
    side = (task.pool.item.astype(np.uint32) * np.uint32(2_654_435_761)) >> np.uint32(31)
    first, second = (task.present & (~task.pool.new | (side == which)) for which in (0, 1))
    return among(task, first), among(task, second)


def among(task: Task, present: Mask) -> Task:
    """Return a task with fewer candidates; only those of its targets count that are left."""
    relevant = task.pool.relevant & present
    pool = replace(task.pool, relevant=relevant, n_relevant=relevant.sum(axis=1))
    return Task(task.features, pool, present, task.given, task.share)


def some(task: Task, rows: Rows) -> Task:
    """Return some of the queries of a task."""
    given = None if task.given is None else task.given[rows]
    pool = task.pool.take(rows)
    features = pool.features if task.features is task.pool.features else task.features[:, rows]
    return Task(features, pool, task.present[rows], given, task.share)
