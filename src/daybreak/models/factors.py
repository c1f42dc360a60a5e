"""Factors of the interactions, with histories folded in."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import models
from daybreak.models.card import ModelCard
from daybreak.models.profile import PROFILE_RIDGE_RANGE
from daybreak.models.shared_content import fit_content_weights, known_or_predicted
from daybreak.models.shared_fold_in import (
    CONFIDENCE_RANGE,
    DAMPING_RANGE,
    FACTOR_RANGE,
    PRIOR_RIDGE_RANGE,
    FoldInConfig,
    FoldInModel,
    FoldInState,
    factorise_interactions,
)
from daybreak.types import Floats


@dataclass(frozen=True)
class FactorsConfig(FoldInConfig):
    """Options of :class:`FactorsModel`."""


@dataclass(frozen=True, eq=False)
class FactorsState(FoldInState):
    """State of :class:`FactorsModel`."""

    content: Floats
    """(n_features, dim) weights from content columns to vectors around the centre"""


@models.register("factors")
class FactorsModel(FoldInModel[FactorsConfig, FactorsState]):
    """Factors of the interactions; histories are folded in exactly, around a profile prior.

    The vector of a query is the solution of :class:`FoldInSolver` for its history, around the
    mean that its profile predicts. An item without events has the vector that its content
    predicts. No array grows with the square of the catalogue, so this model serves very large
    catalogues.

    Source:
        See :func:`factorise_interactions` and :class:`FoldInSolver`.
    """

    Config: ClassVar = FactorsConfig
    State: ClassVar = FactorsState
    card: ClassVar = ModelCard(
        strategies={"factors": {}},
        search_space={
            "dim": FACTOR_RANGE,
            "damping": DAMPING_RANGE,
            "confidence": CONFIDENCE_RANGE,
            "ridge": PRIOR_RIDGE_RANGE,
            "profile_ridge": PROFILE_RIDGE_RANGE,
        },
        inputs="history, profile",
        use="all queries; very large catalogues",
        formula="`p·q`, see below",
        source="Halko et al. 2011; Hu et al. 2008, eq. 4",
        cost="80 e + 6,400 (n + u)",
        memory="240n + 160u",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> FactorsState:
        """Factorise, then regress on content and profiles; see :meth:`Model.learn`."""
        known = factorise_interactions(data, self.config, rng)
        content = fit_content_weights(data, known.vectors - known.centre)
        return FactorsState(**vars(known), content=content)

    def item_vectors(self, items: Items) -> Floats:
        """Look up vectors or predict them; see :meth:`VectorModel.item_vectors`."""
        return known_or_predicted(self.state, items)
