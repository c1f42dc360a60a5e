"""The profile regression, extended to new items by content."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import LinearScorer, NewItemModel, QueryFeatureKind, models
from daybreak.models.card import ModelCard
from daybreak.models.profile import PROFILE_RIDGE_RANGE, fit_profile_ridge
from daybreak.models.shared_content import (
    ContentKernelState,
    fit_content_kernel,
    score_through_kernel,
)


@dataclass(frozen=True)
class ProfileContentConfig:
    """Options of :class:`ProfileContentModel`."""

    ridge: float = 30.0
    """Ridge of the profile regression; see :class:`ProfileConfig`."""


@models.register("profile_content")
class ProfileContentModel(NewItemModel[ProfileContentConfig, ContentKernelState]):
    """The weights of the profile regression regressed on content: new users and new items."""

    Config: ClassVar = ProfileContentConfig
    State: ClassVar = ContentKernelState
    feature_kind: ClassVar[QueryFeatureKind] = "profile"
    card: ClassVar = ModelCard(
        strategies={"content/profile": {}},
        search_space={"ridge": PROFILE_RIDGE_RANGE},
        inputs="profile",
        use="new users and new items",
        formula="`profile`, then regressed on content",
        source="as `profile` and `content_ridge`",
        cost="n³",
        memory="2n²",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ContentKernelState:
        """Solve both regressions; see :meth:`Model.learn`."""
        weights = fit_profile_ridge(data, self.config.ridge)
        regression = fit_content_kernel(data)
        return ContentKernelState.from_regression(regression, regression.project(weights.T).T)

    def new_item_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Apply both regressions; see :meth:`NewItemModel.new_item_scorer`."""
        scorer = score_through_kernel(self.state, train_items, items)
        has_attributes = len(self.state.left) > 1
        return replace(scorer, scored=scorer.scored & has_attributes)
