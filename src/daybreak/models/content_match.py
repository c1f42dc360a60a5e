"""Items like those of the history."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.shared_content import content_kernel, nearest_neighbour_weights
from daybreak.models.shared_statistics import MAX_DENSE_ITEMS
from daybreak.models.shared_weights import WeightMatrix


@dataclass(frozen=True)
class ContentMatchConfig:
    """Options of :class:`ContentMatchModel`."""

    neighbours: int = 200
    """Nearest anchors of an item that count in a catalogue too large for all pairs."""


@dataclass(frozen=True, eq=False)
class ContentMatchState:
    """What :class:`ContentMatchModel` learned: nothing, it only compares."""


@models.register("content_match")
class ContentMatchModel(LinearModel[ContentMatchConfig, ContentMatchState]):
    """Score by the summed similarity of content to the items of the history; needs no events.

    Source:
        Rocchio 1971, "Relevance feedback in information retrieval", the positive part.
    """

    Config: ClassVar = ContentMatchConfig
    State: ClassVar = ContentMatchState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentMatchState:
        """Learn nothing; see :meth:`Model.learn`."""
        return ContentMatchState()

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Compare; see :meth:`LinearModel.linear_scorer`."""
        assert self.state  # noqa: S101 - asks for fit, though nothing was learned
        rows = train_items.ids.rows(items.ids)
        if len(train_items) <= MAX_DENSE_ITEMS:
            similar = content_kernel(train_items, items).copy()
            here = np.flatnonzero(rows >= 0)
            similar[rows[here], here] = 0
            weights = WeightMatrix(dense=similar)
        else:
            near = nearest_neighbour_weights(train_items, items, self.config.neighbours)
            weights = WeightMatrix(sparse=sp.csr_array(near))
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, bias, np.ones(len(items), dtype=bool))
