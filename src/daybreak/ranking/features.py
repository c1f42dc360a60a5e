"""Scores of every strategy side by side, on one scale, for the candidates that matter."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.queries import Queries
from daybreak.models import Linear
from daybreak.ranking.strategies import Fitted
from daybreak.types import Floats, Mask, Rows, Sparse

BEST = 40
"""Candidates that each strategy puts into the pool of a query."""
CHANCE = 40
"""Candidates drawn at random into the pool of a query."""


@dataclass(frozen=True, eq=False)
class Probe:
    """Simulated queries with their answers."""

    kind: str
    """What was simulated: ``new_user``, ``user``, ``later``, ``new_item`` or ``arriving``."""
    queries: Queries
    targets: Sparse
    """(n_queries, n_items) CSR of ones: what these users chose next."""
    seen: Sparse
    """(n_queries, n_items) CSR of ones: never candidates."""
    candidates: Mask
    """(n_items,)"""
    users: Rows
    """(n_queries,) rows of the users who are asked"""

    def take(self, rows: Rows) -> "Probe":
        """Return the probe of some of its queries."""
        return Probe(
            self.kind,
            self.queries.take(rows),
            self.targets[rows],
            self.seen[rows],
            self.candidates,
            self.users[rows],
        )


@dataclass(frozen=True, eq=False)
class Pool:
    """The features of a probe's most promising candidates; absent places are masked.

    Pools make fitting a blend independent of the size of the catalogue. A candidate outside the
    best of every strategy has no chance of a high place in any blend of them.
    """

    features: Floats
    """(n_strategies, n_queries, width)"""
    relevant: Mask
    """(n_queries, width)"""
    present: Mask
    """(n_queries, width)"""
    new: Mask
    """(n_queries, width) candidates that have no events"""
    n_relevant: Rows
    """(n_queries,) targets in all"""
    n_events: Floats
    """(n_queries,)"""
    item: Rows
    """(n_queries, width) rows of the catalogue"""

    def take(self, rows: Rows) -> "Pool":
        """Return the pool of some of its queries."""
        return Pool(
            np.ascontiguousarray(self.features[:, rows]),
            self.relevant[rows],
            self.present[rows],
            self.new[rows],
            self.n_relevant[rows],
            self.n_events[rows],
            self.item[rows],
        )

    @classmethod
    def merge(cls, pools: Sequence["Pool"]) -> "Pool":
        """Return the queries of several pools in one, padded to the widest."""
        width = max(pool.present.shape[1] for pool in pools)

        def join(name: str, axis: int) -> Any:
            parts = [getattr(pool, name) for pool in pools]
            wide = [_padded(part, width) if part.ndim > 1 else part for part in parts]
            return np.concatenate(wide, axis=axis)

        return cls(
            join("features", 1),
            join("relevant", 0),
            join("present", 0),
            join("new", 0),
            join("n_relevant", 0),
            join("n_events", 0),
            join("item", 0),
        )


def _padded(part: Any, width: int) -> Any:
    fill = [(0, 0)] * (part.ndim - 1) + [(0, width - part.shape[-1])]
    return np.pad(part, fill)


def scores(fitted: Fitted, forms: tuple[Linear, ...], queries: Queries, old: Mask) -> Floats:
    """Return (n_strategies, n_queries, n_items) scores, centred on the items with events.

    Centring per query makes the scores of items with and without events comparable, and is a
    constant for the order among either.
    """
    out = np.zeros((len(forms), len(queries), len(old)), dtype=np.float32)
    for row, (model, form) in enumerate(zip(fitted.models, forms, strict=True)):
        product = form.weights.apply(model.evidence_in(queries))
        out[row] = form.bias if product is None else product + form.bias
        if old.any():
            out[row] -= out[row][:, old].mean(axis=1, keepdims=True)
        out[row][:, ~form.known] = 0
    return out


def scale_of(values: Floats, old: Mask, forms: tuple[Linear, ...]) -> Floats:
    """Return (n_strategies,) typical spreads over the items each can score; 1 without any.

    Items with events come first; a strategy that scores only the others is measured on those.
    """
    scale = np.ones(len(values), dtype=np.float32)
    for row, (value, form) in enumerate(zip(values, forms, strict=True)):
        known = form.known & old if (form.known & old).any() else form.known
        if known.any() and len(value):
            spread = value[:, known].std(axis=1).mean()
            scale[row] = spread if spread > 1e-9 else 1.0
    return scale


def pool(
    probe: Probe,
    values: Floats,
    old: Mask,
    rng: np.random.Generator,
) -> Pool:
    """Gather the pool of a probe from its (n_strategies, n_queries, n_items) scores."""
    n = len(probe.queries)
    allowed = np.tile(probe.candidates, (n, 1))
    allowed[probe.seen.nonzero()] = False
    relevant = np.zeros_like(allowed)
    relevant[sp.csr_array(probe.targets).nonzero()] = True
    relevant &= allowed
    chosen = relevant & (rng.random(relevant.shape) < 200 / max(relevant.sum(axis=1).max(), 1))
    for part in (old, ~old):
        chosen |= _best(values, allowed & part)
    chosen |= allowed & (rng.random(allowed.shape) < CHANCE / max(allowed.sum() / max(n, 1), 1))
    width = max(int(chosen.sum(axis=1).max(initial=0)), 1)
    columns = np.argsort(~chosen, axis=1, kind="stable")[:, :width]
    present = np.take_along_axis(chosen, columns, 1)
    at = np.arange(n)[:, None]
    return Pool(
        np.ascontiguousarray(values[:, at, columns]) * present,
        np.take_along_axis(relevant, columns, 1) & present,
        present,
        ~old[columns],
        relevant.sum(axis=1),
        probe.queries.n_events,
        columns.astype(np.int32),
    )


def _best(values: Floats, allowed: Mask) -> Mask:
    """Mark the best candidates of each strategy that tells candidates apart."""
    chosen = np.zeros_like(allowed)
    n_items = allowed.shape[1]
    if not allowed.any():
        return chosen
    for score in values:
        masked = np.where(allowed, score, -np.inf)
        if not np.ptp(score):
            continue
        best = np.argpartition(-masked, min(BEST, n_items - 1), axis=1)[:, :BEST]
        np.put_along_axis(chosen, best, True, axis=1)
    chosen &= allowed
    return chosen
