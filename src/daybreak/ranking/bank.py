"""Answers of the line-up to all simulated questions, ready to fit weights on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models import Linear
from daybreak.ranking.candidates import WHOLE, Candidates
from daybreak.ranking.features import Pool, Probe, pool, scale_of, scores
from daybreak.ranking.simulate import Trial, n_trials, trials
from daybreak.ranking.strategies import Fitted
from daybreak.rng import stream
from daybreak.types import Floats, Mask

PART = 40_000_000
"""Scores held in memory at once."""

Progress = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Bank:
    """Pools by kind of question, on one scale."""

    pools: dict[str, Pool]
    scale: Floats
    """(n_strategies,)"""


def play(
    data: Dataset,
    candidates: Candidates,
    seed: int,
    say: Progress,
    helpful: Callable[[Bank], set[str]],
) -> Bank:
    """Let the candidates learn from the visible part of every trial and answer its probes.

    Strategies that had to leave on the way are in no pool; see :meth:`Candidates.competing`.

    Args:
        data: Everything that is known.
        candidates: Who competes.
        seed: Of everything random.
        say: Told of each trial.
        helpful: Which costly strategies help in the first trial; the others leave.
    """
    strategies = candidates.strategies
    found: dict[str, list[Pool]] = {}
    scale = np.ones(len(strategies), dtype=np.float32)
    planned = n_trials(data)
    for number, trial in enumerate(trials(data, seed)):
        more = planned - number - 1 + WHOLE
        if number and not candidates.time_for(more):
            say(f"no time for simulated cold start {number + 1} ({trial.name})")
            continue
        say(f"simulated cold start {number + 1} of {planned} ({trial.name})")
        able = [row for row, s in enumerate(strategies) if s.old or trial.new]
        fitted = candidates.learn(trial.data, seed, able, more)
        rows = [row for row in able if strategies[row].name in fitted.names]
        forms = fitted.forms(data.items)
        old = np.zeros(len(data.items), dtype=bool)
        old[trial.data.anchor_rows] = len(trial.data.events) > 0
        if not number:
            scale[rows] = _scale(trial, fitted, forms, old)
        rng = stream(seed, f"pools {number}")
        for probe in trial.probes:
            for part in _parts(probe, len(old) * len(forms)):
                values = scores(fitted, forms, part.queries, old) / scale[rows, None, None]
                pooled = pool(part, values, old, rng)
                found.setdefault(probe.kind, []).append(_widened(pooled, rows, len(strategies)))
        if not number and any(s.costly for s in fitted.strategies):
            say("looking at what the costly strategies add")
            first = _kept(found, scale, range(len(strategies)))
            candidates.screen(partial(helpful, first), more)
    return _kept(found, scale, candidates.competing())


def _kept(found: dict[str, list[Pool]], scale: Floats, rows: Sequence[int]) -> Bank:
    """Return the pools of those strategies that played to the end."""
    merged = {kind: _answerable(Pool.merge(parts)) for kind, parts in found.items()}
    pools = {
        kind: replace(p, features=p.features[rows])
        for kind, p in merged.items()
        if len(p.n_events)
    }
    return Bank(pools, scale[rows])


def _widened(pooled: Pool, rows: Sequence[int], n_strategies: int) -> Pool:
    """Give the strategies that were left out of a trial a score of 0."""
    if len(rows) == n_strategies:
        return pooled
    features = np.zeros((n_strategies, *pooled.features.shape[1:]), dtype=np.float32)
    features[rows] = pooled.features
    return replace(pooled, features=features)


def _parts(probe: Probe, cost: int) -> list[Probe]:
    step = max(20, PART // max(cost, 1))
    starts = range(0, len(probe.queries), step)
    rows = [np.arange(start, min(start + step, len(probe.queries))) for start in starts]
    return [probe.take(part) for part in rows]


def _scale(trial: Trial, fitted: Fitted, forms: tuple[Linear, ...], old: Mask) -> Floats:
    """Measure the spread of each strategy's scores on known users."""
    for probe in trial.probes:
        if probe.kind == "user" and len(probe.queries):
            some = probe.take(np.arange(min(100, len(probe.queries))))
            return scale_of(scores(fitted, forms, some.queries, old), old, forms)
    return np.ones(len(forms), dtype=np.float32)


def _answerable(pooled: Pool) -> Pool:
    """Leave out queries that nothing could answer, and give their pool the least width."""
    rows = np.flatnonzero(pooled.n_relevant > 0)
    kept = pooled.take(rows)
    width = int(kept.present.sum(axis=1).max(initial=0))
    return replace(
        kept,
        features=np.ascontiguousarray(kept.features[:, :, :width]),
        relevant=kept.relevant[:, :width],
        present=kept.present[:, :width],
        new=kept.new[:, :width],
        item=kept.item[:, :width],
    )
