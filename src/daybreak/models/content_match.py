"""Items similar in content to those of the history."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.memory import bounded_size
from daybreak.models.base import InductiveModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.shared_content import content_kernel, nearest_neighbour_weights
from daybreak.models.shared_statistics import MAX_DENSE_ITEMS
from daybreak.models.shared_weights import WeightMatrix


@dataclass(frozen=True)
class ContentMatchConfig:
    """Options of :class:`ContentMatchModel`."""

    neighbours: int = 200
    """Nearest training items that count for an item, in a catalogue too large for all pairs."""


@dataclass(frozen=True, eq=False)
class ContentMatchState:
    """State of :class:`ContentMatchModel`: empty, the model only compares."""


@models.register("content_match")
class ContentMatchModel(InductiveModel[ContentMatchConfig, ContentMatchState]):
    """Sum of the content similarities to the items of the history; needs no events to learn.

    Source:
        Rocchio 1971, "Relevance feedback in information retrieval", the positive part.
    """

    Config: ClassVar = ContentMatchConfig
    State: ClassVar = ContentMatchState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"content/match": {}},
        inputs="history",
        use="catalogues without events",
        formula="sum of the similarities to the history",
        source="Rocchio 1971",
        memory="n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentMatchState:
        """Return an empty state; see :meth:`Model.learn`."""
        return ContentMatchState()

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Compare contents; see :meth:`LinearModel.linear_scorer`."""
        assert self.state  # noqa: S101 - raises NotFittedError before fit
        rows = train_items.ids.rows(items.ids)
        if len(train_items) <= bounded_size("dense_items", MAX_DENSE_ITEMS):
            similar = content_kernel(train_items, items).copy()
            known = np.flatnonzero(rows >= 0)
            similar[rows[known], known] = 0
            weights = WeightMatrix(dense=similar)
        else:
            near = nearest_neighbour_weights(train_items, items, self.config.neighbours)
            weights = WeightMatrix(sparse=sp.csr_array(near))
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, bias, np.ones(len(items), dtype=bool))
