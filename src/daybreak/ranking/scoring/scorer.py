"""Scorer: a blend of linear strategies as one linear function per level of user events.

:class:`Scorer` scores a catalogue, or a partition of it. Start at :meth:`Scorer.score`.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from daybreak.data.dataset import Items, Queries
from daybreak.data.derived_arrays import DerivedArrays
from daybreak.data.sparse_rows import take_rows
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix, restrict_features
from daybreak.models.source_crowd import SourceCrowdModel
from daybreak.models.wish import (
    apply_wish_factors,
    balance_wishes,
    combine_wishes,
    saturate_wishes,
    scale_wishes,
    sufficient_weights,
)
from daybreak.ranking.blending.new_item_bias import unsold_bias
from daybreak.ranking.blending.strategies import FittedStrategies
from daybreak.ranking.blending.weights import EVENT_LEVELS, Blend
from daybreak.ranking.scoring.centres import ScoreCentre, score_centre
from daybreak.ranking.scoring.factor_rows import FactorProducts
from daybreak.ranking.scoring.fused_weights import MAX_FUSED_BYTES, FusedWeights
from daybreak.ranking.scoring.level_sums import add_in_order, sum_levels, with_own_columns
from daybreak.ranking.scoring.parts import ScorerParts
from daybreak.ranking.scoring.past_items import find_past_items, past_bias
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.query_features import (
    SEPARATE_KINDS,
    WISH_KIND,
    FeatureLayout,
    QueryFeatures,
    is_summed_kind,
)
from daybreak.ranking.scoring.remembered import QueryMemory
from daybreak.ranking.scoring.shared_sums import load_sum
from daybreak.ranking.scoring.sums import (
    MIN_QUANTIZED_BYTES,
    StoredSum,
    scores_differ,
    share_indices,
    store_sum,
    stored_size_bytes,
)
from daybreak.types import Doubles, Floats, Mask, Rows, Sparse

MAX_LEVEL_CACHE_BYTES = 500_000_000
"""Default size of the summed weight matrices of one scorer; those of further levels are summed
per request."""
MAX_FUSED_ITEMS = 1_000
"""Maximum number of items of a partition whose weights are fused."""
SHARED_PLACES = 10
"""Places of a list that several wishes of one text share equally."""
MIN_WISH_WEIGHT = 1e-3
"""Smallest weight of a wish by which the scores of other strategies are divided."""
_UNINFORMATIVE_PENALTY = 1e6


@dataclass(frozen=True, eq=False)
class LevelWeights:
    """The blend at one level, ``bias + features @ (matrix - centres @ weights)``, summed."""

    weights: Floats
    """(n_strategies, n_items) weights divided by the scales; 0 for items without a score"""
    bias: Floats
    """(n_items,)"""
    fused: dict[str, StoredSum]
    """Weighted sums over the strategies that share a kind of features, by kind; without those
    that are too large."""

    @cached_property
    def active_rows(self) -> frozenset[int]:
        """Positions of the strategies with a weight above zero for any item."""
        return frozenset(np.flatnonzero(self.weights.any(axis=1)).tolist())


@dataclass(eq=False)
class Scorer:
    """Scores of a blend for a catalogue; the weights of a level are summed on first use.

    Memory: the linear functions of all models for ``items``, and at most ``max_cache_bytes``.
    """

    blend: Blend
    fitted: FittedStrategies
    items: Items
    centres: tuple[ScoreCentre, ...] = ()
    """Mean scores of the strategies; default: over the warm items of ``items``. A partition has
    those of the whole catalogue."""
    linear_models: tuple[LinearScorer, ...] = field(default=(), repr=False)
    """The strategies as linear functions for ``items``; default: computed from the models."""
    max_cache_bytes: float = MAX_LEVEL_CACHE_BYTES
    """Maximum size of the summed weight matrices."""
    sums_rows: bool = False
    """Whether only those rows of the weights are summed that a query needs, and nothing is
    kept: for a process that answers few queries. The scores of a query are the same."""
    min_quantized_bytes: float = MIN_QUANTIZED_BYTES
    """Smallest dense sum whose weights have 8 bits; infinite: none has."""
    shared: DerivedArrays | None = field(default=None, repr=False)
    """Where sums are kept for all processes; None: this one has its own."""
    is_warm: Mask = field(init=False, repr=False)
    """(n_items,) mask of the items that the models were trained on"""
    layout: FeatureLayout = field(init=False, repr=False)
    """Kinds of features; a partition has those of the whole catalogue."""
    products: FactorProducts = field(default_factory=FactorProducts, init=False, repr=False)
    """Products with large low-rank weights."""
    is_small: bool = field(default=False, init=False)
    """Whether this is a small partition, all of whose levels are known."""
    _levels: dict[int, LevelWeights] = field(default_factory=dict, init=False, repr=False)
    _fused: FusedWeights | None = field(default=None, init=False, repr=False)
    _free_cache_bytes: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._free_cache_bytes = self.max_cache_bytes
        self.linear_models = self.linear_models or self.fitted.linear_models(self.items)
        self.is_warm = self.fitted.train_items.ids.rows(self.items.ids) >= 0
        self.centres = self.centres or tuple(
            score_centre(linear, self.is_warm, model.feature_kind)
            for model, linear in zip(self.fitted.models, self.linear_models, strict=True)
        )
        widths = [linear.weights.shape[0] for linear in self.linear_models]
        means = [centre.weights for centre in self.centres]
        self.layout = FeatureLayout.from_models(self.fitted.models, widths, means)

    @classmethod
    def from_parts(
        cls,
        blend: Blend,
        fitted: FittedStrategies,
        parts: "ScorerParts",
        *,
        sums_rows: bool = False,
    ) -> "Scorer":
        """Return the scorer of parts that were computed before.

        Args:
            blend: The blend.
            fitted: Its strategies.
            parts: Their linear functions.
            sums_rows: See :attr:`sums_rows`.
        """
        scorer = cls(
            blend, fitted, parts.items, parts.centres, parts.linear_models, sums_rows=sums_rows
        )
        scorer.__dict__["_is_informative"] = parts.is_informative
        return scorer

    def parts(self) -> "ScorerParts":
        """Return what the scorer has computed from the models."""
        return ScorerParts(self.items, self.linear_models, self.centres, self._is_informative)

    def score(self, queries: Queries) -> Floats:
        """Return the (n_queries, n_items) float32 scores, all finite."""
        features = self.encode(queries)
        return features.restore_order(self.score_encoded(features))

    def encode(self, queries: Queries, memory: QueryMemory | None = None) -> QueryFeatures:
        """Return the features of queries; see :meth:`.QueryFeatures.from_queries`."""
        models = self.fitted.models
        features = QueryFeatures.from_queries(queries, models, self.layout, self.blend, memory)
        if WISH_KIND in features.matrices:
            wishes = features.matrices[WISH_KIND]
            features.matrices[WISH_KIND] = self.scale_wishes(wishes)
            features.wish_factors = self._wish_factors(features)
        return features

    def _wish_factors(self, features: QueryFeatures) -> Floats | None:
        """Return (n_wishes,) factors that give the wishes of a query the first places."""
        owners = features.queries.wish_owners
        chosen = np.flatnonzero(features.queries.has_wish[owners])
        asking, rows = np.unique(owners[chosen], return_inverse=True)
        if not len(asking) or not len(self.items):
            return None
        others = self.score(features.queries.take(asking).without_wishes())
        likeness = self._wish_likeness(take_rows(features.matrices[WISH_KIND], chosen))
        row = self.layout.strategy_rows[WISH_KIND][0]
        fitted = np.array(
            [self.level_weights(n).weights[row].max() for n in features.levels[asking]]
        )
        fitted = np.maximum(fitted, MIN_WISH_WEIGHT)
        best = combine_wishes(likeness, rows)[1]
        weights = np.maximum(fitted, sufficient_weights(best, others, SHARED_PLACES))
        balance = balance_wishes(likeness, rows, others, weights, SHARED_PLACES)
        factors = np.ones(len(owners), dtype=np.float32)
        factors[chosen] = balance * (weights / fitted)[rows]
        return factors if (factors != 1).any() else None

    def _wish_likeness(self, wishes: Sparse) -> Floats:
        """Return the (n_wishes, n_items) saturated likeness of scaled wishes."""
        row = self.layout.strategy_rows[WISH_KIND][0]
        product = self.linear_models[row].weights.apply(wishes)
        if product is None:
            return np.zeros((wishes.shape[0], len(self.items)), dtype=np.float32)
        return saturate_wishes(product)

    def scale_wishes(self, wishes: Sparse) -> Sparse:
        """Return the features of wishes on the scale of this catalogue.

        Args:
            wishes: (n_wishes, n_features) CSR; see :func:`daybreak.models.wish.scale_wishes`.
        """
        row = self.layout.strategy_rows[WISH_KIND][0]
        return scale_wishes(wishes, self.linear_models[row])

    def score_encoded(
        self, features: QueryFeatures, memory: QueryMemory | None = None
    ) -> Floats:
        """Return the (n_queries, n_items) scores in the order of the features.

        Args:
            features: Result of :meth:`encode` of this scorer, or of the scorer of the whole
                catalogue if this is a partition.
            memory: Has scores of earlier queries, without the bias; None: all are computed.
        """
        if memory is None:
            scores = self._multiply(features)
        else:
            scores = memory.scores.recall(
                features.keys, lambda rows: self._multiply(features.take(rows))
            )
        for level, rows in features.level_slices.items():
            scores[rows] += self.level_weights(level).bias
        return scores

    def _multiply(self, features: QueryFeatures) -> Floats:
        """Return the (n_queries, n_items) scores without the bias."""
        scores = np.zeros((len(features.queries), len(self.items)), dtype=np.float32)
        if self._fused is not None:
            self._fused.add_to(scores, features)
            for kind in sorted(SEPARATE_KINDS.intersection(features.matrices)):
                self._add_features(scores, features, kind)
            return scores
        for kind in features.matrices:
            self._add_features(scores, features, kind)
        baseline = features.baseline(len(self.linear_models))
        for level, rows in features.level_slices.items():
            scores[rows] -= baseline[rows] @ self.level_weights(level).weights
        return scores

    def level_weights(self, level: int) -> LevelWeights:
        """Return the blend at a level, summed if the cache has room for it."""
        if level not in self._levels:
            self._levels[level] = self.sum_level(level)
        return self._levels[level]

    def cached_levels(self) -> list[int]:
        """Return the levels that were used so far, in their order."""
        return sorted(self._levels)

    def new_bias(self, level: int) -> Floats:
        """Return the (n_items,) bias of items that the models were not trained on, else 0."""
        factor, shift = self._item_shifts
        bias = self.blend.new_bias[level] * factor + shift
        unsold = self._unsold_shares
        ordinary = np.array([m.card.fitted_on == "ordinary" for m in self.fitted.models])
        lowered = unsold_bias(bias, self.blend.weights[[level]], ordinary)
        bias = (1 - unsold) * bias + unsold * lowered
        return np.where(self.is_warm, 0, bias).astype(np.float32)

    def past_bias(self, level: int) -> Floats:
        """Return the (n_items,) bias of items older than what people choose, else 0."""
        return past_bias(self.fitted, self._is_past, self.blend.weights[level])

    @cached_property
    def strategy_by_kind(self) -> dict[int, str]:
        """Results of :meth:`dominant_strategy` that a caller keeps, by a number of its own."""
        return {}

    def dominant_strategy(
        self,
        levels: Rows,
        has_profile: Mask,
        is_cold: Mask,
        has_wish: Mask | None = None,
        has_sources: Mask | None = None,
    ) -> list[str]:
        """Return for pairs of query and item the strategy with the largest weight.

        Strategies that are constant for the query or for all items are named only if there is
        no other.

        Args:
            levels: (n,) levels of the queries.
            has_profile: (n,) whether the query has a profile.
            is_cold: (n,) whether the item is one that the models were not trained on.
            has_wish: (n,) whether the query has a wish; default: none has.
            has_sources: (n,) whether the query has events on items of sources; default: none.
        """
        blend = self.blend
        weights = np.where(is_cold[:, None], blend.new_weights[levels], blend.weights[levels])
        kinds = np.array([model.feature_kind for model in self.fitted.models], dtype=object)
        is_constant = (kinds == "profile")[None, :] & ~has_profile[:, None]
        is_constant |= np.isin(kinds, ["history", "recent"])[None, :] & (levels == 0)[:, None]
        wishes = np.zeros(len(levels), dtype=bool) if has_wish is None else has_wish
        is_absent = (kinds == WISH_KIND)[None, :] & ~wishes[:, None]
        is_absent = is_absent | (kinds == "repeats")[None, :]
        told = np.zeros(len(levels), dtype=bool) if has_sources is None else has_sources
        is_absent = is_absent | self._reads_sources[None, :] & ~told[:, None]
        is_constant |= ~self._is_informative[None, :]
        for_warm, for_cold = self.fitted.item_masks
        allowed = np.where(is_cold[:, None], for_cold[None, :], for_warm[None, :])
        penalties = is_constant.astype(np.float64) + 2 * is_absent
        penalised = weights - penalties * _UNINFORMATIVE_PENALTY
        best = np.argmax(np.where(allowed, penalised, -np.inf), axis=1)
        return [blend.strategies[row] for row in best]

    def for_items(
        self,
        items: Items,
        linear_models: tuple[LinearScorer, ...] = (),
        *,
        levels: Mapping[int, LevelWeights] | None = None,
        max_fused_bytes: int = MAX_FUSED_BYTES,
    ) -> "Scorer":
        """Return a scorer of other items on the same scale: a partition of this one.

        A small partition is fused into one matrix at once, so that no request waits for it. A
        large one caches sums of levels in proportion to its number of items, because catalogues
        that change item by item would otherwise need too much memory.

        Args:
            items: Items of the partition.
            linear_models: The strategies as linear functions for them, if already computed.
            levels: The blend at all levels for them, if already computed.
            max_fused_bytes: Maximum size of the fused matrix.
        """
        is_small = len(items) <= MAX_FUSED_ITEMS
        share = min(1.0, len(items) / max(len(self.items), 1))
        max_cache_bytes = 0.0 if is_small else MAX_LEVEL_CACHE_BYTES * share
        partition = Scorer(
            self.blend,
            self.fitted,
            items,
            self.centres,
            linear_models,
            max_cache_bytes,
            self.sums_rows,
            self.min_quantized_bytes,
        )
        partition.layout = self.layout
        if is_small:
            partition._fuse(dict(levels or {}), max_fused_bytes)
        return partition

    def _fuse(self, levels: dict[int, LevelWeights], max_bytes: int) -> None:
        """Sum the weights of a small partition in advance, all levels of it together.

        Args:
            levels: The blend at all levels, with sums, if already computed.
            max_bytes: Maximum size of the sums.
        """
        has_sums = any(one.fused for one in levels.values())
        self.is_small, self._levels = True, levels or self._weigh_levels()
        weights = np.stack([self.level_weights(n).weights for n in range(len(EVENT_LEVELS))])
        linear_models, layout = self.linear_models, self.layout
        self._fused = FusedWeights.from_levels(linear_models, weights, layout, max_bytes)
        if self._fused is None and not self.sums_rows and not has_sums:
            for level, sums in enumerate(sum_levels(linear_models, weights, layout, max_bytes)):
                self._levels[level] = replace(self._levels[level], fused={**sums})
        if self._fused is None and not any(one.fused for one in self._levels.values()):
            self.linear_models = with_own_columns(linear_models)

    def _weigh_levels(self) -> dict[int, LevelWeights]:
        """Return the blend at all levels without sums; the numbers are those of each level."""
        levels = range(len(EVENT_LEVELS))
        scored = self._scored()
        weights = np.stack([self._strategy_weights(level, scored) for level in levels])
        base = np.stack([self.new_bias(level) + self.past_bias(level) for level in levels])
        added = np.stack(
            [
                linear.bias - centre.constant
                for linear, centre in zip(self.linear_models, self.centres, strict=True)
            ]
        )
        bias = add_in_order(base, weights * added)
        return {level: LevelWeights(weights[level], bias[level], {}) for level in levels}

    def with_models(
        self, fitted: FittedStrategies, centres: tuple[ScoreCentre, ...] = ()
    ) -> "Scorer":
        """Return a scorer with models whose user-independent scores changed.

        Only models without query features may differ, such as popularity. All weights of the
        other models are shared with this scorer.

        Args:
            fitted: The models.
            centres: Mean scores over the whole catalogue if this is a partition; default: over
                the warm items of ``items``.
        """
        pairs = zip(self.fitted.models, fitted.models, strict=True)
        changed = {row for row, (before, after) in enumerate(pairs) if before is not after}
        updated = copy(self)
        updated.fitted = fitted
        updated.__dict__.pop("_is_past", None)  # the present may have changed
        updated.linear_models = tuple(
            fitted.models[row].linear_scorer(fitted.train_items, self.items)
            if row in changed
            else linear
            for row, linear in enumerate(self.linear_models)
        )
        updated.centres = centres or tuple(
            score_centre(linear, self.is_warm, fitted.models[row].feature_kind)
            if row in changed
            else self.centres[row]
            for row, linear in enumerate(updated.linear_models)
        )
        is_informative = self._is_informative.copy()
        for row in changed:  # checking the others again would read all their weights
            is_informative[row] = scores_differ(updated.linear_models[row])
        updated.__dict__["_is_informative"] = is_informative
        updated._levels = {
            number: replace(level, bias=updated._bias(number, level.weights))
            for number, level in dict(self._levels).items()  # other threads may add one
        }
        return updated

    def with_linear_model(self, row: int, linear: LinearScorer) -> "Scorer":
        """Return a scorer with another linear function of one strategy; the rest is shared."""
        updated = self._copy()
        models = list(self.linear_models)
        models[row] = linear
        updated.linear_models = tuple(models)
        updated.shared = None
        return updated

    def with_blend(self, blend: Blend, max_cache_bytes: float) -> "Scorer":
        """Return a scorer of the same items with other weights; all matrices are shared.

        Args:
            blend: Blend of the same strategies.
            max_cache_bytes: Maximum size of the summed weight matrices of the new scorer.
        """
        updated = copy(self)
        updated.blend = blend
        updated.max_cache_bytes = updated._free_cache_bytes = max_cache_bytes
        updated.shared = None
        updated._levels, updated._fused = {}, None
        return updated

    def with_level(self, level: int, weights: LevelWeights) -> "Scorer":
        """Return a scorer with other weights of one level; the rest is shared."""
        updated = self._copy()
        updated._levels[level] = weights
        return updated

    def _copy(self) -> "Scorer":
        updated = copy(self)
        updated.__dict__.pop("_is_informative", None)
        updated._levels = dict(self._levels)
        return updated

    @cached_property
    def _item_shifts(self) -> tuple[Doubles, Doubles]:
        """Factors and values by which new items differ from the mean arrival shift."""
        return self.blend.arrival.item_shifts(self.items.ids)

    @cached_property
    def _unsold_shares(self) -> Doubles:
        """(n_items,) how certain it is that an item was on sale and nobody chose it."""
        return self.blend.arrival.unsold_shares(self.items.ids)

    @cached_property
    def _is_past(self) -> Mask:
        return find_past_items(self.fitted, self.items)

    @cached_property
    def _reads_sources(self) -> Mask:
        """(n_strategies,) whether a strategy needs events on items of sources."""
        models = self.fitted.models
        return np.array(
            [m.feature_kind == "sources" or isinstance(m, SourceCrowdModel) for m in models],
            dtype=bool,
        )

    @cached_property
    def _is_informative(self) -> Mask:
        return np.array([scores_differ(linear) for linear in self.linear_models], dtype=bool)

    def _add_features(self, scores: Floats, features: QueryFeatures, kind: str) -> None:
        """Add the weighted features of one kind to (n_queries, n_items) scores."""
        if kind == WISH_KIND:
            self._add_wishes(scores, features)
            return
        has_sum = any(kind in self.level_weights(n).fused for n in features.level_slices)
        strategies = self.layout.strategy_rows[kind]
        at_once = [r for r in strategies if not has_sum and self._reads_all_levels(kind, r)]
        by_level = set(strategies).difference(at_once)
        for strategy in at_once:
            self._add_product(scores, features, kind, strategy)
        for level, rows in features.level_slices.items() if by_level else ():
            weights, matrix = self.level_weights(level), features.at_level(kind, level)
            if kind in weights.fused or self._can_sum_rows(kind):
                product = self._apply_summed(weights, kind, matrix)
                scores[rows] += 0 if product is None else product
                continue
            for strategy in sorted(by_level.intersection(weights.active_rows)):
                product = self.linear_models[strategy].weights.apply(matrix)
                if product is not None:
                    scores[rows] += product * weights.weights[strategy]

    def _reads_all_levels(self, kind: str, strategy: int) -> bool:
        """Return whether there is one product for all levels: of factors and of few items."""
        has_factors = self.linear_models[strategy].weights.left is not None
        is_of_few = self.is_small and not self.sums_rows
        return has_factors or is_of_few or not is_summed_kind(kind)

    def _apply_summed(self, weights: LevelWeights, kind: str, matrix: Sparse) -> Floats | None:
        """Return the (n, n_items) products with the sum of the strategies of a kind.

        Args:
            weights: Weights of a level.
            kind: Kind of the features.
            matrix: (n, n_features) features of queries of the level.
        """
        if kind in weights.fused:
            return weights.fused[kind].apply(matrix)
        restricted, used = restrict_features(matrix)
        return self._sum_rows(weights, kind, used).apply(restricted)

    def _sum_rows(self, weights: LevelWeights, kind: str, features: Rows) -> StoredSum:
        weighted = self._weighted(kind, weights.weights)
        return store_sum(weighted, self.min_quantized_bytes, features)

    def quantized_parts(
        self, level: int, kind: str, parts: Sparse, items: Rows
    ) -> Floats | None:
        """Return what parts of a query add to scores by all strategies of a kind together.

        Weights of 8 bits are those of the sum of the strategies, and not of each.

        Args:
            level: Level of the query.
            kind: Kind of the features.
            parts: (n_parts, n_features) features that sum to those of the query.
            items: Rows of items.

        Returns:
            (n_parts, len(items)) products; None if the scores are made of exact weights.
        """
        weights = self.level_weights(level)
        stored = weights.fused.get(kind)
        if stored is None and parts.nnz and self._can_sum_rows(kind):
            parts, used = restrict_features(parts)
            stored = self._sum_rows(weights, kind, used)
        if not isinstance(stored, QuantizedWeights):
            return None
        return stored.apply_to_columns(parts, items)

    def _add_product(
        self, scores: Floats, features: QueryFeatures, kind: str, strategy: int
    ) -> None:
        """Add the weighted products of a strategy with the queries of all levels."""
        levels = [(rows, self.level_weights(n)) for n, rows in features.level_slices.items()]
        active = [(rows, one) for rows, one in levels if strategy in one.active_rows]
        weights = self.linear_models[strategy].weights
        if not active:
            return
        matrix = features.matrices[kind]
        if is_summed_kind(kind):
            product = self.products.apply(strategy, weights, matrix)
        else:
            product = weights.apply(matrix)
        if product is not None:
            for rows, level in active:
                scores[rows] += product[rows] * level.weights[strategy]

    def _add_wishes(self, scores: Floats, features: QueryFeatures) -> None:
        """Add the weighted likeness of each item to the wish that it fulfils best."""
        likeness = self._wish_likeness(features.matrices[WISH_KIND])
        if features.wish_factors is not None:
            likeness = apply_wish_factors(likeness, features.wish_factors)
        queries, best = combine_wishes(likeness, features.queries.wish_owners)
        row = self.layout.strategy_rows[WISH_KIND][0]
        for level, rows in features.level_slices.items():
            first, last = np.searchsorted(queries, [rows.start, rows.stop])
            weights = self.level_weights(level).weights[row]
            scores[queries[first:last]] += best[first:last] * weights

    def sum_level(self, level: int) -> LevelWeights:
        """Return the blend at a level without the cache; see :meth:`level_weights`."""
        weights = self._strategy_weights(level, self._scored())
        fused: dict[str, StoredSum] = {}
        for kind in () if self.sums_rows else self.layout.strategy_rows:
            if not level and kind in ("history", "recent"):
                continue  # a history without events is empty
            if not is_summed_kind(kind):
                continue  # one product for all levels
            weighted = self._weighted(kind, weights)
            size = stored_size_bytes(weighted, self.min_quantized_bytes)
            if size <= self._free_cache_bytes:
                self._free_cache_bytes -= size
                compute = partial(store_sum, weighted, self.min_quantized_bytes)
                shared = self.shared
                total = load_sum(shared, kind, weights, compute) if shared else compute()
                fused[kind] = share_indices(total, self._similar_sums(kind))
        return LevelWeights(weights, self._bias(level, weights), fused)

    def _similar_sums(self, kind: str) -> list[StoredSum | None]:
        """Return what may have entries at the places of those of a sum of a kind."""
        levels = dict(self._levels).values()  # other threads may add one
        strategies = [
            self.linear_models[row].weights for row in self.layout.strategy_rows[kind]
        ]
        return [*(level.fused.get(kind) for level in levels), *strategies]

    def _weighted(self, kind: str, weights: Floats) -> list[tuple[WeightMatrix, Floats]]:
        """Return the matrices of the strategies of a kind, with their weights of items."""
        rows = [row for row in self.layout.strategy_rows[kind] if weights[row].any()]
        return [(self.linear_models[row].weights, weights[row]) for row in rows]

    def _can_sum_rows(self, kind: str) -> bool:
        """Return whether the rows that a query needs are summed, as those of a level are."""
        models = (self.linear_models[row] for row in self.layout.strategy_rows[kind])
        return self.sums_rows and all(model.weights.left is None for model in models)

    def _bias(self, level: int, weights: Floats) -> Floats:
        bias = self.new_bias(level) + self.past_bias(level)
        for row, linear in enumerate(self.linear_models):
            bias += weights[row] * (linear.bias - self.centres[row].constant)
        return bias

    def _scored(self) -> Mask:
        """Return (n_strategies, n_items) whether each strategy scores an item."""
        return np.stack([linear.scored for linear in self.linear_models])

    def _strategy_weights(self, level: int, scored: Mask) -> Floats:
        """Return the (n_strategies, n_items) weights of the strategies at a level."""
        blend = self.blend
        new_weights = (blend.new_weights[level] / blend.scale)[:, None]
        if blend.arrival.items:
            is_shifted = [m.card.fitted_on == "ordinary" for m in self.fitted.models]
            factor = self._item_shifts[0][None, :]
            new_weights = new_weights * np.where(np.array(is_shifted)[:, None], factor, 1)
        weights = np.where(
            self.is_warm[None, :], (blend.weights[level] / blend.scale)[:, None], new_weights
        )
        return np.asarray(weights * scored, dtype=np.float32)
