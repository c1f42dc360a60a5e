"""A blend for a few items as one matrix, so that scoring them is one product.

A blend of linear models, written out as one linear model for each level of warmth.
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from daybreak.data.dataset import Items, Queries
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.scoring.query_features import FeatureLayout, QueryFeatures
from daybreak.types import Floats, Mask, Rows

__all__ = [
    "EVENT_LEVELS",
    "FusedWeights",
    "LevelWeights",
    "MAX_FUSED_BYTES",
    "MAX_LEVEL_CACHE_BYTES",
    "ScoreCentre",
    "Scorer",
]


MAX_FUSED_BYTES = 32_000_000
"""Bytes of such a matrix; it has every level of warmth in it."""


@dataclass(frozen=True, eq=False)
class FusedWeights:
    """What strategies say of a few items, at all levels: scores are ``bias + joined @ matrix``.

    ``joined`` is all evidence side by side, see :meth:`QueryFeatures.concatenated`.
    """

    matrix: Floats
    """(n_levels * n_evidence, n_items)"""

    @classmethod
    def from_levels(
        cls, linear_models: Sequence[LinearScorer], weights: Floats, layout: FeatureLayout
    ) -> "FusedWeights | None":
        """Add strategies up.

        Args:
            forms: The strategies written out for the items.
            weights: (n_levels, n_strategies, n_items) how much each counts.
            kinds: Their evidence.

        Returns:
            None when that is too large, or the forms do not look at the evidence as ``kinds``
            tell it.
        """
        n_items = weights.shape[2]
        if 4 * len(
            EVENT_LEVELS
        ) * layout.n_features * n_items > MAX_FUSED_BYTES or not _widths_match(
            linear_models, layout
        ):
            return None
        matrix = np.zeros((n_items, len(EVENT_LEVELS), layout.n_features), dtype=np.float32)
        for kind, rows in layout.strategy_rows.items():
            if not layout.widths[kind]:
                continue
            start = layout.offsets[kind]
            counts = np.ascontiguousarray(weights[:, rows].transpose(2, 0, 1))
            said = np.stack(
                [_dense_weights(linear_models[row], layout.widths[kind]) for row in rows],
                axis=1,
            )
            said -= layout.centres[kind].T
            matrix[:, :, start : start + layout.widths[kind]] = counts @ said
        return cls(
            np.ascontiguousarray(
                matrix.reshape(n_items, len(EVENT_LEVELS) * layout.n_features).T
            )
        )

    def add_to(self, total: Floats, features: QueryFeatures) -> None:
        """Add what is said to (n_queries, n_items) scores."""
        total += features.concatenated() @ self.matrix


def _widths_match(forms: Sequence[LinearScorer], kinds: FeatureLayout) -> bool:
    return all(
        forms[row].weights.shape[0] in (0, kinds.widths[kind])
        for kind, rows in kinds.strategy_rows.items()
        for row in rows
    )


def _dense_weights(form: LinearScorer, width: int) -> Floats:
    """Return (n_items, n_evidence) what a strategy says."""
    whole = form.weights.to_dense()
    return whole.T if whole.size else np.zeros((len(form.bias), width), dtype=np.float32)


MAX_LEVEL_CACHE_BYTES = 1_200_000_000
"""Bytes of written-out levels that one scorer keeps; the others are added up when asked for."""

ROWS_PER_BLOCK = 16
"""Rows of weights that are added up at a time."""
MAX_FUSED_ITEMS = 1_000
"""Items up to which a wing adds strategies up when it is asked."""
_UNINFORMATIVE_PENALTY = 1e6


@dataclass(frozen=True, eq=False)
class LevelWeights:
    """The blend at one level: ``bias + evidence @ (operator - centres @ weights)``, summed."""

    weights: Floats
    """(n_strategies, n_items) by whether the item has events; 0 where a strategy cannot say"""
    bias: Floats
    """(n_items,)"""
    fused: dict[str, WeightMatrix]
    """The strategies that share evidence as one operator; empty when too large."""

    @cached_property
    def active_rows(self) -> frozenset[int]:
        """Rows of the strategies that count for any item."""
        return frozenset(np.flatnonzero(self.weights.any(axis=1)).tolist())


@dataclass(frozen=True, eq=False)
class ScoreCentre:
    """A strategy's mean score over the items with events: ``constant + evidence @ weights``."""

    weights: Floats
    """(n_evidence,), empty when the mean does not depend on the evidence"""
    constant: float


@dataclass(eq=False)
class Scorer:
    """Scores of a blend for a catalogue; levels are written out when first asked for.

    Memory: what the models write out for ``items``, and at most ``MAX_LEVEL_CACHE_BYTES`` bytes more.
    """

    blend: Blend
    fitted: FittedStrategies
    items: Items
    centres: tuple[ScoreCentre, ...] = ()
    """Those of the whole catalogue when ``items`` is a part of it; default: of ``items``."""
    linear_models: tuple[LinearScorer, ...] = field(default=(), repr=False)
    """The strategies written out for ``items``; default: that is done now."""
    is_warm: Mask = field(init=False, repr=False)
    """(n_items,) the items that the models learned from"""
    layout: FeatureLayout = field(init=False, repr=False)
    """What the strategies look at; of a wing: those of the whole catalogue."""
    _levels: dict[int, LevelWeights] = field(default_factory=dict, init=False, repr=False)
    _fused: FusedWeights | None = field(default=None, init=False, repr=False)
    _free_cache_bytes: float = field(default=MAX_LEVEL_CACHE_BYTES, init=False, repr=False)

    def __post_init__(self) -> None:
        self.linear_models = self.linear_models or self.fitted.linear_models(self.items)
        self.is_warm = self.fitted.train_items.ids.rows(self.items.ids) >= 0
        self.centres = self.centres or tuple(
            _score_centre(form, self.is_warm) for form in self.linear_models
        )
        widths = [form.weights.shape[0] for form in self.linear_models]
        means = [centre.weights for centre in self.centres]
        self.layout = FeatureLayout.from_models(self.fitted.models, widths, means)

    def for_items(self, items: Items, linear_models: tuple[LinearScorer, ...] = ()) -> "Scorer":
        """Return a scorer of further items on the same scale, without touching this one.

        A large one writes levels out, but no more than its share: catalogues that change item
        by item would take more memory for that than it saves time. Of a small one a single
        matrix is made at once, so that no answer waits for it.

        Args:
            items: Of the wing.
            forms: The strategies written out for them, if that is done already.
        """
        wing = Scorer(self.blend, self.fitted, items, self.centres, linear_models)
        share = len(items) / max(len(self.items), 1)
        wing.layout = self.layout
        wing._free_cache_bytes = (
            MAX_LEVEL_CACHE_BYTES * min(1.0, share) if len(items) > MAX_FUSED_ITEMS else 0.0
        )
        if len(items) <= MAX_FUSED_ITEMS:
            weights = np.stack(
                [wing.level_weights(level).weights for level in range(len(EVENT_LEVELS))]
            )
            wing._fused = FusedWeights.from_levels(wing.linear_models, weights, self.layout)
        return wing

    def with_models(
        self, fitted: FittedStrategies, centres: tuple[ScoreCentre, ...] = ()
    ) -> "Scorer":
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
        twin.linear_models = tuple(
            fitted.models[row].linear_scorer(fitted.train_items, self.items)
            if row in moved
            else form
            for row, form in enumerate(self.linear_models)
        )
        twin.centres = centres or tuple(
            _score_centre(form, self.is_warm) if row in moved else self.centres[row]
            for row, form in enumerate(twin.linear_models)
        )
        speaking = self._speaking.copy()
        for row in moved:  # the others would look through all their weights again
            speaking[row] = _is_informative(twin.linear_models[row])
        twin.__dict__["_speaking"] = speaking
        twin._levels = {
            level: replace(form, bias=twin._bias(level, form.weights))
            for level, form in dict(self._levels).items()  # another thread may write one out
        }
        return twin

    def encode(self, queries: Queries) -> QueryFeatures:
        """Gather the evidence in queries, for this scorer and its wings."""
        return QueryFeatures.from_queries(queries, self.fitted.models, self.layout, self.blend)

    def score(self, queries: Queries) -> Floats:
        """Return (n_queries, n_items) float32 scores; always numbers."""
        heard = self.encode(queries)
        return heard.restore_order(self.score_encoded(heard))

    def score_encoded(self, features: QueryFeatures) -> Floats:
        """Return (n_queries, n_items) scores in the order of what was heard.

        Args:
            heard: By this scorer, or by the one whose wing it is.
        """
        total = np.empty((len(features.queries), len(self.items)), dtype=np.float32)
        for level, span in features.level_slices.items():
            total[span] = self.level_weights(level).bias
        if self._fused is not None:
            self._fused.add_to(total, features)
            return total
        for kind in features.matrices:
            self._add_features(total, features, kind)
        shift = features.baseline(len(self.linear_models))
        for level, span in features.level_slices.items():
            total[span] -= shift[span] @ self.level_weights(level).weights
        return total

    def level_weights(self, level: int) -> LevelWeights:
        """Return the blend at a level, written out if it fits."""
        if level not in self._levels:
            self._levels[level] = self._fuse(level)
        return self._levels[level]

    def dominant_strategy(self, levels: Rows, has_profile: Mask, is_cold: Mask) -> list[str]:
        """Return for each asker and item the strategy that counts most; all have one scale.

        Args:
            levels: (n,) of the askers.
            profile: (n,) whether the asker has one.
            new: (n,) whether the item is one that no model learned from.
        """
        blend = self.blend
        weights = np.where(is_cold[:, None], blend.new_weights[levels], blend.weights[levels])
        kinds = np.array([model.feature_kind for model in self.fitted.models], dtype=object)
        silent = (kinds == "profile")[None, :] & ~has_profile[:, None]
        silent |= np.isin(kinds, ["history", "recent"])[None, :] & (levels == 0)[:, None]
        may_old, may_new = self.fitted.item_masks
        allowed = np.where(is_cold[:, None], may_new[None, :], may_old[None, :])
        silent |= ~self._speaking[None, :]
        # Where all are silent, the one that would speak first if anything were known is named.
        worth = np.where(allowed, weights - silent * _UNINFORMATIVE_PENALTY, -np.inf)
        return [blend.strategies[place] for place in np.argmax(worth, axis=1)]

    def new_bias(self, level: int) -> Floats:
        """Return (n_items,) what is added to items that no model learned from."""
        return np.where(self.is_warm, 0, self.blend.new_bias[level]).astype(np.float32)

    @cached_property
    def _speaking(self) -> Mask:
        return np.array([_is_informative(form) for form in self.linear_models], dtype=bool)

    def _add_features(self, total: Floats, features: QueryFeatures, kind: str) -> None:
        """Add to (n_queries, n_items) scores what strategies say that share their evidence."""
        rows = self.layout.strategy_rows[kind]
        if kind.startswith("vectors"):  # one product does for all levels
            self._add_vector_features(total, features, rows[0], features.matrices[kind])
            return
        for level, span in features.level_slices.items():
            form, mine = self.level_weights(level), features.at_level(kind, level)
            if kind in form.fused:
                product = form.fused[kind].apply(mine)
                if product is not None:
                    total[span] += product
                continue
            for row in rows:
                product = (
                    self.linear_models[row].weights.apply(mine)
                    if row in form.active_rows
                    else None
                )
                if product is not None:
                    total[span] += product * form.weights[row]

    def _add_vector_features(
        self, total: Floats, features: QueryFeatures, row: int, vectors: Floats
    ) -> None:
        """Add what one strategy says to askers of all levels."""
        product = self.linear_models[row].weights.apply(vectors)
        if product is not None:
            for level, span in features.level_slices.items():
                total[span] += product[span] * self.level_weights(level).weights[row]

    def _fuse(self, level: int) -> LevelWeights:
        weights = self._strategy_weights(level)
        bias = self._bias(level, weights)
        written: dict[str, WeightMatrix] = {}
        for kind, rows in self.layout.strategy_rows.items():
            if not level and kind in ("history", "recent"):
                continue  # without events a history is empty
            parts = [(self.linear_models[row].weights, weights[row]) for row in rows]
            parts = [(operator, columns) for operator, columns in parts if columns.any()]
            size = _fused_size_bytes(parts)
            if kind.startswith("vectors"):
                continue  # heard by one strategy alone: one product does for all levels
            if size <= self._free_cache_bytes:
                self._free_cache_bytes -= size
                written[kind] = _weighted_operator_sum(parts)
        return LevelWeights(weights, bias, written)

    def _bias(self, level: int, weights: Floats) -> Floats:
        bias = self.new_bias(level)
        for row, form in enumerate(self.linear_models):
            bias += weights[row] * (form.bias - self.centres[row].constant)
        return bias

    def _strategy_weights(self, level: int) -> Floats:
        blend = self.blend
        weights = np.where(
            self.is_warm[None, :],
            (blend.weights[level] / blend.scale)[:, None],
            (blend.new_weights[level] / blend.scale)[:, None],
        )
        known = np.stack([form.scored for form in self.linear_models])
        return np.asarray(weights * known, dtype=np.float32)


def _is_informative(form: LinearScorer) -> bool:
    """Say whether a form tells any two of its items apart."""
    bias = form.bias[form.scored]
    if not len(bias):
        return False
    operator = form.weights
    if np.ptp(bias) or (operator.sparse is not None and operator.sparse.nnz):
        return True
    return any(part is not None and part.any() for part in (operator.dense, operator.right))


def _score_centre(form: LinearScorer, old: Mask) -> ScoreCentre:
    if not old.any():
        return ScoreCentre(np.zeros(0, dtype=np.float32), 0.0)
    mean = (old / old.sum()).astype(np.float32)
    return ScoreCentre(_multiply(form.weights, mean), float(form.bias @ mean))


def _multiply(operator: WeightMatrix, vector: Floats) -> Floats:
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


def _fused_size_bytes(parts: Sequence[tuple[WeightMatrix, Floats]]) -> float:
    """Return the bytes of the sum of operators; factors are never summed up."""
    if any(operator.left is not None for operator, _ in parts):
        return math.inf
    if any(operator.dense is not None for operator, _ in parts):
        return 4.0 * max(math.prod(operator.shape) for operator, _ in parts)
    return 8.0 * sum(int(op.sparse.nnz) for op, _ in parts if op.sparse is not None)


def _weighted_operator_sum(parts: Sequence[tuple[WeightMatrix, Floats]]) -> WeightMatrix:
    """Return the sum of operators without factors, whose columns are weighted.

    The dense part has its rows together: a product with few rows of evidence reads only those.
    """
    dense = _weighted_matrix_sum([(o.dense, c) for o, c in parts if o.dense is not None])
    sparse: Any = None
    for operator, columns in parts:
        if operator.sparse is not None:
            scaled = WeightMatrix(sparse=operator.sparse).scale_columns(columns).sparse
            sparse = scaled if sparse is None else sparse + scaled
    if dense is not None and sparse is not None:
        dense += sparse.toarray()
        sparse = None
    return WeightMatrix(dense, sparse)


def _weighted_matrix_sum(parts: Sequence[tuple[Floats, Floats]]) -> Floats | None:
    """Return the sum of matrices whose columns are weighted; None: there are none.

    Some rows of all matrices at a time: what is added up stays in the cache of the processor.
    """
    if not parts:
        return None
    height, width = parts[0][0].shape
    total = np.empty((height, width), dtype=np.float32)
    room = np.empty((min(ROWS_PER_BLOCK, height), width), dtype=np.float32)
    for start in range(0, height, ROWS_PER_BLOCK):
        span = slice(start, min(start + ROWS_PER_BLOCK, height))
        block, product = total[span], room[: span.stop - start]
        np.multiply(parts[0][0][span], parts[0][1], out=block)
        for matrix, columns in parts[1:]:
            block += np.multiply(matrix[span], columns, out=product)
    return total
