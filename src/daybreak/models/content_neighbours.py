"""New items scored through their nearest known items."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard, Range
from daybreak.models.ease import EASE_RIDGE_RANGE, EaseState, fit_ease_weights
from daybreak.models.shared_content import nearest_neighbour_weights
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats, Sparse


@dataclass(frozen=True)
class ContentNeighboursConfig:
    """Options of :class:`ContentNeighboursModel`."""

    neighbours: int = 20
    """Nearest items with events that represent a new item [items]."""
    ridge: float = 2.5
    """Ridge of the EASE weights; see :class:`EaseConfig`."""


@models.register("content_neighbours")
class ContentNeighboursModel(NewItemModel[ContentNeighboursConfig, EaseState]):
    """EASE scores of the items most similar to a new item, weighted by similarity.

    Source:
        Attribute-to-neighbour mapping as in Gantner et al. 2010, "Learning attribute-to-feature
        mappings for cold-start recommendations", section IV-A, applied to EASE weights.
    """

    Config: ClassVar = ContentNeighboursConfig
    State: ClassVar = EaseState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"content/neighbours": {}},
        search_space={
            "neighbours": Range(4, 100, log=True, is_integer=True),
            "ridge": EASE_RIDGE_RANGE,
        },
        inputs="history",
        use="new items",
        formula="`ease` of the 20 most similar items",
        source="after Gantner et al. 2010",
        cost="as `ease`",
        memory="as `ease`",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> EaseState:
        """Learn the EASE weights; see :meth:`Model.learn`."""
        return fit_ease_weights(data, self.config.ridge)

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Average columns of EASE weights; see :meth:`NewItemModel.new_item_scorer`."""
        ease = self.state.weight_matrix
        if ease.shape == (0, 0):
            return LinearScorer.unscored(len(items))
        new = train_items.ids.rows(items.ids) < 0
        near = nearest_neighbour_weights(
            train_items, items, self.config.neighbours, np.flatnonzero(new)
        )
        columns = np.where(new, np.cumsum(new) - 1, -1)
        if ease.dense is not None:
            weights = WeightMatrix(dense=_average_columns(ease.dense, near), columns=columns)
        else:
            averaged = sp.csr_array(ease.sparse @ near, dtype=np.float32)
            weights = WeightMatrix(sparse=averaged).align_columns(columns)
        return LinearScorer(weights, np.zeros(len(items), dtype=np.float32), new)


def _average_columns(columns: Floats, near: Sparse) -> Floats:
    """Return ``columns @ near``; for few items only the columns in use are multiplied."""
    used = np.unique(near.indices)
    if len(used) * 8 < columns.shape[1]:
        return np.asarray(columns[:, used] @ near[used].toarray(), dtype=np.float32)
    return np.asarray((near.T @ columns.T).T, dtype=np.float32)
