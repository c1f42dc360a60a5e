"""Items like those of the history."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import scipy.sparse as sp

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, models
from daybreak.models.bridge import kernel, nearest
from daybreak.models.operators import Operator
from daybreak.models.statistics import DENSE_LIMIT


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
    evidence: ClassVar[Evidence] = "history"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentMatchState:
        """Learn nothing; see :meth:`Model.learn`."""
        return ContentMatchState()

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Compare; see :meth:`LinearModel.linear`."""
        assert self.state  # noqa: S101 - asks for fit, though nothing was learned
        rows = anchors.ids.rows(items.ids)
        if len(anchors) <= DENSE_LIMIT:
            similar = kernel(anchors, items).copy()
            here = np.flatnonzero(rows >= 0)
            similar[rows[here], here] = 0
            weights = Operator(dense=similar)
        else:
            near = nearest(anchors, items, self.config.neighbours)
            weights = Operator(sparse=sp.csr_array(near))
        bias = np.zeros(len(items), dtype=np.float32)
        return Linear(weights, bias, np.ones(len(items), dtype=bool))
