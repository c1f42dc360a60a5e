"""EASE restricted to the nearest neighbours of each item."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from daybreak.data.dataset import Dataset, Items
from daybreak.models.base import (
    LinearModel,
    LinearScorer,
    QueryFeatureKind,
    make_known_item_scorer,
    models,
)
from daybreak.models.card import ModelCard, Range
from daybreak.models.shared_neighbour_ease import NEIGHBOURS, fit_neighbour_ease
from daybreak.models.shared_weights import WeightMatrix
from daybreak.types import Sparse


@dataclass(frozen=True)
class EaseNeighboursConfig:
    """Options of :class:`EaseNeighboursModel`."""

    ridge: float = 2.5
    """Ridge, in units of the square root of the number of users."""
    neighbours: int = NEIGHBOURS
    """Items that an item is predicted from, at most ``MAX_WEIGHTS_PER_ITEM`` [items]."""


@dataclass(frozen=True, eq=False)
class EaseNeighboursState:
    """State of :class:`EaseNeighboursModel`."""

    weights: Sparse
    """(n_train_items, n_train_items) CSR, at most ``neighbours`` in a column"""


@models.register("ease_neighbours")
class EaseNeighboursModel(LinearModel[EaseNeighboursConfig, EaseNeighboursState]):
    """Score by the weights of EASE, learned for each item from its nearest items only.

    ``ease`` uses this form by itself in catalogues that are too large for its other forms. Time
    grows with the number of items, and no matrix is dense.

    Source:
        See :func:`.fit_neighbour_ease`.
    """

    Config: ClassVar = EaseNeighboursConfig
    State: ClassVar = EaseNeighboursState
    feature_kind: ClassVar[QueryFeatureKind] = "history"
    card: ClassVar = ModelCard(
        strategies={"ease_neighbours": {}},
        is_default=False,
        search_space={
            "ridge": Range(0.1, 100, log=True),
            "neighbours": Range(20, 200, log=True, is_integer=True),
        },
        inputs="history",
        use="very large catalogues; `ease` uses it there",
        formula="`b = (C_NN + λI)^-1 C_Nj`, `N` the 100 nearest items of `j`, `C = A'A`",
        source='Steck 2019, "Markov random fields", 3.2',
        cost="pairs, and 100³ n",
        memory="800n",
    )

    def learn(self, data: Dataset, rng: np.random.Generator) -> EaseNeighboursState:
        """Solve the equations of every item; see :meth:`Model.learn`."""
        config = self.config
        return EaseNeighboursState(fit_neighbour_ease(data, config.ridge, config.neighbours))

    def linear_scorer(self, train_items: Items, items: Items) -> LinearScorer:
        """Look up the weights; see :meth:`LinearModel.linear_scorer`."""
        return make_known_item_scorer(
            train_items, items, WeightMatrix(sparse=self.state.weights)
        )
