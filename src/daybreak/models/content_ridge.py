"""What a history says of items by their content alone."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.graph_filter import fit_graph_filter
from daybreak.models.shared_content import (
    content_kernel,
    fit_content_kernel,
    has_no_new_items,
    no_scores,
    take_landmarks,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows


@dataclass(frozen=True)
class ContentRidgeConfig:
    """Options of :class:`ContentRidgeModel`."""


@dataclass(frozen=True, eq=False)
class ContentKernelState:
    """What the content models learned."""

    left: Floats
    """(n_evidence, n_landmarks)"""
    landmarks: Rows
    """Positions among the anchors."""
    own: Floats
    """(n_anchors,) leverage of the anchors; empty when only new items are scored"""


@models.register("content_ridge")
class ContentRidgeModel(LinearModel[ContentRidgeConfig, ContentKernelState]):
    """Kernel ridge from content onto the space of users; new items are scored like old ones.

    An item with events is scored as if it had none (leave-one-out by its leverage), so that the
    score says the same of it as of a new item.

    Source:
        METHODS of linear cold-start maps: regress interactions on content in user space rather
        than on a few factors; ``S_cold = X (K + λI)^-1 K_c``.
    """

    Config: ClassVar = ContentRidgeConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Solve the ridge; see :meth:`Model.learn`."""
        known = fit_content_kernel(data)
        return ContentKernelState(known.coefficients, known.landmarks, known.leverage)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Carry the weights over by content; see :meth:`LinearModel.linear_scorer`."""
        form = score_through_kernel(self.state, train_items, items)
        rows = train_items.ids.rows(items.ids)
        here = np.flatnonzero(rows >= 0)
        scale = np.ones(len(items), dtype=np.float32)
        scale[here] = 1 / (1 - self.state.own[rows[here]])
        weights = form.weights.scale_columns(scale)
        if weights.dense is not None:
            weights.dense[rows[here], here] = 0
        else:
            out = -self.state.own[rows[here]] * scale[here]
            shape = (len(train_items), len(items))
            itself = sp.csr_array((out, (rows[here], here)), shape=shape, dtype=np.float32)
            weights = replace(weights, sparse=itself)
        return LinearScorer(weights, form.bias, np.ones(len(items), dtype=bool))


@dataclass(frozen=True)
class ContentSmoothConfig:
    """Options of :class:`ContentSmoothModel`."""


@models.register("content_smooth")
class ContentSmoothModel(LinearModel[ContentSmoothConfig, ContentKernelState]):
    """The content ridge taught by the graph filter: histories are smoothed, then regressed.

    The teacher fills in what a user would have chosen; the student sees fuller histories.
    Scores new items only: for items with events the teacher itself is better.

    Source:
        Closed-form distillation, ``S_cold = X C (K + λI)^-1 K_c`` with the GF-CF filter ``C``.
    """

    Config: ClassVar = ContentSmoothConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Smooth, then solve; see :meth:`Model.learn`."""
        known = fit_content_kernel(data)
        teacher = fit_graph_filter(data).weight_matrix
        matrix: Any = teacher.dense if teacher.dense is not None else teacher.sparse
        left = np.asarray(matrix @ known.coefficients, dtype=np.float32)
        return ContentKernelState(left, known.landmarks, np.empty(0, dtype=np.float32))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Carry the weights over by content; see :meth:`LinearModel.linear_scorer`."""
        if has_no_new_items(train_items, items):
            return no_scores(len(items))
        return score_through_kernel(self.state, train_items, items)


def score_through_kernel(
    state: ContentKernelState, train_items: Items, items: Items
) -> LinearScorer:
    """Return ``evidence @ left @ kernel(landmarks, items)``, known for items without events."""
    right = content_kernel(take_landmarks(train_items, state.landmarks), items)
    small = len(state.landmarks) == len(train_items)
    weights = (
        WeightMatrix(dense=state.left @ right)
        if small
        else WeightMatrix(left=state.left, right=right)
    )
    bias = np.zeros(len(items), dtype=np.float32)
    return LinearScorer(weights, bias, train_items.ids.rows(items.ids) < 0)
