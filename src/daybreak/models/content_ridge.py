"""What a history says of items by their content alone."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, models
from daybreak.models.bridge import bridge, kernel, landmarks_of
from daybreak.models.graph_filter import graph_weights
from daybreak.models.only_new import all_anchors, silent
from daybreak.models.operators import Operator
from daybreak.types import Floats, Rows


@dataclass(frozen=True)
class ContentRidgeConfig:
    """Options of :class:`ContentRidgeModel`."""


@dataclass(frozen=True, eq=False)
class ContentState:
    """What the content models learned."""

    left: Floats
    """(n_evidence, n_landmarks)"""
    landmarks: Rows
    """Positions among the anchors."""
    own: Floats
    """(n_anchors,) leverage of the anchors; empty when only new items are scored"""


@models.register("content_ridge")
class ContentRidgeModel(LinearModel[ContentRidgeConfig, ContentState]):
    """Kernel ridge from content onto the space of users; new items are scored like old ones.

    An item with events is scored as if it had none (leave-one-out by its leverage), so that the
    score says the same of it as of a new item.

    Source:
        METHODS of linear cold-start maps: regress interactions on content in user space rather
        than on a few factors; ``S_cold = X (K + λI)^-1 K_c``.
    """

    Config: ClassVar = ContentRidgeConfig
    State: ClassVar = ContentState
    evidence: ClassVar[Evidence] = "history"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentState:
        """Solve the ridge; see :meth:`Model.learn`."""
        known = bridge(data)
        return ContentState(known.solve, known.landmarks, known.own)

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Carry the weights over by content; see :meth:`LinearModel.linear`."""
        form = carried(self.state, anchors, items)
        rows = anchors.ids.rows(items.ids)
        here = np.flatnonzero(rows >= 0)
        scale = np.ones(len(items), dtype=np.float32)
        scale[here] = 1 / (1 - self.state.own[rows[here]])
        weights = form.weights.scaled(scale)
        if weights.dense is not None:
            weights.dense[rows[here], here] = 0
        else:
            out = -self.state.own[rows[here]] * scale[here]
            shape = (len(anchors), len(items))
            itself = sp.csr_array((out, (rows[here], here)), shape=shape, dtype=np.float32)
            weights = replace(weights, sparse=itself)
        return Linear(weights, form.bias, np.ones(len(items), dtype=bool))


@dataclass(frozen=True)
class ContentSmoothConfig:
    """Options of :class:`ContentSmoothModel`."""


@models.register("content_smooth")
class ContentSmoothModel(LinearModel[ContentSmoothConfig, ContentState]):
    """The content ridge taught by the graph filter: histories are smoothed, then regressed.

    The teacher fills in what a user would have chosen; the student sees fuller histories.
    Scores new items only: for items with events the teacher itself is better.

    Source:
        Closed-form distillation, ``S_cold = X C (K + λI)^-1 K_c`` with the GF-CF filter ``C``.
    """

    Config: ClassVar = ContentSmoothConfig
    State: ClassVar = ContentState
    evidence: ClassVar[Evidence] = "history"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentState:
        """Smooth, then solve; see :meth:`Model.learn`."""
        known = bridge(data)
        teacher = graph_weights(data).operator
        matrix: Any = teacher.dense if teacher.dense is not None else teacher.sparse
        left = np.asarray(matrix @ known.solve, dtype=np.float32)
        return ContentState(left, known.landmarks, np.empty(0, dtype=np.float32))

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Carry the weights over by content; see :meth:`LinearModel.linear`."""
        if all_anchors(anchors, items):
            return silent(len(items))
        return carried(self.state, anchors, items)


def carried(state: ContentState, anchors: Items, items: Items) -> Linear:
    """Return ``evidence @ left @ kernel(landmarks, items)``, known for items without events."""
    right = kernel(landmarks_of(anchors, state.landmarks), items)
    small = len(state.landmarks) == len(anchors)
    weights = (
        Operator(dense=state.left @ right) if small else Operator(left=state.left, right=right)
    )
    bias = np.zeros(len(items), dtype=np.float32)
    return Linear(weights, bias, anchors.ids.rows(items.ids) < 0)
