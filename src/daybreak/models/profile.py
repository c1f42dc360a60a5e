"""What people with such a profile choose."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset
from daybreak.data.items import Items
from daybreak.models.base import Evidence, Linear, LinearModel, anchored, columns, models
from daybreak.models.operators import Operator
from daybreak.models.statistics import once
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
    """(n_attributes, n_anchors)"""
    bias: Floats
    """(n_anchors,) minus the score of the average profile"""


@models.register("profile")
class ProfileModel(LinearModel[ProfileConfig, ProfileState]):
    """Ridge regression from attributes to interactions, both centred.

    Source:
        The multi-response ridge estimator, ``W = (P'P + λI)^-1 P'(X - μ)``.
    """

    Config: ClassVar = ProfileConfig
    State: ClassVar = ProfileState
    evidence: ClassVar[Evidence] = "profile"

    def learn(self, data: Dataset, rng: np.random.Generator) -> ProfileState:
        """Solve the normal equations; see :meth:`Model.learn`."""
        weights, mean = profile_ridge(data, self.config.ridge)
        return ProfileState(weights, -mean @ weights)

    def linear(self, anchors: Items, items: Items) -> Linear:
        """Look the weights up; see :meth:`LinearModel.linear`."""
        weights, known = columns(anchors, items, Operator(dense=self.state.weights))
        bias, _ = anchored(anchors, items, self.state.bias)
        return Linear(weights, bias, known & bool(len(self.state.weights)))


def profile_ridge(data: Dataset, ridge: float) -> tuple[Floats, Floats]:
    """Return the (n_attributes, n_anchors) weights and the (n_attributes,) mean profile."""

    def solve() -> tuple[Floats, Floats]:
        profiles = data.profiles[data.active].toarray().astype(np.float32)
        mean = (
            profiles.mean(axis=0) if len(profiles) else np.zeros(profiles.shape[1], np.float32)
        )
        centred = profiles - mean
        normal = centred.T @ centred + ridge * np.eye(len(mean), dtype=np.float32)
        # Centring the profiles centres the product too: no dense copy of the interactions.
        target = np.asarray(data.interactions.T @ centred, dtype=np.float32).T
        return np.linalg.solve(normal, target).astype(np.float32), mean.astype(np.float32)

    return once(data, f"profile {ridge}", solve)
