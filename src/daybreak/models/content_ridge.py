"""Kernel ridge regression from the content of items to the histories that contain them."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import (
    ContentKernelState,
    fit_squared_kernel,
    score_through_kernel,
)


@dataclass(frozen=True)
class ContentRidgeConfig:
    """Options of :class:`ContentRidgeModel`: none."""


@models.register("content_ridge")
class ContentRidgeModel(InductiveModel[ContentRidgeConfig, ContentKernelState]):
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

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Solve the ridge regression; see :meth:`Model.learn`."""
        regression = fit_squared_kernel(data)
        return ContentKernelState.from_regression(
            regression, regression.coefficients, regression.leverage
        )

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply the regression; see :meth:`LinearModel.linear_scorer`."""
        scorer = score_through_kernel(self.state, train_items, items, with_known=True)
        rows = train_items.ids.rows(items.ids)
        known = np.flatnonzero(rows >= 0)
        leverage = self.state.own[rows[known]]
        scale = np.ones(len(items), dtype=np.float32)
        scale[known] = 1 / (1 - leverage)
        weights = scorer.weights.scale_columns(scale)
        if weights.dense is not None:
            weights.dense[rows[known], known] = 0
        else:
            shape = (len(train_items), len(items))
            own = -leverage * scale[known]
            diagonal = sp.csr_array((own, (rows[known], known)), shape=shape, dtype=np.float32)
            weights = replace(weights, sparse=diagonal)
        return LinearScorer(weights, scorer.bias, np.ones(len(items), dtype=bool))
