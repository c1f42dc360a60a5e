"""New items stand in for their nearest old ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.ease import EaseState, fit_ease_weights
from daybreak.models.shared_content import (
    has_no_new_items,
    nearest_neighbour_weights,
    no_scores,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse


@dataclass(frozen=True)
class ContentNeighboursConfig:
    """Options of :class:`ContentNeighboursModel`."""

    neighbours: int = 20
    """Nearest items with events that stand for a new one."""
    ridge: float = 2.5
    """Of the teacher; see :class:`EaseConfig`."""


@models.register("content_neighbours")
class ContentNeighboursModel(LinearModel[ContentNeighboursConfig, EaseState]):
    """Score a new item by the EASE scores of the items most like it, weighted by likeness.

    Source:
        Attribute-to-neighbour mapping as in Gantner et al. 2010, "Learning attribute-to-feature
        mappings for cold-start recommendations", section IV-A, applied to EASE weights.
    """

    Config: ClassVar = ContentNeighboursConfig
    State: ClassVar = EaseState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> EaseState:
        """Learn the teacher; see :meth:`Model.learn`."""
        return fit_ease_weights(data, self.config.ridge)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Average columns of the teacher; see :meth:`LinearModel.linear_scorer`."""
        bias = np.zeros(len(items), dtype=np.float32)
        teacher = self.state.weight_matrix
        if teacher.shape == (0, 0) or has_no_new_items(train_items, items):
            return no_scores(len(items))
        new = train_items.ids.rows(items.ids) < 0
        near = nearest_neighbour_weights(train_items, items, self.config.neighbours)
        near = sp.csc_array(near @ sp.diags_array(new.astype(np.float32)))
        if teacher.dense is not None:
            weights = WeightMatrix(dense=_average_columns(teacher.dense, near))
        else:
            weights = WeightMatrix(sparse=sp.csr_array(teacher.sparse @ near, dtype=np.float32))
        return LinearScorer(weights, bias, new)


def _average_columns(columns: Floats, near: Sparse) -> Floats:
    """Return ``columns @ near``; a few items look at a few columns only."""
    used = np.unique(near.indices)
    if len(used) * 8 < columns.shape[1]:
        return np.asarray(columns[:, used] @ near[used].toarray(), dtype=np.float32)
    return np.asarray((near.T @ columns.T).T, dtype=np.float32)
