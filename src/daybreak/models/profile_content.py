"""What people with such a profile choose, carried to new items by content."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, models
from daybreak.models.bridge import bridge
from daybreak.models.content_ridge import ContentState, carried
from daybreak.models.only_new import all_anchors, silent
from daybreak.models.profile import profile_ridge


@dataclass(frozen=True)
class ProfileContentConfig:
    """Options of :class:`ProfileContentModel`."""

    ridge: float = 30.0
    """See :class:`ProfileConfig`."""


@models.register("profile_content")
class ProfileContentModel(LinearModel[ProfileContentConfig, ContentState]):
    """The profile ridge regressed on content: new users meet new items."""

    Config: ClassVar = ProfileContentConfig
    State: ClassVar = ContentState
    evidence: ClassVar[Evidence] = "profile"
    content: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentState:
        """Regress twice; see :meth:`Model.learn`."""
        weights = profile_ridge(data, self.config.ridge)
        known = bridge(data)
        return ContentState(weights @ known.solve, known.landmarks, np.empty(0, np.float32))

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Carry the weights over by content; see :meth:`LinearModel.linear`."""
        if all_anchors(anchors, items):
            return silent(len(items))
        form = carried(self.state, anchors, items)
        return Linear(form.weights, form.bias, form.known & (len(self.state.left) > 1))
