"""Items chosen by users with similar profiles."""

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
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_statistics import cached
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Floats

PROFILE_RIDGE_RANGE = Range(3, 1000, log=True)
"""Values that a search of ``ridge`` or ``profile_ridge`` tries."""


@dataclass(frozen=True)
class ProfileConfig:
    """Options of :class:`ProfileModel`."""

    ridge: float = 30.0
    """Added to the diagonal: users with an attribute for which its weight is halved [users]."""


@dataclass(frozen=True, eq=False)
class ProfileState:
    """State of :class:`ProfileModel`."""

    weights: Floats
    """(n_attributes + 1, n_train_items); the last row is minus the score of the mean profile"""


@models.register("profile")
class ProfileModel(LinearModel[ProfileConfig, ProfileState]):
    """Ridge regression from attributes of users to interactions, both centred.

    Source:
        The multi-response ridge estimator, ``W = (P'P + λI)^-1 P'(X - μ)``.
    """

    Config: ClassVar = ProfileConfig
    State: ClassVar = ProfileState
    feature_kind: ClassVar[QueryFeatureKind] = "profile"
    card: ClassVar = ModelCard(
        strategies={"profile": {}},
        search_space={"ridge": PROFILE_RIDGE_RANGE},
        inputs="profile",
        use="users without events",
        formula="`(P'P + λI)^-1 P'(X - μ)`, attributes `P` centred",
        source="ridge regression",
        cost="attributes³",
        memory="attributes · n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> ProfileState:
        """Solve the normal equations; see :meth:`Model.learn`."""
        return ProfileState(fit_profile_ridge(data, self.config.ridge))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        matrix = WeightMatrix(dense=self.state.weights)
        weights, known = align_columns(train_items, items, matrix)
        has_attributes = len(self.state.weights) > 1
        bias = np.zeros(len(items), dtype=np.float32)
        return LinearScorer(weights, bias, known & has_attributes)


def fit_profile_ridge(data: Dataset, ridge: float) -> Floats:
    """Return the (n_attributes + 1, n_train_items) weights; the last row centres the score."""

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
