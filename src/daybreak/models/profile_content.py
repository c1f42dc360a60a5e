"""What people with such a profile choose, carried to new items by content."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearModel, LinearScorer, QueryFeatureKind, models
from daybreak.models.content_ridge import ContentKernelState, score_through_kernel
from daybreak.models.profile import fit_profile_ridge
from daybreak.models.shared_content import fit_content_kernel, has_no_new_items, no_scores


@dataclass(frozen=True)
class ProfileContentConfig:
    """Options of :class:`ProfileContentModel`."""

    ridge: float = 30.0
    """See :class:`ProfileConfig`."""


@models.register("profile_content")
class ProfileContentModel(LinearModel[ProfileContentConfig, ContentKernelState]):
    """The profile ridge regressed on content: new users meet new items."""

    Config: ClassVar = ProfileContentConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "profile"
    scores_new_items: ClassVar[bool] = True

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Regress twice; see :meth:`Model.learn`."""
        weights = fit_profile_ridge(data, self.config.ridge)
        known = fit_content_kernel(data)
        return ContentKernelState(
            weights @ known.coefficients, known.landmarks, np.empty(0, np.float32)
        )

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Carry the weights over by content; see :meth:`LinearModel.linear_scorer`."""
        if has_no_new_items(train_items, items):
            return no_scores(len(items))
        form = score_through_kernel(self.state, train_items, items)
        return LinearScorer(form.weights, form.bias, form.scored & (len(self.state.left) > 1))
