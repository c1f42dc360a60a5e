"""A few numbers for every item and every asker, whose products are the scores."""

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
from daybreak.models.shared_statistics import truncated_svd
from daybreak.types import Floats


@dataclass(frozen=True)
class FactorsConfig(FoldInConfig):
    """Options of :class:`FactorsModel`."""


@dataclass(frozen=True, eq=False)
class FactorsState(FoldInState):
    """What :class:`FactorsModel` learned."""

    content: Floats
    """(n_features, dim) from the blocks of content, side by side, to vectors"""


@models.register("factors")
class FactorsModel(FoldInModel[FactorsConfig, FactorsState]):
    """Factors of interactions; histories are folded in exactly, priors fill what is missing.

    An asker is the solution of :class:`FoldInSolver` for the history, around the mean that the
    profile predicts. An item without events has the vector that its content predicts. Nothing
    grows with the square of the catalogue, so this is what very large catalogues fall back on.

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
        """Factor, then regress on content and profiles; see :meth:`Model.learn`."""
        known = factorise_interactions(data, self.config, rng)
        content = fit_content_weights(data, known.vectors - known.centre)
        return FactorsState(**vars(known), content=content)

    def item_vectors(self, items: Items) -> Floats:
        """Look vectors up, or predict them from content; see :meth:`SupportsEmbeddings.item_vectors`."""
        return known_or_predicted(self.state, items)


__all__ = ["FactorsConfig", "FactorsModel", "FactorsState", "truncated_svd"]
