"""A blend of linear models, written out as one linear model for each level of warmth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.models import Linear, evidence_of
from daybreak.models.base import Evidence
from daybreak.models.operators import Operator
from daybreak.ranking.blend import LEVELS, Blend, level_of
from daybreak.ranking.strategies import Fitted
from daybreak.types import Floats, Mask

KINDS: tuple[Evidence, ...] = ("history", "recent", "profile")


@dataclass(frozen=True, eq=False)
class Level:
    """The blend at one level: ``bias + Σ evidence @ weights``, shifted to be centred."""

    weights: dict[Evidence, Operator]
    old_shift: dict[Evidence, Floats]
    """(n_evidence,) subtracted, summed over the evidence, from items with events"""
    new_shift: dict[Evidence, Floats]
    """the same for items without"""
    bias: Floats
    """(n_items,)"""


@dataclass(eq=False)
class Scorer:
    """Scores of a blend for a catalogue; levels are written out when first asked for.

    Memory: 4 bytes a weight for each level used; see the limits of the models.
    """

    blend: Blend
    fitted: Fitted
    items: Items
    centres: tuple[tuple[Floats, float], ...] = ()
    """Means over items with events; those of the whole catalogue when this is a part of it."""
    _levels: dict[int, Level] = field(default_factory=dict, repr=False)
    forms: tuple[Linear, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.forms = self.fitted.forms(self.items)
        self.old: Mask = self.fitted.anchors.ids.rows(self.items.ids) >= 0
        self.centres = self.centres or tuple(_centre(form, self.old) for form in self.forms)

    def wing(self, items: Items) -> "Scorer":
        """Return a scorer of further items on the same scale, without touching this one."""
        return Scorer(self.blend, self.fitted, items, self.centres)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) float32 scores."""
        levels = level_of(queries.n_events)
        if len(queries) == 1:
            return self._at(int(levels[0]), queries)
        out = np.empty((len(queries), len(self.items)), dtype=np.float32)
        for level in np.unique(levels):
            rows = np.flatnonzero(levels == level)
            out[rows] = self._at(int(level), queries.take(rows))
        return out

    def leading(self, level: int, *, new: bool, profile: bool) -> str:
        """Return the strategy that counts most at a level; their scores have one scale."""
        table = self.blend.new_weights if new else self.blend.weights
        weights = table[level].copy()
        for row, model in enumerate(self.fitted.models):
            if (model.evidence == "profile" and not profile) or (
                model.evidence in ("history", "recent") and not level
            ):
                weights[row] = 0
        return self.blend.strategies[int(np.argmax(weights))]

    def new_bias(self, level: int) -> Floats:
        """Return (n_items,) what is added to items without events."""
        return np.where(self.old, 0, self.blend.new_bias[level]).astype(np.float32)

    def _at(self, level: int, queries: Queries) -> Floats:
        if level not in self._levels:
            self._levels[level] = self._write_out(level)
        form = self._levels[level]
        total = np.tile(form.bias, (len(queries), 1))
        for kind, operator in form.weights.items():
            evidence = evidence_of(queries, kind)
            product = operator.apply(evidence)
            if product is not None:
                total += product
            shift = np.where(
                self.old[None, :],
                (evidence @ form.old_shift[kind])[:, None],
                (evidence @ form.new_shift[kind])[:, None],
            )
            total -= shift.astype(np.float32)
        return np.asarray(total, dtype=np.float32)

    def column_weights(self, level: int) -> Floats:
        """Return (n_strategies, n_items) weights, by whether the item has events."""
        blend = self.blend
        weights = np.where(
            self.old[None, :],
            (blend.weights[level] / blend.scale)[:, None],
            (blend.new_weights[level] / blend.scale)[:, None],
        )
        known = np.stack([form.known for form in self.forms])
        return np.asarray(weights * known, dtype=np.float32)

    def _write_out(self, level: int) -> Level:
        weights = self.column_weights(level)
        bias = self.new_bias(level)
        grouped: dict[Evidence, list[tuple[Operator, Floats]]] = {}
        old_shift: dict[Evidence, Any] = {}
        new_shift: dict[Evidence, Any] = {}
        for row, (model, form) in enumerate(zip(self.fitted.models, self.forms, strict=True)):
            if not weights[row].any():
                continue
            centre, constant = self.centres[row]
            bias += weights[row] * (form.bias - constant)
            grouped.setdefault(model.evidence, []).append((form.weights, weights[row]))
            if model.evidence == "none" or not len(centre):
                continue
            for shift, table in (
                (old_shift, self.blend.weights),
                (new_shift, self.blend.new_weights),
            ):
                share = table[level, row] / self.blend.scale[row]
                shift[model.evidence] = shift.get(model.evidence, 0) + share * centre
        grouped.pop("none", None)
        combined = {kind: _combined(parts) for kind, parts in grouped.items()}
        zero = {kind: np.zeros(op.shape[0], np.float32) for kind, op in combined.items()}
        return Level(combined, {**zero, **old_shift}, {**zero, **new_shift}, bias)


def _centre(form: Linear, old: Mask) -> tuple[Floats, float]:
    """Return a form's mean over items with events: (n_evidence,) weights and a constant."""
    if not old.any():
        return np.zeros(0, dtype=np.float32), 0.0
    mean = (old / old.sum()).astype(np.float32)
    return _times(form.weights, mean), float(form.bias @ mean)


def _times(operator: Operator, vector: Floats) -> Floats:
    """Return ``operator @ vector``, or nothing for an operator without parts."""
    total: Any = None
    for part in (operator.dense, operator.sparse):
        if part is not None:
            product = part @ vector
            total = product if total is None else total + product
    if operator.left is not None and operator.right is not None:
        product = operator.left @ (operator.right @ vector)
        total = product if total is None else total + product
    return np.zeros(0, dtype=np.float32) if total is None else np.asarray(total, np.float32)


def _combined(parts: Sequence[tuple[Operator, Floats]]) -> Operator:
    """Return the sum of operators whose columns are weighted."""
    dense: Any = None
    sparse: Any = None
    factors = []
    for operator, columns in parts:
        scaled = operator.scaled(columns)
        if scaled.dense is not None:
            dense = scaled.dense if dense is None else np.add(dense, scaled.dense, out=dense)
        if scaled.sparse is not None:
            sparse = scaled.sparse if sparse is None else sparse + scaled.sparse
        if scaled.left is not None and scaled.right is not None:
            factors.append((scaled.left, scaled.right))
    if dense is not None and sparse is not None:
        dense += sparse.toarray()
        sparse = None
    if not factors:
        return Operator(dense, sparse)
    left = np.hstack([pair[0] for pair in factors])
    return Operator(dense, sparse, left, np.vstack([pair[1] for pair in factors]))


__all__ = ["LEVELS", "Scorer"]
