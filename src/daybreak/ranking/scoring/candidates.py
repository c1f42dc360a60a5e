"""Candidate generation: the few items of a large catalogue that can be in a list.

A blend is one linear function of a query, ``bias + sum of weighted products``. In a large
catalogue most of the time of a list goes into products with the vectors of all items and into
passes over all scores. :class:`CandidateGenerator` approximates the score of every item
instead: the bias (best sellers, new and past items), the neighbours of the history and all
other sparse weights as they are, products with vectors by 8-bit integers. The items with the
best approximate scores are the candidates; their scores are then computed exactly. Blocks of
items are scored one after the other, so that no array of all scores is needed.

Because the whole blend is approximated, an item is a candidate whichever strategies speak for
it, alone or together, and filters hold before candidates are chosen: a filter that few items
pass keeps all of them. Start at :meth:`CandidateGenerator.candidates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Queries
from daybreak.models.shared_weights import WeightMatrix
from daybreak.models.wish import reference_likeness, saturate_wishes
from daybreak.ranking.scoring.quantized import ITEMS_PER_BLOCK, BestRows, QuantizedVectors
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.query_features import WISH_KIND, QueryFeatures, is_summed_kind
from daybreak.ranking.scoring.scorer import LevelWeights, Scorer
from daybreak.ranking.scoring.sums import StoredSum
from daybreak.types import Floats, Mask, Rows, Sparse

MIN_CANDIDATES = 400
"""Smallest number of candidates of a list."""
CANDIDATES_PER_PLACE = 3
"""Smallest number of candidates for each place of a list."""
N_REFERENCE_ITEMS = 200
"""Items most and least like a wish that are compared with it exactly; enough for the rank of
the item whose likeness counts as fully about the wish."""
MAX_WEIGHT_GROUPS = 256
"""Largest number of groups of items with the same weights of strategies that are told apart;
with more, the mean scores of a query are computed for each item."""


@dataclass(frozen=True, eq=False)
class ItemLimits:
    """What the rules of one query and its history do to items, apart from scores."""

    allowed: Mask
    """(n_items,) items that the list may contain."""
    excluded: Rows
    """Further rows that it must not contain, ascending."""
    added: Floats | None = None
    """(n_items,) values that are added to the scores; None: none."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidates of one query and their exact scores."""

    rows: Rows
    """Rows of the items, ascending."""
    scores: Floats
    """Scores of the blend, without added values."""


@dataclass(frozen=True, eq=False)
class SparseTerm:
    """Products with sparse weights, which are zero for most items."""

    columns: Sequence[Rows]
    """Items of each query, ascending."""
    values: Sequence[Floats]
    strategy: int | None
    """Strategy by whose weights the products are multiplied; None: they are weighted."""

    def add_block(self, total: Floats, query: int, span: slice, weights: Floats) -> None:
        """Add the products of a block of items; see :meth:`VectorTerm.add_block`."""
        columns = self.columns[query]
        first, last = np.searchsorted(columns, (span.start, span.stop))
        if first < last:
            at, values = columns[first:last], self.values[query][first:last]
            total[at - span.start] += _weighted(values, weights, self.strategy, at)

    def scores(self, query: int, rows: Rows, weights: Floats) -> Floats:
        """Return the exact weighted products of some items."""
        columns, found = self.columns[query], np.zeros(len(rows), dtype=np.float32)
        if len(columns):
            at = np.minimum(np.searchsorted(columns, rows), len(columns) - 1)
            found = np.where(columns[at] == rows, self.values[query][at], np.float32(0))
        return _weighted(found, weights, self.strategy, rows)


@dataclass(frozen=True, eq=False)
class DenseTerm:
    """Products that are computed for all items."""

    products: Floats
    """(n_queries, n_items)"""
    strategy: int | None

    def add_block(self, total: Floats, query: int, span: slice, weights: Floats) -> None:
        """Add the products of a block of items; see :meth:`VectorTerm.add_block`."""
        total += _weighted(self.products[query, span], weights, self.strategy, span)

    def scores(self, query: int, rows: Rows, weights: Floats) -> Floats:
        """Return the exact weighted products of some items."""
        return _weighted(self.products[query, rows], weights, self.strategy, rows)


@dataclass(eq=False)
class VectorTerm:
    """Products with the vectors of all items, approximate until they are asked for exactly."""

    vectors: Floats
    """(n_queries, dim)"""
    exact: Floats
    """(dim, n_items)"""
    approximate: QuantizedVectors
    strategy: int | None
    _number: int = field(default=-1, repr=False)
    """Number of the latest block."""
    _products: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32), repr=False)
    """(n_queries, n) products of the latest block"""

    def add_block(self, total: Floats, query: int, span: slice, weights: Floats) -> None:
        """Add the approximate products of a block of items.

        Args:
            total: (n,) scores, which are added to.
            query: Position of the query.
            span: Rows of the block; it begins at a multiple of :data:`ITEMS_PER_BLOCK`.
            weights: (n_strategies, n_items) weights of the strategies.
        """
        number = span.start // ITEMS_PER_BLOCK
        if self._number != number:
            self._products = self.approximate.block_products(self.vectors, number)
            self._number = number
        total += _weighted(self._products[query], weights, self.strategy, span)

    def scores(self, query: int, rows: Rows, weights: Floats) -> Floats:
        """Return the exact weighted products of some items."""
        products = self.vectors[query] @ np.take(self.exact, rows, axis=1)
        return _weighted(products, weights, self.strategy, rows)


Term = SparseTerm | DenseTerm | VectorTerm


@dataclass(frozen=True, eq=False)
class WeightGroups:
    """Items with the same weights of all strategies, which have the same mean score."""

    table: Floats
    """(n_strategies, n_groups) weights"""
    group: Any
    """(n_items,) uint8"""

    @classmethod
    def of(cls, weights: Floats) -> "WeightGroups | None":
        """Return the groups of (n_strategies, n_items) weights; None if there are too many."""
        key = np.zeros(weights.shape[1])
        for number, row in enumerate(weights):
            key += np.float64(np.sqrt(2.0 + number)) * row
        _, first, group = np.unique(key, return_index=True, return_inverse=True)
        if len(first) > MAX_WEIGHT_GROUPS:
            return None
        return cls(np.ascontiguousarray(weights[:, first]), group.astype(np.uint8).ravel())


@dataclass(frozen=True, eq=False)
class LevelTerms:
    """The score of all items for the queries of one level, as a sum of terms."""

    level: LevelWeights
    terms: list[Term]
    wish_terms: list[Term]
    """Terms of the likeness of items to wishes, which is saturated before it is weighted."""
    wish_rows: dict[int, int]
    """Position of a query to that of its wish."""
    wish_strategy: int
    means: Floats
    """(n_queries, n_strategies) mean scores, which are subtracted"""
    groups: WeightGroups | None

    def approximate_block(self, query: int, span: slice) -> Floats:
        """Return the (n,) approximate scores of a block of items."""
        weights = self.level.weights
        total = self.level.bias[span].copy()
        for term in self.terms:
            term.add_block(total, query, span, weights)
        if query in self.wish_rows:
            likeness = np.zeros_like(total)
            for term in self.wish_terms:
                term.add_block(likeness, self.wish_rows[query], span, weights)
            total += saturate_wishes(likeness) * weights[self.wish_strategy, span]
        if self.groups is None:
            total -= self.means[query] @ weights[:, span]
        else:
            total -= (self.means[query] @ self.groups.table)[self.groups.group[span]]
        return total

    def exact_scores(self, query: int, rows: Rows) -> Floats:
        """Return the (n,) exact scores of some items."""
        weights = self.level.weights
        total = self.level.bias[rows]
        for term in self.terms:
            total += term.scores(query, rows, weights)
        if query in self.wish_rows:
            likeness = np.zeros_like(total)
            for term in self.wish_terms:
                likeness += term.scores(self.wish_rows[query], rows, weights)
            total += saturate_wishes(likeness) * weights[self.wish_strategy, rows]
        total -= self.means[query] @ weights[:, rows]
        return total


class CandidateGenerator:
    """Chooses the candidates of queries; keeps the quantized vectors of the scorers in use.

    Args:
        quantized: Whether vectors are compared by 8-bit integers; otherwise by float32, and
            the candidates are the exact best items.
    """

    def __init__(self, *, quantized: bool = True) -> None:
        self._uses_integers = quantized
        self._vectors: WeakKeyDictionary[WeightMatrix, dict[str, QuantizedVectors]] = (
            WeakKeyDictionary()
        )
        self._groups: WeakKeyDictionary[LevelWeights, WeightGroups | None] = WeakKeyDictionary()
        self._lock = Lock()

    @staticmethod
    def n_candidates(k: int) -> int:
        """Return the number of candidates of a list of length ``k``.

        Example:
            >>> CandidateGenerator.n_candidates(10), CandidateGenerator.n_candidates(1_000)
            (400, 3000)
        """
        return max(MIN_CANDIDATES, CANDIDATES_PER_PLACE * k)

    @staticmethod
    def supports(scorer: Scorer, features: QueryFeatures) -> bool:
        """Return whether queries are scored as a sum over single items.

        Several wishes of one query share the places of its list, which all items decide.
        """
        return scorer._fused is None and features.wish_factors is None

    def prepare(self, scorer: Scorer) -> None:
        """Quantize the vectors of a scorer now, so that no request waits for it."""
        blend = scorer.blend
        is_used = np.any(np.concatenate([blend.weights, blend.new_weights]) > 0, axis=0)
        models = zip(scorer.fitted.models, scorer.linear_models, list(is_used), strict=True)
        for model, linear, used in models:
            weights = linear.weights
            if used and weights.right is not None:
                self._quantized(weights, "right")
            if used and model.feature_kind == "vectors" and weights.dense is not None:
                self._quantized(weights, "dense")
        for level in scorer.cached_levels():
            self._weight_groups(scorer.level_weights(level))

    def encode(self, scorer: Scorer, queries: Queries) -> QueryFeatures:
        """Return the features of queries, as :meth:`Scorer.encode` does.

        The scale of a wish depends on the items most like it, which are found by approximate
        likeness and then compared exactly.
        """
        features = QueryFeatures.from_queries(
            queries, scorer.fitted.models, scorer.layout, scorer.blend
        )
        if WISH_KIND not in features.matrices:
            return features
        n_wishes = np.bincount(features.queries.wish_owners)
        if n_wishes.max(initial=0) > 1 or len(scorer.items) < 2 * N_REFERENCE_ITEMS:
            return scorer.encode(queries)
        wishes = features.matrices[WISH_KIND]
        features.matrices[WISH_KIND] = self._scale_wishes(scorer, wishes)
        return features

    def _scale_wishes(self, scorer: Scorer, wishes: Sparse) -> Sparse:
        """Return the features of wishes on the scale of the catalogue."""
        row = scorer.layout.strategy_rows[WISH_KIND][0]
        terms = self._terms(scorer.linear_models[row].weights, wishes, None)
        unweighted = np.empty((0, 0), dtype=np.float32)
        n_items, n_wishes = len(scorer.items), wishes.shape[0]
        ends = [[BestRows(N_REFERENCE_ITEMS) for _ in (1, -1)] for _ in range(n_wishes)]
        for start in range(0, n_items, ITEMS_PER_BLOCK):
            span = slice(start, min(start + ITEMS_PER_BLOCK, n_items))
            for wish, (most, least) in enumerate(ends):
                likeness = np.zeros(span.stop - start, dtype=np.float32)
                for term in terms:
                    term.add_block(likeness, wish, span, unweighted)
                most.add(start, likeness)
                least.add(start, -likeness)
        references = np.empty(n_wishes, dtype=np.float32)
        for wish, (most, least) in enumerate(ends):
            rows = np.union1d(most.rows(), least.rows())
            exact = np.zeros(len(rows), dtype=np.float32)
            for term in terms:
                exact += term.scores(wish, rows, unweighted)
            references[wish] = reference_likeness(exact[None])[0]
        scaled = wishes.data / np.repeat(references, np.diff(wishes.indptr))
        return sp.csr_array((scaled, wishes.indices, wishes.indptr), shape=wishes.shape)

    def candidates(
        self, scorer: Scorer, features: QueryFeatures, limits: Sequence[ItemLimits], size: int
    ) -> list[Candidates]:
        """Return the candidates of each query, in the order of the features.

        Args:
            scorer: Scorer of the catalogue.
            features: Features that :meth:`supports` accepts.
            limits: What rules and histories do to the items of the scorer, for each query.
            size: Number of candidates of a query; fewer if fewer items are allowed.
        """
        found: list[Candidates] = []
        n_items = len(scorer.items)
        for level, rows in features.level_slices.items():
            terms = self._level_terms(scorer, features, level, rows)
            best = [BestRows(size) for _ in range(rows.start, rows.stop)]
            for start in range(0, n_items, ITEMS_PER_BLOCK):
                span = slice(start, min(start + ITEMS_PER_BLOCK, n_items))
                for query, one in enumerate(best):
                    scores = terms.approximate_block(query, span)
                    _apply_limits(scores, limits[rows.start + query], span)
                    one.add(start, scores)
            for query, one in enumerate(best):
                chosen = one.rows()
                found.append(Candidates(chosen, terms.exact_scores(query, chosen)))
        return found

    def _level_terms(
        self, scorer: Scorer, features: QueryFeatures, level: int, rows: slice
    ) -> LevelTerms:
        """Return the scores of the queries of a level as a sum of terms."""
        weights = scorer.level_weights(level)
        terms: list[Term] = []
        wish_terms: list[Term] = []
        wish_rows: dict[int, int] = {}
        wish_strategy = -1
        for kind, matrix in features.matrices.items():
            strategies = scorer.layout.strategy_rows[kind]
            if kind == WISH_KIND:
                owners = features.queries.wish_owners
                wishes = np.flatnonzero((owners >= rows.start) & (owners < rows.stop))
                owned = (owners[wishes] - rows.start).tolist()
                wish_rows = {owner: number for number, owner in enumerate(owned)}
                wish_strategy = strategies[0]
                likeness = scorer.linear_models[wish_strategy].weights
                wish_terms = self._terms(likeness, matrix[wishes], None)
            elif kind in weights.fused:
                terms += self._terms(weights.fused[kind], features.at_level(kind, level), None)
            else:
                separate = not is_summed_kind(kind)
                chosen = matrix[rows] if separate else features.at_level(kind, level)
                for strategy in strategies:
                    if strategy in weights.active_rows:
                        linear = scorer.linear_models[strategy]
                        terms += self._terms(linear.weights, chosen, strategy)
        means = features.baseline(len(scorer.linear_models))[rows]
        groups = self._weight_groups(weights)
        return LevelTerms(weights, terms, wish_terms, wish_rows, wish_strategy, means, groups)

    def _terms(
        self, weights: StoredSum, features: Sparse | Floats, strategy: int | None
    ) -> list[Term]:
        """Return the products of the parts of a matrix as terms."""
        terms: list[Term] = []
        if 0 in features.shape:
            return terms
        if isinstance(weights, QuantizedWeights):
            return [DenseTerm(weights.apply(features), strategy)]
        if weights.dense is not None:
            terms.append(self._dense_term(weights, features, strategy))
        if weights.sparse is not None:
            entries = features if sp.issparse(features) else sp.csr_array(features)
            pairs = [
                sum_sparse_rows(entries, q, weights.sparse) for q in range(entries.shape[0])
            ]
            columns, values = [list(one) for one in zip(*pairs, strict=True)]
            terms.append(SparseTerm(columns, values, strategy))
        if weights.left is not None and weights.right is not None:
            product: Any = features @ weights.left
            vectors = product.toarray() if sp.issparse(product) else product
            vectors = np.asarray(vectors, dtype=np.float32)
            if vectors.any():
                quantized = self._quantized(weights, "right")
                terms.append(VectorTerm(vectors, weights.right, quantized, strategy))
        return terms

    def _dense_term(
        self, weights: WeightMatrix, features: Sparse | Floats, strategy: int | None
    ) -> Term:
        """Return the products of the dense part as a term."""
        assert weights.dense is not None  # noqa: S101 - callers have checked it
        if sp.issparse(features) or weights.columns is not None:
            products = WeightMatrix(weights.dense, columns=weights.columns).apply(features)
            assert products is not None  # noqa: S101 - there are features
            return DenseTerm(products, strategy)
        quantized = self._quantized(weights, "dense")
        return VectorTerm(features, weights.dense, quantized, strategy)

    def _quantized(self, weights: WeightMatrix, part: str) -> QuantizedVectors:
        """Return the quantized vectors of a part of a matrix, computed on first use."""
        with self._lock:
            kept = self._vectors.setdefault(weights, {})
            if part not in kept:
                vectors = getattr(weights, part)
                kept[part] = QuantizedVectors.from_columns(
                    vectors, quantized=self._uses_integers
                )
            return kept[part]

    def _weight_groups(self, level: LevelWeights) -> WeightGroups | None:
        with self._lock:
            if level not in self._groups:
                self._groups[level] = WeightGroups.of(level.weights)
            return self._groups[level]


def sum_sparse_rows(features: Sparse, query: int, weights: Sparse) -> tuple[Rows, Floats]:
    """Return the items and values of the product of one row of features and sparse weights.

    The time depends on the entries of the rows that the features name, and not on the number of
    items.

    Args:
        features: (n_queries, n_features) CSR.
        query: Row of the features.
        weights: (n_features, n_items) CSR.

    Returns:
        Items in ascending order, each once, and their values.

    Example:
        >>> weights = sp.csr_array(np.array([[0, 1, 2], [3, 0, 4]], dtype=np.float32))
        >>> features = sp.csr_array(np.array([[10, 1]], dtype=np.float32))
        >>> sum_sparse_rows(features, 0, weights)
        (array([0, 1, 2], dtype=int32), array([ 3., 10., 24.], dtype=float32))
    """
    own = slice(features.indptr[query], features.indptr[query + 1])
    names, factors = features.indices[own], features.data[own]
    starts, sizes = weights.indptr[names], weights.indptr[names + 1] - weights.indptr[names]
    ends = np.cumsum(sizes)
    at = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - sizes), sizes)
    columns = weights.indices[at]
    values = (weights.data[at] * np.repeat(factors, sizes)).astype(np.float32, copy=False)
    if len(names) > 1 or not _ascends(columns):
        order = np.argsort(columns, kind="stable")
        columns, values = columns[order], values[order]
        firsts = np.flatnonzero(np.r_[True, columns[1:] != columns[:-1]][: len(columns)])
        if len(firsts) < len(columns):
            columns, values = columns[firsts], np.add.reduceat(values, firsts)
    return columns, values


def _ascends(columns: Rows) -> bool:
    return bool((columns[1:] > columns[:-1]).all())


def _weighted(values: Floats, weights: Floats, strategy: int | None, items: Any) -> Floats:
    """Return values of items times the weights of a strategy, unless they are weighted."""
    return values if strategy is None else values * weights[strategy, items]


def _apply_limits(scores: Floats, limits: ItemLimits, span: slice) -> None:
    """Add values of rules to the scores of a block, and exclude items."""
    if limits.added is not None:
        scores += limits.added[span]
    np.putmask(scores, ~limits.allowed[span], -np.inf)
    first, last = np.searchsorted(limits.excluded, (span.start, span.stop))
    scores[limits.excluded[first:last] - span.start] = -np.inf
