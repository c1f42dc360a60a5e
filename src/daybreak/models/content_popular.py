"""How popular a new item will be, judged by its content."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.content_ridge import ContentKernelState, score_through_kernel
from daybreak.models.shared_content import (
    fit_content_kernel,
    has_no_new_items,
    nearest_neighbour_weights,
    no_scores,
)
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats


@dataclass(frozen=True)
class ContentPopularConfig:
    """Options of :class:`ContentPopularModel`: none."""


@models.register("content_popular")
class ContentPopularModel(LinearModel[ContentPopularConfig, ContentKernelState]):
    """Kernel ridge from content onto the logarithm of popularity, for items without events."""

    Config: ClassVar = ContentPopularConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Regress; see :meth:`Model.learn`."""
        known = fit_content_kernel(data)
        centred = centred_log_popularity(data)
        left = (centred @ known.coefficients)[None, :].astype(np.float32)
        return ContentKernelState(left, known.landmarks, np.empty(0, dtype=np.float32))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Predict; see :meth:`LinearModel.linear_scorer`."""
        if has_no_new_items(train_items, items):
            return no_scores(len(items))
        form = score_through_kernel(self.state, train_items, items)
        one = np.ones((1, 1), dtype=np.float32)
        bias = form.weights.apply(one)
        assert bias is not None  # noqa: S101 - carried() always has a part
        return LinearScorer(WeightMatrix(), bias[0], form.scored)


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
    feature_kind: ClassVar[QueryFeatureKind] = "none"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> NeighbourPopularState:
        """Count; see :meth:`Model.learn`."""
        return NeighbourPopularState(centred_log_popularity(data))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Average over neighbours; see :meth:`LinearModel.linear_scorer`."""
        if has_no_new_items(train_items, items):
            return no_scores(len(items))
        near = nearest_neighbour_weights(train_items, items, self.config.neighbours)
        bias = np.asarray(near.T @ self.state.values, dtype=np.float32)
        return LinearScorer(WeightMatrix(), bias, train_items.ids.rows(items.ids) < 0)


def centred_log_popularity(data: Dataset) -> Floats:
    """Return the (n_anchors,) logarithms of the counts minus their mean."""
    values = np.log1p(data.user_counts)
    return np.asarray(values - values.mean() if len(values) else values, dtype=np.float32)
