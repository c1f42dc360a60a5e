"""Answers of the line-up to all simulated questions, ready to fit weights on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.models import Linear
from daybreak.ranking.features import Pool, Probe, pool, scale_of, scores
from daybreak.ranking.simulate import Trial, trials
from daybreak.ranking.strategies import Fitted, Strategy
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


def play(data: Dataset, strategies: Sequence[Strategy], seed: int, say: Progress) -> Bank:
    """Let the strategies learn from the visible part of every trial and answer its probes."""
    found: dict[str, list[Pool]] = {}
    scale = np.ones(len(strategies), dtype=np.float32)
    for number, trial in enumerate(trials(data, seed)):
        say(f"simulated cold start {number + 1} ({trial.name})")
        rows = [row for row, s in enumerate(strategies) if s.old or trial.new]
        fitted = Fitted.on(trial.data, [strategies[row] for row in rows], seed)
        forms = fitted.forms(data.items)
        old = np.zeros(len(data.items), dtype=bool)
        old[trial.data.anchor_rows] = len(trial.data.events) > 0
        if not number:
            scale = _scale(trial, fitted, forms, old)
        rng = stream(seed, f"pools {number}")
        for probe in trial.probes:
            for part in _parts(probe, len(old) * len(forms)):
                values = scores(fitted, forms, part.queries, old) / scale[rows, None, None]
                pooled = pool(part, values, old, rng)
                found.setdefault(probe.kind, []).append(_widened(pooled, rows, len(strategies)))
    merged = {kind: _answerable(Pool.merge(parts)) for kind, parts in found.items()}
    return Bank({kind: p for kind, p in merged.items() if len(p.n_events)}, scale)


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
    )
