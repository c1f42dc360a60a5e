"""Reuse of computed linear functions when items of a catalogue change.

:func:`concat_linear` joins those of several scorers; :func:`iter_column_updates` replaces the
columns of some items, one matrix at a time.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import scipy.sparse as sp

from daybreak.data.mapped_arrays import is_mapped
from daybreak.data.sparse_rows import empty_csr, with_short_indices
from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.fused_weights import MAX_FUSED_BYTES
from daybreak.ranking.scoring.level_sums import join_sums
from daybreak.ranking.scoring.quantized_weights import QuantizedWeights
from daybreak.ranking.scoring.query_features import is_summed_kind
from daybreak.ranking.scoring.scorer import LevelWeights, Scorer
from daybreak.ranking.scoring.sums import StoredSum
from daybreak.types import Floats, Rows, Sparse

MAX_CHANGED_SHARE = 1.0
"""Largest size of the changed columns of a mapped matrix, relative to that of the matrix; from
there on it is copied."""


def concat_linear(selections: Sequence[tuple[Scorer, Rows]]) -> tuple[LinearScorer, ...]:
    """Return every strategy as one linear function for the items of several scorers.

    Args:
        selections: Scorers of the same models, with the rows of the items to take from each.
    """
    strategies = zip(*(_take_items(scorer, rows) for scorer, rows in selections), strict=True)
    return tuple(concat_items(linear_models) for linear_models in strategies)


def concat_levels(selections: Sequence[tuple[Scorer, Rows]]) -> dict[int, LevelWeights] | None:
    """Return the summed levels of the items of several scorers, without summing them again.

    Args:
        selections: As for :func:`concat_linear`.

    Returns:
        Weights by level; None if a scorer is that of a large part of the catalogue.
    """
    if not all(scorer.is_small for scorer, _ in selections):
        return None
    levels = {}
    n_levels = len(selections[0][0].blend.weights)
    for level in range(n_levels):
        parts = [(scorer.level_weights(level), rows) for scorer, rows in selections]
        sums = [(one.fused, rows) for one, rows in parts]
        levels[level] = LevelWeights(
            np.concatenate([np.take(one.weights, rows, axis=1) for one, rows in parts], axis=1),
            np.concatenate([one.bias[rows] for one, rows in parts]),
            dict(join_sums(sums, MAX_FUSED_BYTES / n_levels)),
        )
    return levels


def iter_column_updates(
    scorer: Scorer, partition: Scorer, rows: Rows, partition_rows: Rows
) -> Iterator[Scorer]:
    """Yield scorers with an increasing part of the weights of a partition; the last has all.

    Each scorer shares all but one matrix with the one before. A caller that releases the
    earlier scorer therefore holds at most one matrix twice, and no matrix in use is ever
    changed. Until the last one, the scores of the changed items are undefined; the partition
    must score them.

    Args:
        scorer: Scorer of the catalogue.
        partition: Partition with newer weights of some of its items.
        rows: Rows of these items in ``scorer``.
        partition_rows: Rows of the same items in ``partition``.
    """
    newer = _restrict_items(partition, partition_rows)
    for row, linear in enumerate(newer.linear_models):
        is_summed = is_summed_kind(scorer.fitted.models[row].feature_kind)
        updated = _update_linear(
            scorer.linear_models[row], linear, rows, stays_mapped=is_summed
        )
        scorer = scorer.with_linear_model(row, updated)
        yield scorer
    for level in scorer.cached_levels():
        older = scorer.level_weights(level)
        scorer = scorer.with_level(level, _update_level(older, newer.sum_level(level), rows))
        yield scorer


def _take_items(scorer: Scorer, rows: Rows) -> Sequence[LinearScorer]:
    if len(rows) == len(scorer.items):
        return scorer.linear_models
    return [linear.take(rows) for linear in scorer.linear_models]


def concat_items(linear_models: Sequence[LinearScorer]) -> LinearScorer:
    """Return a strategy as one linear function for all items of several of its functions."""
    n_features = max(linear.weights.shape[0] for linear in linear_models)
    weights = [_pad_columns(linear, n_features) for linear in linear_models]
    return LinearScorer(
        reduce(WeightMatrix.hstack, weights),
        np.concatenate([linear.bias for linear in linear_models]),
        np.concatenate([linear.scored for linear in linear_models]),
    )


def _pad_columns(linear: LinearScorer, n_features: int) -> WeightMatrix:
    """Return the weights; zeros if the strategy has none for its items."""
    if not n_features or linear.weights.shape[1] == len(linear.bias):
        return linear.weights
    return WeightMatrix(sparse=empty_csr((n_features, len(linear.bias))))


def _restrict_items(partition: Scorer, rows: Rows) -> Scorer:
    """Return a scorer of some items of a partition, whose sums are exact."""
    items, linear_models = partition.items, partition.linear_models
    if len(rows) != len(items):
        items = items.take(rows)
        linear_models = tuple(linear.take(rows) for linear in linear_models)
    return Scorer(
        partition.blend,
        partition.fitted,
        items,
        partition.centres,
        linear_models,
        min_quantized_bytes=math.inf,
    )


def _update_linear(
    older: LinearScorer, newer: LinearScorer, rows: Rows, *, stays_mapped: bool
) -> LinearScorer:
    """Return the linear function with other weights of some items.

    Args:
        older: Linear function of all items.
        newer: Linear function of the changed items.
        rows: Rows of these.
        stays_mapped: Whether a matrix in a file stays there: answers use sums of it.
    """
    bias, scored = older.bias.copy(), older.scored.copy()
    bias[rows], scored[rows] = newer.bias, newer.scored
    weights = None
    if stays_mapped and newer.weights.left is None:
        weights = _update_mapped(older.weights, newer.weights, rows)
    if weights is None:
        weights = _update_matrix(older.weights, newer.weights, rows, len(bias))
    return LinearScorer(weights, bias, scored)


def _update_level(older: LevelWeights, newer: LevelWeights, rows: Rows) -> LevelWeights:
    weights, bias = older.weights.copy(), older.bias.copy()
    weights[:, rows], bias[rows] = newer.weights, newer.bias
    fused = {
        kind: _update_sum(matrix, newer.fused.get(kind, WeightMatrix()), rows, len(bias))
        for kind, matrix in older.fused.items()
    }
    return LevelWeights(weights, bias, fused)


def _update_sum(older: StoredSum, newer: StoredSum, rows: Rows, n_items: int) -> StoredSum:
    """Return a sum with the columns of some items replaced by those of another."""
    if isinstance(older, QuantizedWeights):
        columns = newer.to_dense()
        if not columns.size:
            columns = np.zeros((older.shape[0], len(rows)), dtype=np.float32)
        return older.with_columns(rows, columns)
    exact = newer if isinstance(newer, WeightMatrix) else WeightMatrix(dense=newer.to_dense())
    return _update_matrix(older, exact, rows, n_items)


def _update_matrix(
    older: WeightMatrix, newer: WeightMatrix, rows: Rows, n_items: int
) -> WeightMatrix:
    """Return a matrix with the columns of some items replaced by those of another."""
    if older.shape == newer.shape == (0, 0):
        return older
    shares_factors = newer.left is not None and newer.left is older.left
    right = _replace_dense_columns(older.right, rows, newer.right if shares_factors else None)
    remainder = replace(newer, left=None, right=None) if shares_factors else newer
    if older.dense is None and remainder.dense is None and remainder.left is None:
        sparse = _update_sparse(older, remainder.sparse, rows, n_items)
        return WeightMatrix(None, sparse, older.left, right)
    columns = _dense_matrix(remainder, len(rows))
    if older.dense is not None:
        dense = _replace_dense_columns(older.full_dense(), rows, columns)
        sparse = older.sparse
        sparse = None if sparse is None else _replace_sparse_columns(sparse, rows, None)
        return WeightMatrix(dense, sparse, older.left, right)
    sparse = older.sparse
    if sparse is None and columns is not None:
        n_features = max(older.shape[0], newer.shape[0])
        sparse = sp.csr_array((n_features, n_items), dtype=np.float32)
    if sparse is not None:
        sparse = _replace_sparse_columns(sparse, rows, columns)
    return WeightMatrix(None, sparse, older.left, right)


def _update_mapped(older: WeightMatrix, newer: WeightMatrix, rows: Rows) -> WeightMatrix | None:
    """Return a matrix whose changed columns are entries of its sparse part.

    The dense part stays in its file, whose pages the system can drop; a copy would be memory of
    this process alone.

    Returns:
        None if the dense part is not mapped, or so many columns have changed that a copy of it
        is better.
    """
    dense, sparse = older.dense, older.sparse
    if dense is None or older.left is not None or not is_mapped(dense):
        return None
    columns = newer.to_dense() if newer.shape[1] else np.zeros((len(dense), len(rows)))
    differs = (older.take(rows).to_dense() != columns).any(axis=0)
    if not differs.any():
        return older
    rows, columns = rows[differs], columns[:, differs].astype(np.float32)
    places = np.arange(older.shape[1]) if older.columns is None else older.columns.copy()
    places[rows] = -1
    sparse = empty_csr((len(dense), len(places))) if sparse is None else sparse
    sparse = with_short_indices(_replace_sparse_columns(sparse, rows, columns))
    if sparse.data.nbytes + sparse.indices.nbytes > MAX_CHANGED_SHARE * dense.nbytes:
        return None
    return WeightMatrix(dense, sparse, columns=places)


def _update_sparse(
    older: WeightMatrix, columns: Sparse | None, rows: Rows, n_items: int
) -> Sparse | None:
    """Return the sparse part with other columns, without a dense copy of them."""
    if older.sparse is None and columns is None:
        return None
    n_features = older.shape[0] if columns is None else columns.shape[0]
    sparse = older.sparse
    if sparse is None:
        sparse = sp.csr_array((n_features, n_items), dtype=np.float32)
    unchanged = _replace_sparse_columns(sparse, rows, None)
    if columns is None:
        return unchanged
    entries = columns.tocoo()
    positions = (entries.coords[0], rows[entries.coords[1]])
    added = sp.csr_array((entries.data, positions), shape=sparse.shape)
    return sp.csr_array(unchanged + added, dtype=np.float32)


def _replace_dense_columns(
    matrix: Floats | None, rows: Rows, columns: Floats | None
) -> Floats | None:
    """Return a copy with other columns; zeros if there are none."""
    if matrix is None:
        return None
    updated = matrix.copy()
    updated[:, rows] = 0 if columns is None else columns
    return updated


def _replace_sparse_columns(matrix: Sparse, rows: Rows, columns: Floats | None) -> Sparse:
    """Return a sparse matrix with other columns; empty if there are none."""
    is_kept = np.ones(matrix.shape[1], dtype=bool)
    is_kept[rows] = False
    is_kept_entry = is_kept[matrix.indices]
    starts = np.r_[0, np.cumsum(is_kept_entry)][matrix.indptr]
    unchanged = sp.csr_array(
        (matrix.data[is_kept_entry], matrix.indices[is_kept_entry], starts), shape=matrix.shape
    )
    if columns is None:
        return unchanged
    entries = sp.coo_array(columns)
    positions = (entries.coords[0], rows[entries.coords[1]])
    added = sp.csr_array((entries.data, positions), shape=matrix.shape)
    return sp.csr_array(unchanged + added, dtype=np.float32)


def _dense_matrix(matrix: WeightMatrix, n_items: int) -> Floats | None:
    """Return the (n_features, n_items) matrix of a few items; None without parts."""
    total: Any = None
    sparse = None if matrix.sparse is None else matrix.sparse.toarray()
    for part in (matrix.full_dense(), sparse):
        if part is not None:
            total = part if total is None else total + part
    if matrix.left is not None and matrix.right is not None:
        product = matrix.left @ matrix.right
        total = product if total is None else total + product
    return None if total is None or total.shape[1] != n_items else total
