"""The popularity of new items, predicted from similar items."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_content import centred_log_popularity, nearest_neighbour_weights
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats


@dataclass(frozen=True)
class NeighbourPopularConfig:
    """Options of :class:`NeighbourPopularModel`."""

    neighbours: int = 20
    """Nearest items with events that a new item is compared with [items]."""


@dataclass(frozen=True, eq=False)
class NeighbourPopularState:
    """State of :class:`NeighbourPopularModel`."""

    values: Floats
    """(n_train_items,) logarithm of popularity, centred"""


@models.register("neighbour_popular")
class NeighbourPopularModel(NewItemModel[NeighbourPopularConfig, NeighbourPopularState]):
    """Mean log-popularity of the items most similar to a new item."""

    Config: ClassVar = NeighbourPopularConfig
    State: ClassVar = NeighbourPopularState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    card: ClassVar = ModelCard(
        strategies={"content/popular_neighbours": {}},
        search_space={"neighbours": Range(4, 200, log=True, is_integer=True)},
        inputs="nothing",
        use="new items for unknown users",
        formula="mean log-popularity of the 20 most similar items",
        cost="n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> NeighbourPopularState:
        """Count events; see :meth:`Model.learn`."""
        return NeighbourPopularState(centred_log_popularity(data))

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Average over neighbours; see :meth:`NewItemModel.new_item_scorer`."""
        near = nearest_neighbour_weights(train_items, items, self.config.neighbours)
        bias = np.asarray(near.T @ self.state.values, dtype=np.float32)
        return LinearScorer(WeightMatrix(), bias, train_items.ids.rows(items.ids) < 0)
