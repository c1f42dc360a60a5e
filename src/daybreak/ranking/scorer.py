"""A blend of linear models, written out as one linear model for each level of warmth."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from daybreak.data.items import Items
from daybreak.data.queries import Queries
from daybreak.models import Linear
from daybreak.models.operators import Operator
from daybreak.ranking.blend import LEVELS, Blend
from daybreak.ranking.choir import Choir
from daybreak.ranking.heard import Heard, Kinds
from daybreak.ranking.strategies import Fitted
from daybreak.types import Floats, Mask, Rows

WRITTEN = 1_200_000_000
"""Bytes of written-out levels that one scorer keeps; the others are added up when asked for."""

ROWS = 16
"""Rows of weights that are added up at a time."""
SMALL = 1_000
"""Items up to which a wing adds strategies up when it is asked."""
_SILENT = 1e6


@dataclass(frozen=True, eq=False)
class Level:
    """The blend at one level: ``bias + evidence @ (operator - centres @ weights)``, summed."""

    weights: Floats
    """(n_strategies, n_items) by whether the item has events; 0 where a strategy cannot say"""
    bias: Floats
    """(n_items,)"""
    written: dict[str, Operator]
    """The strategies that share evidence as one operator; empty when too large."""

    @cached_property
    def speakers(self) -> frozenset[int]:
        """Rows of the strategies that count for any item."""
        return frozenset(np.flatnonzero(self.weights.any(axis=1)).tolist())


@dataclass(frozen=True, eq=False)
class Centre:
    """A strategy's mean score over the items with events: ``constant + evidence @ weights``."""

    weights: Floats
    """(n_evidence,), empty when the mean does not depend on the evidence"""
    constant: float


@dataclass(eq=False)
class Scorer:
    """Scores of a blend for a catalogue; levels are written out when first asked for.

    Memory: what the models write out for ``items``, and at most ``WRITTEN`` bytes more.
    """

    blend: Blend
    fitted: Fitted
    items: Items
    centres: tuple[Centre, ...] = ()
    """Those of the whole catalogue when ``items`` is a part of it; default: of ``items``."""
    forms: tuple[Linear, ...] = field(default=(), repr=False)
    """The strategies written out for ``items``; default: that is done now."""
    old: Mask = field(init=False, repr=False)
    """(n_items,) the items that the models learned from"""
    kinds: Kinds = field(init=False, repr=False)
    """What the strategies look at; of a wing: those of the whole catalogue."""
    _levels: dict[int, Level] = field(default_factory=dict, init=False, repr=False)
    _choir: Choir | None = field(default=None, init=False, repr=False)
    _room: float = field(default=WRITTEN, init=False, repr=False)

    def __post_init__(self) -> None:
        self.forms = self.forms or self.fitted.forms(self.items)
        self.old = self.fitted.anchors.ids.rows(self.items.ids) >= 0
        self.centres = self.centres or tuple(_centre(form, self.old) for form in self.forms)
        widths = [form.weights.shape[0] for form in self.forms]
        means = [centre.weights for centre in self.centres]
        self.kinds = Kinds.of(self.fitted.models, widths, means)

    def wing(self, items: Items, forms: tuple[Linear, ...] = ()) -> "Scorer":
        """Return a scorer of further items on the same scale, without touching this one.

        A large one writes levels out, but no more than its share: catalogues that change item
        by item would take more memory for that than it saves time. Of a small one a single
        matrix is made at once, so that no answer waits for it.

        Args:
            items: Of the wing.
            forms: The strategies written out for them, if that is done already.
        """
        wing = Scorer(self.blend, self.fitted, items, self.centres, forms)
        share = len(items) / max(len(self.items), 1)
        wing.kinds = self.kinds
        wing._room = WRITTEN * min(1.0, share) if len(items) > SMALL else 0.0
        if len(items) <= SMALL:
            weights = np.stack([wing.level(level).weights for level in range(len(LEVELS))])
            wing._choir = Choir.of(wing.forms, weights, self.kinds)
        return wing

    def renewed(self, fitted: Fitted, centres: tuple[Centre, ...] = ()) -> "Scorer":
        """Return it with models that say other things of the same items to every asker.

        Only models that look at no evidence may differ, such as popularity; what is written out
        for the others is shared.

        Args:
            fitted: The models.
            centres: Those of the whole catalogue when this is a wing; default: of ``items``.
        """
        same = zip(self.fitted.models, fitted.models, strict=True)
        moved = {row for row, (old, new) in enumerate(same) if old is not new}
        twin = copy(self)
        twin.fitted = fitted
        twin.forms = tuple(
            fitted.models[row].linear(fitted.anchors, self.items) if row in moved else form
            for row, form in enumerate(self.forms)
        )
        twin.centres = centres or tuple(
            _centre(form, self.old) if row in moved else self.centres[row]
            for row, form in enumerate(twin.forms)
        )
        speaking = self._speaking.copy()
        for row in moved:  # the others would look through all their weights again
            speaking[row] = _speaks(twin.forms[row])
        twin.__dict__["_speaking"] = speaking
        twin._levels = {
            level: replace(form, bias=twin._bias(level, form.weights))
            for level, form in dict(self._levels).items()  # another thread may write one out
        }
        return twin

    def hear(self, queries: Queries) -> Heard:
        """Gather the evidence in queries, for this scorer and its wings."""
        return Heard.of(queries, self.fitted.models, self.kinds, self.blend)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) float32 scores; always numbers."""
        heard = self.hear(queries)
        return heard.sorted_back(self.sum_up(heard))

    def sum_up(self, heard: Heard) -> Floats:
        """Return (n_queries, n_items) scores in the order of what was heard.

        Args:
            heard: By this scorer, or by the one whose wing it is.
        """
        total = np.empty((len(heard.queries), len(self.items)), dtype=np.float32)
        for level, span in heard.spans.items():
            total[span] = self.level(level).bias
        if self._choir is not None:
            self._choir.add_to(total, heard)
            return total
        for kind in heard.evidence:
            self._hear(total, heard, kind)
        shift = heard.shift(len(self.forms))
        for level, span in heard.spans.items():
            total[span] -= shift[span] @ self.level(level).weights
        return total

    def level(self, level: int) -> Level:
        """Return the blend at a level, written out if it fits."""
        if level not in self._levels:
            self._levels[level] = self._write_out(level)
        return self._levels[level]

    def leading(self, levels: Rows, profile: Mask, new: Mask) -> list[str]:
        """Return for each asker and item the strategy that counts most; all have one scale.

        Args:
            levels: (n,) of the askers.
            profile: (n,) whether the asker has one.
            new: (n,) whether the item is one that no model learned from.
        """
        blend = self.blend
        weights = np.where(new[:, None], blend.new_weights[levels], blend.weights[levels])
        kinds = np.array([model.evidence for model in self.fitted.models], dtype=object)
        silent = (kinds == "profile")[None, :] & ~profile[:, None]
        silent |= np.isin(kinds, ["history", "recent"])[None, :] & (levels == 0)[:, None]
        may_old, may_new = self.fitted.roles
        allowed = np.where(new[:, None], may_new[None, :], may_old[None, :])
        silent |= ~self._speaking[None, :]
        # Where all are silent, the one that would speak first if anything were known is named.
        worth = np.where(allowed, weights - silent * _SILENT, -np.inf)
        return [blend.strategies[place] for place in np.argmax(worth, axis=1)]

    def new_bias(self, level: int) -> Floats:
        """Return (n_items,) what is added to items that no model learned from."""
        return np.where(self.old, 0, self.blend.new_bias[level]).astype(np.float32)

    @cached_property
    def _speaking(self) -> Mask:
        return np.array([_speaks(form) for form in self.forms], dtype=bool)

    def _hear(self, total: Floats, heard: Heard, kind: str) -> None:
        """Add to (n_queries, n_items) scores what strategies say that share their evidence."""
        rows = self.kinds.rows[kind]
        if kind.startswith("vectors"):  # one product does for all levels
            self._hear_one(total, heard, rows[0], heard.evidence[kind])
            return
        for level, span in heard.spans.items():
            form, mine = self.level(level), heard.at(kind, level)
            if kind in form.written:
                product = form.written[kind].apply(mine)
                if product is not None:
                    total[span] += product
                continue
            for row in rows:
                product = self.forms[row].weights.apply(mine) if row in form.speakers else None
                if product is not None:
                    total[span] += product * form.weights[row]

    def _hear_one(self, total: Floats, heard: Heard, row: int, vectors: Floats) -> None:
        """Add what one strategy says to askers of all levels."""
        product = self.forms[row].weights.apply(vectors)
        if product is not None:
            for level, span in heard.spans.items():
                total[span] += product[span] * self.level(level).weights[row]

    def _write_out(self, level: int) -> Level:
        weights = self._weights(level)
        bias = self._bias(level, weights)
        written: dict[str, Operator] = {}
        for kind, rows in self.kinds.rows.items():
            if not level and kind in ("history", "recent"):
                continue  # without events a history is empty
            parts = [(self.forms[row].weights, weights[row]) for row in rows]
            parts = [(operator, columns) for operator, columns in parts if columns.any()]
            size = _size(parts)
            if kind.startswith("vectors"):
                continue  # heard by one strategy alone: one product does for all levels
            if size <= self._room:
                self._room -= size
                written[kind] = _combined(parts)
        return Level(weights, bias, written)

    def _bias(self, level: int, weights: Floats) -> Floats:
        bias = self.new_bias(level)
        for row, form in enumerate(self.forms):
            bias += weights[row] * (form.bias - self.centres[row].constant)
        return bias

    def _weights(self, level: int) -> Floats:
        blend = self.blend
        weights = np.where(
            self.old[None, :],
            (blend.weights[level] / blend.scale)[:, None],
            (blend.new_weights[level] / blend.scale)[:, None],
        )
        known = np.stack([form.known for form in self.forms])
        return np.asarray(weights * known, dtype=np.float32)


def _speaks(form: Linear) -> bool:
    """Say whether a form tells any two of its items apart."""
    bias = form.bias[form.known]
    if not len(bias):
        return False
    operator = form.weights
    if np.ptp(bias) or (operator.sparse is not None and operator.sparse.nnz):
        return True
    return any(part is not None and part.any() for part in (operator.dense, operator.right))


def _centre(form: Linear, old: Mask) -> Centre:
    if not old.any():
        return Centre(np.zeros(0, dtype=np.float32), 0.0)
    mean = (old / old.sum()).astype(np.float32)
    return Centre(_times(form.weights, mean), float(form.bias @ mean))


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


def _size(parts: Sequence[tuple[Operator, Floats]]) -> float:
    """Return the bytes of the sum of operators; factors are never summed up."""
    if any(operator.left is not None for operator, _ in parts):
        return math.inf
    if any(operator.dense is not None for operator, _ in parts):
        return 4.0 * max(math.prod(operator.shape) for operator, _ in parts)
    return 8.0 * sum(int(op.sparse.nnz) for op, _ in parts if op.sparse is not None)


def _combined(parts: Sequence[tuple[Operator, Floats]]) -> Operator:
    """Return the sum of operators without factors, whose columns are weighted.

    The dense part has its rows together: a product with few rows of evidence reads only those.
    """
    dense = _weighted([(o.dense, c) for o, c in parts if o.dense is not None])
    sparse: Any = None
    for operator, columns in parts:
        if operator.sparse is not None:
            scaled = Operator(sparse=operator.sparse).scaled(columns).sparse
            sparse = scaled if sparse is None else sparse + scaled
    if dense is not None and sparse is not None:
        dense += sparse.toarray()
        sparse = None
    return Operator(dense, sparse)


def _weighted(parts: Sequence[tuple[Floats, Floats]]) -> Floats | None:
    """Return the sum of matrices whose columns are weighted; None: there are none.

    Some rows of all matrices at a time: what is added up stays in the cache of the processor.
    """
    if not parts:
        return None
    height, width = parts[0][0].shape
    total = np.empty((height, width), dtype=np.float32)
    room = np.empty((min(ROWS, height), width), dtype=np.float32)
    for start in range(0, height, ROWS):
        span = slice(start, min(start + ROWS, height))
        block, product = total[span], room[: span.stop - start]
        np.multiply(parts[0][0][span], parts[0][1], out=block)
        for matrix, columns in parts[1:]:
            block += np.multiply(matrix[span], columns, out=product)
    return total


__all__ = ["LEVELS", "WRITTEN", "Centre", "Level", "Scorer"]
