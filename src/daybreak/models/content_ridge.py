"""Kernel ridge regression from the content of items to the histories that contain them."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import (
    ContentKernelRidge,
    ContentKernelState,
    content_kernel,
    fit_squared_kernel,
    has_same_content,
    score_through_kernel,
)
from daybreak.models.shared_kernel_parts import (
    UnmultipliedModel,
    is_part_of_catalogue,
    score_part_of_catalogue,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Rows


@dataclass(frozen=True)
class ContentRidgeConfig:
    """Options of :class:`ContentRidgeModel`: none."""


@models.register("content_ridge")
class ContentRidgeModel(
    UnmultipliedModel[ContentRidgeConfig, "ContentRidgeParts"],
    InductiveModel[ContentRidgeConfig, ContentKernelState],
):
    """Kernel ridge from content onto the space of users; known items are scored like new ones.

    An item with events is scored as if it had none (leave-one-out by its leverage), so that the
    scores of known and new items are comparable.

    Source:
        Linear cold-start maps: regress interactions on content in user space instead of on a
        few factors; ``S_cold = X (Q + λI)^-1 Q_c`` with the kernel ``Q`` of
        :func:`.fit_squared_kernel`.
    """

    Config: ClassVar = ContentRidgeConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"content/ridge": {}},
        inputs="history",
        use="new items, rare items",
        formula="`x (Q + λI)^-1 Q_c`, `Q = K + K∘K / c`; known items as if they were new",
        source="Rasmussen and Williams 2006, eq. 2.25",
        cost="n³",
        memory="2n²",
    )

    def learn_parts(self, data: Dataset) -> "ContentRidgeParts":
        """Solve the ridge regression; see :meth:`UnmultipliedModel.learn_parts`."""
        return ContentRidgeParts(fit_squared_kernel(data))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply the regression; see :meth:`LinearModel.linear_scorer`."""
        rows = train_items.ids.rows(items.ids)
        known = np.flatnonzero(rows >= 0)
        parts = self._parts
        if is_part_of_catalogue(parts, train_items, items):
            left = parts.regression.kernel
            scorer = score_part_of_catalogue(parts.regression, left, train_items, items)
            return _leave_one_out(scorer, rows, parts.regression.leverage_of(rows[known]))
        is_exact = len(self.state.landmarks) == len(train_items)
        if is_exact and has_same_content(train_items, rows[known], items, known):
            return _score_by_inverse(self.state, train_items, items, rows)
        scorer = score_through_kernel(self.state, train_items, items, with_known=True)
        return _leave_one_out(scorer, rows, self.state.own[rows[known]])


@dataclass(frozen=True, eq=False)
class ContentRidgeParts:
    """The factors of a :class:`ContentRidgeModel`."""

    regression: ContentKernelRidge

    def to_state(self) -> ContentKernelState:
        """Return the state, with the factors multiplied."""
        one = self.regression
        return ContentKernelState.from_regression(one, one.coefficients, one.leverage)


def _leave_one_out(scorer: LinearScorer, rows: Rows, leverage: Floats) -> LinearScorer:
    """Return a scorer of all items in which the history of a known item does not contain it.

    Args:
        scorer: Scorer whose weights of a known item contain its own.
        rows: (n_items,) rows of the items among the training items; -1: new.
        leverage: (n_known,) leverages of the known ones.
    """
    known = np.flatnonzero(rows >= 0)
    scale = np.ones(len(rows), dtype=np.float32)
    scale[known] = 1 / (1 - leverage)
    weights = scorer.weights.scale_columns(scale)
    if weights.dense is not None:
        weights.dense[rows[known], known] = 0
    else:
        own = -leverage * scale[known]
        shape = weights.shape
        diagonal = sp.csr_array((own, (rows[known], known)), shape=shape, dtype=np.float32)
        weights = replace(weights, sparse=diagonal)
    return LinearScorer(weights, scorer.bias, np.ones(len(rows), dtype=bool))


def _score_by_inverse(
    state: ContentKernelState, train_items: Items, items: Items, rows: Rows
) -> LinearScorer:
    """Return the scorer of items of which the known ones have the content of the training.

    With the inverse ``P = (Q + λI)^-1``, the prediction of the item ``j`` from all others has
    the weights ``-P_ij / P_jj``, so that no product with the kernel of known items is needed.

    Args:
        state: Regression with all training items as landmarks.
        train_items: Training items.
        items: Items to score.
        rows: (n_items,) their rows among the training items; -1: new.

    Source:
        Rasmussen and Williams 2006, "Gaussian processes for machine learning", eq. 5.12.
    """
    known, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
    inverse = state.left
    dense = np.empty((len(inverse), len(items)), dtype=np.float32)
    dense[:, known] = np.take(inverse, rows[known], axis=1)
    own = inverse[rows[known], rows[known]]
    dense[:, known] /= -own
    dense[rows[known], known] = 0
    if len(new):
        towards = content_kernel(train_items, items)[:, new]
        dense[:, new] = inverse @ state.form.apply(towards, train_items, items.take(new))
    bias = np.zeros(len(items), dtype=np.float32)
    return LinearScorer(WeightMatrix(dense=dense), bias, np.ones(len(items), dtype=bool))
