"""Items similar in content to everything in the history, sold in the training data or not."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items, Queries
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content_columns import content_as_weights, content_columns
from daybreak.types import Sparse


@dataclass(frozen=True)
class ContentHistoryConfig:
    """The model has no options."""


@dataclass(frozen=True, eq=False)
class ContentHistoryState:
    """State of :class:`ContentHistoryModel`: empty, the model only compares."""


@models.register("content_history")
class ContentHistoryModel(InductiveModel[ContentHistoryConfig, ContentHistoryState]):
    """Sum of the content similarities to the items of the history, whoever bought them.

    In a shop of few customers, most items of a newcomer's history were bought by nobody in the
    training data. Other strategies replace such an item by similar ones that were; this one
    reads its own content.

    Source:
        Rocchio 1971, "Relevance feedback in information retrieval", the positive part.
    """

    Config: ClassVar = ContentHistoryConfig
    State: ClassVar = ContentHistoryState
    feature_kind: ClassVar[QueryFeatureKind] = "vectors"
    card: ClassVar = ModelCard(
        strategies={"content/history": {}},
        fitted_on="customers",
        inputs="history",
        use="shops of few customers",
        formula="sum of the similarities to all items of the history",
        source="Rocchio 1971",
        memory="content",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentHistoryState:
        """Return an empty state; see :meth:`Model.learn`."""
        return ContentHistoryState()

    def query_features(self, queries: Queries) -> Sparse:
        """Return (n_queries, n_columns) CSR: summed content of histories, divided by the root.

        Args:
            queries: Queries with ``unseen_content`` for items that are no training items.
        """
        total = queries.history @ content_columns(queries.train_items)
        if queries.unseen_content is not None:
            total = total + queries.unseen_content
        return sp.csr_array(total, dtype=np.float32)

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Return the content of items as weights; see :meth:`LinearModel.linear_scorer`."""
        assert self.state  # noqa: S101 - raises NotFittedError before fit
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(content_as_weights(items), bias, np.ones(len(items), dtype=bool))
