"""New items stand in for their nearest old ones."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, models
from daybreak.models.bridge import nearest
from daybreak.models.ease import EaseState, ease_weights
from daybreak.models.only_new import all_anchors, silent
from daybreak.models.operators import Operator
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
    evidence: ClassVar[Evidence] = "history"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> EaseState:
        """Learn the teacher; see :meth:`Model.learn`."""
        return ease_weights(data, self.config.ridge)

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Average columns of the teacher; see :meth:`LinearModel.linear`."""
        bias = np.zeros(len(items), dtype=np.float32)
        teacher = self.state.operator
        if teacher.shape == (0, 0) or all_anchors(anchors, items):
            return silent(len(items))
        new = anchors.ids.rows(items.ids) < 0
        near = nearest(anchors, items, self.config.neighbours)
        near = sp.csc_array(near @ sp.diags_array(new.astype(np.float32)))
        if teacher.dense is not None:
            weights = Operator(dense=_averaged(teacher.dense, near))
        else:
            weights = Operator(sparse=sp.csr_array(teacher.sparse @ near, dtype=np.float32))
        return Linear(weights, bias, new)


def _averaged(columns: Floats, near: Sparse) -> Floats:
    """Return ``columns @ near``; a few items look at a few columns only."""
    used = np.unique(near.indices)
    if len(used) * 8 < columns.shape[1]:
        return np.asarray(columns[:, used] @ near[used].toarray(), dtype=np.float32)
    return np.asarray((near.T @ columns.T).T, dtype=np.float32)
