"""What people with such a profile choose."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    align_columns,
    models,
)
from daybreak.models.shared_statistics import cached
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats


@dataclass(frozen=True)
class ProfileConfig:
    """Options of :class:`ProfileModel`."""

    ridge: float = 30.0
    """Added to the diagonal; about the users an attribute needs to be believed half [users]."""


@dataclass(frozen=True, eq=False)
class ProfileState:
    """What :class:`ProfileModel` learned."""

    weights: Floats
    """(n_attributes + 1, n_anchors), last minus the score of the average profile"""


@models.register("profile")
class ProfileModel(LinearModel[ProfileConfig, ProfileState]):
    """Ridge regression from attributes to interactions, both centred.

    Source:
        The multi-response ridge estimator, ``W = (P'P + λI)^-1 P'(X - μ)``.
    """

    Config: ClassVar = ProfileConfig
    State: ClassVar = ProfileState
    feature_kind: ClassVar[QueryFeatureKind] = "profile"

    def learn(self, data: Dataset, rng: np.random.Generator) -> ProfileState:
        """Solve the normal equations; see :meth:`Model.learn`."""
        return ProfileState(fit_profile_ridge(data, self.config.ridge))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look the weights up; see :meth:`LinearModel.linear_scorer`."""
        weights, known = align_columns(
            train_items, items, WeightMatrix(dense=self.state.weights)
        )
        nothing = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, nothing, known & (len(self.state.weights) > 1))


def fit_profile_ridge(data: Dataset, ridge: float) -> Floats:
    """Return the (n_attributes + 1, n_anchors) weights; the last row takes the mean out."""

    def solve() -> Floats:
        profiles = data.profiles[data.active_user_rows].toarray().astype(np.float32)
        mean = (
            profiles.mean(axis=0) if len(profiles) else np.zeros(profiles.shape[1], np.float32)
        )
        centred = profiles - mean
        normal = centred.T @ centred + ridge * np.eye(len(mean), dtype=np.float32)
        # Centring the profiles centres the product too: no dense copy of the interactions.
        target = np.asarray(data.interactions.T @ centred, dtype=np.float32).T
        weights = np.linalg.solve(normal, target)
        return np.vstack([weights, -mean @ weights]).astype(np.float32)

    return cached(data, f"profile {ridge}", solve)
