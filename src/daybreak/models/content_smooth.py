"""The content ridge on histories that the graph filter has completed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.graph_filter import fit_graph_filter
from daybreak.models.shared_content import (
    ContentKernelState,
    fit_content_kernel,
    score_through_kernel,
)


@dataclass(frozen=True)
class ContentSmoothConfig:
    """Options of :class:`ContentSmoothModel`: none."""


@models.register("content_smooth")
class ContentSmoothModel(NewItemModel[ContentSmoothConfig, ContentKernelState]):
    """The content ridge with the graph filter as teacher: smooth histories, then regress.

    The teacher adds what a user would probably have chosen, so the regression sees fuller
    histories. Only new items are scored: for items with events the teacher itself is better.

    Source:
        Closed-form distillation, ``S_cold = X C (K + λI)^-1 K_c`` with the GF-CF filter ``C``.
    """

    Config: ClassVar = ContentSmoothConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"content/smooth": {}},
        is_default=False,
        inputs="history",
        use="benchmarks; `content_ease` replaces it",
        formula="`content_ridge` on histories completed by `graph_filter`",
        source="closed-form distillation",
        cost="n³",
        memory="3n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Smooth, then solve the regression; see :meth:`Model.learn`."""
        regression = fit_content_kernel(data)
        teacher = fit_graph_filter(data).weight_matrix
        matrix: Any = teacher.dense if teacher.dense is not None else teacher.sparse
        left = np.asarray(matrix @ regression.coefficients, dtype=np.float32)
        return ContentKernelState.from_regression(regression, left)

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply the regression; see :meth:`NewItemModel.new_item_scorer`."""
        return score_through_kernel(self.state, train_items, items)
