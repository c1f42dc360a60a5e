"""All weights of a few items as one matrix, for catalogues that change item by item."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daybreak.models import LinearScorer
from daybreak.ranking.blending.weights import EVENT_LEVELS
from daybreak.ranking.scoring.query_features import FeatureLayout, QueryFeatures
from daybreak.types import Floats

MAX_FUSED_BYTES = 32_000_000
"""Default size of the fused weights of a small partition."""


@dataclass(frozen=True, eq=False)
class FusedWeights:
    """Weights of all strategies but wishes at all levels for a few items, as one matrix.

    Scores are ``bias + features @ matrix`` with :meth:`QueryFeatures.concatenated` features.
    """

    matrix: Floats
    """(n_levels * n_features, n_items)"""

    @classmethod
    def from_levels(
        cls,
        linear_models: Sequence[LinearScorer],
        weights: Floats,
        layout: FeatureLayout,
        max_bytes: int = MAX_FUSED_BYTES,
    ) -> "FusedWeights | None":
        """Sum the strategies at every level.

        Args:
            linear_models: The strategies as linear functions, for the items.
            weights: (n_levels, n_strategies, n_items) weights of the strategies.
            layout: Kinds of their features.
            max_bytes: Maximum size of the matrix.

        Returns:
            None if the matrix would be too large, or if the strategies have other features than
            the layout.
        """
        n_items, n_levels = weights.shape[2], len(EVENT_LEVELS)
        too_large = 4 * n_levels * layout.n_features * n_items > max_bytes
        if too_large or not layout.can_be_fused or not widths_match(linear_models, layout):
            return None
        matrix = np.zeros((n_items, n_levels, layout.n_features), dtype=np.float32)
        for kind, rows in layout.strategy_rows.items():
            width, offset = layout.widths[kind], layout.offsets.get(kind)
            if not width or offset is None:
                continue
            by_item = np.ascontiguousarray(weights[:, rows].transpose(2, 0, 1))
            dense = np.stack([dense_weights(linear_models[row], width) for row in rows], axis=1)
            dense -= layout.centres[kind].T
            matrix[:, :, offset : offset + width] = by_item @ dense
        flat = matrix.reshape(n_items, n_levels * layout.n_features)
        return cls(np.ascontiguousarray(flat.T))

    def add_to(self, scores: Floats, features: QueryFeatures) -> None:
        """Add the weighted features to (n_queries, n_items) scores."""
        scores += features.concatenated() @ self.matrix


def widths_match(linear_models: Sequence[LinearScorer], layout: FeatureLayout) -> bool:
    """Return whether all strategies have weights for the features of the layout, or none."""
    return all(
        linear_models[row].weights.shape[0] in (0, layout.widths[kind])
        for kind, rows in layout.strategy_rows.items()
        if kind in layout.offsets
        for row in rows
    )


def dense_weights(linear: LinearScorer, width: int) -> Floats:
    """Return the (n_items, n_features) weights of a strategy."""
    dense = linear.weights.to_dense()
    return dense.T if dense.size else np.zeros((len(linear.bias), width), dtype=np.float32)
