"""Sums of the weights of a few items at all levels, for catalogues that change item by item.

A request would otherwise make one product for each strategy with every partition of changed
items. :mod:`.fused_weights` joins the levels as well, where there are few features.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from daybreak.models import LinearScorer
from daybreak.models.shared_weights import WeightMatrix
from daybreak.ranking.scoring.fused_weights import dense_weights, widths_match
from daybreak.ranking.scoring.query_features import FeatureLayout, is_summed_kind
from daybreak.types import Floats, Rows


def sum_levels(
    linear_models: Sequence[LinearScorer],
    weights: Floats,
    layout: FeatureLayout,
    max_bytes: int,
) -> list[dict[str, WeightMatrix]]:
    """Return the weighted sums over the strategies that share a kind of features, by level.

    Args:
        linear_models: The strategies as linear functions, for the items.
        weights: (n_levels, n_strategies, n_items) weights of the strategies.
        layout: Kinds of their features.
        max_bytes: Maximum size of the sums.

    Returns:
        Dense sums by kind for each level; an empty list if they would be too large, or if the
        strategies have other features than the layout, or factors, whose products are long.
    """
    kinds = [kind for kind in layout.strategy_rows if _is_summed(kind, layout)]
    n_levels, _, n_items = weights.shape
    size = 4 * n_levels * n_items * sum(layout.widths[kind] for kind in kinds)
    rows = [row for kind in kinds for row in layout.strategy_rows[kind]]
    has_factors = any(linear_models[row].weights.left is not None for row in rows)
    if size > max_bytes or has_factors or not widths_match(linear_models, layout):
        return []
    levels: list[dict[str, WeightMatrix]] = [{} for _ in range(n_levels)]
    for kind in kinds:
        for level, total in enumerate(_sum_kind(kind, linear_models, weights, layout)):
            levels[level][kind] = WeightMatrix(dense=total)
    return levels


def with_own_columns(linear_models: Sequence[LinearScorer]) -> tuple[LinearScorer, ...]:
    """Return the linear functions of a few items with dense weights of these items alone.

    Products with a dense matrix that more items share would compute all of their columns.

    Args:
        linear_models: Linear functions for few items.
    """
    return tuple(
        linear if linear.weights.columns is None else linear.take(np.arange(len(linear.bias)))
        for linear in linear_models
    )


def _is_summed(kind: str, layout: FeatureLayout) -> bool:
    return is_summed_kind(kind) and layout.widths[kind] > 0


def _sum_kind(
    kind: str, linear_models: Sequence[LinearScorer], weights: Floats, layout: FeatureLayout
) -> Floats:
    """Return the (n_levels, n_features, n_items) sums of the strategies of a kind."""
    rows, width = layout.strategy_rows[kind], layout.widths[kind]
    dense = np.stack([dense_weights(linear_models[row], width) for row in rows], axis=1)
    sums = np.ascontiguousarray(weights[:, rows].transpose(2, 0, 1)) @ dense
    return np.ascontiguousarray(sums.transpose(1, 2, 0))


def add_in_order(base: Floats, added: Floats) -> Floats:
    """Return sums over strategies, added one after another as in a loop.

    The last bits of a sum depend on the order, which is that of the levels of a whole
    catalogue.

    Args:
        base: (n_levels, n_items) what is added to.
        added: (n_levels, n_strategies, n_items)

    Example:
        >>> base, added = np.float32([[1e8]]), np.float32([[[4], [4], [-1e8]]])
        >>> add_in_order(base, added), base + added.sum(axis=1)
        (array([[0.]], dtype=float32), array([[8.]], dtype=float32))
    """
    parts = np.concatenate([base[:, None], added], axis=1)
    return np.asarray(np.add.accumulate(parts, axis=1)[:, -1])


def join_sums(
    parts: Sequence[tuple[Mapping[str, Any], Rows]], max_bytes: float
) -> dict[str, WeightMatrix]:
    """Return the sums of some items of several partitions at one level, by kind.

    Args:
        parts: Results of :func:`sum_levels` for a level, with the items to take from each.
        max_bytes: Maximum size of the result; a larger one is left out, as are sums of other
            kinds, or that are not dense.

    Example:
        >>> one = {"history": WeightMatrix(dense=np.array([[1, 2]], dtype=np.float32))}
        >>> both = join_sums([(one, np.array([1])), (one, np.array([0]))], max_bytes=8)
        >>> both["history"].dense, join_sums([(one, np.array([0]))], max_bytes=3)
        (array([[2., 1.]], dtype=float32), {})
    """
    kinds = parts[0][0].keys()
    if any(sums.keys() != kinds for sums, _ in parts):
        return {}
    if any(sums[kind].dense is None for sums, _ in parts for kind in kinds):
        return {}
    n_items = sum(len(rows) for _, rows in parts)
    if 4 * n_items * sum(matrix.shape[0] for matrix in parts[0][0].values()) > max_bytes:
        return {}
    return {
        kind: WeightMatrix(
            dense=np.concatenate(
                [_take_items(sums[kind].dense, rows) for sums, rows in parts], axis=1
            )
        )
        for kind in kinds
    }


def _take_items(sums: Floats, rows: Rows) -> Floats:
    """Return the sums of some items, which are ascending rows."""
    return sums if len(rows) == sums.shape[1] else np.take(sums, rows, axis=1)
