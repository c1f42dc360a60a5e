"""The popularity of new items, predicted from content by regression."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import (
    ContentKernelState,
    centred_log_popularity,
    fit_content_kernel,
    score_through_kernel,
)
from daybreak.models.shared_weights import WeightMatrix


@dataclass(frozen=True)
class ContentPopularConfig:
    """Options of :class:`ContentPopularModel`: none."""


@models.register("content_popular")
class ContentPopularModel(NewItemModel[ContentPopularConfig, ContentKernelState]):
    """Kernel ridge from content to the logarithm of popularity, for items without events."""

    Config: ClassVar = ContentPopularConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"content/popular": {}},
        inputs="nothing",
        use="new items for unknown users",
        formula="log-popularity regressed on content",
        source="as `content_ridge`",
        cost="n³",
        memory="2n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Solve the regression; see :meth:`Model.learn`."""
        regression = fit_content_kernel(data)
        popularity = centred_log_popularity(data)
        left = regression.project(popularity[:, None]).T
        return ContentKernelState.from_regression(regression, left)

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Predict popularity; see :meth:`NewItemModel.new_item_scorer`."""
        scorer = score_through_kernel(self.state, train_items, items)
        bias = scorer.weights.apply(np.ones((1, 1), dtype=np.float32))
        assert bias is not None  # noqa: S101 - the matrix has a part
        return LinearScorer(WeightMatrix(), bias[0], scorer.scored)
