"""How popular a new item will be, judged by its content."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, models
from daybreak.models.bridge import bridge, nearest
from daybreak.models.content_ridge import ContentState, carried
from daybreak.models.only_new import all_anchors, silent
from daybreak.models.operators import Operator
from daybreak.types import Floats


@dataclass(frozen=True)
class ContentPopularConfig:
    """Options of :class:`ContentPopularModel`: none."""


@models.register("content_popular")
class ContentPopularModel(LinearModel[ContentPopularConfig, ContentState]):
    """Kernel ridge from content onto the logarithm of popularity, for items without events."""

    Config: ClassVar = ContentPopularConfig
    State: ClassVar = ContentState
    evidence: ClassVar[Evidence] = "none"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentState:
        """Regress; see :meth:`Model.learn`."""
        known = bridge(data)
        centred = centred_popularity(data)
        left = (centred @ known.solve)[None, :].astype(np.float32)
        return ContentState(left, known.landmarks, np.empty(0, dtype=np.float32))

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Predict; see :meth:`LinearModel.linear`."""
        if all_anchors(anchors, items):
            return silent(len(items))
        form = carried(self.state, anchors, items)
        one = np.ones((1, 1), dtype=np.float32)
        bias = form.weights.apply(one)
        assert bias is not None  # noqa: S101 - carried() always has a part
        return Linear(Operator(), bias[0], form.known)


@dataclass(frozen=True)
class NeighbourPopularConfig:
    """Options of :class:`NeighbourPopularModel`."""

    neighbours: int = 20
    """Nearest items with events that stand for a new one."""


@dataclass(frozen=True, eq=False)
class NeighbourPopularState:
    """What :class:`NeighbourPopularModel` learned."""

    values: Floats
    """(n_anchors,) logarithm of popularity, centred"""


@models.register("neighbour_popular")
class NeighbourPopularModel(LinearModel[NeighbourPopularConfig, NeighbourPopularState]):
    """The mean log-popularity of the items most like a new one."""

    Config: ClassVar = NeighbourPopularConfig
    State: ClassVar = NeighbourPopularState
    evidence: ClassVar[Evidence] = "none"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> NeighbourPopularState:
        """Count; see :meth:`Model.learn`."""
        return NeighbourPopularState(centred_popularity(data))

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Average over neighbours; see :meth:`LinearModel.linear`."""
        if all_anchors(anchors, items):
            return silent(len(items))
        near = nearest(anchors, items, self.config.neighbours)
        bias = np.asarray(near.T @ self.state.values, dtype=np.float32)
        return Linear(Operator(), bias, anchors.ids.rows(items.ids) < 0)


def centred_popularity(data: Dataset) -> Floats:
    """Return the (n_anchors,) logarithms of the counts minus their mean."""
    values = np.log1p(data.counts)
    return np.asarray(values - values.mean() if len(values) else values, dtype=np.float32)
